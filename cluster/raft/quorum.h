#pragma once

#include <functional>

#include "schema/membership.h"

// What a majority says, of each of two sets of voters while a change of them is joint.
namespace callboard::raft {

enum class VoteResult : std::uint8_t { pending, won, lost };
enum class Ballot : std::uint8_t { missing, granted, refused };

VoteResult vote_result(const Membership& membership, const std::function<Ballot(NodeId)>& ballot_of);

// The highest index that a majority has; `match_of`: what a voter has.
RaftIndex majority_index(const Membership& membership, const std::function<RaftIndex(NodeId)>& match_of);

// The highest index that at least `copies` of `voters` have; 0 if there are not so many.
RaftIndex copies_index(const std::vector<NodeId>& voters, std::size_t copies,
                       const std::function<RaftIndex(NodeId)>& match_of);

} // namespace callboard::raft
