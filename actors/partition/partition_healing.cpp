// PartitionActor: a replica whose log is damaged, or could not be written, begins anew.
#include <algorithm>

#include "actors/partition/partition_actor.h"
#include "actors/runtime/log.h"
#include "actors/storage/state_messages.h"

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

// What a scrub found nobody needed yet: the replica goes on with what is readable until the others do without it.
void PartitionActor::damage_found(const DamageFound& message) {
  if (!message.scrubbed || others_have_all()) {
    stop(message.error);
    return;
  }
  if (stopped_ || std::exchange(scrubbed_damage_, message.error)) return;
  log::error("{}: it is damaged and stays in service as long as the others do not have all: {}", actor_name(),
             message.error.message);
  delayed_send(this, heal_after, TryToHeal{});
}

bool PartitionActor::others_have_all() const {
  return membership::others_have_all(told_of_group(), wiring_.self, up_nodes());
}

void PartitionActor::await_healing(const Error& error) {
  if (wiring_.loop == nullptr || !of_its_log(error) || damaged_) return;
  damaged_ = true;
  ++wiring_.loop->node.metrics.replicas_damaged;
  delayed_send(this, next_attempt(healed_), TryToHeal{});
}

LeaderAnnouncement PartitionActor::told_of_group() const {
  if (wiring_.loop == nullptr) return {};
  if (wiring_.group == metadata_group) return wiring_.loop->controllers;
  LeaderAnnouncement known;
  if (const auto* partition = wiring_.loop->directory.find(wiring_.group)) {
    known.leader = partition->leader;
    known.voters = partition->voters;
    known.in_sync = partition->in_sync;
  }
  return known;
}

std::function<bool(NodeId)> PartitionActor::up_nodes() const {
  return [this](NodeId node) {
    const auto found = wiring_.loop->nodes.find(node);
    return found != wiring_.loop->nodes.end() && found->second.up;
  };
}

void PartitionActor::try_to_heal() {
  if (scrubbed_damage_ && !stopped_) {
    if (others_have_all())
      stop(*std::exchange(scrubbed_damage_, std::nullopt));
    else
      delayed_send(this, heal_after, TryToHeal{});
    return;
  }
  if (!damaged_ || setting_aside_) return;
  if (!membership::others_serve(told_of_group(), wiring_.self, up_nodes())) {
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
  scrubbed_damage_.reset();
  auto& metrics = wiring_.loop->node.metrics;
  --metrics.replicas_damaged;
  NodeMetrics::add(metrics.replicas_set_aside);
  for (const auto& agent : wiring_.agents) send(agent, ReplicaStopped{wiring_.group, false});
  if (wiring_.state) {
    give_up_state();
    return;
  }
  replica_.reset();
  opened_.reset();
  stopped_.reset();
  promised_ = {};
  log_start_due_.reset();
  phase_ = Phase::closed;
  touch();
}

// A coordinator's state is of the log that is gone: both are begun anew once that has gone too.
void PartitionActor::give_up_state() {
  wiring_.loop->own_groups.erase(wiring_.group);
  left_ = true;
  send(wiring_.applier, InternalLogGone{});
  send(wiring_.state, DropState{wiring_.group, wiring_.loop->node.config.data, caf::actor(this)});
}

} // namespace callboard
