#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"

namespace callboard::storage {

// The newest offset of each key, by a 128-bit hash of the key: 24 bytes a key whatever its
// length. Two keys with one hash would be taken for one; with a `seed` that nobody outside
// knows that happens to nobody's keys.
class KeyOffsets {
public:
  // Room for at least one key; while it grows, half as much again is taken.
  KeyOffsets(std::size_t bytes_max, std::uint64_t seed);

  // `offset` is not below those of earlier calls. False: a new key found no room.
  bool put(ByteView key, Offset offset);
  std::optional<Offset> find(ByteView key) const;
  std::size_t keys() const { return used_; }
  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
  struct Slot {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::int64_t offset = -1; // -1: free
  };
  Slot hash(ByteView key) const;
  std::size_t place_of(const Slot& wanted) const;
  bool grow();

  std::size_t slots_max_;
  std::uint64_t seed_;
  std::vector<Slot> slots_; // a power of two, open addressing
  std::size_t used_ = 0;
};

} // namespace callboard::storage
