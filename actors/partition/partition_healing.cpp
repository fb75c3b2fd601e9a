// PartitionActor: a replica whose log is damaged, or could not be written, begins anew.
#include <algorithm>

#include "actors/partition/partition_actor.h"
#include "actors/runtime/log.h"

namespace callboard {
namespace {

constexpr auto heal_after = std::chrono::seconds(1);
// For one whose new log broke again and again: the disk.
constexpr auto heal_after_max = std::chrono::minutes(10);

std::chrono::milliseconds next_attempt(std::uint32_t healed) {
  std::chrono::milliseconds wait = heal_after;
  for (std::uint32_t i = 1; i < healed && wait < heal_after_max; ++i) wait *= 2;
  return std::min<std::chrono::milliseconds>(wait, heal_after_max);
}

bool of_its_log(const Error& error) {
  return error.code == ErrorCode::corrupt_storage || error.code == ErrorCode::storage_io;
}

} // namespace

// What a scrub found nobody needed yet: the only replica goes on with what is readable.
void PartitionActor::damage_found(const DamageFound& message) {
  if (message.scrubbed && !others_serve() && wiring_.placement.voters.size() < 2) {
    log::error("{}: its only replica is damaged and stays in service: {}", actor_name(), message.error.message);
    return;
  }
  stop(message.error);
}

void PartitionActor::await_healing(const Error& error) {
  if (wiring_.loop == nullptr || wiring_.applier || !of_its_log(error) || damaged_) return;
  damaged_ = true;
  ++wiring_.loop->node.metrics.replicas_damaged;
  delayed_send(this, next_attempt(healed_), TryToHeal{});
}

// A majority of the voters has a leader and does without this one. Until then its log stays as
// it is: it may be all that is left. Of two voters the other has all that was committed, since
// that takes both; it cannot lead before this one votes again.
bool PartitionActor::others_serve() const {
  if (wiring_.loop == nullptr) return false;
  const auto* known = wiring_.loop->directory.find(wiring_.group);
  if (known == nullptr) return false;
  const auto serves = [&](NodeId node) {
    const auto found = wiring_.loop->nodes.find(node);
    const bool up = found != wiring_.loop->nodes.end() && found->second.up;
    const auto& in_sync = known->in_sync;
    return node != wiring_.self && up && std::find(in_sync.begin(), in_sync.end(), node) != in_sync.end();
  };
  const auto others = static_cast<std::size_t>(std::count_if(known->voters.begin(), known->voters.end(), serves));
  if (known->voters.size() == 2) return others == 1;
  return serves(known->leader) && others > known->voters.size() / 2;
}

void PartitionActor::try_to_heal() {
  if (!damaged_ || setting_aside_) return;
  if (!others_serve()) {
    delayed_send(this, heal_after, TryToHeal{});
    return;
  }
  setting_aside_ = true;
  view_ = nullptr;
  send(wiring_.writer, SetLogAside{wiring_.group, caf::actor(this)});
}

void PartitionActor::on_set_aside(const LogSetAside& message) {
  setting_aside_ = false;
  if (!damaged_) return; // removed meanwhile
  ++healed_;
  if (!message.status) {
    log::error("{}: the damaged log cannot be set aside: {}", actor_name(), message.status.error().message);
    delayed_send(this, next_attempt(healed_), TryToHeal{});
    return;
  }
  log::warn("{} begins anew from the other replicas; the damaged log {}", actor_name(),
            message.where.empty() ? "is not kept" : "lies in " + message.where);
  damaged_ = false;
  auto& metrics = wiring_.loop->node.metrics;
  --metrics.replicas_damaged;
  NodeMetrics::add(metrics.replicas_set_aside);
  replica_.reset();
  opened_.reset();
  stopped_.reset();
  promised_ = {};
  log_start_due_.reset();
  phase_ = Phase::closed;
  for (const auto& agent : wiring_.agents) send(agent, ReplicaStopped{wiring_.group, false});
  touch();
}

} // namespace callboard
