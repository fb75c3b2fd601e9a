#include "cluster/partition/log_digest.h"

#include <algorithm>

#include "cluster/raft/sabotage.h"
#include "schema/big_endian.h"
#include "schema/crc32c.h"
#include "schema/record_batch.h"

namespace callboard::partition {
namespace {

constexpr std::size_t named_max = 64;
constexpr std::size_t crc_at = 17;   // in a batch's header
constexpr std::size_t count_at = 57; // of its records

// splitmix64's finish: every bit of `value` reaches every bit of what comes out.
std::uint64_t mixed(std::uint64_t digest, std::uint64_t value) {
  auto mix = (digest ^ value) + 0x9E3779B97F4A7C15ULL;
  mix = (mix ^ (mix >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mix = (mix ^ (mix >> 27)) * 0x94D049BB133111EBULL;
  return mix ^ (mix >> 31);
}

} // namespace

std::uint32_t checksum_of(const LogEntry& entry) {
  const auto payload = entry.payload.view();
  if (entry.type != EntryType::batch) return crc32c(payload);
  return payload.size() < batch_header_bytes ? 0 : load_big_endian<std::uint32_t>(payload.data() + crc_at);
}

bool is_original(const LogEntry& entry) {
  if (entry.type != EntryType::batch) return true;
  const auto payload = entry.payload.view();
  return payload.size() >= batch_header_bytes &&
         load_big_endian<std::int32_t>(payload.data() + count_at) == entry.offset_count;
}

void LogDigest::apply(const LogEntry& entry, std::uint32_t checksum, bool original) {
  index_ = entry.index;
  if (!original) value_.reset();
  if (!value_) return;
  const auto what = static_cast<std::uint64_t>(entry.term.value) << 32U | checksum;
  const auto where = static_cast<std::uint64_t>(entry.base_offset.value) << 8U | static_cast<std::uint64_t>(entry.type);
  value_ = mixed(mixed(mixed(*value_, entry.index.value), what), where);
}

void DigestComparison::expect(const raft::LogDigest& named, const LogDigest& own) {
  if (named.index.value == 0 || (expected_ && expected_->index > own.index())) return;
  expected_.reset();
  if (named.index >= own.index()) expected_ = named;
}

void DigestComparison::reached(LogDigest& own) {
  if (!expected_ || expected_->index != own.index()) return;
  if (!own.value()) own.adopt(*expected_);
  answer_ = own.as_of_now();
  expected_.reset();
}

void DigestComparison::name(const LogDigest& own) {
  const auto now = own.as_of_now();
  if (now.index.value == 0 || now.index == named().index) return;
  named_.push_back(now);
  if (named_.size() > named_max) named_.pop_front();
}

raft::VoteResult DigestComparison::agreement(std::uint64_t value, const raft::LogDigest& own,
                                             const Membership& membership, NodeId self) const {
  return raft::vote_result(membership, [&](NodeId voter) {
    const auto* said = voter == self ? &own : said_by(voter, own.index);
    if (said == nullptr || said->learned) return raft::Ballot::missing;
    return said->value == value ? raft::Ballot::granted : raft::Ballot::refused;
  });
}

const raft::LogDigest* DigestComparison::said_by(NodeId node, RaftIndex index) const {
  const auto voice = std::find_if(voices_.begin(), voices_.end(),
                                  [&](const Voice& it) { return it.node == node && it.digest.index == index; });
  return voice == voices_.end() ? nullptr : &voice->digest;
}

bool DigestComparison::all_have(const raft::LogDigest& own, const Membership& membership, NodeId self) const {
  const auto members = membership.members();
  return std::all_of(members.begin(), members.end(), [&](NodeId node) {
    if (node == self || !membership.is_voter(node)) return true;
    const auto* said = said_by(node, own.index);
    return said != nullptr && said->value == own.value;
  });
}

DigestComparison::Verdict DigestComparison::hear(NodeId node, std::uint32_t life, const raft::LogDigest& digest,
                                                 const Membership& membership, NodeId self) {
  if (raft::sabotaged(raft::Sabotage::digest_not_compared)) return Verdict::none;
  auto voice = std::find_if(voices_.begin(), voices_.end(), [&](const Voice& it) { return it.node == node; });
  if (voice == voices_.end()) voice = voices_.insert(voice, {node, life, {}});
  if (life < voice->life) return Verdict::none;
  if (life > voice->life) {
    *voice = {node, life, {}};
    agreed_ = {}; // with what it had before
  }
  const auto own = std::find_if(named_.begin(), named_.end(), [&](const auto& it) { return it.index == digest.index; });
  if (digest.index.value == 0 || own == named_.end() || voice->digest == digest) return Verdict::none;
  *voice = {node, life, digest};
  const bool agreed = own->index > agreed_ && all_have(*own, membership, self);
  if (agreed) agreed_ = own->index;
  if (digest.value != own->value && agreement(digest.value, *own, membership, self) == raft::VoteResult::won)
    return Verdict::self_differs;
  bool found = false;
  if (agreement(own->value, *own, membership, self) == raft::VoteResult::won) {
    for (auto& it : voices_) {
      it.differs |= it.digest.index == own->index && it.digest.value != own->value;
      found |= it.differs;
    }
  }
  if (found) return Verdict::peer_differs;
  const auto learned = [](const Voice& it) { return it.digest.learned; };
  return agreed && std::any_of(voices_.begin(), voices_.end(), learned) ? Verdict::agreed : Verdict::none;
}

std::optional<std::uint32_t> DigestComparison::differs(NodeId node) const {
  const auto voice =
      std::find_if(voices_.begin(), voices_.end(), [&](const Voice& it) { return it.node == node && it.differs; });
  return voice == voices_.end() ? std::nullopt : std::optional(voice->life);
}

void DigestComparison::begin_term() {
  expected_.reset();
  answer_ = {};
  named_.clear();
  voices_.clear();
  agreed_ = {};
}

} // namespace callboard::partition
