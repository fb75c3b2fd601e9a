#include "actors/partition/catch_up_actor.h"

#include <fmt/format.h>

#include <algorithm>

#include "actors/runtime/clock.h"

namespace callboard {
namespace {

constexpr auto expiry_interval = std::chrono::seconds(1);

} // namespace

CatchUpActor::CatchUpActor(caf::actor_config& config, LoopContext& context, partition::CatchUpLimits limits)
  : HostedActor(config, context.node.registry, ActorKind::catch_up, "catch-up"), context_(context), throttle_(limits) {}

caf::behavior CatchUpActor::make_behavior() {
  return {
      handler([this](const AskCatchUp& ask) {
        throttle_.ask(ask.group, ask.to, ask.bytes);
        serve();
      }),
      handler([this](const CatchUpMeasured& read) {
        throttle_.measured(read.to, read.id, read.bytes);
        NodeMetrics::add(context_.node.metrics.catch_up_bytes, read.bytes);
        serve();
      }),
      handler([this](const ReleaseCatchUp& release) {
        throttle_.release(release.to, release.id);
        serve();
      }),
      handler([this](const CatchUpSpent& spent) {
        throttle_.spend(monotonic_now(), spent.bytes);
        NodeMetrics::add(context_.node.metrics.catch_up_bytes, spent.bytes);
      }),
      handler([this](const NextCatchUp&) {
        next_armed_ = false;
        serve();
      }),
      handler([this](const ExpireCatchUp&) {
        expiry_armed_ = false;
        serve();
      }),
      status_handler(),
  };
}

std::string CatchUpActor::describe() const {
  return fmt::format("{} replicas catch up, {} wait for their turn, {} bytes under way", throttle_.turns(),
                     throttle_.waiting(), throttle_.inflight_bytes());
}

void CatchUpActor::serve() {
  for (const auto& grant : throttle_.take_grants(monotonic_now())) {
    const auto replica = context_.groups.find(grant.group);
    if (replica != context_.groups.end())
      send(replica->second, CatchUpGranted{grant.to, grant.id});
    else
      send(this, ReleaseCatchUp{grant.to, grant.id}); // it has left this node
  }
  context_.node.metrics.catch_up_waiting.store(static_cast<std::int64_t>(throttle_.waiting()),
                                               std::memory_order_relaxed);
  arm();
}

void CatchUpActor::arm() {
  if (const auto due = throttle_.due(); due && !next_armed_) {
    next_armed_ = true;
    delayed_send(this, std::max(*due - monotonic_now(), Duration::zero()), NextCatchUp{});
  }
  if (!throttle_.busy() || expiry_armed_) return;
  expiry_armed_ = true;
  delayed_send(this, expiry_interval, ExpireCatchUp{});
}

} // namespace callboard
