// MetadataActor: what operators ask for, and how the cluster is.
#include <fmt/format.h>

#include <algorithm>

#include "actors/coordination/metadata_actor.h"
#include "actors/runtime/clock.h"

namespace callboard {
namespace {

// How long an election waits for the leaders it asked to hand over.
constexpr auto handed_over_within = std::chrono::seconds(5);

std::string name_of(metadata::MoveReason what) {
  switch (what) {
  case metadata::MoveReason::factor: return "factor";
  case metadata::MoveReason::drain: return "drain";
  case metadata::MoveReason::replace: return "replace";
  case metadata::MoveReason::rebalance: return "rebalance";
  case metadata::MoveReason::by_hand: return "move";
  }
  return "move";
}

PartitionOutcome outcome_of(const std::string& topic, std::int32_t partition, const Error& error) {
  return {topic, partition, error.code, error.message};
}

} // namespace

// ---- nodes

MetadataActor::Plan MetadataActor::plan(const NodeDrain& drain) {
  auto record =
      drain.cancel ? metadata::plan_cancel_drain(image_, drain.node) : metadata::plan_drain(image_, drain.node);
  if (!record) return record.error();
  if (*record == *image_.node(drain.node)) return Records{};
  if (!drain.cancel) pace_.begin(metadata::MoveReason::drain, drain.node, monotonic_now());
  return Records{std::move(*record)};
}

MetadataActor::Plan MetadataActor::plan(const NodeRemoval& removal) {
  return controller_.plan_remove(image_, removal.node);
}

MetadataActor::Plan MetadataActor::plan(const Rebalance& rebalance) {
  if (!rebalance.cancel) {
    controller_.rebalance();
    pace_.begin(metadata::MoveReason::rebalance, no_node, monotonic_now());
  } else if (!controller_.cancel_rebalance()) {
    return Error{ErrorCode::invalid_request, "No rebalance is under way."};
  }
  return Records{};
}

// ---- partitions

MetadataActor::Plan MetadataActor::plan(const TopicMoving& moving) {
  auto planned = metadata::plan_topic_move(image_, leaders_, liveness(), moving.command);
  if (!planned) return planned.error();
  for (std::size_t i = 0; i < planned->outcomes.size(); ++i) {
    const auto partition = moving.command.moves[i].partition;
    const auto& outcome = planned->outcomes[i];
    partition_outcomes_.push_back(outcome ? PartitionOutcome{moving.command.name, partition}
                                          : outcome_of(moving.command.name, partition, outcome.error()));
  }
  return std::move(planned->records);
}

MetadataActor::Plan MetadataActor::plan(const LeaderElection& election) {
  if (election.all) {
    for (const auto& [name, topic] : image_.topics())
      for (std::size_t i = 0; i < topic.groups.size(); ++i)
        if (auto outcome = elect(topic, i); outcome.error != ErrorCode::election_not_needed)
          partition_outcomes_.push_back(std::move(outcome));
    return Records{};
  }
  for (const auto& [name, partitions] : election.partitions) {
    const auto* topic = image_.topic(name);
    for (const auto partition : partitions) {
      const auto index = static_cast<std::size_t>(partition);
      const bool exists = topic != nullptr && partition >= 0 && index < topic->groups.size();
      partition_outcomes_.push_back(
          exists ? elect(*topic, index)
                 : outcome_of(name, partition,
                              {ErrorCode::unknown_topic_or_partition, "There is no such topic or partition."}));
    }
  }
  return Records{};
}

// Asks the partition's leader to hand over, if another node is to lead.
PartitionOutcome MetadataActor::elect(const TopicRecord& topic, std::size_t index) {
  const auto group = topic.groups[index];
  const auto partition = static_cast<std::int32_t>(index);
  if (preferred_leads(group))
    return outcome_of(topic.name, partition, {ErrorCode::election_not_needed, "Its preferred leader leads."});
  const auto planned = metadata::plan_preferred_leader(image_, leaders_, liveness(), group);
  if (!planned) return outcome_of(topic.name, partition, planned.error());
  transfer_leadership({group, planned->to});
  return {topic.name, partition};
}

bool MetadataActor::preferred_leads(GroupId group) const {
  const auto known = partitions_.find(group);
  return known != partitions_.end() && !known->second.replicas.empty() &&
         known->second.leader == known->second.replicas.front();
}

// An election is over once the leaders lead, or have taken too long.
bool MetadataActor::is_elected(Unseen& unseen) const {
  const bool late = monotonic_now() - unseen.since > handed_over_within;
  bool over = true;
  for (auto& outcome : unseen.outcome.partitions) {
    if (outcome.error != ErrorCode::none) continue;
    const auto* topic = image_.topic(outcome.topic);
    const auto index = static_cast<std::size_t>(outcome.partition);
    if (topic != nullptr && index < topic->groups.size() && preferred_leads(topic->groups[index])) continue;
    over = late;
    if (!late) break;
    outcome.error = ErrorCode::request_timed_out;
    outcome.message = "Its leader was asked to hand over and has not done so yet.";
  }
  return over;
}

// Partitions whose replicas, as their leaders told, are not where they are placed.
void MetadataActor::on_list_moves(const ListMoves& message) {
  MovesListed listed;
  listed.token = message.token;
  for (const auto& [name, topic] : image_.topics())
    for (std::size_t i = 0; i < topic.groups.size(); ++i) {
      const auto* told = leaders_.find(topic.groups[i]);
      if (told == nullptr || metadata::is_settled(*told, topic.placement(i))) continue;
      listed.moves.push_back({name, static_cast<std::int32_t>(i), told->voters, topic.placement(i).voters});
    }
  send(message.from, std::move(listed));
}

// Another voter that is in sync takes over; where there is none, but one that is up, it may
// still catch up.
void MetadataActor::hand_over_leadership(const HandOver& message) {
  const auto self = node_.identity.node;
  const auto other = [self](NodeId node) { return node != self; };
  HandingOver answer;
  for (const auto& [group, partition] : partitions_) {
    if (!partition.local || partition.leader != self) continue;
    const auto* told = leaders_.find(group);
    if (told != nullptr && std::any_of(told->in_sync.begin(), told->in_sync.end(), other)) {
      ++answer.led;
      send(partition.actor, YieldLeadership{});
    } else if (std::any_of(partition.replicas.begin(), partition.replicas.end(),
                           [&](NodeId node) { return other(node) && alive_.contains(node); })) {
      const auto place = image_.partition_of(group);
      const auto* topic = place ? image_.topic(place->topic) : nullptr;
      if (topic != nullptr) answer.last_copies.push_back(fmt::format("{}/{}", topic->name, place->partition));
    }
  }
  const auto& controllers = image_.controllers();
  if (leader_ == self && controllers &&
      std::any_of(controllers->voters.begin(), controllers->voters.end(),
                  [&](NodeId node) { return other(node) && alive_.contains(node); })) {
    ++answer.led;
    send(log_, YieldLeadership{});
  }
  send(message.from, std::move(answer));
}

// ---- how the cluster is

// Asked of the node that controls it; without one, as this node sees it. Waits for nothing.
void MetadataActor::tell_status(Command command) {
  const auto& links = hosts_.loops.front()->links;
  const auto link = links.find(leader_);
  if (!leads() && !replaying_ && link != links.end()) {
    command.at = monotonic_now();
    hand_over(std::move(command), link->second);
    return;
  }
  ControllerOutcome outcome;
  outcome.status = status();
  answer(command, std::move(outcome));
}

void MetadataActor::pass_on_status(Command command, ControllerOutcome outcome) {
  if (!outcome.status) {
    outcome.status = status();
    outcome.status->waiting =
        fmt::format("Node {}, which should control the cluster, does not say how it is: {}", leader_.value,
                    outcome.message.empty() ? std::string(callboard::name_of(outcome.error)) : outcome.message);
    outcome.error = ErrorCode::none;
    outcome.message.clear();
  } else if (on_ready_) {
    outcome.status->waiting = waits_for();
  }
  answer(command, std::move(outcome));
}

std::string MetadataActor::waits_for() const {
  const auto self = node_.identity.node.value;
  if (replaying_)
    return fmt::format("Node {} reads the cluster's metadata: {} of {} entries.", self, applied_.value,
                       replay_last_.value);
  if (leads()) return {};
  if (leader_ == no_node)
    return "No node controls the cluster: a majority of those that vote on its metadata cannot be reached. Start them.";
  if (leader_ == node_.identity.node) return fmt::format("Node {} takes over the control of the cluster.", self);
  if (on_ready_)
    return fmt::format("Node {} waits until node {}, which controls the cluster, knows it.", self, leader_.value);
  return {};
}

ClusterStatus MetadataActor::status() {
  ClusterStatus out;
  out.cluster = node_.identity.cluster;
  out.told_by = node_.identity.node;
  out.controller = leader_;
  out.waiting = waits_for();
  out.topics = image_.topics().size();
  out.partitions = partitions_.size();
  std::map<NodeId, std::uint64_t> leads_by_node;
  for (const auto& [group, partition] : partitions_) {
    if (!alive_.contains(partition.leader)) {
      ++out.leaderless;
      continue;
    }
    ++leads_by_node[partition.leader];
    out.under_replicated += is_under_replicated(partition) ? 1 : 0;
  }
  for (const auto& [id, node] : image_.nodes())
    if (node.status != NodeStatus::removed)
      out.nodes.push_back({node, alive_.contains(id), leads_by_node[id], image_.load(id).replicas});
  if (const auto& controllers = image_.controllers()) {
    out.metadata_voters = controllers->voters;
    out.metadata_learners = controllers->learners;
  }
  if (leads()) out.operations = operations();
  return out;
}

bool MetadataActor::is_under_replicated(const PartitionRef& partition) const {
  const auto* told = leaders_.find(partition.group);
  if (told == nullptr) return partition.replicas.size() > 1;
  return std::any_of(partition.replicas.begin(), partition.replicas.end(), [told](NodeId voter) {
    return std::find(told->in_sync.begin(), told->in_sync.end(), voter) == told->in_sync.end();
  });
}

std::vector<ClusterOperation> MetadataActor::operations() {
  std::vector<ClusterOperation> out;
  const auto operations = controller_.operations(image_);
  const auto left = pace_.look(operations, monotonic_now());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto& from = operations[i];
    auto& to = out.emplace_back();
    to.what = name_of(from.what);
    to.node = from.node;
    to.done = from.done;
    to.total = from.total;
    to.waiting = from.waiting;
    if (left[i]) to.left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*left[i]).count();
  }
  return out;
}

} // namespace callboard
