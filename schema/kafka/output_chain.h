#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "schema/big_endian.h"
#include "schema/bytes.h"

namespace callboard::kafka {

// A response while it is written: bytes of its own in one growing buffer, with
// slices of records between them that are never copied.
//
//   own bytes   [size|header|topic.........|next partition......]
//   spliced                                ^ slice              ^ slice
//   take()      [size|header|topic.........][slice][next partition......][slice]
//
// Used by one thread; the pieces it yields may go to another one for a gather write.
class OutputChain {
public:
  explicit OutputChain(std::size_t capacity = 512) : own_(capacity) {}

  template <std::integral T>
  void put(T value) {
    store_big_endian(extend(sizeof value), value);
  }
  void put_bytes(ByteView bytes);
  // 7 bits a byte, lowest first: KIP-482's lengths and tags.
  void put_uvarint(std::uint32_t value);
  // Appends shared memory. Small ones are copied: below splice_bytes_min another
  // piece to write costs more than the copy.
  void splice(const SharedBytes& bytes);

  // How many bytes of its own it has: a position for the two below.
  std::size_t own_bytes() const { return used_; }
  // Puts the number of own bytes written since `position` in front of them, as an
  // unsigned varint. Nothing may have been spliced since.
  void prefix_length(std::size_t position);
  // Overwrites four bytes written earlier.
  void overwrite_int32(std::size_t position, std::int32_t value);

  // Of everything appended.
  std::size_t size() const { return used_ + spliced_bytes_; }
  // The pieces in order, none empty. The chain is empty afterwards.
  std::vector<SharedBytes> take();

  static constexpr std::size_t splice_bytes_min = 512;

private:
  struct Splice {
    std::size_t position; // in own bytes
    SharedBytes bytes;
  };

  // Room for `count` more own bytes, counted as written.
  std::uint8_t* extend(std::size_t count) {
    if (own_.capacity() - used_ < count) grow(count);
    auto* at = own_.data() + used_;
    used_ += count;
    return at;
  }
  void grow(std::size_t count);

  ByteBuffer own_;
  std::size_t used_ = 0;
  std::vector<Splice> splices_;
  std::size_t spliced_bytes_ = 0;
};

} // namespace callboard::kafka
