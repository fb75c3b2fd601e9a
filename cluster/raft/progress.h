#pragma once

#include <cstdint>
#include <deque>

#include "schema/ids.h"

namespace callboard::raft {

// What a leader knows of one other member.
//
//   probe      where its log meets ours is not known: one message, then wait for the answer
//   replicate  it follows: messages go out within a window of bytes, `next` runs ahead
//   snapshot   what it needs next is gone from our log: it was sent, or is to get, a snapshot
class Progress {
public:
  enum class State : std::uint8_t { probe, replicate, snapshot };

  Progress(NodeId node, RaftIndex next) : node_(node), next_(next) {}

  NodeId node() const { return node_; }
  State state() const { return state_; }
  // It has everything up to here on disk.
  RaftIndex match() const { return match_; }
  // What it is sent next.
  RaftIndex next() const { return next_; }
  std::size_t inflight_bytes() const { return inflight_bytes_; }

  // It has stored up to `match`. True if that is news.
  bool matched(RaftIndex match);
  // Nothing is known of what it has.
  void forget() { match_ = {}; }
  void probe_from(RaftIndex next);
  void replicate();
  void await_snapshot(RaftIndex index);
  // The snapshot's index; meaningful in that state.
  RaftIndex snapshot_index() const { return snapshot_index_; }

  // What it had is void: nothing is known of its log.
  void begin_life(std::uint32_t new_life, RaftIndex last);

  void sent(RaftIndex last, std::size_t bytes);
  // Nothing more before an answer.
  bool paused(std::size_t inflight_bytes_max) const;
  // A probe that stays without an answer may be sent again.
  void resume_probe() { probe_sent_ = false; }

  void heard(bool node_down) {
    recent = true;
    silent = false;
    if (!node_down) away = false;
  }
  // It is there again, and may have begun anew: what it had says nothing until it is heard.
  void expect_word() {
    recent = false;
    silent = behind = true;
  }
  // Not known to be unable to store anything.
  bool present() const { return !away && !silent; }

  // Heard from since the last check of the quorum; a new one gets until the next.
  bool recent = true;
  // It was not at that check.
  bool silent = false;
  // Its node is down or its replica stopped: nobody waits for it before resting.
  bool away = false;
  // It lacked at the last check of the quorum what was committed at the one before.
  bool behind = false;
  // Its copy counts.
  bool counts() const { return !recovering; }

  // Its entries are being read from disk.
  bool reading = false;
  // Which of its lives this is about (HardState::life). In a new one it may have lost what
  // it acknowledged before.
  std::uint32_t life = 0;
  // It counts for nothing until it has everything up to `whole_from`.
  bool recovering = false;
  RaftIndex whole_from;
  // The newest of the leader's rounds that it has answered (Raft::begin_round()).
  std::uint64_t round = 0;
  // Ticks since its snapshot was asked for.
  std::uint32_t snapshot_ticks = 0;

private:
  struct Inflight {
    RaftIndex last;
    std::size_t bytes;
  };

  NodeId node_;
  State state_ = State::probe;
  RaftIndex match_;
  RaftIndex next_;
  RaftIndex snapshot_index_;
  bool probe_sent_ = false;
  std::deque<Inflight> inflight_;
  std::size_t inflight_bytes_ = 0;
};

} // namespace callboard::raft
