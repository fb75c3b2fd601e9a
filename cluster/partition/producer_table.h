#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "cluster/partition/state_row.h"
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
  TimestampMs timestamp = no_timestamp; // its log append time, if it has one
};

// A producer as it is described to people.
struct ProducerStatus {
  ProducerId producer = no_producer;
  std::int16_t epoch = -1;
  std::int32_t last_sequence = -1;
  TimestampMs last_timestamp = no_timestamp; // of its newest record, if it came in this life

  bool operator==(const ProducerStatus&) const = default;
};

// Idempotent producers of one partition (KIP-98): per producer id its epoch and its
// last five batches. `applied` state is as of the committed index and goes to disk as
// rows; what was appended above is an overlay, undone when those entries are.
//
// Bounded: when more than `producers_max` producers have applied state, the sixteenth
// part that was silent for longest is forgotten, by log position and therefore alike
// on every replica. A forgotten producer may go on with any sequence.
class ProducerTable {
public:
  static constexpr std::size_t default_producers_max = 16384;
  static constexpr std::size_t batches_remembered = 5;

  explicit ProducerTable(std::size_t producers_max = default_producers_max) : producers_max_(producers_max) {}

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

  bool rows_pending() const { return rows_.pending(); }
  std::vector<StateRow> take_rows();
  // All of the applied state, for a snapshot.
  std::vector<StateRow> rows() const;
  // The write with the rows last taken is on disk, or never will be.
  void rows_written() { rows_.written(); }
  void rows_lost() { rows_.lost(); }

  // Takes a row written by take_rows() in an earlier life, as of the index last given
  // to apply(). False: not one of ours or damaged.
  bool load(const StateRow& row);

  // As of their newest batch, by producer id.
  std::vector<ProducerStatus> describe() const;
  std::size_t size() const { return producers_.size(); }

private:
  struct Batch {
    std::int16_t epoch = -1;
    std::int32_t first_sequence = 0;
    std::int32_t last_sequence = 0;
    RaftIndex index;
    Offset base_offset;
    TimestampMs timestamp = no_timestamp;
    TimestampMs newest = no_timestamp; // of its records; not kept on disk
  };
  // Newest last, never empty; at most five applied ones, all of the newest applied
  // epoch, and any number of the overlay's.
  using Batches = std::vector<Batch>;
  struct Appended {
    RaftIndex index;
    ProducerId producer;
  };
  StateRow row_of(ProducerId producer) const;
  std::size_t applied_count(const Batches& batches) const;
  void apply_batch(const Appended& appended);
  void forget_silent();

  std::size_t producers_max_;
  std::unordered_map<ProducerId, Batches> producers_;
  std::deque<Appended> overlay_; // by index
  RaftIndex applied_;
  std::size_t applied_producers_ = 0;
  ChangedRows<ProducerId> rows_;
};

} // namespace callboard::partition
