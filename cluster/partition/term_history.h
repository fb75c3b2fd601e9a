#pragma once

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
  // An entry of `term` was appended; only a term's first one counts. `next_offset`: that
  // the next batch gets.
  void append(Term term, RaftIndex index, Offset next_offset);
  // Entries from `index` on are gone.
  void truncate_from(RaftIndex index);
  // Everything up to `index` is committed; rows for it are pending.
  void apply(RaftIndex index);
  // Applied terms that ended at or below `log_start` are forgotten.
  void trim(Offset log_start);

  // The term of the record at `offset`; -1: older than the history.
  Term term_at(Offset offset) const;
  std::size_t size() const { return starts_.size(); }

  bool rows_pending() const { return rows_.pending(); }
  std::vector<StateRow> take_rows();
  void rows_written() { rows_.written(); }
  void rows_lost() { rows_.lost(); }
  // Takes a row written by take_rows() in an earlier life, as of the index last given
  // to apply(). False: not one of ours or damaged.
  bool load(const StateRow& row);

private:
  struct TermStart {
    Term term;
    Offset start;
    RaftIndex index;
  };
  std::vector<TermStart> starts_; // by term
  RaftIndex applied_;
  ChangedRows<Term> rows_;
};

} // namespace callboard::partition
