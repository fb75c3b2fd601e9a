#include "actors/node/loop_agent.h"

#include <fmt/format.h>

#include <utility>

#include "actors/net/sniffer.h"
#include "cluster/membership/group_duties.h"

namespace callboard {

LoopAgent::LoopAgent(caf::actor_config& config, LoopContext& context)
  : HostedActor(config, context.node.registry, ActorKind::loop, context.loop.name()), context_(context) {}

caf::behavior LoopAgent::make_behavior() {
  return {
      handler([this](DirectoryChange& change) { change_directory(change); }),
      handler([this](const LeaderAnnouncement& announcement) { announced(announcement); }),
      handler([this](const LeadersAnnounced& message) {
        for (const auto& announcement : message.announcements) announced(announcement);
      }),
      handler([this](NodesChanged& change) { change_nodes(change); }),
      handler([this](const ReplicaStopped& replica) {
        std::erase(context_.stopped_groups, replica.group);
        if (replica.stopped) context_.stopped_groups.push_back(replica.group);
      }),
      handler([this](const DamageInGroup& damage) {
        const auto replica = context_.own_groups.find(damage.group);
        if (replica != context_.own_groups.end()) send(replica->second, DamageFound{damage.error, true});
      }),
      handler([this](const ReplicaHere& replica) { context_.groups[replica.group] = replica.actor; }),
      handler([this](const PeerLiveness& peer) { change_liveness(peer); }),
      handler([this](const AdoptSocket& socket) { net::adopt(context_, socket.fd); }),
      status_handler(),
  };
}

std::string LoopAgent::describe() const {
  return fmt::format("knows {} topics, {} partitions", context_.directory.topics().size(),
                     context_.directory.partition_count());
}

void LoopAgent::change_directory(DirectoryChange& change) {
  const auto note_replica = [this](const PartitionRef& partition) {
    if (partition.local)
      context_.groups[partition.group] = partition.actor;
    else
      context_.groups.erase(partition.group);
  };
  for (auto& partition : change.placed) {
    note_replica(partition);
    context_.directory.place(std::move(partition));
  }
  for (const auto& id : change.removed) {
    if (const auto* topic = context_.directory.find(id))
      for (const auto& partition : topic->partitions) context_.groups.erase(partition.group);
    context_.directory.remove(id);
  }
  for (auto& topic : change.added) {
    for (const auto& partition : topic.partitions) note_replica(partition);
    context_.directory.add(std::move(topic));
  }
  send(change.from, DirectoryUpdated{change.token});
}

// What the leader of a group says about its members reaches replicas that are none.
void LoopAgent::announced(const LeaderAnnouncement& announcement) {
  if (announcement.group == metadata_group) {
    const bool news = announcement.term > controller_term_ ||
                      (announcement.term == controller_term_ && announcement.leader != no_node);
    if (news) {
      controller_term_ = announcement.term;
      context_.controller = announcement.leader;
    }
    if (announcement.newer_than(context_.controllers)) context_.controllers = announcement;
  }
  context_.directory.announced(announcement);
  if (!membership::excludes(announcement, context_.node.identity.node)) return;
  const auto replica = context_.own_groups.find(announcement.group);
  if (replica != context_.own_groups.end()) send(replica->second, LeftGroup{announcement.as_of});
}

void LoopAgent::change_nodes(NodesChanged& change) {
  for (auto& record : change.records) {
    const auto id = record.id;
    context_.nodes[id].record = std::move(record);
  }
  for (auto& [node, link] : change.links) context_.links[node] = std::move(link);
  for (const auto node : change.unlinked) context_.links.erase(node);
}

// Every replica on this loop hears of it: who led it may be gone.
void LoopAgent::change_liveness(const PeerLiveness& peer) {
  auto& known = context_.nodes[peer.node];
  if (std::exchange(known.up, peer.up) == peer.up) return;
  for (const auto& [group, replica] : context_.own_groups) send(replica, peer);
}

} // namespace callboard
