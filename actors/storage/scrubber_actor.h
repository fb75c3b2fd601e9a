#pragma once

#include <string>
#include <vector>

#include "actors/node/metrics.h"
#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "storage/scrub.h"

namespace callboard {

// Its own: the next piece.
struct ScrubStep {};

struct ScrubOptions {
  Duration interval = {};             // from the begin of one pass to that of the next; 0: none
  std::uint64_t bytes_per_second = 0; // read at most
};

// Looks through the closed segments of all logs for damage (storage/scrub.h), on a thread of
// its own at the lowest priority (BlockingHost), as slowly as it is told to. What it finds goes
// to the replica by way of the agents, since only they know on which loop it lives.
//
// The first pass begins soon after the start, and from the beginning: nothing of it is kept.
class ScrubberActor final : public HostedActor {
public:
  ScrubberActor(caf::actor_config& config, ActorRegistry& registry, NodeMetrics& metrics,
                const storage::NodeState& state, const std::string& directory, ScrubOptions options,
                std::vector<caf::actor> agents);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  void step();
  void plan(Duration wait);

  NodeMetrics& metrics_;
  storage::Scrubber scrubber_;
  ScrubOptions options_;
  std::vector<caf::actor> agents_;
  Instant pass_begun_;
  std::uint64_t passes_ = 0;
  std::uint64_t bytes_ = 0; // of this pass
  std::uint64_t damaged_ = 0;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ScrubStep)
