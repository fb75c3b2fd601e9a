// ClassicGroup: SyncGroup, and what becomes of the group's row.
#include <algorithm>
#include <utility>

#include "cluster/groups/classic_group.h"
#include "cluster/groups/write_error.h"

namespace callboard::groups {
namespace {

SyncOutcome refusal(WaiterId waiter, const Error& error) {
  SyncOutcome out;
  out.waiter = waiter;
  out.error = error.code;
  out.message = error.message;
  return out;
}

} // namespace

void ClassicGroup::sync(SyncCommand command, Moment now) {
  if (auto checked = check_sync(command); !checked) {
    effects_.synced.push_back(refusal(command.waiter, checked.error()));
    return;
  }
  auto& member = *members_.find(command.member_id);
  switch (state_) {
  case GroupState::preparing_rebalance:
    effects_.synced.push_back(
        refusal(command.waiter, {ErrorCode::rebalance_in_progress, "the group rebalances; join it again"}));
    return;
  case GroupState::completing_rebalance:
    park_sync(member, command);
    if (member.id == members_.leader() && !storing_) propose(command, now);
    return;
  case GroupState::stable:
    member.owes_sync = false;
    restart_session(member, now);
    answer_sync(member, command.waiter);
    return;
  case GroupState::empty:
  case GroupState::dead: CB_ASSERT(false); // they have no members
  }
}

Status ClassicGroup::check_sync(const SyncCommand& command) const {
  auto known = check_member(command.member_id, command.instance_id);
  if (!known) return known;
  auto current = check_generation(command.generation);
  if (!current) return current;
  // While the group rebalances it has no protocol to compare with.
  if ((command.protocol_type && *command.protocol_type != protocol_type_) ||
      (command.protocol_name && state_ != GroupState::preparing_rebalance &&
       *command.protocol_name != protocol_name_)) {
    return Error{ErrorCode::inconsistent_group_protocol,
                 "the group's protocol is " + protocol_name_ + " of type " + protocol_type_ + "; join it again"};
  }
  const bool assigns = state_ == GroupState::completing_rebalance && command.member_id == members_.leader();
  return assigns ? check_assignments(command) : ok_status();
}

Status ClassicGroup::check_assignments(const SyncCommand& command) const {
  std::size_t bytes = members_.bytes();
  for (const auto& given : command.assignments) {
    const auto* member = members_.find(given.member_id);
    if (member == nullptr) continue; // not kept
    bytes += given.assignment.size();
    if (member->bytes() + given.assignment.size() > options_.member_bytes_max) {
      return Error{ErrorCode::message_too_large, "a member's metadata and assignment may have at most " +
                                                     std::to_string(options_.member_bytes_max) +
                                                     " bytes; assign fewer partitions a member"};
    }
  }
  if (bytes <= options_.group_bytes_max) return ok_status();
  return Error{ErrorCode::message_too_large, "the members' metadata and assignments may have at most " +
                                                 std::to_string(options_.group_bytes_max) +
                                                 " bytes; use smaller groups or fewer topics a member"};
}

void ClassicGroup::park_sync(Member& member, const SyncCommand& command) {
  if (const auto earlier = std::exchange(member.sync, command.waiter)) {
    effects_.synced.push_back(
        refusal(*earlier, {ErrorCode::rebalance_in_progress, "this member asked for its assignment again since"}));
  }
  member.owes_sync = false;
  member.deadline = never;
}

// The leader's assignment goes to disk; members that it left out get an empty one.
void ClassicGroup::propose(SyncCommand& command, Moment now) {
  for (const auto& given : command.assignments) {
    auto* member = members_.find(given.member_id);
    if (member != nullptr) members_.set_assignment(*member, SharedBytes::copy_of(given.assignment.view()));
  }
  storing_ = true;
  state_time_ = now.wall;
  effects_.rows.push_back({record(), AssignmentRow{generation_}});
}

void ClassicGroup::answer_sync(Member& member, WaiterId waiter) {
  effects_.synced.push_back({waiter, ErrorCode::none, {}, protocol_type_, protocol_name_, member.assignment});
}

void ClassicGroup::refuse_syncs(const Error& error, Moment now) {
  for (auto& [id, member] : members_) {
    members_.set_assignment(member, {});
    const auto waiter = std::exchange(member.sync, std::nullopt);
    if (!waiter) continue;
    restart_session(member, now);
    effects_.synced.push_back(refusal(*waiter, error));
  }
}

void ClassicGroup::stored(RowPurpose purpose, Moment now) {
  if (auto* kept = std::get_if<StaticMemberRow>(&purpose)) {
    auto& answer = kept->answer;
    if (members_.find(answer.member_id) != nullptr) {
      effects_.joined.push_back(std::move(answer));
    } else {
      answer_join(answer.waiter, {ErrorCode::unknown_member_id, "the member left the group or was replaced since"});
    }
    return;
  }
  const auto* assignment = std::get_if<AssignmentRow>(&purpose);
  // A rebalance since then makes this assignment void.
  if (assignment == nullptr || !storing_ || assignment->generation != generation_) return;
  storing_ = false;
  state_ = GroupState::stable;
  for (auto& [id, member] : members_) {
    const auto waiter = std::exchange(member.sync, std::nullopt);
    if (!waiter) continue;
    restart_session(member, now);
    answer_sync(member, *waiter);
  }
}

void ClassicGroup::store_failed(RowPurpose purpose, const Error& error, Moment now) {
  const auto told = as_group_error(error);
  if (auto* kept = std::get_if<StaticMemberRow>(&purpose)) {
    return answer_join(kept->answer.waiter, told);
  }
  const auto* assignment = std::get_if<AssignmentRow>(&purpose);
  if (assignment == nullptr || !storing_ || assignment->generation != generation_) return;
  refuse_syncs(told, now);
  prepare_rebalance("the assignment could not be stored" + because(error.message), now);
}

void ClassicGroup::refuse_parked(const Error& error) {
  for (auto& [id, member] : members_) {
    if (const auto waiter = members_.take_join(member)) answer_join(*waiter, error, id);
    if (const auto waiter = std::exchange(member.sync, std::nullopt)) {
      effects_.synced.push_back(refusal(*waiter, error));
    }
  }
}

} // namespace callboard::groups
