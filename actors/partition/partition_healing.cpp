// PartitionActor: a replica whose log is damaged, or could not be written, begins anew.
#include <algorithm>
#include <random>

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

// Replicas of nodes that started together are looked through at the same time.
std::chrono::milliseconds jittered(std::chrono::milliseconds wait) {
  thread_local std::minstd_rand random(std::random_device{}());
  return wait + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, 4 * wait.count())(random));
}

bool of_its_log(const Error& error) {
  return error.code == ErrorCode::corrupt_storage || error.code == ErrorCode::storage_io;
}

} // namespace

// What a scrub found nobody needed yet: the replica goes on with what is readable, and begins anew as a follower
// of a leader, when a majority does without it: of two replicas never both follow.
void PartitionActor::damage_found(const DamageFound& message) {
  if (!message.scrubbed) {
    stop(message.error);
    return;
  }
  if (stopped_ || scrubbed_damage_) return;
  scrubbed_damage_ = message.error;
  log::error("{}: it goes on until the others can do without it: {}", actor_name(), message.error.message);
  heal_later(jittered(heal_after));
}

void PartitionActor::heal_scrubbed() {
  const auto known = told_of_group();
  if (replica_ && replica_->leading() && membership::others_have_all(known, wiring_.self, in_service())) {
    yield_leadership({});
  } else if (replica_ && replica_->leader() == known.leader &&
             membership::others_serve(known, wiring_.self, in_service()) && known.leader != no_node) {
    stop(*scrubbed_damage_);
    set_aside();
    return;
  }
  heal_later(jittered(heal_after));
}

void PartitionActor::await_healing(const Error& error) {
  if (wiring_.loop == nullptr || !of_its_log(error) || damaged_) return;
  damaged_ = true;
  ++wiring_.loop->node.metrics.replicas_damaged;
  heal_later(next_attempt(healed_));
}

void PartitionActor::heal_later(std::chrono::milliseconds wait) {
  if (std::exchange(heals_later_, true)) return;
  delayed_send(this, wait, TryToHeal{});
}

LeaderAnnouncement PartitionActor::told_of_group() const {
  if (wiring_.loop == nullptr) return {};
  if (wiring_.group == metadata_group) return wiring_.loop->controllers;
  LeaderAnnouncement known;
  if (const auto* partition = wiring_.loop->directory.find(wiring_.group)) {
    known.term = partition->term;
    known.revision = partition->revision;
    known.leader = partition->leader;
    known.voters = partition->voters;
    known.in_sync = partition->in_sync;
  }
  return known;
}

std::function<bool(NodeId)> PartitionActor::in_service() const {
  return [this, known = told_of_group()](NodeId node) {
    const auto found = wiring_.loop->nodes.find(node);
    return found != wiring_.loop->nodes.end() && found->second.up && !doubts_.about(node, known);
  };
}

void PartitionActor::try_to_heal() {
  heals_later_ = false;
  if (scrubbed_damage_ && !stopped_) {
    heal_scrubbed();
    return;
  }
  if (!damaged_ || setting_aside_) return;
  if (membership::others_serve(told_of_group(), wiring_.self, in_service()))
    set_aside();
  else
    heal_later(heal_after);
}

void PartitionActor::set_aside() {
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
    heal_later(next_attempt(healed_));
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
