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

// The one actor of a loop that others know: keeps up its directory and what it knows of
// other nodes, and adopts the sockets that the listener gives to this loop.
class LoopAgent final : public HostedActor {
public:
  LoopAgent(caf::actor_config& config, LoopContext& context);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  void change_directory(DirectoryChange& change);
  void change_nodes(NodesChanged& change);
  void change_liveness(const PeerLiveness& peer);
  void announced(const LeaderAnnouncement& announcement);

  LoopContext& context_;
  Term controller_term_;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AdoptSocket)
