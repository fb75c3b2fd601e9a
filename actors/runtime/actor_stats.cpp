#include "actors/runtime/actor_stats.h"

#include "actors/runtime/clock.h"

namespace callboard {

const char* name_of(ActorKind kind) {
  switch (kind) {
  case ActorKind::node: return "node";
  case ActorKind::listener: return "listener";
  case ActorKind::connection: return "connection";
  case ActorKind::partition: return "partition";
  case ActorKind::writer: return "writer";
  case ActorKind::reader: return "reader";
  case ActorKind::compactor: return "compactor";
  case ActorKind::scrubber: return "scrubber";
  case ActorKind::metadata: return "metadata";
  case ActorKind::loop: return "loop";
  case ActorKind::state: return "state";
  case ActorKind::coordinator: return "coordinator";
  case ActorKind::group: return "group";
  case ActorKind::membership: return "membership";
  case ActorKind::peer_link: return "peer link";
  case ActorKind::catch_up: return "catch-up";
  }
  return "unknown";
}

void ActorStats::take_sample(std::uint64_t number) noexcept {
  sample_at_ns_.store(monotonic_now().ns, std::memory_order_relaxed);
  sample_number_.store(number, std::memory_order_release);
}

Duration ActorStats::oldest_waiting(Instant now) const noexcept {
  if (sample_number_.load(std::memory_order_acquire) == 0 || depth() == 0) return Duration::zero();
  const auto age = now - Instant{sample_at_ns_.load(std::memory_order_relaxed)};
  return age > Duration::zero() ? age : Duration::zero();
}

} // namespace callboard
