#include "actors/coordination/group_actor.h"

#include <fmt/format.h>

#include <utility>

#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "schema/group_rows.h"
#include "schema/record_batch.h"
#include "schema/rpc/translate_group.h"

namespace callboard {
namespace {

// A group without members that nobody asks for this long leaves memory.
constexpr auto idle_after = std::chrono::seconds(60);
constexpr std::size_t rows_at_once = 10'000;

groups::Moment this_moment() {
  return {monotonic_now(), wall_now()};
}

Result<groups::GroupRows> decode(const std::vector<StateRow>& rows) {
  groups::GroupRows out;
  for (const auto& row : rows) {
    const auto key = parse_group_key(bytes_of(row.key));
    auto value = rpc::decode_group_row(bytes_of(*row.value));
    if (!value) return value.error();
    auto* group = std::get_if<GroupRecord>(&*value);
    auto* offset = std::get_if<OffsetRecord>(&*value);
    const auto* place = key ? std::get_if<OffsetRowKey>(&*key) : nullptr;
    if (!key || (group == nullptr) != (place != nullptr))
      return Error{ErrorCode::corrupt_storage, "a row's key and its value do not belong together"};
    if (group != nullptr)
      out.group = std::move(*group);
    else
      out.offsets.push_back({{place->topic, place->partition}, std::move(*offset)});
  }
  return out;
}

// nullopt: the row is deleted.
std::optional<std::string> encode(const groups::GroupRowChange& row) {
  if (const auto* group = std::get_if<GroupRecord>(&row.value)) return rpc::encode_group_row(*group);
  if (const auto* offset = std::get_if<OffsetRecord>(&row.value)) return rpc::encode_group_row(*offset);
  return std::nullopt;
}

} // namespace

GroupActor::GroupActor(caf::actor_config& config, ActorRegistry& registry, GroupWiring wiring)
  : HostedActor(config, registry, ActorKind::group, wiring.name), wiring_(std::move(wiring)), group_(wiring_.name) {}

caf::behavior GroupActor::make_behavior() {
  return {
      handler([this](GroupRequest& message) { accept(message); }),
      handler([this](RowsScanned& message) { on_scanned(message); }),
      handler([this](const ProduceAnswers& message) { on_written(message); }),
      handler([this](const GroupDeadline&) { on_deadline(); }),
      handler([this](const CheckIdle&) { check_idle(); }),
      handler([this](const TopicRemoved& message) { on_topic_removed(message); }),
      handler([this](const ResignGroup&) { resign(); }),
      handler([this](const EndGroup&) { quit(); }),
      status_handler(),
  };
}

std::string GroupActor::describe() const {
  if (phase_ != Phase::ready) return fmt::format("loading, {} requests wait", waiting_.size());
  const auto described = group_.describe();
  return fmt::format("{}, generation {}, {} members, {} wait; last rebalance: {}", groups::name_of(described.state),
                     described.generation, described.members.size(), askers_.size(),
                     described.cause.sentence.empty() ? "none" : described.cause.sentence);
}

// ---- requests

void GroupActor::accept(GroupRequest& request) {
  ++requests_;
  if (phase_ == Phase::ended) {
    send(request.from, GroupAnswer{request.token, ErrorCode::not_coordinator, {}});
  } else if (phase_ == Phase::ready) {
    execute(request);
    rest();
  } else {
    waiting_.push_back(std::move(request));
    begin_load();
  }
}

void GroupActor::execute(GroupRequest& request) {
  std::visit([&](auto& command) { execute(request, command); }, request.command);
  route_effects();
}

void GroupActor::execute(GroupRequest& request, groups::JoinCommand& command) {
  command.waiter = add_waiter(request);
  group_.join(std::move(command), this_moment());
}

void GroupActor::execute(GroupRequest& request, groups::SyncCommand& command) {
  command.waiter = add_waiter(request);
  group_.sync(std::move(command), this_moment());
}

void GroupActor::execute(GroupRequest& request, const groups::HeartbeatCommand& command) {
  const auto beat = group_.heartbeat(command, this_moment());
  answer(request, HeartbeatOutcome{beat ? ErrorCode::none : beat.error().code});
}

void GroupActor::execute(GroupRequest& request, const LeaveCommand& command) {
  answer(request, group_.leave(command.members, this_moment()));
}

void GroupActor::execute(GroupRequest& request, groups::CommitCommand& command) {
  command.waiter = add_waiter(request);
  group_.commit(std::move(command), this_moment());
}

void GroupActor::execute(GroupRequest& request, const groups::FetchOffsetsCommand& command) {
  answer(request, group_.fetch_offsets(command));
}

void GroupActor::execute(GroupRequest& request, groups::DeleteOffsetsCommand& command) {
  command.waiter = add_waiter(request);
  group_.delete_offsets(std::move(command));
}

void GroupActor::execute(GroupRequest& request, const DescribeGroup&) {
  answer(request, group_.describe());
}

void GroupActor::execute(GroupRequest& request, const DeleteGroup&) {
  group_.delete_group(add_waiter(request));
}

void GroupActor::answer(const GroupRequest& request, GroupOutcome outcome) {
  send(request.from, GroupAnswer{request.token, ErrorCode::none, std::move(outcome)});
}

groups::WaiterId GroupActor::add_waiter(const GroupRequest& request) {
  askers_[++last_waiter_] = {request.from, request.token};
  return last_waiter_;
}

template <class Outcome>
void GroupActor::answer_waiters(std::vector<Outcome>& outcomes) {
  for (auto& outcome : outcomes) {
    const auto asker = askers_.extract(outcome.waiter);
    CB_ASSERT(!asker.empty());
    send(asker.mapped().from, GroupAnswer{asker.mapped().token, ErrorCode::none, std::move(outcome)});
  }
}

// ---- loading: its own row, then its offsets

void GroupActor::begin_load() {
  if (phase_ != Phase::idle) return;
  phase_ = Phase::loading_group;
  // The shortest key with this prefix is the group's own.
  send(wiring_.state, ScanRows{wiring_.group, caf::actor(this), 0, group_row_key(wiring_.name), {}, 1});
}

void GroupActor::scan(std::string after) {
  send(wiring_.state,
       ScanRows{wiring_.group, caf::actor(this), 0, offset_rows_prefix(wiring_.name), std::move(after), rows_at_once});
}

void GroupActor::on_scanned(RowsScanned& message) {
  if (phase_ != Phase::loading_group && phase_ != Phase::loading_offsets) return;
  if (message.error != ErrorCode::none) {
    fail_load(fmt::format("its state cannot be read: {}", name_of(message.error)));
    return;
  }
  if (phase_ == Phase::loading_group) {
    phase_ = Phase::loading_offsets;
    if (!message.rows.empty() && message.rows.front().key == group_row_key(wiring_.name))
      rows_.push_back(std::move(message.rows.front()));
    scan({});
    return;
  }
  for (auto& row : message.rows) rows_.push_back(std::move(row));
  if (message.more)
    scan(rows_.back().key);
  else
    loaded();
}

void GroupActor::loaded() {
  const auto topic_id = [this](const std::string& topic) -> std::optional<Uuid> {
    const auto* found = wiring_.directory->find(topic);
    if (found == nullptr) return std::nullopt;
    return found->record->id;
  };
  auto rows = decode(std::exchange(rows_, {}));
  if (!rows) {
    fail_load(rows.error().message);
    return;
  }
  group_.load(std::move(*rows), topic_id, this_moment());
  phase_ = Phase::ready;
  for (auto& request : std::exchange(waiting_, {})) execute(request);
  route_effects();
  rest();
}

void GroupActor::fail_load(const std::string& why) {
  log::error("group {}: {}", wiring_.name, why);
  phase_ = Phase::idle; // the next request tries again
  rows_.clear();
  for (const auto& request : std::exchange(waiting_, {}))
    send(request.from, GroupAnswer{request.token, ErrorCode::coordinator_not_available, {}});
  rest();
}

// ---- what happens to it

void GroupActor::on_written(const ProduceAnswers& message) {
  for (const auto& answer : message.answers) {
    if (answer.error == ErrorCode::none)
      group_.written(answer.token, this_moment());
    else
      group_.write_failed(answer.token, {answer.error, answer.message}, this_moment());
  }
  route_effects();
  rest();
}

void GroupActor::on_deadline() {
  armed_for_.reset();
  if (phase_ != Phase::ready) return;
  group_.expire(this_moment());
  route_effects();
  rest();
}

void GroupActor::on_topic_removed(const TopicRemoved& message) {
  if (phase_ != Phase::ready) return; // it will not be found when the rows are loaded
  group_.topic_deleted(message.name, message.id);
  route_effects();
}

// Whoever waits is told that the coordinator is another one now.
void GroupActor::resign() {
  for (const auto& request : std::exchange(waiting_, {}))
    send(request.from, GroupAnswer{request.token, ErrorCode::not_coordinator, {}});
  for (const auto& [waiter, asker] : std::exchange(askers_, {}))
    send(asker.from, GroupAnswer{asker.token, ErrorCode::not_coordinator, {}});
  phase_ = Phase::ended;
  quit();
}

void GroupActor::check_idle() {
  delayed_send(this, idle_after, CheckIdle{});
  if (std::exchange(requests_seen_, requests_) != requests_) return;
  if (phase_ == Phase::loading_group || phase_ == Phase::loading_offsets) return;
  if (phase_ == Phase::ready) {
    group_.remove_if_vacant();
    route_effects();
    if (!group_.idle()) return;
  }
  send(wiring_.coordinator, GroupIdle{wiring_.name, requests_});
}

// After every message, not after every request: several may have waited for the load, and
// the next one may be what makes the group. The timer keeps this actor in memory, so one
// that is to end at once sets none.
void GroupActor::rest() {
  if (phase_ == Phase::ready && !group_.exists() && group_.idle()) {
    send(wiring_.coordinator, GroupIdle{wiring_.name, requests_});
  } else if (!std::exchange(looks_, true)) {
    delayed_send(this, idle_after, CheckIdle{});
  }
}

// ---- what follows from it

void GroupActor::route_effects() {
  auto effects = group_.take_effects();
  for (const auto& to_write : effects.writes) write(to_write);
  answer_waiters(effects.joined);
  answer_waiters(effects.synced);
  answer_waiters(effects.committed);
  answer_waiters(effects.offsets_deleted);
  answer_waiters(effects.deleted);
  arm_deadline();
  report_change();
}

void GroupActor::write(const groups::GroupWrite& write) {
  const auto time = wall_now();
  BatchBuilder builder(time);
  for (const auto& row : write.rows) {
    const auto value = encode(row);
    builder.add(bytes_of(row.key), value ? std::optional(bytes_of(*value)) : std::nullopt, time);
  }
  ProduceToPartition message;
  message.from = caf::actor(this);
  message.token = write.sequence;
  message.command.acks = -1;
  message.command.batch = builder.finish();
  message.command.header = read_batch_header(message.command.batch.view()).value();
  send(wiring_.partition, std::move(message));
}

void GroupActor::arm_deadline() {
  const auto due = group_.next_deadline();
  if (!due || (armed_for_ && *armed_for_ <= *due)) return;
  armed_for_ = due;
  delayed_send(this, std::max(*due - monotonic_now(), Duration::zero()), GroupDeadline{});
}

void GroupActor::report_change() {
  const auto state = group_.exists() ? group_.state() : groups::GroupState::dead;
  const auto members = group_.members().size();
  if (state == told_ && members == told_members_) return;
  told_ = state;
  told_members_ = members;
  send(wiring_.coordinator,
       GroupChanged{{wiring_.name, group_.describe().protocol_type, state, static_cast<std::uint32_t>(members)}});
}

} // namespace callboard
