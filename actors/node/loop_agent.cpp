#include "actors/node/loop_agent.h"

#include <fmt/format.h>

#include "actors/net/sniffer.h"

namespace callboard {

LoopAgent::LoopAgent(caf::actor_config& config, LoopContext& context)
  : HostedActor(config, context.node.registry, ActorKind::loop, context.loop.name()), context_(context) {}

caf::behavior LoopAgent::make_behavior() {
  return {
      handler([this](DirectoryChange& change) { change_directory(change); }),
      handler([this](const LeaderChanged& change) {
        context_.directory.set_leader(change.group, change.term, change.leader);
      }),
      handler([this](const AdoptSocket& socket) { net::adopt(context_, socket.fd); }),
      status_handler(),
  };
}

std::string LoopAgent::describe() const {
  return fmt::format("knows {} topics, {} partitions", context_.directory.topics().size(),
                     context_.directory.partition_count());
}

void LoopAgent::change_directory(DirectoryChange& change) {
  for (const auto& id : change.removed) context_.directory.remove(id);
  for (auto& topic : change.added) context_.directory.add(std::move(topic));
  send(change.from, DirectoryUpdated{change.token});
}

} // namespace callboard
