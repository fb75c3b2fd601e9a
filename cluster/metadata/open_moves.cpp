#include "cluster/metadata/open_moves.h"

namespace callboard::metadata {

void OpenMoves::open(GroupId group, MoveReason reason, bool stuck) {
  drop(group);
  auto& counts = counts_[index(reason)];
  if (counts.open++ == 0) counts.done = 0;
  set_stuck(moves_.emplace(group, Move{reason}).first->second, stuck);
}

bool OpenMoves::close(GroupId group) {
  const auto found = moves_.find(group);
  if (found == moves_.end()) return false;
  ++counts_[index(found->second.reason)].done;
  drop(group);
  return true;
}

void OpenMoves::drop(GroupId group) {
  const auto found = moves_.find(group);
  if (found == moves_.end()) return;
  set_stuck(found->second, false);
  --counts_[index(found->second.reason)].open;
  moves_.erase(found);
}

void OpenMoves::set_stuck(Move& move, bool stuck) {
  if (move.stuck == stuck) return;
  move.stuck = stuck;
  auto& counts = counts_[index(move.reason)];
  if (stuck) {
    ++counts.stuck;
    ++stuck_;
  } else {
    --counts.stuck;
    --stuck_;
  }
}

} // namespace callboard::metadata
