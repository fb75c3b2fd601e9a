#include "actors/coordination/membership_actor.h"

#include <fmt/format.h>

#include <cctype>
#include <utility>

#include "actors/coordination/operation_messages.h"
#include "actors/partition/messages.h"
#include "actors/peer/peer_link_actor.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"

namespace callboard {
namespace {

// Of the failure detector and of forming.
constexpr auto tick_interval = std::chrono::milliseconds(50);
constexpr std::uint32_t find_again_every_ticks = 20;
constexpr std::size_t met_max = 64;
// What is announced within this goes as one message to each node.
constexpr auto announce_within = std::chrono::milliseconds(5);

// What `cluster status` lists at most.
constexpr std::size_t troubles_max = 64;

std::string sentence_case(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string name_of(NodeId node, const std::map<NodeId, NodeRecord>& nodes) {
  const auto known = nodes.find(node);
  return known == nodes.end() ? fmt::format("node {}", node.value)
                              : fmt::format("node {} at {}", node.value, known->second.peer.text());
}

} // namespace

MembershipActor::MembershipActor(caf::actor_config& config, LoopContext& loop, std::vector<LoopContext*> loops,
                                 std::vector<caf::actor> agents, membership::FormingStart forming, Callbacks callbacks)
  : HostedActor(config, loop.node.registry, ActorKind::membership, "membership"), loop_(loop), loops_(std::move(loops)),
    agents_(std::move(agents)), forming_(std::move(forming)), callbacks_(std::move(callbacks)) {}

caf::behavior MembershipActor::make_behavior() {
  return {
      handler([this](const BeginMembership&) {
        if (forming_.done())
          belong({loop_.node.identity, {}});
        else
          run_forming();
        if (!loop_.node.config.discover.empty()) start_discovery();
        delayed_send(this, tick_interval, MembershipTick{});
      }),
      handler([this](const MembershipTick&) { tick(); }),
      handler([this](const NodesKnown& message) { on_nodes(message.nodes); }),
      handler([this](const PeerMet& message) { on_met(message.node); }),
      handler([this](const PeerUp& message) { on_up(message); }),
      handler([this](const PeerLost& message) { on_lost(message); }),
      handler([this](const PeerHeard& message) { on_heard(message); }),
      handler([this](const PeerBeat& message) { on_beat(message); }),
      handler([this](PeerAnnounced& message) {
        // It tells the agents, once they know the groups.
        send(loop_.node.metadata(), LeadersAnnounced{std::move(message.leaders)});
      }),
      handler([this](const LeaderAnnouncement& message) { on_local_leader(message); }),
      handler([this](const AnnounceNow&) { announce(); }),
      handler([this](const EndLinks&) {
        for (const auto& [node, link] : links_) send(link.actor, EndLink{});
      }),
      handler([this](ProbeFromPeer& message) { on_probe(message); }),
      handler([this](JoinFromPeer& message) { on_join(message); }),
      handler([this](const ControllerAnswered& message) { on_joined(message); }),
      handler([this](const PeerRefused& message) { on_refused(message); }),
      handler([this](const TroublesQuery& query) {
        send(query.from, Troubles{query.token, troubles()});
      }),
      status_handler(),
  };
}

std::string MembershipActor::describe() const {
  if (!forming_.done()) return forming_.waits_for();
  std::size_t up = 0;
  for (const auto& [node, link] : links_) up += detector_.is_up(node) ? 1 : 0;
  return fmt::format("{} other nodes, {} up; this node leads {} groups", links_.size(), up, leading_.size());
}

template <class Message>
void MembershipActor::tell_agents(const Message& message) {
  for (const auto& agent : agents_) send(agent, message);
}

void MembershipActor::tick() {
  ++ticks_;
  if (!forming_.done()) {
    forming_.tick();
    run_forming();
  }
  detector_.tick();
  tell_changes();
  if (forming_.done() && links_.empty() && ticks_ % find_again_every_ticks == 0) find_again();
  delayed_send(this, tick_interval, MembershipTick{});
}

// ---- links

void MembershipActor::on_nodes(const std::vector<NodeRecord>& nodes) {
  NodesChanged change;
  for (const auto& node : nodes) {
    auto& known = nodes_[node.id];
    if (known == node && links_.contains(node.id)) continue;
    known = node;
    change.records.push_back(node);
    if (node.id == loop_.node.identity.node) continue;
    if (node.status != NodeStatus::removed) {
      link_to(node, change.links);
    } else if (auto link = links_.extract(node.id); !link.empty()) {
      send(link.mapped().actor, EndLink{});
      detector_.remove(node.id);
      change.unlinked.push_back(node.id);
    }
  }
  tell_agents(change);
  tell_changes();
}

// Whoever shows himself may say anything: only so many are believed before the metadata names them.
void MembershipActor::on_met(const NodeRecord& node) {
  if (nodes_.contains(node.id) || met_ == met_max) return;
  ++met_;
  on_nodes({node});
}

void MembershipActor::link_to(const NodeRecord& node, std::vector<std::pair<NodeId, caf::actor>>& added) {
  auto& link = links_[node.id];
  if (!link.actor) {
    auto& loop = *loops_[static_cast<std::size_t>(node.id.value) % loops_.size()];
    link.actor = spawn_on<PeerLinkActor>(loop.loop, loop, node.id, node.peer, caf::actor(this));
    added.emplace_back(node.id, link.actor);
    detector_.add(node.id);
  } else if (link.address != node.peer) {
    send(link.actor, PeerAddressChanged{node.peer});
  }
  link.address = node.peer;
}

void MembershipActor::on_up(const PeerUp& peer) {
  const auto link = links_.find(peer.node);
  if (link == links_.end()) return;
  link->second.incarnation = peer.incarnation;
  link->second.down_because.clear();
  link->second.clock = clock_trouble(sentence_case(name_of(peer.node, nodes_)), peer.hello.wall, wall_now());
  if (!link->second.clock.empty()) log::warn("{}", link->second.clock);
  detector_.heard(peer.node, peer.incarnation);
  log::info("{} is connected", name_of(peer.node, nodes_));
  AnnounceToPeer all;
  all.leaders.reserve(leading_.size());
  for (const auto& [group, announcement] : leading_) all.leaders.push_back(announcement);
  if (!all.leaders.empty()) send(link->second.actor, std::move(all));
  tell_changes();
}

void MembershipActor::on_lost(const PeerLost& peer) {
  if (const auto link = links_.find(peer.node); link != links_.end()) link->second.down_because = peer.reason;
  if (peer.again) return;
  if (peer.refused) detector_.refused(peer.node);
  log::info("the link to {} is down: {}", name_of(peer.node, nodes_), peer.reason);
  tell_changes();
}

// Whoever asks how the cluster is hears it too.
void MembershipActor::on_refused(const PeerRefused& refused) {
  if (refusals_.note(refused.message, monotonic_now())) log::warn("{}", presentable(refused.message));
}

std::vector<std::string> MembershipActor::troubles() {
  auto sentences = refusals_.recent(monotonic_now());
  for (const auto& [node, link] : links_) {
    if (sentences.size() >= troubles_max) break;
    if (!link.down_because.empty())
      sentences.push_back(
          presentable(fmt::format("No link from this node to {}: {}", name_of(node, nodes_), link.down_because)));
    if (!link.clock.empty()) sentences.push_back(link.clock);
  }
  return sentences;
}

void MembershipActor::on_heard(const PeerHeard& peer) {
  const auto link = links_.find(peer.node);
  if (link != links_.end()) detector_.heard(peer.node, link->second.incarnation);
}

// A replica that is out of service is away for its group's leader, although its node lives; one that has
// begun anew is there again.
void MembershipActor::on_beat(const PeerBeat& beat) {
  if (!runs_.admit(beat.node, beat.heartbeat.incarnation, monotonic_now()))
    on_refused(
        {fmt::format("{} speaks in two runs at a time: its data directory was copied. Stop the wrong one and start "
                     "it with an empty directory.",
                     sentence_case(name_of(beat.node, nodes_)))});
  detector_.heard(beat.node, beat.heartbeat.incarnation);
  for (const auto group : beat.heartbeat.stopped) {
    const auto replica = loop_.groups.find(group);
    if (replica == loop_.groups.end()) continue;
    RaftFromPeer stopped;
    stopped.messages.push_back({group, beat.node, loop_.node.identity.node, Term{0}, raft::Stopped{}});
    send(replica->second, std::move(stopped));
  }
  for (const auto group : stopped_.heard(beat.node, beat.heartbeat.stopped)) {
    const auto replica = loop_.groups.find(group);
    if (replica != loop_.groups.end() && detector_.is_up(beat.node))
      send(replica->second, PeerLiveness{beat.node, true});
  }
}

void MembershipActor::tell_changes() {
  for (const auto& change : detector_.take_changes()) {
    if (change.up)
      log::info("{} is up", name_of(change.node, nodes_));
    else
      log::warn("{} is down: it {}", name_of(change.node, nodes_), membership::text_of(change.reason));
    const PeerLiveness liveness{change.node, change.up};
    tell_agents(liveness);
    send(loop_.node.metadata(), liveness);
  }
}

// ---- who leads

void MembershipActor::on_local_leader(const LeaderAnnouncement& announcement) {
  const bool leads = announcement.leader == loop_.node.identity.node;
  if (leads)
    leading_[announcement.group] = announcement;
  else if (leading_.erase(announcement.group) == 0)
    return; // its leader says it
  if (links_.empty()) return;
  to_announce_.push_back(announcement);
  if (std::exchange(announce_armed_, true)) return;
  delayed_send(this, announce_within, AnnounceNow{});
}

void MembershipActor::announce() {
  announce_armed_ = false;
  const AnnounceToPeer batch{std::exchange(to_announce_, {})};
  for (const auto& [node, link] : links_) send(link.actor, batch);
}

} // namespace callboard
