#include "cluster/partition/term_history.h"

#include <algorithm>

namespace callboard::partition {
namespace {

std::string key_of(Term term) {
  return RowWriter().put(RowKind::term).put(term.value).take();
}

StateRow row_of(const TermHistory::TermStart& start) {
  return {key_of(start.term), RowWriter().put(row_version).put(start.start.value).put(start.index.value).take()};
}

} // namespace

void TermHistory::append(Term term, RaftIndex index, Offset next_offset) {
  if (!starts_.empty() && starts_.back().term >= term) return;
  starts_.push_back({term, next_offset, index});
}

void TermHistory::truncate_from(RaftIndex index) {
  CB_ASSERT(index > applied_);
  while (!starts_.empty() && starts_.back().index >= index) starts_.pop_back();
}

void TermHistory::apply(RaftIndex index) {
  for (auto it = starts_.rbegin(); it != starts_.rend() && it->index > applied_; ++it) {
    if (it->index <= index) rows_.mark(it->term);
  }
  applied_ = std::max(applied_, index);
}

void TermHistory::trim(Offset log_start) {
  const auto ended = [&](auto it) { return it->index <= applied_ && it->start <= log_start; };
  auto keep = starts_.begin();
  while (starts_.end() - keep > 2 && ended(keep + 2)) {
    rows_.mark(keep->term);
    ++keep;
  }
  starts_.erase(starts_.begin(), keep);
}

Term TermHistory::term_at(Offset offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset,
                                      [](Offset wanted, const TermStart& term) { return wanted < term.start; });
  return after == starts_.begin() ? Term{-1} : (after - 1)->term;
}

std::pair<Term, Offset> TermHistory::end_of(Term term, Offset log_end) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), term,
                                      [](Term wanted, const TermStart& start) { return wanted < start.term; });
  if (after == starts_.end()) {
    const bool newest = !starts_.empty() && starts_.back().term == term;
    return newest ? std::pair(term, log_end) : std::pair(Term{-1}, unknown_offset);
  }
  return {after == starts_.begin() ? term : (after - 1)->term, after->start};
}

std::vector<StateRow> TermHistory::take_rows() {
  std::vector<StateRow> rows;
  for (const Term term : rows_.take()) {
    const auto found = std::lower_bound(starts_.begin(), starts_.end(), term,
                                        [](const TermStart& start, Term wanted) { return start.term < wanted; });
    if (found != starts_.end() && found->term == term) {
      rows.push_back(row_of(*found));
    } else {
      rows.push_back({key_of(term), std::nullopt});
    }
  }
  return rows;
}

std::vector<StateRow> TermHistory::rows() const {
  std::vector<StateRow> rows;
  for (const auto& start : starts_) {
    if (start.index <= applied_) rows.push_back(row_of(start));
  }
  return rows;
}

bool TermHistory::load(const StateRow& row) {
  RowReader key(row.key);
  const bool ours = key.get<char>() == static_cast<char>(RowKind::term);
  const Term term{key.get<std::int32_t>()};
  if (!ours || !key.ended_well() || !row.value) return false;
  RowReader value(*row.value);
  const auto version = value.get<std::uint8_t>();
  const Offset start{value.get<std::int64_t>()};
  const RaftIndex index{value.get<std::uint64_t>()};
  if (version != row_version || !value.ended_well() || start.value < 0 || index > applied_) return false;
  const auto after = std::lower_bound(starts_.begin(), starts_.end(), term,
                                      [](const TermStart& known, Term wanted) { return known.term < wanted; });
  if (after != starts_.end() && (after->term == term || after->start < start)) return false;
  if (after != starts_.begin() && (after - 1)->start > start) return false;
  starts_.insert(after, {term, start, index});
  return true;
}

} // namespace callboard::partition
