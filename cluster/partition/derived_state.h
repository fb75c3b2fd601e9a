#pragma once

#include <optional>
#include <vector>

#include "cluster/partition/compaction_cuts.h"
#include "cluster/partition/log_digest.h"
#include "cluster/partition/producer_table.h"
#include "cluster/partition/term_history.h"
#include "schema/result.h"

namespace callboard::partition {

// What a replica derives from its log, as of the applied index, and the rows that hold it
// on disk and in snapshots.
struct DerivedState {
  ProducerTable producers;
  TermHistory terms;
  Offset log_start;
  CompactionCuts cuts;
  // It came with a snapshot and is as of this index; the log may not be there yet.
  std::optional<RaftIndex> catch_up;
  LogDigest digest;
};

// Error: corrupt_storage, a row is not one of ours or damaged.
Result<DerivedState> load_state(const std::vector<StateRow>& rows, RaftIndex applied);

StateRow log_start_row(Offset log_start);
StateRow cuts_row(const CompactionCuts& cuts);
// One that is not known: the row is removed.
StateRow digest_row(const LogDigest& digest);
StateRow catch_up_row(std::optional<RaftIndex> applied);

} // namespace callboard::partition
