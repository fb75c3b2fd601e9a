#pragma once

#include <string>

#include "actors/node/loop_context.h"
#include "actors/partition/catch_up_messages.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard {

// The node's one partition::CatchUpThrottle: partitions that lead ask it before they read from
// disk for a follower. Lives on a KJ loop, and finds partitions in its context.
class CatchUpActor final : public HostedActor {
public:
  CatchUpActor(caf::actor_config& config, LoopContext& context, partition::CatchUpLimits limits);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  void serve();
  void arm();

  LoopContext& context_;
  partition::CatchUpThrottle throttle_;
  bool next_armed_ = false;
  bool expiry_armed_ = false;
};

} // namespace callboard
