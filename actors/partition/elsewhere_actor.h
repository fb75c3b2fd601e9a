#pragma once

#include <string>

#include "actors/coordination/group_messages.h"
#include "actors/coordination/messages.h"
#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard {

// Stands for every partition of which this node has no replica, so that who asks need not
// tell them apart: refuses with not_leader_or_follower, as a coordinator with
// not_coordinator. Who leads is in the directory. And for the metadata, while this node
// belongs to no cluster. One a node.
class ElsewhereActor final : public HostedActor {
public:
  ElsewhereActor(caf::actor_config& config, ActorRegistry& registry);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  std::uint64_t refused_ = 0;
};

} // namespace callboard
