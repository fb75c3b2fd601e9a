#include "actors/coordination/coordinator_actor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/coordination/group_actor.h"
#include "actors/partition/internal_log.h"
#include "actors/runtime/log.h"
#include "schema/group_rows.h"
#include "schema/record_batch.h"
#include "schema/rpc/translate_group.h"

namespace callboard {
namespace {

// The log is trimmed once so many records lie below what is flushed.
constexpr std::int64_t trim_records = 4096;
constexpr std::size_t listing_rows = 1000;
constexpr auto replay_retry = std::chrono::milliseconds(10);

std::string text_of_bytes(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

CoordinatorActor::CoordinatorActor(caf::actor_config& config, ActorRegistry& registry, CoordinatorWiring wiring)
  : HostedActor(config, registry, ActorKind::coordinator, wiring.name), wiring_(std::move(wiring)) {}

caf::behavior CoordinatorActor::make_behavior() {
  return {
      handler([this](const CoordinatedPartition& message) { partition_ = message.partition; }),
      handler([this](GroupRequest& message) { accept(std::move(message)); }),
      handler([this](ListGroupsOfCoordinator& message) { accept(std::move(message)); }),
      handler([this](const InternalLogOpened& message) { on_log_opened(message); }),
      handler([this](const EntriesReplayed& message) { on_replayed(message); }),
      handler([this](const EntriesCommitted& message) { on_committed(message); }),
      handler([this](const LogChanged&) { delayed_send(this, replay_retry, ReplayAgain{}); }),
      handler([this](const ReplayAgain&) {
        if (phase_ == Phase::replaying) replay_next();
      }),
      handler([this](const LogTrimmed& message) { on_log_trimmed(message); }),
      handler([this](const InternalLogUnusable& message) { give_up(message.error); }),
      handler([this](const InternalLogGone&) { end(); }),
      handler([this](const LeaderAnnouncement& message) { on_leader_changed(message); }),
      handler([this](const LeaderSettled& message) { on_settled(message); }),
      handler([this](const StateOpened& message) { on_state_opened(message); }),
      handler([this](const StateUnusable& message) { give_up(message.error); }),
      handler([this](const StateFlushed& message) { on_flushed(message); }),
      handler([this](RowsScanned& message) { on_scanned(message); }),
      handler([this](GroupChanged& message) { on_group_changed(message); }),
      handler([this](const GroupIdle& message) { on_idle(message); }),
      handler([this](const TopicRemoved& message) { on_topic_removed(message); }),
      status_handler(),
  };
}

std::string CoordinatorActor::describe() const {
  switch (phase_) {
  case Phase::closed: return "not used yet";
  case Phase::opening: return fmt::format("opening its log and state, {} requests wait", waiting_.size());
  case Phase::replaying:
    return fmt::format("applying its log, at {} of {}, {} requests wait", applied_.value, log_committed_.value,
                       waiting_.size());
  case Phase::unusable: return failure_ ? "out of service: " + failure_->message : "its log has left this node";
  case Phase::ready: break;
  }
  return fmt::format("{}, {} groups in use, log applied to {}", leads() ? "coordinates" : "another node coordinates",
                     groups_.size(), applied_.value);
}

// ---- requests

void CoordinatorActor::touch() {
  if (phase_ != Phase::closed) return;
  phase_ = Phase::opening;
  send(partition_, TouchPartition{});
  send(wiring_.state, OpenState{wiring_.group, caf::actor(this), wiring_.directory});
}

void CoordinatorActor::accept(Request request) {
  touch();
  if (another_leads()) {
    refuse(request, ErrorCode::not_coordinator); // whatever its own log is at
  } else if (phase_ == Phase::ready && leads()) {
    execute(request);
  } else if (phase_ == Phase::unusable) {
    refuse(request, ErrorCode::coordinator_not_available);
  } else {
    waiting_.push_back(std::move(request));
  }
}

void CoordinatorActor::execute(Request& request) {
  std::visit([this](auto& message) { execute(message); }, request);
}

void CoordinatorActor::execute(GroupRequest& request) {
  auto& group = group_of(request.group);
  ++group.requests;
  send(group.actor, std::move(request));
}

void CoordinatorActor::refuse(Request& request, ErrorCode error) {
  if (auto* group = std::get_if<GroupRequest>(&request)) {
    send(group->from, GroupAnswer{group->token, error, {}});
  } else {
    const auto& listing = std::get<ListGroupsOfCoordinator>(request);
    send(listing.from, GroupsListed{listing.token, error, {}});
  }
}

CoordinatorActor::Group& CoordinatorActor::group_of(const std::string& name) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return found->second;
  GroupWiring wiring;
  wiring.name = name;
  wiring.group = wiring_.group;
  wiring.coordinator = caf::actor(this);
  wiring.partition = partition_;
  wiring.state = wiring_.state;
  wiring.directory = &wiring_.loop->directory;
  auto& group = groups_[name];
  group.actor = spawn_on<GroupActor>(wiring_.loop->loop, registry(), std::move(wiring));
  return group;
}

void CoordinatorActor::on_group_changed(GroupChanged& message) {
  const auto found = groups_.find(message.listing.group);
  if (found != groups_.end()) found->second.listing = std::move(message.listing);
}

// Nothing is on its way to it that it has not counted: it may go, and begins again with
// its next request.
void CoordinatorActor::on_idle(const GroupIdle& message) {
  const auto found = groups_.find(message.group);
  if (found == groups_.end() || found->second.requests != message.requests) return;
  send(found->second.actor, EndGroup{});
  groups_.erase(found);
}

void CoordinatorActor::on_topic_removed(const TopicRemoved& message) {
  for (const auto& [name, group] : groups_) send(group.actor, message);
}

// ---- listing: every group has a row once it is more than an intention, and those in use
// are known here

void CoordinatorActor::execute(ListGroupsOfCoordinator& request) {
  const auto token = next_listing_++;
  listings_[token].request = std::move(request);
  scan_groups(token, {});
}

void CoordinatorActor::scan_groups(std::uint64_t token, std::string after) {
  send(wiring_.state, ScanRows{wiring_.group, caf::actor(this), token, std::string(group_rows_prefix), std::move(after),
                               listing_rows});
}

void CoordinatorActor::on_scanned(RowsScanned& message) {
  const auto found = listings_.find(message.token);
  if (found == listings_.end()) return;
  auto& listing = found->second;
  for (const auto& row : message.rows) {
    auto name = row.key.substr(group_rows_prefix.size());
    const auto used = groups_.find(name);
    if (used != groups_.end() && !used->second.listing.group.empty()) continue; // it has told
    const auto decoded = rpc::decode_group_row(bytes_of(*row.value));
    const auto* record = decoded ? std::get_if<GroupRecord>(&*decoded) : nullptr;
    if (record == nullptr) {
      log::error("{}: the row of group {} cannot be read", actor_name(), name);
      continue;
    }
    const auto state = record->members.empty() ? groups::GroupState::empty : groups::GroupState::stable;
    listing.groups.push_back(GroupListing{std::move(name), record->protocol_type, state,
                                          static_cast<std::uint32_t>(record->members.size())});
  }
  if (message.more && message.error == ErrorCode::none) {
    scan_groups(message.token, message.rows.back().key);
    return;
  }
  for (const auto& [name, group] : groups_)
    if (group.listing.state != groups::GroupState::dead) listing.groups.push_back(group.listing);
  const auto error = message.error == ErrorCode::none ? ErrorCode::none : ErrorCode::coordinator_not_available;
  send(listing.request.from, GroupsListed{listing.request.token, error, std::move(listing.groups)});
  listings_.erase(found);
}

// ---- the log

// Also where another node leads: its entries are applied here as they are committed.
void CoordinatorActor::on_log_opened(const InternalLogOpened& message) {
  log_first_ = message.first;
  log_first_offset_ = message.first_offset;
  log_committed_ = message.last;
  log_opened_ = true;
  touch();
  begin_replay();
}

void CoordinatorActor::on_state_opened(const StateOpened& message) {
  applied_ = std::max(applied_, message.applied);
  state_end_ = trimmed_ = message.next_offset;
  state_opened_ = true;
  send(partition_, AppliedStateFlushed{message.next_offset});
  if (phase_ != Phase::replaying) {
    begin_replay();
    return;
  }
  // Another replica's: it goes with a snapshot from behind everything that was committed here.
  applied_ = std::max(applied_, log_committed_);
  finish_replay();
}

void CoordinatorActor::begin_replay() {
  if (!log_opened_ || !state_opened_ || phase_ != Phase::opening) return;
  if (state_end_ < log_first_offset_) {
    give_up({ErrorCode::corrupt_storage,
             fmt::format("{}: its state ends at offset {}, its log begins at {}: what lies between is lost",
                         actor_name(), state_end_.value, log_first_offset_.value)});
    return;
  }
  // Entries without records that lay between went with the segment.
  applied_ = std::max(applied_, log_first_.prev());
  phase_ = Phase::replaying;
  replay_next();
}

void CoordinatorActor::replay_next() {
  if (applied_ >= log_committed_) {
    finish_replay();
    return;
  }
  send(partition_, ReplayLog{caf::actor(this), applied_.next(), log_committed_});
}

void CoordinatorActor::on_replayed(const EntriesReplayed& message) {
  if (phase_ != Phase::replaying) return;
  if (message.entries.empty()) {
    give_up({ErrorCode::corrupt_storage, actor_name() + ": its log ends before its last entry"});
    return;
  }
  for (const auto& entry : message.entries)
    if (entry.index > applied_) apply(entry);
  if (phase_ == Phase::replaying) replay_next();
}

void CoordinatorActor::on_log_trimmed(const LogTrimmed& message) {
  if (phase_ != Phase::replaying) return;
  applied_ = std::max(applied_, message.first.prev());
  replay_next();
}

void CoordinatorActor::on_committed(const EntriesCommitted& message) {
  if (phase_ == Phase::unusable) return;
  for (const auto& entry : message.entries) {
    if (phase_ != Phase::ready)
      early_.push_back(entry);
    else if (entry.index > applied_)
      apply(entry);
  }
}

void CoordinatorActor::apply(const LogEntry& entry) {
  applied_ = entry.index;
  if (entry.type != EntryType::batch) return;
  ApplyRows message{wiring_.group, {}, entry.index, entry.next_offset()};
  const auto walked = for_each_record(entry.payload.view(), [&](const RecordView& record) {
    if (!record.key) return true;
    auto& row = message.rows.emplace_back();
    row.key = text_of_bytes(*record.key);
    if (record.value) row.value = text_of_bytes(*record.value);
    return true;
  });
  if (walked)
    send(wiring_.state, std::move(message));
  else
    give_up(walked.error());
}

void CoordinatorActor::finish_replay() {
  // What was committed while the replay went on lies behind it, without a gap.
  phase_ = Phase::ready;
  for (const auto& entry : std::exchange(early_, {}))
    if (entry.index > applied_) apply(entry);
  serve_waiting();
}

void CoordinatorActor::on_flushed(const StateFlushed& message) {
  send(partition_, AppliedStateFlushed{message.next_offset});
  if (message.next_offset.value - trimmed_.value < trim_records) return;
  trimmed_ = message.next_offset;
  send(partition_, TrimPartition{trimmed_});
}

// ---- who coordinates

void CoordinatorActor::on_leader_changed(const LeaderAnnouncement& message) {
  if (message.term < term_) return;
  const bool led = leads();
  term_ = message.term;
  leader_ = message.leader;
  if (led && !leads()) resign();
  serve_waiting();
}

// Everything committed before is applied: what it answers from now on is the group's state.
void CoordinatorActor::on_settled(const LeaderSettled& message) {
  settled_term_ = message.term;
  serve_waiting();
}

void CoordinatorActor::serve_waiting() {
  if (another_leads())
    for (auto& request : std::exchange(waiting_, {})) refuse(request, ErrorCode::not_coordinator);
  else if (phase_ == Phase::ready && leads())
    for (auto& request : std::exchange(waiting_, {})) execute(request);
}

void CoordinatorActor::resign() {
  for (const auto& [name, group] : groups_) send(group.actor, ResignGroup{});
  groups_.clear();
}

void CoordinatorActor::give_up(const Error& error) {
  if (phase_ == Phase::unusable) return;
  log::error("{} is out of service: {}", actor_name(), error.message);
  failure_ = error;
  end();
}

void CoordinatorActor::end() {
  phase_ = Phase::unusable;
  early_.clear();
  resign();
  for (auto& request : std::exchange(waiting_, {})) refuse(request, ErrorCode::coordinator_not_available);
  for (auto& [token, listing] : std::exchange(listings_, {}))
    send(listing.request.from, GroupsListed{listing.request.token, ErrorCode::coordinator_not_available, {}});
}

} // namespace callboard
