// World: whether everything is as it should be.
#include <algorithm>

#include "tests/simulation/cluster/metadata.h"
#include "tests/simulation/cluster/world.h"

namespace callboard::simulation::cluster {
namespace {

std::string text(NodeId node) {
  return "node " + std::to_string(node.value);
}

} // namespace

bool World::has_all(NodeId node, GroupId group) {
  auto* machine = machine_of(node);
  const auto* stored = machine == nullptr ? nullptr : machine->disk().find(group);
  // Nor more: what only some have may be about to be committed by them.
  return stored != nullptr && !stored->hard.recovering &&
         stored->log.last_index() == histories_.at(group).committed_index();
}

bool World::some_log_incomplete() {
  return std::any_of(machines_.begin(), machines_.end(), [](const auto& machine) {
    auto& disk = machine.second->disk();
    return disk.is_to_break() || std::any_of(disk.groups().begin(), disk.groups().end(), [&](const auto& stored) {
             const auto& hard = stored.second.hard;
             return stored.second.rotten || (hard.recovering && !hard.brought_in) || !disk.usable(stored.first);
           });
  });
}

bool World::spotless() {
  if (some_log_incomplete()) return false;
  auto* controller = this->controller();
  if (controller == nullptr) return false; // nobody may know of what happened last
  for (const auto& [group, history] : histories_) {
    if (history.ended()) continue;
    const auto& membership = history.membership();
    if (membership.joint() || membership.voters.size() < 3) return false;
    for (const auto voter : membership.voters)
      if (!has_all(voter, group)) return false;
  }
  return true;
}

bool World::losses_noticed() {
  auto* controller = this->controller();
  if (controller == nullptr) return false;
  const auto& alive = controller->metadata()->controller().liveness().alive;
  return std::all_of(alive.begin(), alive.end(), [&](NodeId node) { return machine_of(node) != nullptr; });
}

std::vector<std::string> World::addresses() const {
  std::vector<std::string> out;
  for (const auto& [number, machine] : machines_) out.push_back(machine->address().text());
  return out;
}

std::string World::unwell() {
  for (auto& [number, machine] : machines_) {
    if (!machine->in_service()) continue;
    if (!machine->ready()) return "machine " + std::to_string(number) + " is not ready";
    if (machine->damaged()) return "machine " + std::to_string(number) + " has a damaged log";
    if (machine->recovers()) return "machine " + std::to_string(number) + " has a replica that recovers";
  }
  auto* controller = this->controller();
  if (controller == nullptr) return "nobody controls the cluster";
  if (auto why = unwell_cluster(*controller); !why.empty()) return why;
  const auto& image = controller->metadata()->image();
  for (const auto& [name, topic] : image.topics())
    for (std::size_t i = 0; i < topic.groups.size(); ++i)
      if (auto why = unwell_partition(*controller, topic, i); !why.empty())
        return name + "/" + std::to_string(i) + " (group " + std::to_string(topic.groups[i].value) + "): " + why;
  if (auto why = left_over(image); !why.empty()) return why;
  if (auto why = operator_.unanswered(); !why.empty()) return why;
  return phase_ == "end" ? unwell_clients(image) : std::string();
}

std::string World::unwell_cluster(Machine& controller) {
  const auto& metadata = *controller.metadata();
  const auto& image = metadata.image();
  if (!metadata.idle()) return "the controller is busy";
  std::size_t active = 0;
  for (const auto& [id, node] : image.nodes()) {
    if (node.status == NodeStatus::removed) continue;
    const auto* machine = machine_of(id);
    if (machine == nullptr) {
      const auto removal = metadata.controller().plan_remove(image, id);
      return text(id) + " is gone and not removed" + (removal ? "" : ": " + removal.error().message);
    }
    active += node.status == NodeStatus::active ? 1 : 0;
    if (node.status == NodeStatus::draining && image.load(id).replicas > 0) return text(id) + " drains";
    const auto& other = *machine->metadata();
    if (other.applied() != metadata.applied()) return text(id) + " does not see everything";
    if (digest_of(other.image()) != digest_of(image)) return text(id) + " sees another cluster";
  }
  if (!image.controllers()) return "nobody was said to vote on the metadata";
  const auto& voters = image.controllers()->voters;
  const auto* told = metadata.heard().find(metadata_group);
  if (voters.size() != metadata::controller_count(active))
    return "the metadata has " + std::to_string(voters.size()) + " voters";
  if (told == nullptr || !metadata::is_settled(*told, *image.controllers()))
    return "the metadata's voters are not as wanted";
  if (told->in_sync.size() != voters.size()) return "a voter of the metadata is not in sync";
  return {};
}

std::string World::unwell_partition(Machine& controller, const TopicRecord& topic, std::size_t index) {
  const auto& metadata = *controller.metadata();
  const auto& image = metadata.image();
  const auto group = topic.groups[index];
  const auto placement = topic.placement(index);
  if (topic.default_factor) {
    const auto wanted = metadata::default_factor(metadata::active_nodes(image));
    if (placement.voters.size() != wanted.voters || placement.learners.size() != wanted.learners)
      return "it has " + std::to_string(placement.voters.size()) + " voters and " +
             std::to_string(placement.learners.size()) + " learners";
  }
  const auto* told = metadata.heard().find(group);
  if (told == nullptr) return "nobody has heard of its leader";
  if (!metadata::is_settled(*told, placement)) return "its replicas are not where they are wanted";
  if (told->in_sync.size() != placement.voters.size()) return "a replica is not in sync";
  const auto* leading = replica(told->leader, group);
  if (leading == nullptr || !leading->settled()) return text(told->leader) + " does not lead it, as is said";
  if (told->leader != placement.voters.front()) return "its preferred leader does not lead";
  const auto last = leading->raft().last_index();
  for (const auto member : leading->membership().members()) {
    const auto* held = replica(member, group);
    if (held == nullptr || held->stopped()) return text(member) + " has no replica that works";
    const auto lag = phase_ == "end" ? 0U : 20U;
    if (held->raft().stored_index().plus(lag) < last || held->raft().commit_index().plus(lag) < last)
      return text(member) + " has not caught up";
  }
  // Clients find it at any node.
  for (auto& [number, machine] : machines_) {
    if (!machine->in_service()) continue;
    if (machine->metadata()->leader_of(group).node != told->leader)
      return text(machine->id()) + " names another leader";
  }
  return {};
}

// Nobody keeps what nobody wants.
std::string World::left_over(const metadata::Image& image) {
  for (auto& [number, machine] : machines_) {
    if (!machine->in_service()) continue;
    for (const auto& [group, stored] : machine->disk().groups()) {
      if (group == metadata_group) continue;
      const auto placement = image.placement_of(group);
      if (!placement || !membership::names(*placement, machine->id()))
        return text(machine->id()) + " still holds a replica of group " + std::to_string(group.value);
    }
  }
  return {};
}

std::string World::unwell_clients(const metadata::Image& image) {
  for (const auto& [group, client] : clients_) {
    if (!image.partition_of(group)) continue;
    if (!client.producer->idle()) return "group " + std::to_string(group.value) + ": a batch is not acknowledged";
    if (!client.consumer->caught_up()) return "group " + std::to_string(group.value) + ": a consumer has not read all";
  }
  return {};
}

void World::compare() {
  const auto& image = controller()->metadata()->image();
  for (auto& [group, history] : histories_) {
    if (group != metadata_group && !image.partition_of(group)) continue;
    for (const auto member : history.membership().members()) {
      auto* machine = machine_of(member);
      if (machine == nullptr || machine->find(group) == nullptr) continue;
      history.compare(member, *machine->find(group), machine->disk().find(group)->log);
    }
  }
}

} // namespace callboard::simulation::cluster
