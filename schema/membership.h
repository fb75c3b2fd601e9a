#pragma once

#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace callboard {

// Who replicates a group, and who of them counts. A change of voters goes through joint
// consensus (Raft thesis, 4.3): while `outgoing` is not empty, whatever needs a majority
// needs one of `voters` and one of `outgoing`.
//
//   {1,2,3}  ->  voters {1,2,4}, outgoing {1,2,3}  ->  {1,2,4}
//
// All lists are sorted and name nobody twice; a learner is no voter.
struct Membership {
  std::vector<NodeId> voters{};
  std::vector<NodeId> outgoing{}; // voters before the change; empty: no change under way
  std::vector<NodeId> learners{}; // get everything, count nowhere

  bool operator==(const Membership&) const = default;
  bool joint() const { return !outgoing.empty(); }
  bool is_voter(NodeId node) const;
  bool is_learner(NodeId node) const;
  bool contains(NodeId node) const { return is_voter(node) || is_learner(node); }
  // Everyone once, in order.
  std::vector<NodeId> members() const;
};

// Sorts the lists. Error (invalid_argument): no voter, a negative id, one named twice.
Result<Membership> checked_membership(Membership membership);

// The payload of an entry of type `membership`:
//   version u8 = 1 | 3 x (count u8 | count x node i32), voters, outgoing, learners
SharedBytes encode_membership(const Membership& membership);
// Error (corrupt_storage): not what encode_membership() writes of a checked one.
Result<Membership> decode_membership(ByteView payload);

} // namespace callboard
