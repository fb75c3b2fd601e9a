#include "cluster/raft/raft_log.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace callboard::raft {

RaftLog::RaftLog(Start start)
  : first_(start.first), last_(start.last), stored_(start.last), readable_from_(start.last.next()),
    next_offset_(start.next_offset) {
  for (const auto& term : start.terms) {
    if (term.first <= last_ && (terms_.empty() || terms_.back().term < term.term)) terms_.push_back(term);
  }
  for (auto& entry : start.suffix) {
    if (terms_.empty() || terms_.back().term < entry.term) terms_.push_back({entry.term, entry.index});
    entries_.push_back(std::move(entry));
  }
  if (last_.value > 0 && last_term() < start.last_term) terms_.push_back({start.last_term, last_});
}

std::optional<Term> RaftLog::term_at(RaftIndex index) const {
  if (index.value == 0) return Term{};
  if (index > last_ || index.next() < first_) return std::nullopt;
  const auto after = std::upper_bound(terms_.begin(), terms_.end(), index,
                                      [](RaftIndex wanted, const TermStart& term) { return wanted < term.first; });
  if (after == terms_.begin()) return index < first_ ? std::optional(Term{}) : std::nullopt;
  return (after - 1)->term;
}

RaftIndex RaftLog::meeting_point(RaftIndex index, Term term) const {
  auto meeting = std::min(index, last_);
  for (auto it = terms_.rbegin(); it != terms_.rend(); ++it) {
    if (it->first > meeting) continue;
    if (it->term <= term) return meeting;
    meeting = it->first.prev();
  }
  return meeting;
}

std::optional<Offset> RaftLog::next_offset_at(RaftIndex index) const {
  if (index == last_) return next_offset_;
  if (index > last_ || index.next() < kept_from()) return std::nullopt;
  return entry(index.next()).base_offset;
}

void RaftLog::append(const LogEntry& entry) {
  CB_ASSERT(entry.index == last_.next() && entry.base_offset == next_offset_ && last_term() <= entry.term);
  if (last_term() < entry.term) terms_.push_back({entry.term, entry.index});
  last_ = entry.index;
  next_offset_ = entry.next_offset();
  bytes_ += entry.payload.size();
  entries_.push_back(entry);
}

void RaftLog::truncate_from(RaftIndex index) {
  CB_ASSERT(index >= kept_from());
  while (last_ >= index) {
    next_offset_ = entries_.back().base_offset;
    if (last_ >= readable_from_) bytes_ -= entries_.back().payload.size();
    entries_.pop_back();
    last_ = last_.prev();
  }
  while (!terms_.empty() && terms_.back().first > last_) terms_.pop_back();
  stored_ = std::min(stored_, last_);
  readable_from_ = std::min(readable_from_, last_.next());
}

void RaftLog::reset(RaftIndex index, Term term, Offset next_offset) {
  entries_.clear();
  terms_.assign(1, {term, index});
  bytes_ = 0;
  first_ = readable_from_ = index.next();
  last_ = index;
  stored_ = RaftIndex{}; // until the reset itself is on disk
  next_offset_ = next_offset;
}

void RaftLog::remove_prefix(RaftIndex first) {
  first_ = std::max(first_, std::min(first, last_.next()));
  // The entry before the first is still compared with.
  while (terms_.size() > 1 && terms_[1].first < first_) terms_.erase(terms_.begin());
}

std::vector<LogEntry> RaftLog::read(RaftIndex from, std::size_t bytes_max) const {
  std::vector<LogEntry> out;
  if (!readable(from)) return out;
  std::size_t bytes = 0;
  auto end = from;
  while (end <= last_) {
    bytes += entry(end).payload.size();
    if (bytes > bytes_max && end > from) break;
    end = end.next();
  }
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(from.value - kept_from().value);
  out.assign(begin, begin + static_cast<std::ptrdiff_t>(end.value - from.value));
  return out;
}

std::vector<LogEntry> RaftLog::unstored() const {
  const auto from = std::max(stored_.next(), kept_from());
  return {entries_.begin() + static_cast<std::ptrdiff_t>(from.value - kept_from().value), entries_.end()};
}

void RaftLog::shrink(RaftIndex done, RaftIndex committed, std::size_t bytes_max) {
  const auto forgettable = std::min(committed, stored_);
  while (!entries_.empty()) {
    const auto index = kept_from();
    const bool wanted = index > done && bytes_ <= bytes_max && index >= readable_from_;
    if (index > forgettable || wanted) break;
    if (index >= readable_from_) bytes_ -= entries_.front().payload.size();
    entries_.pop_front();
  }
  readable_from_ = std::max(readable_from_, kept_from());
  while (bytes_ > bytes_max && readable_from_ <= stored_) {
    auto& payload = entries_[readable_from_.value - kept_from().value].payload;
    bytes_ -= payload.size();
    payload = {};
    readable_from_ = readable_from_.next();
  }
}

} // namespace callboard::raft
