#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/log_write.h"
#include "schema/result.h"

namespace callboard::partition {

// The cuts of a compacted partition as far as they still decide something: the last one,
// and when earlier ones were made. A tombstone below a cut may go delete.retention.ms after
// it, since a reader that has begun before has passed it by then. Which ones may go is said
// by the leader in the next cut, as an offset, so no replica asks its own clock.
class CompactionCuts {
public:
  // More are joined, which keeps tombstones for longer.
  static constexpr std::size_t remembered_max = 64;

  // The next cut. Below the last one's offset is not possible; the last one's again is, for
  // tombstones.
  CompactionCut next(Offset upto, TimestampMs now, std::int64_t delete_retention_ms) const;
  void apply(const CompactionCut& cut);
  const CompactionCut& last() const { return last_; }

  // As a row's value, and out of it. nullopt: damaged.
  std::string row_value() const;
  static std::optional<CompactionCuts> load(std::string_view value);

private:
  CompactionCut last_;
  std::vector<std::pair<Offset, TimestampMs>> made_; // rising offsets, all above last_.tombstones_below
};

// The payload of an entry, 25 bytes: version u8 | upto i64 | tombstones below i64 | time i64
SharedBytes encode_cut(const CompactionCut& cut);
// Error: corrupt_message, it is none.
Result<CompactionCut> decode_cut(ByteView payload);

} // namespace callboard::partition
