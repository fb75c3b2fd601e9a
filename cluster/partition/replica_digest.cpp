// PartitionReplica: its digest and those of the others.
#include <limits>

#include "cluster/partition/partition_replica.h"

namespace callboard::partition {
namespace {

// A digest is named after so many ticks with news, and before the group rests.
constexpr std::uint32_t name_ticks = 10;

const Error differs{ErrorCode::corrupt_storage,
                    "The log differs from that of the other replicas, although its checksums are right: this replica "
                    "stops and is to be made anew from one of them."};

} // namespace

void PartitionReplica::heed(const DigestHeard& heard) {
  if (stopped_ || heard.term != raft_.term()) return;
  if (heard.reply && leading()) {
    if (!digest_.value()) digest_.adopt(heard.digest);
    const auto verdict = comparison_.hear(heard.from, heard.life, heard.digest, raft_.membership(), raft_.self());
    digest_.agree(comparison_.agreed());
    switch (verdict) {
    case DigestComparison::Verdict::none: break;
    case DigestComparison::Verdict::agreed:
    case DigestComparison::Verdict::peer_differs: raft_.stay_awake(); break; // until it was told
    case DigestComparison::Verdict::self_differs: stop(differs); break;
    }
    return;
  }
  if (heard.reply || leading() || raft_.leader() != heard.from) return;
  if (heard.damaged_life == raft_.life()) {
    stop(differs);
    return;
  }
  if (!raft_.recovering()) digest_.agree(heard.agreed);
  comparison_.expect(heard.digest, digest_);
  comparison_.reached(digest_);
}

void PartitionReplica::name_digest() {
  if (!leading()) return;
  const bool idle = applied_ == raft_.last_index();
  if (++unnamed_ticks_ < name_ticks && !idle) return;
  unnamed_ticks_ = 0;
  comparison_.name(digest_);
}

// What it gets while it recovers is another's log.
void PartitionReplica::note_recovery() {
  if (raft_.recovering()) {
    digest_.learn_up_to(RaftIndex{std::numeric_limits<RaftIndex::rep>::max()});
  } else if (digest_.learned() > raft_.last_index()) {
    digest_.learn_up_to(raft_.last_index());
  }
}

// Beside messages that are sent anyway.
void PartitionReplica::add_digests(std::vector<raft::Message>& messages) const {
  for (auto& message : messages) {
    if (std::holds_alternative<raft::Append>(message.body)) {
      message.digest = comparison_.named();
      message.agreed = comparison_.agreed();
      message.damaged_life = comparison_.differs(message.to);
    } else if (std::holds_alternative<raft::AppendReply>(message.body)) {
      message.digest = comparison_.answer().index.value > 0 ? comparison_.answer() : digest_.as_of_now();
    }
  }
}

} // namespace callboard::partition
