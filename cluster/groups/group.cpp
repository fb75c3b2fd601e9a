#include "cluster/groups/group.h"

#include <algorithm>

#include "schema/group_rows.h"

namespace callboard::groups {

Group::Group(std::string id, const GroupOptions& options) : id_(std::move(id)), options_(options), classic_(options) {
  CB_ASSERT(check_group_id(id_).ok());
}

void Group::load(GroupRows rows, const TopicIds& topics, Moment now) {
  CB_ASSERT(row_ == Row::absent && offsets_.empty() && last_sequence_ == 0);
  if (rows.group) {
    classic_.load(*rows.group, now);
    row_ = Row::stored;
  }
  std::vector<TopicPartition> stale;
  for (auto& [partition, record] : rows.offsets) {
    if (topics(partition.topic) == record.topic_id) {
      offsets_.load(partition, std::move(record));
    } else {
      offsets_.load_void(partition);
      stale.push_back(partition);
    }
  }
  if (row_ == Row::absent && !offsets_.empty()) row_ = Row::unsure; // the next commit puts it
  if (!stale.empty()) send_deletion(std::move(stale), std::nullopt);
}

void Group::join(JoinCommand command, Moment now) {
  if (auto refused = refusal()) {
    JoinOutcome out;
    out.waiter = command.waiter;
    out.error = refused->code;
    out.message = std::move(refused->message);
    out.member_id = std::move(command.member_id);
    effects_.joined.push_back(std::move(out));
    return;
  }
  classic_.join(std::move(command), now);
  absorb();
}

void Group::sync(SyncCommand command, Moment now) {
  if (auto refused = refusal()) {
    effects_.synced.push_back({command.waiter, refused->code, std::move(refused->message), {}, {}, {}});
    return;
  }
  classic_.sync(std::move(command), now);
  absorb();
}

Status Group::heartbeat(const HeartbeatCommand& command, Moment now) {
  if (auto refused = refusal()) return std::move(*refused);
  return classic_.heartbeat(command, now);
}

LeaveOutcome Group::leave(const std::vector<LeavingMember>& leaving, Moment now) {
  if (auto refused = refusal()) return {refused->code, std::move(refused->message), {}};
  auto out = classic_.leave(leaving, now);
  absorb();
  return out;
}

void Group::delete_group(WaiterId waiter) {
  auto refused = refusal();
  if (!refused && !exists()) refused = Error{ErrorCode::group_id_not_found, "There is no group \"" + id_ + "\"."};
  if (!refused && classic_.state() != GroupState::empty) {
    refused = Error{ErrorCode::non_empty_group, "Group \"" + id_ + "\" has members; stop its consumers first."};
  }
  if (!refused) return send_group_deletion(waiter);
  effects_.deleted.push_back({waiter, refused->code, std::move(refused->message)});
}

GroupDescription Group::describe() const {
  auto out = exists() ? classic_.describe() : GroupDescription{};
  if (deleting_) out.state = GroupState::dead;
  return out;
}

void Group::remove_if_vacant() {
  const bool vacant = row_ != Row::absent && classic_.state() == GroupState::empty && offsets_.empty() &&
                      classic_.pending_members() == 0 && in_flight_.empty();
  if (vacant && !refusal()) send_group_deletion(std::nullopt);
}

void Group::expire(Moment now) {
  if (refusal()) return;
  classic_.expire(now);
  absorb();
}

std::optional<Instant> Group::next_deadline() const {
  if (resigned_ || deleting_ || classic_.next_deadline() == never) return std::nullopt;
  return classic_.next_deadline();
}

void Group::written(std::uint64_t sequence, Moment now) {
  auto done = take_in_flight(sequence);
  if (!done) return;
  CB_ASSERT(sequence > last_written_); // the log keeps their order
  last_written_ = sequence;
  if (done->puts_group_row) row_ = Row::stored;
  std::visit([&](auto& what) { finish(what, now); }, done->what);
  absorb();
}

void Group::write_failed(std::uint64_t sequence, const Error& error, Moment now) {
  auto done = take_in_flight(sequence);
  if (!done) return;
  std::visit([&](auto& what) { fail(what, error, now); }, done->what);
  absorb();
}

void Group::resign() {
  if (std::exchange(resigned_, true)) return;
  const auto error = *refusal();
  for (auto& [sequence, pending] : std::exchange(in_flight_, {})) {
    std::visit([&](auto& what) { fail(what, error, {}); }, pending.what);
  }
  classic_.refuse_parked(error);
  absorb();
  effects_.writes.clear();
  in_flight_.clear();
}

Effects Group::take_effects() {
  return std::exchange(effects_, {});
}

bool Group::exists() const {
  return row_ != Row::absent || classic_.state() != GroupState::empty;
}

bool Group::idle() const {
  return classic_.state() == GroupState::empty && classic_.pending_members() == 0 && in_flight_.empty() &&
         effects_.empty();
}

std::optional<Error> Group::refusal() const {
  if (resigned_) return Error{ErrorCode::not_coordinator, "another node coordinates this group; look for it again"};
  if (deleting_) return Error{ErrorCode::coordinator_not_available, "the group is being deleted; try again"};
  return std::nullopt;
}

void Group::send(std::vector<GroupRowChange> rows, InFlight what) {
  if (what.puts_group_row && row_ == Row::absent) row_ = Row::unsure;
  effects_.writes.push_back({++last_sequence_, std::move(rows)});
  in_flight_.emplace(last_sequence_, std::move(what));
}

void Group::send_group_deletion(std::optional<WaiterId> waiter) {
  deleting_ = true;
  std::vector<GroupRowChange> rows;
  for (const auto& [topic, partition] : offsets_.may_exist())
    rows.push_back({offset_row_key(id_, topic, partition), {}});
  rows.push_back({group_row_key(id_), {}});
  send(std::move(rows), {GroupDeletion{waiter}, false});
}

std::optional<Group::InFlight> Group::take_in_flight(std::uint64_t sequence) {
  auto node = in_flight_.extract(sequence);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

// What the membership side wants becomes ours.
void Group::absorb() {
  auto classic = classic_.take_effects();
  std::move(classic.joined.begin(), classic.joined.end(), std::back_inserter(effects_.joined));
  std::move(classic.synced.begin(), classic.synced.end(), std::back_inserter(effects_.synced));
  for (auto& row : classic.rows) {
    std::vector<GroupRowChange> rows;
    rows.push_back({group_row_key(id_), std::move(row.record)});
    send(std::move(rows), {std::move(row.purpose), true});
  }
}

void Group::finish(RowPurpose& purpose, Moment now) {
  classic_.stored(std::move(purpose), now);
}

void Group::fail(RowPurpose& purpose, const Error& error, Moment now) {
  classic_.store_failed(std::move(purpose), error, now);
}

// It may be made again, as if it had never been.
void Group::finish(GroupDeletion& deletion, Moment) {
  for (const auto& partition : offsets_.may_exist()) offsets_.removed(partition);
  classic_ = ClassicGroup(options_);
  row_ = Row::absent;
  deleting_ = false;
  if (deletion.waiter) effects_.deleted.push_back({*deletion.waiter, ErrorCode::none, {}});
}

} // namespace callboard::groups
