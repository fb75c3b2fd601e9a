#include "tests/simulation/node.h"

#include <algorithm>
#include <utility>

namespace callboard::simulation {
namespace {

constexpr std::uint32_t heartbeat_ticks = 2;
constexpr std::uint32_t down_ticks = 8;
constexpr double heal_chance = 0.1; // in a tick

} // namespace

Node::Node(Surroundings& around, NodeId id, std::vector<NodeId> peers)
  : Host(around, static_cast<std::uint64_t>(id.value), id), around_(around) {
  for (const auto peer : peers) peers_[peer];
}

void Node::start() {
  begin_life();
  for (auto& [id, peer] : peers_) peer = {};
  for (auto& [group, stored] : disk().groups()) open(group, stored);
}

void Node::unopened(GroupId group, const HardState& hard) {
  for (const auto member : hard.membership.members()) {
    if (member != id()) transmit({group, id(), member, hard.term, raft::Stopped{}});
  }
}

void Node::crash() {
  end_life();
  stopped_.clear();
}

void Node::jump_clock(std::uint32_t ticks, TimestampMs wall_ms) {
  around_.findings.struck(Fault::clock_jump);
  wall_offset_ += wall_ms;
  for (std::uint32_t i = 0; i < ticks && up(); ++i) tick();
}

void Node::host(GroupId group, HardState hard) {
  auto& stored = disk().create(group, std::move(hard));
  if (up()) open(group, stored);
}

void Node::tick_node() {
  if (ticks_ % heartbeat_ticks == 0) send_heartbeats();
  detect_failures();
  heal();
}

// A damaged replica begins anew while a majority of the others serves without it
// (PartitionActor does the same).
void Node::heal() {
  std::vector<GroupId> damaged;
  for (const auto& [group, stored] : disk().groups()) {
    if ((stored.rotten || !disk().usable(group)) && random_.chance(heal_chance)) damaged.push_back(group);
  }
  for (const auto group : damaged) {
    if (!heals(group)) continue;
    stopped_.erase(group);
    set_aside(group);
    open(group, disk().groups().at(group));
  }
}

bool Node::heals(GroupId group) const {
  const auto* stored = disk().find(group);
  if (!up() || stored == nullptr || (!stored->rotten && disk().usable(group))) return false;
  const auto replica = replicas().find(group);
  return (replica == replicas().end() || replica->second->stopped()) && may_heal(group);
}

// Of two voters each has all that is committed.
bool Node::has_the_other_of_two(GroupId group) const {
  const auto& membership = around_.histories.at(group).membership();
  if (membership.joint() || membership.voters.size() != 2 || !membership.is_voter(id())) return false;
  const auto& voters = membership.voters;
  auto& other = *around_.nodes.at(voters.front() == id() ? voters.back() : voters.front());
  const auto* replica = other.find(group);
  const auto* stored = other.disk().find(group);
  return other.up() && replica != nullptr && !replica->stopped() && !stored->hard.recovering;
}

bool Node::may_heal(GroupId group) const {
  const auto known = around_.leaders.find(group);
  // What nobody wrote must not spread, and nobody promises to survive two damaged logs: the
  // other may be all that is left, and nobody has read it yet.
  for (const auto& [node, other] : around_.nodes) {
    const auto* stored = other->disk().find(group);
    if (node != id() && stored != nullptr && (stored->altered || stored->rotten)) return false;
  }
  if (has_the_other_of_two(group)) return true;
  if (known == around_.leaders.end() || known->second.node == no_node || known->second.node == id()) return false;
  auto& node = *around_.nodes.at(known->second.node);
  const auto* leader = node.find(group);
  if (!node.up() || leader == nullptr || !leader->settled()) return false;
  const auto& membership = leader->raft().committed_membership();
  const auto in_sync = [&](NodeId voter) {
    const auto& peers = leader->raft().progress();
    return voter == node.id() || (voter != id() && std::any_of(peers.begin(), peers.end(), [&](const auto& peer) {
                                    return peer.node() == voter && peer.present() && peer.counts();
                                  }));
  };
  const auto count = std::count_if(membership.voters.begin(), membership.voters.end(), in_sync);
  return !membership.joint() && static_cast<std::size_t>(count) > membership.voters.size() / 2;
}

void Node::send_heartbeats() {
  for (const auto& [to, peer] : peers_) {
    Heartbeat heartbeat{id(), life_, {}};
    for (const auto& [group, messages] : stopped_) {
      std::copy_if(messages.begin(), messages.end(), std::back_inserter(heartbeat.stopped),
                   [&, receiver = to](const raft::Message& message) { return message.to == receiver; });
    }
    around_.network.send(id(), to, [&nodes = around_.nodes, receiver = to, heartbeat = std::move(heartbeat)] {
      nodes.at(receiver)->receive(heartbeat);
    });
  }
}

void Node::receive(const Heartbeat& heartbeat) {
  if (!up()) return;
  when_awake([this, heartbeat] {
    auto& peer = peers_.at(heartbeat.from);
    const bool another_life = peer.life != 0 && peer.life != heartbeat.life;
    const bool was_down = std::exchange(peer.down, false);
    peer.life = heartbeat.life;
    peer.heard = ticks_;
    if (was_down || another_life) {
      for (const auto& [group, replica] : replicas()) {
        if (!was_down) replica->peer_down(heartbeat.from);
        replica->peer_up(heartbeat.from);
        route(group, *replica);
      }
    }
    for (const auto& message : heartbeat.stopped) receive(message);
  });
}

void Node::detect_failures() {
  for (auto& [id, peer] : peers_) {
    if (peer.down || ticks_ - peer.heard < down_ticks) continue;
    peer.down = true;
    trace(around_.scenario.traced, [down = id.value] { return "takes for down: " + std::to_string(down); });
    for (const auto& [group, replica] : replicas()) {
      replica->peer_down(id);
      route(group, *replica);
    }
  }
}

void Node::transmit(raft::Message message) {
  if (std::holds_alternative<raft::Stopped>(message.body)) {
    if (around_.scenario.sabotage == Sabotage::stopped_replica_not_announced) return;
    stopped_[message.group].push_back(message);
  }
  const auto to = message.to;
  if (!peers_.contains(to)) {
    around_.findings.fail("effects", "a message goes to nobody");
    return;
  }
  around_.network.send(id(), to,
                       [&nodes = around_.nodes, to, message = std::move(message)] { nodes.at(to)->receive(message); });
}

void Node::routed(GroupId group, partition::PartitionReplica& replica, partition::Effects& effects) {
  if (!effects.leader_changed || replica.leader() == no_node) return;
  auto& known = around_.leaders[group];
  if (replica.term() >= known.term) known = {replica.term(), replica.leader()};
}

Status Node::change_membership(GroupId group, Membership target) {
  auto status = ok_status();
  input(group, [&](auto& replica) { status = replica.change_membership(std::move(target)); });
  return status;
}

void Node::transfer_leadership(GroupId group, NodeId to) {
  input(group, [&](auto& replica) { static_cast<void>(replica.transfer_leadership(to)); });
}

void Node::move_log_start(GroupId group, Offset offset) {
  input(group, [&](auto& replica) {
    if (!replica.state_in_demand()) static_cast<void>(replica.move_log_start(offset));
  });
}

} // namespace callboard::simulation
