#pragma once

#include <utility>
#include <vector>

#include "cluster/partition/state_row.h"
#include "schema/ids.h"
#include "schema/log_write.h"

namespace callboard::partition {

// Where each term of a log began: (term, start offset), Kafka's leader epoch cache
// (KIP-101, KIP-320). Recorded from each term's first entry, also when it never got a
// batch. Persisted as of the applied index; what lies above is an overlay that
// truncate_from() undoes.
class TermHistory {
public:
  struct TermStart {
    Term term;
    Offset start;
    RaftIndex index; // of its first entry
  };

  // An entry of `term` was appended; only a term's first one counts. `next_offset`: that
  // the next batch gets.
  void append(Term term, RaftIndex index, Offset next_offset);
  // Entries from `index` on are gone.
  void truncate_from(RaftIndex index);
  // Everything up to `index` is committed; rows for it are pending.
  void apply(RaftIndex index);
  // Applied terms that ended at or below `log_start` are forgotten, but the newest of
  // them: a follower that starts at the next one is told what came before.
  void trim(Offset log_start);

  // The term of the record at `offset`; -1: older than the history.
  Term term_at(Offset offset) const;
  // Where the largest term <= `term` ended: where the next one began, or `log_end`. Offset
  // -1: `term` is above all.
  std::pair<Term, Offset> end_of(Term term, Offset log_end) const;
  const std::vector<TermStart>& starts() const { return starts_; }
  std::size_t size() const { return starts_.size(); }

  bool rows_pending() const { return rows_.pending(); }
  std::vector<StateRow> take_rows();
  // All of the applied state, for a snapshot.
  std::vector<StateRow> rows() const;
  void rows_written() { rows_.written(); }
  void rows_lost() { rows_.lost(); }
  // Takes a row written by take_rows() in an earlier life, as of the index last given
  // to apply(). False: not one of ours or damaged.
  bool load(const StateRow& row);

private:
  std::vector<TermStart> starts_; // by term
  RaftIndex applied_;
  ChangedRows<Term> rows_;
};

} // namespace callboard::partition
