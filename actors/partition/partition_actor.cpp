#include "actors/partition/partition_actor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/partition/internal_log.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "actors/storage/state_messages.h"

namespace callboard {
namespace {

// A partition that nobody has written to for this long gives its tail cache back.
constexpr auto cache_idle = std::chrono::seconds(5);
constexpr auto replay_retry = std::chrono::milliseconds(10);

std::string describe_role(const partition::PartitionReplica& replica) {
  if (replica.leading()) return "leader";
  if (replica.leader() == no_node) return "without a leader";
  return fmt::format("{}{} of node {}", replica.raft().recovering() ? "recovering " : "",
                     replica.membership().is_voter(replica.raft().self()) ? "follower" : "learner",
                     replica.leader().value);
}

// Larger than any before on this node, unless its clock was set back, and then most likely another.
std::uint32_t new_life() {
  return static_cast<std::uint32_t>(wall_now() / 1000);
}

} // namespace

PartitionActor::PartitionActor(caf::actor_config& config, ActorRegistry& registry, PartitionWiring wiring)
  : HostedActor(config, registry, ActorKind::partition, wiring.name), wiring_(std::move(wiring)),
    teller_(wiring_.group, wiring_.self) {}

caf::behavior PartitionActor::make_behavior() {
  if (wiring_.loop != nullptr) wiring_.loop->own_groups[wiring_.group] = caf::actor(this);
  return {
      handler([this](ProduceToPartition& message) { accept(std::move(message)); }),
      handler([this](FetchFromPartition& message) { accept(std::move(message)); }),
      handler([this](Written& message) { on_written(message); }),
      handler([this](const CancelFetch& message) { cancel_fetch(message); }),
      handler([this](WatchPartition& message) { accept(std::move(message)); }),
      handler([this](ListOffsetOfPartition& message) { accept(std::move(message)); }),
      handler([this](DeleteRecordsOfPartition& message) { accept(std::move(message)); }),
      handler([this](DescribeProducersOfPartition& message) { accept(std::move(message)); }),
      handler([this](DescribeLogOfPartition& message) { describe_log(message); }),
      handler([this](const ConfigurePartition& message) { configure(message); }),
      handler([this](FindEpochEnd& message) { accept(std::move(message)); }),
      handler([this](const TouchPartition&) { touch(); }),
      handler([this](LogOpened& message) { on_opened(message); }),
      handler([this](EntriesReplayed& message) { on_suffix(message); }),
      handler([this](const InternalLogUnusable& message) { stop(message.error); }),
      handler([this](const LogUnusable& message) { stop(message.error); }),
      handler([this](const HardStateStored& message) {
        if (!replica_) return;
        promised_.hard_state_stored(message.sequence);
        replica_->hard_state_stored(message.sequence);
        route_effects();
      }),
      handler([this](const WriteFailed& message) { on_write_failed(message); }),
      handler([this](ViewChanged& message) {
        view_ = std::move(message.view);
        if (replica_) replica_->compacted(message.compacted);
      }),
      handler([this](TrimPartition& message) { accept(std::move(message)); }),
      handler([this](CompactPartition& message) { accept(std::move(message)); }),
      handler([this](const DamageFound& message) { damage_found(message); }),
      handler([this](const TryToHeal&) { try_to_heal(); }),
      handler([this](const LogSetAside& message) { on_set_aside(message); }),
      handler([this](const RemovePartition&) {
        remove({ErrorCode::unknown_topic_or_partition, "The topic was deleted."});
      }),
      handler([this](const LogDestroyed&) { on_destroyed(); }),
      handler([this](const DropIdleCache&) { drop_idle_cache(); }),
      handler([this](RaftFromPeer& message) { on_raft(message); }),
      handler([this](const TickPartition&) { on_tick(); }),
      handler([this](const PeerLiveness& message) { on_peer(message); }),
      handler([this](const CatchUpGranted& message) { on_catch_up_granted(message); }),
      handler([this](ReadDone& message) { on_read(message); }),
      handler([this](const PrefixRemoved& message) {
        if (!replica_) return;
        replica_->prefix_removed(message.first_index, message.first_offset);
        route_effects();
      }),
      handler([this](const PlacePartition& message) { place(message); }),
      handler([this](const YieldLeadership& message) { yield_leadership(message); }),
      handler([this](const LeftGroup& message) {
        excluded_ = std::max(excluded_.value_or(message.as_of), message.as_of);
        touch(); // whether a later entry brought it back is in its log
        leave_if_out();
      }),
      handler([this](const StateDropped&) { tell_gone(); }),
      handler([this](const AppliedStateFlushed& message) { on_state_flushed(message); }),
      handler([this](const ReplayLog& message) { replay(message); }),
      handler([this](const LogChanged&) { delayed_send(this, replay_retry, ReplayAgain{}); }),
      handler([this](const ReplayAgain&) {
        if (phase_ == Phase::opening && opened_) read_suffix();
      }),
      handler([this](StatePartRead& message) { on_state_read(message); }),
      handler([this](const StatePartStored& message) { on_state_stored(message); }),
      status_handler(),
  };
}

std::string PartitionActor::describe() const {
  switch (phase_) {
  case Phase::closed: return "not opened yet";
  case Phase::opening: return fmt::format("opening its log, {} commands wait", waiting_.size());
  case Phase::electing: return fmt::format("standing for election, {} commands wait", waiting_.size());
  case Phase::stopped:
    return "stopped: " + (stopped_ ? stopped_->message : std::string("removed")) +
           (damaged_ ? "; begins anew once the other replicas have a leader" : "");
  case Phase::serving: break;
  }
  return fmt::format("{}, term {}, offsets {} to {}, high watermark {}, {} acknowledgements and {} fetches wait, "
                     "{} bytes cached",
                     describe_role(*replica_), replica_->term().value, replica_->log_start().value,
                     replica_->log_end().value, replica_->high_watermark().value, replica_->waiting_acks(),
                     replica_->parked_fetches(), replica_->cached_bytes());
}

void PartitionActor::touch() {
  if (phase_ != Phase::closed) return;
  phase_ = Phase::opening;
  send(wiring_.writer, OpenLog{wiring_.group, caf::actor(this), wiring_.log, wiring_.retention, wiring_.compaction});
}

void PartitionActor::on_opened(LogOpened& message) {
  if (phase_ != Phase::opening) return;
  view_ = std::move(message.view);
  opened_ = std::make_unique<LogOpened>(std::move(message));
  suffix_read_ = 0;
  if (wiring_.applier)
    read_suffix();
  else
    start_replica();
}

// Who applies the log wants whole what is committed only once somebody leads; the suffix
// has the headers.
void PartitionActor::read_suffix() {
  const auto& suffix = opened_->log.suffix;
  if (suffix_read_ == suffix.size())
    start_replica();
  else
    send(wiring_.reader, ReplayEntries{caf::actor(this), view_, suffix[suffix_read_].index, opened_->log.last_index});
}

void PartitionActor::on_suffix(EntriesReplayed& message) {
  if (phase_ != Phase::opening || !opened_) return;
  auto& suffix = opened_->log.suffix;
  if (message.entries.empty()) return stop({ErrorCode::corrupt_storage, actor_name() + ": its log ends too early"});
  for (auto& entry : message.entries) {
    if (suffix_read_ == suffix.size()) break;
    suffix[suffix_read_++] = std::move(entry);
  }
  read_suffix();
}

void PartitionActor::start_replica() {
  const auto opened = std::exchange(opened_, nullptr);
  partition::PartitionReplica::Start start;
  start.group = wiring_.group;
  start.self = wiring_.self;
  start.hard =
      membership::hard_state_at_start(std::move(opened->hard), opened->log.last_index, wiring_.placement, new_life());
  start.seed = wiring_.seed;
  const auto first_index = opened->log.first_index;
  const auto first_offset = opened->log.first_offset;
  if (wiring_.shows_uncommitted && !opened->log.suffix.empty())
    send(wiring_.applier, UncommittedFound{opened->log.suffix});
  start.log = std::move(opened->log);
  start.options = wiring_.replica;
  start.cache_budget = wiring_.cache_budget;
  start.deliver_applied = static_cast<bool>(wiring_.applier);
  start.keeps_state = static_cast<bool>(wiring_.state);
  replica_ = std::make_unique<partition::PartitionReplica>(std::move(start));
  replica_->state_kept(applied_flushed_);
  // What lies behind may still be undone by another leader.
  if (wiring_.applier && !replica_->stopped())
    send(wiring_.applier, InternalLogOpened{first_index, first_offset, replica_->raft().commit_index()});
  if (wiring_.loop != nullptr)
    for (const auto& [node, view] : wiring_.loop->nodes)
      if (!view.up) replica_->peer_down(node);
  phase_ = replica_->raft().sole_voter() ? Phase::electing : Phase::serving;
  if (membership::stands_at_once(*replica_, wiring_.placement)) replica_->campaign();
  route_effects();
  if (phase_ == Phase::serving)
    for (auto& command : std::exchange(waiting_, {})) execute(command);
  leave_if_out();
}

void PartitionActor::on_written(Written& message) {
  if (message.view) view_ = std::move(message.view);
  if (!replica_) return;
  promised_.written(message.sequence);
  replica_->written(message.sequence);
  route_effects();
}

void PartitionActor::on_write_failed(const WriteFailed& message) {
  if (!replica_) return;
  refuse_deletions(on_kafka_wire(message.error.code)); // what was to be written may be undone
  promised_.drop_unwritten();
  replica_->write_failed(message.generation, message.error);
  route_effects();
}

void PartitionActor::accept(Command command) {
  if (phase_ == Phase::serving || phase_ == Phase::stopped) {
    execute(command);
    return;
  }
  touch();
  waiting_.push_back(std::move(command));
}

void PartitionActor::execute(Command& command) {
  std::visit([this](auto& message) { execute(message); }, command);
}

void PartitionActor::execute(ProduceToPartition& message) {
  if (stopped_) {
    ProduceAnswers answers;
    answers.answers.push_back(
        {message.token, stopped_->code, unknown_offset, no_timestamp, unknown_offset, stopped_->message});
    send(message.from, std::move(answers));
    return;
  }
  message.command.waiter = add_asker({std::move(message.from), message.token});
  replica_->produce(std::move(message.command), wall_now());
  route_effects();
}

void PartitionActor::execute(FetchFromPartition& message) {
  if (stopped_) {
    FetchAnswer answer;
    answer.token = message.token;
    answer.error = stopped_->code;
    send(message.from, std::move(answer));
    return;
  }
  fetch(std::move(message.from), message.token, message.command, false);
}

void PartitionActor::execute(WatchPartition& message) {
  if (stopped_) {
    send(message.from, PartitionReady{message.token});
    return;
  }
  partition::FetchCommand command;
  command.offset = message.offset;
  command.bytes_max = 0;
  command.at_least_one = false;
  command.leader_epoch = message.leader_epoch;
  command.park_until_bytes = message.bytes_min;
  fetch(std::move(message.from), message.token, command, true);
}

void PartitionActor::fetch(caf::actor from, std::uint64_t token, partition::FetchCommand& command, bool watches) {
  const FetchKey key{from->id(), token};
  const auto parked_before = replica_->parked_fetches();
  const auto waiter = add_asker({std::move(from), token, false, watches});
  command.waiter = waiter;
  replica_->fetch(command);
  if (replica_->parked_fetches() > parked_before) {
    askers_[waiter].parked = true;
    parked_[key] = waiter;
  }
  route_effects();
}

void PartitionActor::execute(ListOffsetOfPartition& message) {
  OffsetAnswer answer;
  answer.token = message.token;
  if (stopped_) {
    answer.error = stopped_->code;
    send(message.from, std::move(answer));
    return;
  }
  const bool by_position = message.timestamp == -1 || message.timestamp == -2 || message.timestamp == -5;
  // The epoch check is the same for all; a time is then the reader's to find.
  const auto found = replica_->list_offset(by_position ? message.timestamp : -1, message.leader_epoch);
  answer.error = found.error;
  answer.leader_epoch = found.leader_epoch;
  if (found.error != ErrorCode::none || by_position) {
    answer.offset = found.offset;
    send(message.from, std::move(answer));
    return;
  }
  send(wiring_.reader, ColdOffset{caf::actor(this), view_, message.timestamp, replica_->high_watermark(),
                                  std::move(message.from), std::move(answer)});
}

void PartitionActor::execute(FindEpochEnd& message) {
  OffsetAnswer answer;
  answer.token = message.token;
  if (stopped_) {
    answer.error = stopped_->code;
  } else {
    const auto end = replica_->end_offset_for(message.leader_epoch, message.current_leader_epoch);
    answer.error = end.error;
    answer.offset = end.end;
    answer.leader_epoch = end.leader_epoch;
  }
  send(message.from, std::move(answer));
}

void PartitionActor::execute(TrimPartition& message) {
  // A replica that gets this one's state goes on with the entries behind it.
  if (stopped_ || !replica_->leading() || replica_->state_in_demand()) return;
  if (message.log_start <= replica_->log_start()) {
    // It has moved, but the writer had no room to store it.
    log_start_due_ = replica_->log_start();
    store_log_start();
    return;
  }
  if (const auto error = replica_->move_log_start(message.log_start); error != ErrorCode::none)
    log::warn("{}: the log start stays: {}", actor_name(), name_of(error));
  route_effects();
}

void PartitionActor::execute(CompactPartition& message) {
  if (stopped_) return;
  const auto error = replica_->compact(message.upto, wall_now());
  if (error != ErrorCode::none && error != ErrorCode::not_leader_or_follower)
    log::warn("{}: it is not compacted: {}", actor_name(), name_of(error));
  route_effects();
}

void PartitionActor::cancel_fetch(const CancelFetch& message) {
  const auto found = parked_.find({message.from, message.token});
  if (found == parked_.end()) {
    // It may still wait for the partition to lead.
    const auto is_meant = [&](const auto* waiting) {
      return waiting != nullptr && waiting->token == message.token && waiting->from->id() == message.from;
    };
    std::erase_if(waiting_, [&](const Command& command) {
      return is_meant(std::get_if<FetchFromPartition>(&command)) || is_meant(std::get_if<WatchPartition>(&command));
    });
    return;
  }
  const auto waiter = found->second;
  replica_->cancel_fetch(waiter);
  take_asker(waiter);
}

void PartitionActor::stop(const Error& error) {
  if (stopped_) return;
  stopped_ = Error{on_kafka_wire(error.code), error.message};
  phase_ = Phase::stopped;
  log::error("{} stops: {}", actor_name(), error.message);
  if (replica_) {
    replica_->stop(*stopped_);
    route_effects();
  }
  release_reads(follower_reads_.drop());
  announce_leader();
  for (const auto& agent : wiring_.agents) send(agent, ReplicaStopped{wiring_.group});
  if (wiring_.applier) send(wiring_.applier, InternalLogUnusable{error});
  for (auto& command : std::exchange(waiting_, {})) execute(command);
  await_healing(error);
}

void PartitionActor::remove(const Error& why) {
  if (std::exchange(damaged_, false)) --wiring_.loop->node.metrics.replicas_damaged;
  if (phase_ == Phase::stopped) // it was repeated to the others until now
    for (const auto& agent : wiring_.agents) send(agent, ReplicaStopped{wiring_.group, false});
  if (phase_ != Phase::stopped) {
    stopped_ = why;
    phase_ = Phase::stopped;
    if (replica_) {
      replica_->stop(*stopped_);
      route_effects();
    }
    release_reads(follower_reads_.drop());
    announce_leader();
    for (auto& command : std::exchange(waiting_, {})) execute(command);
  }
  view_ = nullptr;
  if (wiring_.loop != nullptr) wiring_.loop->own_groups.erase(wiring_.group);
  if (wiring_.applier) send(wiring_.applier, InternalLogGone{});
  send(wiring_.writer, DestroyLog{wiring_.group, caf::actor(this)});
}

// Its state goes behind the log: what comes in their place finds neither.
void PartitionActor::on_destroyed() {
  if (wiring_.state)
    send(wiring_.state, DropState{wiring_.group, wiring_.loop->node.config.data, caf::actor(this)});
  else
    tell_gone();
}

void PartitionActor::tell_gone() {
  if (left_ && wiring_.loop != nullptr) send(wiring_.loop->node.metadata(), ReplicaGone{wiring_.group});
  // Who applied the log refers to this actor, too: neither would ever end.
  wiring_.applier = caf::actor();
  wiring_.announce_to.clear();
  log_start_due_.reset();
}

void PartitionActor::route_effects() {
  auto effects = replica_->take_effects();
  send_to_peers(effects.messages);
  promised_.add(effects);
  if (effects.hard_state)
    send(wiring_.writer, StageHardState{wiring_.group, effects.sequence, std::move(*effects.hard_state)});
  if (!effects.write.empty())
    send(wiring_.writer,
         StageWrite{wiring_.group, effects.sequence, effects.write_generation, std::move(effects.write)});
  // Who applies the log hears of an entry before who wrote it does.
  if (!effects.applied.empty()) send(wiring_.applier, EntriesCommitted{std::move(effects.applied)});
  route_state(effects);
  if (!effects.produced.empty()) route_produced(effects.produced);
  for (auto& outcome : effects.fetched) route_fetched(outcome);
  if (effects.log_start) {
    log_start_due_ = *effects.log_start;
    store_log_start();
  }
  release_promised();
  ask_for_reads(effects.reads);
  // A leader that has settled knows who is in sync with it.
  const bool settles = replica_->settled() && std::exchange(settled_in_, replica_->term()) != replica_->term();
  if (effects.leader_changed || effects.membership_changed || settles) announce_leader();
  if (effects.compaction) send(wiring_.writer, StoreCut{wiring_.group, *effects.compaction});
  if (!deletions_.empty()) release_deletions();
  if (replica_->stopped() && !stopped_) {
    stop(*replica_->stop_reason());
    return;
  }
  arm_cache_drop();
  arm_tick();
  if (settles && wiring_.applier) send(wiring_.applier, LeaderSettled{settled_in_});
  advance_phase();
  // A group of one has no ticks that would take the next step.
  if (settles || effects.membership_changed) advance_membership();
  if (effects.leader_changed || effects.membership_changed) leave_if_out();
}

void PartitionActor::advance_phase() {
  // That it was alone may be undone by another leader.
  if (phase_ != Phase::electing || (!replica_->settled() && replica_->raft().sole_voter())) return;
  phase_ = Phase::serving;
  for (auto& command : std::exchange(waiting_, {})) execute(command);
}

void PartitionActor::route_produced(std::vector<partition::ProduceOutcome>& outcomes) {
  // One message per run of answers to the same asker: a commit releases many.
  ProduceAnswers batch;
  caf::actor to;
  for (auto& outcome : outcomes) {
    auto asker = take_asker(outcome.waiter);
    if (to && asker.from != to) send(to, std::exchange(batch, {}));
    to = std::move(asker.from);
    batch.answers.push_back({asker.token, outcome.error, outcome.base_offset, outcome.log_append_time,
                             outcome.log_start, std::move(outcome.message)});
  }
  if (to) send(to, std::move(batch));
}

void PartitionActor::route_fetched(partition::FetchOutcome& outcome) {
  auto asker = take_asker(outcome.waiter);
  if (asker.watches) {
    send(asker.from, PartitionReady{asker.token});
    return;
  }
  FetchAnswer answer{asker.token,         outcome.error,     outcome.high_watermark,
                     outcome.last_stable, outcome.log_start, std::move(outcome.batches),
                     outcome.diverged};
  if (outcome.cold)
    send(wiring_.reader, ColdFetch{caf::actor(this), view_, *outcome.cold, std::move(asker.from), std::move(answer)});
  else
    send(asker.from, std::move(answer));
}

void PartitionActor::arm_cache_drop() {
  if (cache_drop_armed_ || replica_->cached_bytes() == 0) return;
  cache_drop_armed_ = true;
  cache_seen_ = replica_->log_end();
  delayed_send(this, cache_idle, DropIdleCache{});
}

void PartitionActor::drop_idle_cache() {
  cache_drop_armed_ = false;
  if (!replica_) return;
  if (replica_->log_end() == cache_seen_) replica_->drop_cache();
  arm_cache_drop();
}

partition::WaiterId PartitionActor::add_asker(Asker asker) {
  if (free_askers_.empty()) {
    askers_.push_back(std::move(asker));
    return askers_.size() - 1;
  }
  const auto waiter = free_askers_.back();
  free_askers_.pop_back();
  askers_[waiter] = std::move(asker);
  return waiter;
}

PartitionActor::Asker PartitionActor::take_asker(partition::WaiterId waiter) {
  auto asker = std::move(askers_[waiter]);
  askers_[waiter] = {};
  free_askers_.push_back(waiter);
  if (asker.parked) parked_.erase({asker.from->id(), asker.token});
  return asker;
}

} // namespace callboard
