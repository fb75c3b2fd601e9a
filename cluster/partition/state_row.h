#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/big_endian.h"
#include "schema/bytes.h"
#include "schema/log_write.h"

// The rows that a replica keeps beside its log (LogWrite::state), as of the applied
// index. Integers are big-endian; the first byte of a value is its version.
//
//   key                   value
//   'p' producer id i64   1 | epoch i16 | count u8 | count x batch, oldest first
//                         batch: first sequence i32 | last sequence i32 | index u64
//                                | base offset i64 | log append time i64
//   's'                   1 | log start i64
//   't' term i32          1 | start offset i64 | index u64
//   'd'                   1 | digest u64 of the entries up to the applied index | learned up to u64
//   'c'                   1 | applied index u64: came with a snapshot, ahead of the log
//   'k'                   1 | last cut: upto i64, tombstones below i64, time i64
//                           | count u8 | count x earlier cut: upto i64, time i64
namespace callboard::partition {

enum class RowKind : char { producer = 'p', log_start = 's', term = 't', catch_up = 'c', cuts = 'k', digest = 'd' };
inline constexpr std::uint8_t row_version = 1;

class RowWriter {
public:
  template <std::integral T>
  RowWriter& put(T value) {
    std::uint8_t bytes[sizeof value];
    store_big_endian(bytes, value);
    out_.append(text_of(bytes));
    return *this;
  }
  RowWriter& put(RowKind kind) { return put(static_cast<char>(kind)); }
  std::string take() { return std::move(out_); }

private:
  std::string out_;
};

// Reading past the end gives 0 and is remembered, so that one check at the end is
// enough.
class RowReader {
public:
  explicit RowReader(std::string_view in) : in_(in) {}
  template <std::integral T>
  T get() {
    if (in_.size() < sizeof(T)) {
      failed_ = true;
      return 0;
    }
    const auto value = load_big_endian<T>(bytes_of(in_).data());
    in_.remove_prefix(sizeof(T));
    return value;
  }
  bool ended_well() const { return !failed_ && in_.empty(); }

private:
  std::string_view in_;
  bool failed_ = false;
};

// Which rows of a table differ from what is on disk. A row is taken for a write and
// counts as changed again if that write is lost.
template <class Id>
class ChangedRows {
public:
  void mark(Id id) {
    if (changed_.empty() || changed_.back() != id) changed_.push_back(id);
  }
  bool pending() const { return !changed_.empty(); }
  // Every changed id once, in order.
  std::vector<Id> take() {
    std::sort(changed_.begin(), changed_.end());
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    in_flight_.insert(in_flight_.end(), changed_.begin(), changed_.end());
    return std::exchange(changed_, {});
  }
  void written() { in_flight_.clear(); }
  void lost() {
    changed_.insert(changed_.end(), in_flight_.begin(), in_flight_.end());
    in_flight_.clear();
  }

private:
  std::vector<Id> changed_;
  std::vector<Id> in_flight_;
};

} // namespace callboard::partition
