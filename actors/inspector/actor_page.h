#pragma once

#include "actors/runtime/actor_registry.h"
#include "schema/rpc/api.h"

namespace callboard {

// A page of the actor table: what the registry and the counters tell without asking
// anybody, so it shows stuck actors too. `addresses` goes with `page.rows`, to ask each
// for its state.
struct ActorSelection {
  rpc::ActorPage page;
  std::vector<caf::actor_addr> addresses;
};

ActorSelection select_actors(const ActorRegistry& registry, const rpc::ActorQuery& query, NodeId self, Instant now);

} // namespace callboard
