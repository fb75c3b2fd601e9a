#include "cluster/raft/quorum.h"

#include <algorithm>

namespace callboard::raft {
namespace {

std::size_t majority_of(const std::vector<NodeId>& voters) {
  return voters.size() / 2 + 1;
}

VoteResult result_of(const std::vector<NodeId>& voters, const std::function<Ballot(NodeId)>& ballot_of) {
  std::size_t granted = 0;
  std::size_t missing = 0;
  for (const auto voter : voters) {
    const auto ballot = ballot_of(voter);
    granted += ballot == Ballot::granted;
    missing += ballot == Ballot::missing;
  }
  if (granted >= majority_of(voters)) return VoteResult::won;
  return granted + missing >= majority_of(voters) ? VoteResult::pending : VoteResult::lost;
}

} // namespace

VoteResult vote_result(const Membership& membership, const std::function<Ballot(NodeId)>& ballot_of) {
  const auto incoming = result_of(membership.voters, ballot_of);
  if (!membership.joint()) return incoming;
  const auto outgoing = result_of(membership.outgoing, ballot_of);
  if (incoming == outgoing) return incoming;
  const bool lost = incoming == VoteResult::lost || outgoing == VoteResult::lost;
  return lost ? VoteResult::lost : VoteResult::pending;
}

RaftIndex majority_index(const Membership& membership, const std::function<RaftIndex(NodeId)>& match_of) {
  const auto incoming = copies_index(membership.voters, majority_of(membership.voters), match_of);
  if (!membership.joint()) return incoming;
  return std::min(incoming, copies_index(membership.outgoing, majority_of(membership.outgoing), match_of));
}

RaftIndex copies_index(const std::vector<NodeId>& voters, std::size_t copies,
                       const std::function<RaftIndex(NodeId)>& match_of) {
  if (copies == 0 || copies > voters.size()) return {};
  std::vector<RaftIndex> matches;
  matches.reserve(voters.size());
  for (const auto voter : voters) matches.push_back(match_of(voter));
  const auto place = matches.begin() + static_cast<std::ptrdiff_t>(copies - 1);
  std::nth_element(matches.begin(), place, matches.end(), std::greater<>());
  return *place;
}

} // namespace callboard::raft
