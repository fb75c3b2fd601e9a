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
// somebody else says it is (adopt()).
class LogDigest {
public:
  LogDigest() = default;
  LogDigest(RaftIndex index, std::optional<std::uint64_t> value) : index_(index), value_(value) {}

  // The next entry; of a batch the header is enough.
  void apply(const LogEntry& entry, std::uint32_t checksum, bool original);
  void adopt(const raft::LogDigest& digest) {
    if (digest.index == index_) value_ = digest.value;
  }

  RaftIndex index() const { return index_; }
  std::optional<std::uint64_t> value() const { return value_; }
  // Index 0: not known.
  raft::LogDigest as_of_now() const { return value_ ? raft::LogDigest{index_, *value_} : raft::LogDigest{}; }

private:
  RaftIndex index_;
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
// The leader counts as one voice like any other.
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
  enum class Verdict : std::uint8_t { none, peer_differs, self_differs };
  // The one to be said from now on, if own is known.
  void name(const LogDigest& own);
  const raft::LogDigest& named() const { return named_.empty() ? nothing : named_.back(); }
  // `node` is known as `life`.
  Verdict hear(NodeId node, std::uint32_t life, const raft::LogDigest& digest, const Membership& membership,
               NodeId self);
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
  raft::VoteResult agreement(std::uint64_t value, const raft::LogDigest& own, const Membership& membership,
                             NodeId self) const;
  static inline const raft::LogDigest nothing{};

  std::optional<raft::LogDigest> expected_;
  raft::LogDigest answer_;
  std::deque<raft::LogDigest> named_; // oldest first
  std::vector<Voice> voices_;         // of each other replica the last
};

} // namespace callboard::partition
