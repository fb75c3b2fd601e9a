#pragma once

#include <caf/actor.hpp>
#include <memory>
#include <unordered_map>

#include "actors/kafka/fetch_session.h"
#include "actors/node/config.h"
#include "actors/node/directory.h"
#include "actors/node/metrics.h"
#include "actors/node/node_view.h"
#include "actors/peer/incarnations.h"
#include "actors/runtime/actor_registry.h"
#include "actors/runtime/host.h"
#include "schema/peer_message.h"
#include "storage/node_state.h"

namespace callboard {

struct Security;

// What every part of the node may know; does not change after the start, but for the
// counters and the two flags.
struct NodeContext {
  NodeContext();
  NodeConfig config;
  // Connections at a time: connections_max, or fewer if descriptors are scarce.
  std::int64_t connections_limit = 0;
  // Written before `formed` is set, and not after.
  storage::Identity identity;
  PeerHello hello;                          // how this node introduces itself to others
  std::shared_ptr<const Security> security; // never null
  ActorRegistry registry;
  NodeMetrics metrics;
  caf::actor metadata_actor;
  caf::actor elsewhere;              // refuses for it while there is none
  caf::actor membership;             // what is known of other nodes
  std::atomic<bool> formed{false};   // this node belongs to a cluster
  std::atomic<bool> ready{false};    // the metadata is replayed: requests are served
  std::atomic<bool> stopping{false}; // no new requests

  // Whom to ask about the cluster's metadata.
  const caf::actor& metadata() const { return formed.load(std::memory_order_acquire) ? metadata_actor : elsewhere; }
  // Who this node is, for sentences; from any thread, also before it belongs to a cluster.
  PeerHello introduction() const;
  // As this node says it to the cluster.
  NodeRecord own_record() const;
};

// What the connections and partitions of one loop share; used on this loop's thread only,
// kept up by its agent.
struct LoopContext {
  LoopContext(NodeContext& n, KjLoop& l) : node(n), loop(l) {}
  NodeContext& node;
  KjLoop& loop;
  Directory directory;
  std::unordered_map<GroupId, caf::actor> groups;     // this node's replicas, on whatever loop
  std::unordered_map<GroupId, caf::actor> own_groups; // those on this loop
  Nodes nodes;                                        // of the cluster, this one included
  std::unordered_map<NodeId, caf::actor> links;       // to the others
  NodeId controller = no_node;                        // who leads the metadata
  LeaderAnnouncement controllers;                     // what that last told of its group
  Incarnations incarnations;                          // of the other nodes, as they said on this loop
  std::vector<GroupId> stopped_groups;                // replicas out of service, for the heartbeats
  kafka::FetchSessionBudget fetch_sessions;
};

} // namespace callboard
