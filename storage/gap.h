#pragma once

#include <cstddef>
#include <vector>

#include "schema/log_entry.h"

// What compaction leaves of batches that lost all their records: one row for a run of them.
// Raft still sees every entry: read back, a gap is as many empty batches, whose indexes,
// terms and outer offsets are those of the originals.
namespace callboard::storage {

// A gap in place of `batch` alone.
LogEntry gap_of(const LogEntry& batch);
// Lets `gap` cover `next`, a gap too, which follows it. False: they do not go together
// (different terms, too many offsets), nothing changed.
bool join_gaps(LogEntry& gap, const LogEntry& next);

// Appends what `gap` stands for from index `from` to `last`, within `bytes_max` of payload
// but at least one entry in all. `bytes` counts along. False: that was the end.
bool expand_gap(const LogEntry& gap, RaftIndex from, RaftIndex last, std::size_t bytes_max, std::size_t& bytes,
                std::vector<LogEntry>& entries);

} // namespace callboard::storage
