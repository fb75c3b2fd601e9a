#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "schema/ids.h"

namespace callboard::metadata {

// Why a group gets other replicas.
enum class MoveReason : std::uint8_t {
  factor,    // the default factor follows the number of nodes
  drain,     // its node drains or was removed
  replace,   // its node is gone for too long
  rebalance, // somebody asked for even loads
  by_hand,   // somebody said where to, or nobody knows any more
};
inline constexpr std::size_t move_reasons = 5;

// Groups whose membership is not yet as the controller placed them: their leaders are about to
// bring it there. A move that cannot go on, since a node that belongs to it is away, is stuck; it
// does not count against the number of moves at a time, or one dead node would hold up all others.
class OpenMoves {
public:
  // Also again, with another reason.
  void open(GroupId group, MoveReason reason, bool stuck);
  // Whether it was open. It counts as done.
  bool close(GroupId group);
  // The group is no more.
  void drop(GroupId group);
  bool contains(GroupId group) const { return moves_.contains(group); }

  // After nodes came or went.
  template <class IsStuck>
  void recheck(IsStuck is_stuck) {
    for (auto& [group, move] : moves_) set_stuck(move, is_stuck(group));
  }

  std::size_t size() const { return moves_.size(); }
  std::size_t going_on() const { return moves_.size() - stuck_; }
  std::size_t open(MoveReason reason) const { return counts_[index(reason)].open; }
  std::size_t stuck(MoveReason reason) const { return counts_[index(reason)].stuck; }
  // Since none of this reason was open.
  std::size_t done(MoveReason reason) const { return counts_[index(reason)].done; }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [group, move] : moves_) visit(group, move.reason);
  }

private:
  struct Move {
    MoveReason reason;
    bool stuck = false;
  };
  struct Counts {
    std::size_t open = 0, stuck = 0, done = 0;
  };

  static constexpr std::size_t index(MoveReason reason) { return static_cast<std::size_t>(reason); }
  void set_stuck(Move& move, bool stuck);

  std::map<GroupId, Move> moves_;
  std::array<Counts, move_reasons> counts_{};
  std::size_t stuck_ = 0;
};

} // namespace callboard::metadata
