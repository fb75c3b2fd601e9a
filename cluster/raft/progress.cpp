#include "cluster/raft/progress.h"

#include <algorithm>

namespace callboard::raft {

bool Progress::matched(RaftIndex match) {
  if (match <= match_) return false;
  match_ = match;
  next_ = std::max(next_, match.next());
  while (!inflight_.empty() && inflight_.front().last <= match) {
    inflight_bytes_ -= inflight_.front().bytes;
    inflight_.pop_front();
  }
  return true;
}

void Progress::probe_from(RaftIndex next) {
  state_ = State::probe;
  next_ = std::max(next, match_.next());
  probe_sent_ = false;
  reading = false;
  inflight_.clear();
  inflight_bytes_ = 0;
}

void Progress::begin_life(std::uint32_t new_life, RaftIndex last) {
  life = new_life;
  recovering = true;
  whole_from = last;
  match_ = {};
  probe_from(last.next());
}

void Progress::replicate() {
  state_ = State::replicate;
}

void Progress::await_snapshot(RaftIndex index) {
  probe_from(next_);
  state_ = State::snapshot;
  snapshot_index_ = index;
  snapshot_ticks = 0;
}

void Progress::sent(RaftIndex last, std::size_t bytes) {
  if (state_ != State::replicate) {
    probe_sent_ = true;
    return;
  }
  next_ = last.next();
  inflight_.push_back({last, bytes});
  inflight_bytes_ += bytes;
}

bool Progress::paused(std::size_t inflight_bytes_max) const {
  switch (state_) {
  case State::probe: return probe_sent_;
  case State::replicate: return inflight_bytes_ >= inflight_bytes_max;
  case State::snapshot: return true;
  }
  return true;
}

} // namespace callboard::raft
