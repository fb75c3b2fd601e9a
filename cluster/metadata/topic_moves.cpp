#include "cluster/metadata/topic_moves.h"

#include <algorithm>
#include <set>

#include "cluster/metadata/assignments.h"
#include "cluster/metadata/topic_commands.h"

namespace callboard::metadata {
namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// The voters it has, its leader first. Learners that were to become voters are let go again.
Result<Placement> as_it_is(const LeaderTable& leaders, GroupId group, const Placement& placement,
                           const std::string& which) {
  const auto* now = leaders.find(group);
  if (now == nullptr) {
    return Error{ErrorCode::leader_not_available,
                 which + " has no leader that says which replicas it has; try again when it has one."};
  }
  if (is_settled(*now, placement)) {
    return Error{ErrorCode::no_reassignment_in_progress, which + " is not being moved."};
  }
  Placement back{now->voters, now->learners, false};
  std::erase_if(back.learners, [&](NodeId node) { return contains(placement.voters, node); });
  const auto leader = std::find(back.voters.begin(), back.voters.end(), now->leader);
  if (leader != back.voters.end()) std::rotate(back.voters.begin(), leader, std::next(leader));
  return back;
}

} // namespace

Result<TopicMove> plan_topic_move(const Image& image, const LeaderTable& leaders, const Liveness& liveness,
                                  const MoveTopicCommand& command) {
  const auto* topic = image.topic(command.name);
  if (topic == nullptr) return unknown_topic(command.name);
  const PlacementView view(image, liveness);
  auto record = *topic;
  std::set<std::size_t> moved;
  const auto plan = [&](const PartitionMove& move) -> Status {
    const auto which = "Partition " + std::to_string(move.partition) + " of \"" + command.name + "\"";
    const auto index = static_cast<std::size_t>(move.partition);
    if (move.partition < 0 || index >= record.groups.size())
      return Error{ErrorCode::unknown_topic_or_partition, which + " does not exist."};
    const auto now = record.placement(index);
    auto next = Placement{{}, {}, false};
    if (move.replicas) {
      next.voters = *move.replicas;
      if (auto fit = check_replicas(image, view, next.voters,
                                    "The new assignment of partition " + std::to_string(move.partition));
          !fit.ok())
        return fit;
    } else {
      auto back = as_it_is(leaders, record.groups[index], now, which);
      if (!back) return back.error();
      next = std::move(*back);
    }
    const bool other_factor = move.replicas && next.voters.size() != now.voters.size();
    if (other_factor && !command.allow_factor_change)
      return Error{ErrorCode::invalid_replication_factor,
                   which + " has " + std::to_string(now.voters.size()) + " replicas, the new assignment " +
                       std::to_string(next.voters.size()) + "; the request does not allow that to change."};
    if (next.voters == now.voters && next.learners == now.learners) return ok_status();
    if (same_replicas(next, now)) {
      next.original = now.original;
    } else if (now.original && leaders.find(record.groups[index]) == nullptr) {
      // Those that were to begin with it might never start.
      return Error{ErrorCode::leader_not_available,
                   which + " has no leader yet, which must bring its replicas elsewhere; try again when it has one."};
    }
    if (other_factor) record.default_factor = false;
    record.write_out_placements();
    record.placements[index] = std::move(next);
    moved.insert(index);
    return ok_status();
  };
  TopicMove planned;
  for (const auto& move : command.moves) planned.outcomes.push_back(plan(move));
  const bool most = moved.size() > record.groups.size() / 2; // all in one is smaller then
  if (record.default_factor != topic->default_factor || most)
    planned.records.emplace_back(std::move(record));
  else
    for (const auto index : moved)
      planned.records.emplace_back(PlacementRecord{record.groups[index], record.placements[index]});
  return planned;
}

Result<LeaderTransfer> plan_preferred_leader(const Image& image, const LeaderTable& leaders, const Liveness& liveness,
                                             GroupId group) {
  const auto placement = image.placement_of(group);
  if (!placement) return Error{ErrorCode::unknown_topic_or_partition, "There is no such partition."};
  const auto* now = leaders.find(group);
  if (now == nullptr || !liveness.alive.contains(now->leader))
    return Error{ErrorCode::leader_not_available, "The partition has no leader that could hand over."};
  const auto preferred = placement->voters.front();
  const auto named = "node " + std::to_string(preferred.value);
  if (now->leader == preferred)
    return Error{ErrorCode::election_not_needed, "Its preferred leader, " + named + ", leads."};
  if (!liveness.alive.contains(preferred) || !contains(now->in_sync, preferred))
    return Error{ErrorCode::preferred_leader_not_available,
                 "Its preferred leader, " + named + ", is not alive or not in sync."};
  return LeaderTransfer{group, now->leader, preferred};
}

} // namespace callboard::metadata
