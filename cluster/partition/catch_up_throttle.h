#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "schema/ids.h"
#include "schema/time.h"

namespace callboard::partition {

struct CatchUpLimits {
  std::size_t bytes_per_second = 0;                       // of the whole node; 0: no bound
  Duration burst = std::chrono::milliseconds(100);        // of that, what may leave at once
  std::size_t turns = 4;                                  // groups that one other node gets entries of at a time
  std::size_t turn_bytes = std::size_t{128} << 20;        // then it is another group's turn, if one waits
  std::size_t inflight_bytes_max = std::size_t{16} << 20; // to one other node: granted, and not stored there
  Duration held_max = std::chrono::seconds(10);           // a grant that nobody gives back ends then
};

// Numbers what was granted.
using GrantId = std::uint64_t;

// Who of this node's groups may read entries from disk for a follower that is far behind, so
// that catching up leaves the disks, the links and the processors to the living.
//
//   ask() ---> waiting, by node ---> one of `turns` a node ---> take_grants() ---> release()
//              first come             until it lacks nothing     node after node,   once the follower
//              first served           more or `turn_bytes`       group after group  has it on disk
//
// A turn lasts: with a thousand groups behind, a few catch up and are in sync while the
// others wait. If all went on together, each would get a thousandth, and none might ever reach
// the end of a log that is being written to.
//
// Everybody gets a turn: each grant is given back by its group or, whatever became of that,
// by time. A value without clock; belongs to one thread. Every call takes time by the number of
// nodes, not of groups.
class CatchUpThrottle {
public:
  explicit CatchUpThrottle(CatchUpLimits limits) : limits_(limits) {}

  // `group` needs about `bytes` (more than 0) from disk for its replica on `to`. In place of what
  // it asked for before and was not granted.
  void ask(GroupId group, NodeId to, std::size_t bytes);

  struct Grant {
    GrantId id = 0;
    GroupId group;
    NodeId to;
  };
  std::vector<Grant> take_grants(Instant now);
  // When the rate allows the next, if it is all that somebody waits for.
  std::optional<Instant> due() const;
  // Somebody waits or holds a grant, which time may end: to be asked for grants now and then
  // although nothing else happens.
  bool busy() const { return !destinations_.empty(); }

  // So much was read under a grant.
  void measured(NodeId to, GrantId id, std::size_t bytes);
  // It is stored over there, lost, or of no use any more. What was not measured costs nothing.
  // A group that goes on asks before it gives back its last.
  void release(NodeId to, GrantId id);
  // Was sent without asking.
  void spend(Instant now, std::size_t bytes);

  std::size_t waiting() const { return waiting_; }
  std::size_t turns() const;
  std::size_t inflight_bytes() const;

private:
  struct Turn {
    GroupId group;
    std::size_t bytes = 0;            // that it got
    std::optional<std::size_t> asked; // what it wants next
  };
  struct Held {
    GroupId group;
    std::size_t bytes;
    Instant until;
    bool measured;
  };
  struct Destination {
    std::vector<Turn> turns; // whose grant is next stands in front
    std::deque<GroupId> order;
    std::unordered_map<GroupId, std::size_t> waiting; // in `order`: what they want
    std::map<GrantId, Held> held;                     // oldest first
    std::size_t inflight_bytes = 0;
  };

  Turn* find_turn(Destination& destination, GroupId group);
  void wait(Destination& destination, GroupId group, std::size_t bytes);
  void give_turns(Destination& destination);
  Turn* next_turn(Destination& destination);
  bool fits(const Destination& destination, std::size_t bytes) const;
  Grant grant(NodeId to, Destination& destination, Turn& turn, Instant now);
  Destination* find(NodeId to);
  void end_held(Destination& destination, std::map<GrantId, Held>::iterator held);
  void remove_if_idle(NodeId to);
  void let_pass(Instant now);
  void expire(Instant now);
  std::map<NodeId, Destination>::iterator next_destination();
  Duration cost(std::size_t bytes) const;

  CatchUpLimits limits_;
  std::map<NodeId, Destination> destinations_; // to whom something is due or under way
  NodeId served_;                              // last
  std::size_t waiting_ = 0;
  GrantId last_id_ = 0;
  // The rate as a date: what was granted is paid for by then.
  Instant paid_at_{};
};

} // namespace callboard::partition
