// ClassicGroup: LeaveGroup, and what happens as time passes.
#include <algorithm>
#include <utility>

#include "cluster/groups/classic_group.h"

namespace callboard::groups {
namespace {

const Error removed{ErrorCode::unknown_member_id, "the member was removed from the group; join it anew"};

std::string and_others(std::string first, std::size_t count) {
  return count <= 1 ? first : first + ", and " + std::to_string(count - 1) + " more";
}

} // namespace

LeaveOutcome ClassicGroup::leave(const std::vector<LeavingMember>& leaving, Moment now) {
  LeaveOutcome out;
  std::string cause; // of the first one
  std::size_t left = 0;
  for (const auto& one : leaving) {
    const auto before = members_.size();
    auto sentence = leave_sentence(one);
    out.members.push_back(leave_one(one));
    if (members_.size() == before) continue;
    if (left++ == 0) cause = std::move(sentence);
  }
  removed_some(and_others(std::move(cause), left), now);
  return out;
}

std::string ClassicGroup::leave_sentence(const LeavingMember& leaving) const {
  const auto* id = leaving.member_id.empty() && leaving.instance_id ? members_.find_static(*leaving.instance_id)
                                                                    : &leaving.member_id;
  const auto* member = id == nullptr ? nullptr : members_.find(*id);
  if (member == nullptr) return {};
  return described(member->id, member->client_id, member->client_host) + " left" + because(leaving.reason);
}

ErrorCode ClassicGroup::leave_one(const LeavingMember& leaving) {
  if (leaving.member_id.empty()) {
    const auto* holder = leaving.instance_id ? members_.find_static(*leaving.instance_id) : nullptr;
    if (holder == nullptr) return ErrorCode::unknown_member_id;
    drop(*members_.find(*holder), removed);
    return ErrorCode::none;
  }
  if (pending_.erase(leaving.member_id) > 0) return ErrorCode::none;
  const auto known = check_member(leaving.member_id, leaving.instance_id);
  if (!known) return known.error().code;
  drop(*members_.find(leaving.member_id), removed);
  return ErrorCode::none;
}

// Out of the group, whatever it waits for is answered.
void ClassicGroup::drop(Member& member, const Error& error) {
  if (const auto waiter = members_.take_join(member)) answer_join(*waiter, error);
  if (const auto waiter = std::exchange(member.sync, std::nullopt)) {
    effects_.synced.push_back({*waiter, error.code, error.message, {}, {}, {}});
  }
  const auto id = member.id;
  members_.remove(id);
}

// Members, or only pending ones, are gone.
void ClassicGroup::removed_some(std::string cause, Moment now) {
  const bool members_gone = !cause.empty();
  switch (state_) {
  case GroupState::preparing_rebalance: return maybe_complete_join(now);
  case GroupState::completing_rebalance:
  case GroupState::stable:
    if (members_gone) prepare_rebalance(std::move(cause), now);
    return;
  case GroupState::empty:
  case GroupState::dead: return;
  }
}

void ClassicGroup::expire(Moment now) {
  if (now.at >= members_deadline_) expire_members(now);
  if (now.at >= sync_deadline_) expire_syncs(now);
  if (now.at >= rebalance_deadline_) complete_join(now);
}

void ClassicGroup::expire_members(Moment now) {
  std::vector<std::string> late;
  for (const auto& [id, member] : members_) {
    if (now.at >= member.deadline) late.push_back(id);
  }
  std::string cause;
  for (const auto& id : late) {
    auto& member = *members_.find(id);
    if (cause.empty()) {
      cause = described(id, member.client_id, member.client_host) +
              (member.joined_before ? " sent no heartbeat for " + std::to_string(member.session_timeout_ms) + " ms"
                                    : " did not ask again after its first join");
    }
    drop(member, removed);
  }
  const auto pending_gone = std::erase_if(pending_, [&](const auto& pending) { return now.at >= pending.second; });
  members_deadline_ = never;
  for (const auto& [id, member] : members_) due(member.deadline);
  for (const auto& [id, deadline] : pending_) due(deadline);
  if (!late.empty() || pending_gone > 0) removed_some(and_others(std::move(cause), late.size()), now);
}

void ClassicGroup::expire_syncs(Moment now) {
  sync_deadline_ = never;
  std::vector<std::string> late;
  for (const auto& [id, member] : members_) {
    if (member.owes_sync) late.push_back(id);
  }
  if (late.empty()) return;
  const auto& first = *members_.find(late.front());
  auto cause = described(first.id, first.client_id, first.client_host) + " did not ask for its assignment in time";
  for (const auto& id : late) drop(*members_.find(id), removed);
  removed_some(and_others(std::move(cause), late.size()), now);
}

Instant ClassicGroup::next_deadline() const {
  return std::min({members_deadline_, sync_deadline_, rebalance_deadline_});
}

} // namespace callboard::groups
