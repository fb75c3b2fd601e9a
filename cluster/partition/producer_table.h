#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/log_write.h"
#include "schema/record_batch.h"

namespace callboard::partition {

// What is known about the place of a batch in its producer's sequence.
struct SequenceCheck {
  enum class Verdict : std::uint8_t {
    accept,        // next in sequence, or the first of a producer or an epoch
    duplicate,     // one of the last five: answer as its original was answered
    old_duplicate, // older than the last five: 46
    out_of_order,  // a gap: 45
    stale_epoch,   // 47
  };
  Verdict verdict = Verdict::accept;
  // For duplicate: the original.
  RaftIndex index;
  Offset base_offset = unknown_offset;
  TimestampMs timestamp = no_timestamp;
};

// Idempotent producers of one partition (KIP-98): per producer id its epoch and its
// last five batches. `applied` state is as of the committed index and goes to disk as
// rows; what was appended above is an overlay, undone when those entries are.
class ProducerTable {
public:
  // Where `header` stands against applied state plus overlay. Unknown producers may
  // start with any sequence (KIP-360), a new epoch only with 0.
  SequenceCheck check(const BatchHeader& header) const;
  // An accepted batch was appended at `index`.
  void append(const BatchHeader& header, RaftIndex index, Offset base_offset);
  // Entries from `index` on are gone.
  void truncate_from(RaftIndex index);
  // Everything up to `index` is committed: becomes applied state. Rows that changed are
  // to be fetched with take_rows().
  void apply(RaftIndex index);
  std::vector<StateRow> take_rows();
  bool rows_pending() const { return !changed_.empty(); }

  // Takes a row written by take_rows() in an earlier life. False: not one of ours or
  // damaged.
  bool load(const StateRow& row);

  std::size_t size() const { return producers_.size(); }

private:
  struct Batch {
    std::int32_t first_sequence = 0;
    std::int32_t last_sequence = 0;
    RaftIndex index;
    Offset base_offset;
    TimestampMs timestamp = no_timestamp;
  };
  // Newest last; at most five applied ones and any number of the overlay's.
  struct Producer {
    std::int16_t epoch = -1;
    std::vector<Batch> batches;
  };
  std::unordered_map<ProducerId, Producer> producers_;
  std::vector<ProducerId> changed_;
};

} // namespace callboard::partition
