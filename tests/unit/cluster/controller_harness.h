#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/metadata/controller.h"
#include "cluster/metadata/node_commands.h"
#include "cluster/metadata/topic_commands.h"

namespace callboard::test {

using namespace metadata;

// A cluster as the controller sees it: nodes that live or not, and groups that elect leaders while
// a majority lives and bring their membership to where it was placed once the nodes that are to
// have it live. Every record is checked before it is applied.
class ControlledCluster {
public:
  explicit ControlledCluster(ControllerSettings settings = {}) : controller(leaders, settings) {
    controller.begin(image, {}, now);
  }

  Image image;
  LeaderTable leaders;
  Controller controller;
  Instant now{1'000'000'000};
  std::map<GroupId, LeaderAnnouncement> groups; // how they are
  std::size_t steps = 0;

  NodeId join(const std::string& rack = {}, bool heard = true) {
    JoinRequest request;
    request.identity.bytes[0] = 1;
    const auto number = image.next_node().value;
    request.identity.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    request.identity.bytes[15] = static_cast<std::uint8_t>(number);
    request.peer = {"10.0.0." + std::to_string(number), 9092};
    request.rack = rack;
    const auto record = must(plan_join(image, request, controller.liveness()));
    apply(record);
    if (heard) controller.node_up(image, record.id);
    return record.id;
  }
  void up(NodeId node) {
    controller.node_up(image, node);
    for (auto& [group, known] : groups) announce(known);
  }
  void down(NodeId node) {
    controller.node_down(image, node, now);
    for (auto& [group, known] : groups)
      if (std::erase(known.in_sync, node) > 0 && known.leader != node) announce(known);
  }
  bool alive(NodeId node) const { return controller.liveness().alive.contains(node); }
  void pass(Duration time) {
    now = now + time;
    controller.tick(image, now);
  }

  const TopicRecord& create(const std::string& name, std::int32_t partitions, std::int16_t factor = -1) {
    CreateTopicCommand command;
    command.name = name;
    command.partitions = partitions;
    command.replication_factor = factor;
    Uuid id;
    id.bytes[0] = 2;
    id.bytes[13] = static_cast<std::uint8_t>(++topics_ >> 16);
    id.bytes[14] = static_cast<std::uint8_t>(topics_ >> 8);
    id.bytes[15] = static_cast<std::uint8_t>(topics_);
    TopicDefaults defaults;
    defaults.partitions_max = 1'000'000;
    apply(must(plan_create_topic(image, command, defaults, controller.liveness(), id)));
    elect();
    return *image.topic(name);
  }
  void drain(NodeId node) { apply(must(plan_drain(image, node))); }

  void apply(const MetadataRecord& record) {
    if (const auto* topic = std::get_if<TopicRecord>(&record)) check(*topic);
    if (const auto* moved = std::get_if<PlacementRecord>(&record)) {
      BOOST_REQUIRE(image.partition_of(moved->group).has_value());
      check(moved->placement, *image.placement_of(moved->group));
    }
    controller.applying(image, record);
    const auto* removed = std::get_if<TopicRemovedRecord>(&record);
    if (removed != nullptr && image.topic(removed->id))
      for (const GroupId group : image.topic(removed->id)->groups) groups.erase(group), leaders.forget(group);
    image.apply(record);
    if (const auto* topic = std::get_if<TopicRecord>(&record))
      for (std::size_t i = 0; i < topic->groups.size(); ++i)
        if (!groups.contains(topic->groups[i])) begin_group(topic->groups[i], topic->placement(i));
    if (const auto* controllers = std::get_if<ControllersRecord>(&record))
      if (!groups.contains(metadata_group)) begin_group(metadata_group, controllers->placement);
  }

  void apply(const std::vector<MetadataRecord>& records) {
    for (const auto& record : records) apply(record);
  }

  // What the controller wants now; nothing arrives.
  std::size_t decide() {
    std::size_t records = 0;
    while (controller.has_work(now)) {
      const auto step = controller.step(image, now);
      ++steps;
      apply(step.records);
      for (const auto& transfer : step.transfers) lead(groups.at(transfer.group), transfer.to);
      records += step.records.size();
      if (step.records.empty() && step.transfers.empty() && ++idle_ > 100'000) BOOST_FAIL("works for ever");
    }
    idle_ = 0;
    return records;
  }
  // Until nothing moves any more.
  void settle() {
    for (int turn = 0;; ++turn) {
      elect();
      const auto decided = decide();
      const auto moved = carry_out();
      if (decided + moved == 0) return;
      if (turn > 10'000) BOOST_FAIL("never comes to rest");
    }
  }
  void elect() {
    for (auto& [id, group] : groups) {
      const auto living = std::count_if(group.voters.begin(), group.voters.end(), [&](NodeId n) { return alive(n); });
      if (alive(group.leader) && contains(group.voters, group.leader)) continue;
      if (2 * living <= std::ssize(group.voters)) continue;
      lead(group, *std::find_if(group.voters.begin(), group.voters.end(), [&](NodeId n) { return alive(n); }));
    }
  }

  template <class T>
  static T must(Result<T> result) {
    if (!result.ok()) BOOST_FAIL(result.error().message);
    return std::move(*result);
  }
  static bool contains(const std::vector<NodeId>& nodes, NodeId node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  }
  std::size_t living(const Placement& placement) const {
    std::size_t count = 0;
    for (const NodeId node : all(placement)) count += alive(node);
    return count;
  }
  static std::vector<NodeId> all(const Placement& placement) {
    auto nodes = placement.voters;
    nodes.insert(nodes.end(), placement.learners.begin(), placement.learners.end());
    return nodes;
  }
  std::vector<Placement> placements(const std::string& name) const { return image.topic(name)->placements; }

private:
  void begin_group(GroupId id, const Placement& placement) {
    groups[id] = {id, Term{0}, no_node, 0, placement.voters, placement.learners, {}};
  }
  void lead(LeaderAnnouncement& group, NodeId leader) {
    group.term = group.term.next();
    group.revision = 0;
    group.leader = leader;
    announce(group);
  }
  void announce(LeaderAnnouncement& group) {
    if (group.leader == no_node) return;
    ++group.revision;
    group.in_sync.clear();
    for (const NodeId node : group.voters)
      if (alive(node)) group.in_sync.push_back(node);
    if (leaders.learn(group)) controller.heard(image, group, now);
  }
  std::size_t carry_out() {
    std::size_t moved = 0;
    for (const GroupId id : controller.moving()) {
      const auto placement = image.placement_of(id);
      auto& group = groups.at(id);
      const auto joins = [&](NodeId node) { return !contains(group.voters, node) && !contains(group.learners, node); };
      const auto nodes = all(*placement);
      if (!alive(group.leader)) continue;
      if (std::any_of(nodes.begin(), nodes.end(), [&](NodeId node) { return joins(node) && !alive(node); })) continue;
      ++moved;
      group.voters = placement->voters;
      group.learners = placement->learners;
      announce(group);
      if (!contains(group.voters, group.leader)) group.leader = no_node;
    }
    elect();
    return moved;
  }
  // Whatever the controller wants must be possible, and cost no copy.
  void check(const TopicRecord& topic) const {
    const auto* before = image.topic(topic.id);
    BOOST_REQUIRE(topic.placements.size() == topic.groups.size());
    for (std::size_t i = 0; i < topic.groups.size(); ++i) {
      const bool known = before != nullptr && i < before->groups.size();
      check(topic.placements[i], known ? std::optional(before->placement(i)) : std::nullopt);
    }
  }
  void check(const Placement& placement, const std::optional<Placement>& old) const {
    const auto nodes = all(placement);
    BOOST_REQUIRE(!placement.voters.empty());
    BOOST_REQUIRE(std::set(nodes.begin(), nodes.end()).size() == nodes.size());
    for (const NodeId node : nodes)
      BOOST_REQUIRE((image.node(node) != nullptr && image.node(node)->status != NodeStatus::removed));
    if (!old) return;
    BOOST_REQUIRE(living(placement) >= std::min(living(*old), nodes.size()));
    BOOST_REQUIRE((same_replicas(*old, placement) || !placement.original));
  }

  std::size_t topics_ = 0;
  std::size_t idle_ = 0;
};

} // namespace callboard::test
