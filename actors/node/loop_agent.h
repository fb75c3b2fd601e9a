#pragma once

#include <string>

#include "actors/coordination/messages.h"
#include "actors/node/loop_context.h"
#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard {

// An accepted socket changes over to the loop that will serve it.
struct AdoptSocket {
  int fd = -1;
};

// The one actor of a loop that others know: keeps its directory up and adopts the
// sockets that the listener gives to this loop.
class LoopAgent final : public HostedActor {
public:
  LoopAgent(caf::actor_config& config, LoopContext& context);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  void change_directory(DirectoryChange& change);
  LoopContext& context_;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AdoptSocket)
