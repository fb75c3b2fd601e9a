#pragma once

#include <caf/actor.hpp>
#include <memory>

#include "actors/kafka/fetch_session.h"
#include "actors/node/config.h"
#include "actors/node/directory.h"
#include "actors/node/metrics.h"
#include "actors/runtime/actor_registry.h"
#include "actors/runtime/host.h"
#include "storage/node_state.h"

namespace callboard {

// What every part of the node may know; does not change after the start, but for the
// counters and the two flags.
struct NodeContext {
  NodeConfig config;
  // Connections at a time: connections_max, or fewer if descriptors are scarce.
  std::int64_t connections_limit = 0;
  storage::Identity identity;
  ActorRegistry registry;
  NodeMetrics metrics;
  caf::actor metadata;
  std::atomic<bool> ready{false};    // the metadata is replayed: requests are served
  std::atomic<bool> stopping{false}; // no new requests
};

// What the connections of one loop share; used on this loop's thread only.
struct LoopContext {
  LoopContext(NodeContext& n, KjLoop& l) : node(n), loop(l) {}
  NodeContext& node;
  KjLoop& loop;
  Directory directory;
  kafka::FetchSessionBudget fetch_sessions;
};

} // namespace callboard
