#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "cluster/raft/quorum.h"
#include "schema/log_entry.h"
#include "schema/raft_message.h"

namespace callboard::partition {

// What the committed entries of a log come to, one after the other, as they were appended:
// retention and compaction change nothing of it. Two replicas of a group have the same at
// the same index, or one of them is not what the group agreed on, whatever its checksums say.
// A batch goes in with the checksum in its header, so that nothing is read for it.
//
// Not known: where entries came from a log that was compacted. From there on it is what
// somebody else says it is (adopt()). Such a digest, and that of a replica that had its entries
// from another one to recover, repeats another's: it is learned, and no voice of its own, until
// all voters have been found to have the same behind there.
class LogDigest {
public:
  LogDigest() = default;
  LogDigest(RaftIndex index, std::optional<std::uint64_t> value, RaftIndex learned = {})
    : index_(index), learned_(learned), value_(value) {}

  // The next entry; of a batch the header is enough.
  void apply(const LogEntry& entry, std::uint32_t checksum, bool original);
  void adopt(const raft::LogDigest& digest) {
    if (digest.index != index_) return;
    value_ = digest.value;
    learned_ = index_;
  }
  void learn_up_to(RaftIndex index) { learned_ = index; }
  // All voters have the same there.
  void agree(RaftIndex index) {
    if (index >= learned_) learned_ = {};
  }

  RaftIndex index() const { return index_; }
  std::optional<std::uint64_t> value() const { return value_; }
  // Up to where it repeats another's; index 0: it does not.
  RaftIndex learned() const { return learned_; }
  // Index 0: not known.
  raft::LogDigest as_of_now() const {
    return value_ ? raft::LogDigest{index_, *value_, learned_.value > 0} : raft::LogDigest{};
  }

private:
  RaftIndex index_;
  RaftIndex learned_;
  std::optional<std::uint64_t> value_ = 0;
};

// Of an entry's payload; of a batch what its header says.
std::uint32_t checksum_of(const LogEntry& entry);
// No compaction has taken records out of it.
bool is_original(const LogEntry& entry);

// The comparison. A leader names a digest now and then; its followers say what theirs was
// there, and by the majority it is decided who is wrong:
//
//   leader    name(i) ------- (i, digest) -------> follower   expect(), until it is there
//             hear()  <------ (i, its own) ------             answer(), with every reply
//
// The leader counts as one voice like any other, and what is learned as none. Where all voters have the same,
// the leader says so: from there on everyone speaks for himself.
class DigestComparison {
public:
  // ---- of a follower
  // The leader's; one that is waited for is not replaced.
  void expect(const raft::LogDigest& named, const LogDigest& own);
  // Own is now as of another index.
  void reached(LogDigest& own);
  // What to say of the last one that was reached; index 0: nothing.
  const raft::LogDigest& answer() const { return answer_; }

  // ---- of a leader
  // agreed: some who repeated others are to hear of it.
  enum class Verdict : std::uint8_t { none, agreed, peer_differs, self_differs };
  // The one to be said from now on, if own is known.
  void name(const LogDigest& own);
  const raft::LogDigest& named() const { return named_.empty() ? nothing : named_.back(); }
  // `node` is known as `life`.
  Verdict hear(NodeId node, std::uint32_t life, const raft::LogDigest& digest, const Membership& membership,
               NodeId self);
  // The last index where all voters had the same; index 0: none in this term.
  RaftIndex agreed() const { return agreed_; }
  // In which life this replica has been found to differ.
  std::optional<std::uint32_t> differs(NodeId node) const;

  // Somebody else leads, or this replica does.
  void begin_term();

private:
  struct Voice {
    NodeId node;
    std::uint32_t life = 0;
    raft::LogDigest digest;
    bool differs = false; // from the majority
  };
  const raft::LogDigest* said_by(NodeId node, RaftIndex index) const;
  bool all_have(const raft::LogDigest& own, const Membership& membership, NodeId self) const;
  raft::VoteResult agreement(std::uint64_t value, const raft::LogDigest& own, const Membership& membership,
                             NodeId self) const;
  static inline const raft::LogDigest nothing{};

  std::optional<raft::LogDigest> expected_;
  raft::LogDigest answer_;
  std::deque<raft::LogDigest> named_; // oldest first
  std::vector<Voice> voices_;         // of each other replica the last
  RaftIndex agreed_;
};

} // namespace callboard::partition
