#pragma once

#include <string>

#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard {

// Reads what left the tail caches, on a thread of its own: faults pages in, verifies,
// copies out of active segments. Answers the asker directly. Damage is told to the
// partition, which stops; the node goes on.
class ReaderActor final : public HostedActor {
public:
  ReaderActor(caf::actor_config& config, ActorRegistry& registry, std::string name);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  void fetch(ColdFetch& message);
  void find_offset(ColdOffset& message);
  void replay(const ReplayEntries& message);
  void read_for_follower(ReadForFollower& message);
  void report(const caf::actor& partition, const Error& error);

  std::uint64_t reads_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace callboard
