#include "actors/storage/scrubber_actor.h"

#include <fmt/format.h>

#include <algorithm>

#include "actors/node/metrics.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"

namespace callboard {
namespace {

constexpr Duration first_pass_after = std::chrono::minutes(1);
constexpr Duration retry_after = std::chrono::minutes(1);

} // namespace

ScrubberActor::ScrubberActor(caf::actor_config& config, ActorRegistry& registry, NodeMetrics& metrics,
                             const storage::NodeState& state, const std::string& directory, ScrubOptions options,
                             std::vector<caf::actor> agents)
  : HostedActor(config, registry, ActorKind::scrubber, "scrubber"), metrics_(metrics), scrubber_(state, directory),
    options_(options), agents_(std::move(agents)) {}

caf::behavior ScrubberActor::make_behavior() {
  if (options_.interval > Duration::zero()) plan(std::min(first_pass_after, options_.interval));
  return {
      handler([this](const ScrubStep&) { step(); }),
      status_handler(),
  };
}

std::string ScrubberActor::describe() const {
  const auto at = scrubber_.position();
  return fmt::format("{}; {} passes, {} MB of this one, {} logs found damaged",
                     options_.interval == Duration::zero() ? "switched off"
                     : at.empty()                          ? "waits for the next pass"
                                                           : "at " + at,
                     passes_, bytes_ / 1'000'000, damaged_);
}

void ScrubberActor::plan(Duration wait) {
  delayed_send(this, wait, ScrubStep{});
}

void ScrubberActor::step() {
  if (scrubber_.position().empty()) {
    pass_begun_ = monotonic_now();
    bytes_ = 0;
  }
  auto stepped = scrubber_.step();
  if (!stepped) {
    log::error("the logs cannot be looked through: {}", stepped.error().message);
    plan(retry_after);
    return;
  }
  bytes_ += stepped->bytes;
  NodeMetrics::add(metrics_.scrubbed_bytes, stepped->bytes);
  if (stepped->damage) {
    ++damaged_;
    NodeMetrics::add(metrics_.scrub_damage_found);
    log::error("group {}: looked through, and {}", stepped->damage->group.value, stepped->damage->error.message);
    for (const auto& agent : agents_) send(agent, DamageInGroup{stepped->damage->group, stepped->damage->error});
  }
  if (!stepped->pass_done) {
    plan(std::chrono::microseconds(stepped->bytes * 1'000'000 / options_.bytes_per_second));
    return;
  }
  ++passes_;
  plan(std::max(Duration::zero(), options_.interval - (monotonic_now() - pass_begun_)));
}

} // namespace callboard
