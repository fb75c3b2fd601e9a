// ClassicGroup: JoinGroup, static members included.
#include <algorithm>
#include <utility>

#include "cluster/groups/classic_group.h"

namespace callboard::groups {
namespace {

constexpr Duration first_join_timeout = std::chrono::minutes(5);

std::vector<Protocol> copy_of(const std::vector<Protocol>& protocols) {
  std::vector<Protocol> copy;
  for (const auto& protocol : protocols)
    copy.push_back({protocol.name, SharedBytes::copy_of(protocol.metadata.view())});
  return copy;
}

std::int32_t rebalance_timeout_of(const JoinCommand& command) {
  return command.rebalance_timeout_ms < 0 ? command.session_timeout_ms : command.rebalance_timeout_ms;
}

std::string described(const Member& member) {
  return groups::described(member.id, member.client_id, member.client_host);
}

std::size_t bytes_of(const JoinCommand& command) {
  return command.fresh_member_id.size() + command.client_id.size() + command.client_host.size() +
         (command.instance_id ? command.instance_id->size() : 0) + groups::bytes_of(command.protocols);
}

} // namespace

void ClassicGroup::join(JoinCommand command, Moment now) {
  if (auto refused = refuse_join(command)) return answer_join(command.waiter, std::move(*refused), command.member_id);
  if (!has_place(command)) {
    answer_join(command.waiter,
                {ErrorCode::group_max_size_reached, "the group has its " + std::to_string(options_.members_max) +
                                                        " members; start no more of them, or use a second group"});
    auto* member = members_.find(command.member_id);
    if (member == nullptr) return;
    const auto cause = described(*member) + " found no place";
    drop(*member, {ErrorCode::group_max_size_reached, cause});
    return removed_some(cause, now);
  }
  if (!members_.supports(command.protocols) || command.protocols.empty() || command.protocol_type.empty() ||
      (!members_.empty() && command.protocol_type != protocol_type_)) {
    return answer_join(command.waiter,
                       {ErrorCode::inconsistent_group_protocol,
                        "no protocol that it offers is supported by all members of the group; give all the same "
                        "assignors (partition.assignment.strategy)"},
                       command.member_id);
  }
  if (command.member_id.empty()) {
    join_new(std::move(command), now);
  } else {
    join_known(std::move(command), now);
  }
}

// What can be said without looking who it is.
std::optional<Error> ClassicGroup::refuse_join(const JoinCommand& command) const {
  if (command.session_timeout_ms < options_.session_timeout_min_ms ||
      command.session_timeout_ms > options_.session_timeout_max_ms) {
    return Error{ErrorCode::invalid_session_timeout,
                 "a session timeout of " + std::to_string(command.session_timeout_ms) + " ms is not between " +
                     std::to_string(options_.session_timeout_min_ms) + " and " +
                     std::to_string(options_.session_timeout_max_ms) + " ms; set session.timeout.ms accordingly"};
  }
  if (command.protocols.size() > options_.protocols_max) {
    return Error{ErrorCode::invalid_request, "a member offers at most " + std::to_string(options_.protocols_max) +
                                                 " protocols, this one " + std::to_string(command.protocols.size()) +
                                                 "; configure fewer assignors"};
  }
  const auto bytes = bytes_of(command);
  if (bytes > options_.member_bytes_max || command.protocol_type.size() > 255) {
    return Error{ErrorCode::message_too_large,
                 "a member may bring at most " + std::to_string(options_.member_bytes_max) +
                     " bytes of metadata, this one " + std::to_string(bytes) + "; subscribe to fewer topics"};
  }
  if (members_.bytes() + bytes > options_.group_bytes_max) {
    return Error{ErrorCode::group_max_size_reached,
                 "the members of the group bring more than " + std::to_string(options_.group_bytes_max) +
                     " bytes of metadata; use smaller groups or fewer topics a member"};
  }
  return std::nullopt;
}

// Kafka's count: while the group rebalances only those count who came.
bool ClassicGroup::has_place(const JoinCommand& command) const {
  const auto* member = members_.find(command.member_id);
  switch (state_) {
  case GroupState::preparing_rebalance:
    return (member != nullptr && member->join) || members_.parked_joins() < options_.members_max;
  case GroupState::completing_rebalance:
  case GroupState::stable:
    return member != nullptr || members_.size() < options_.members_max ||
           (command.instance_id && members_.find_static(*command.instance_id) != nullptr);
  case GroupState::empty:
  case GroupState::dead: return true;
  }
  return true;
}

void ClassicGroup::join_new(JoinCommand command, Moment now) {
  CB_ASSERT(!command.fresh_member_id.empty() && members_.find(command.fresh_member_id) == nullptr &&
            !pending_.contains(command.fresh_member_id));
  if (command.instance_id) {
    if (const auto* holder = members_.find_static(*command.instance_id)) {
      return replace_static(std::move(command), std::string(*holder), now);
    }
  } else if (command.require_known_member) {
    return add_pending(command, now);
  }
  auto id = command.fresh_member_id;
  add_member(std::move(command), std::move(id), now);
}

void ClassicGroup::add_pending(const JoinCommand& command, Moment now) {
  if (pending_.size() >= options_.members_max) {
    return answer_join(command.waiter, {ErrorCode::group_max_size_reached,
                                        "too many members asked for an id and did not come back with it; wait until "
                                        "their session timeout has passed"});
  }
  const auto deadline = now.at + std::chrono::milliseconds(command.session_timeout_ms);
  pending_.emplace(command.fresh_member_id, deadline);
  due(deadline);
  answer_join(command.waiter, {ErrorCode::member_id_required, "join again with this member id"},
              command.fresh_member_id);
}

void ClassicGroup::join_known(JoinCommand command, Moment now) {
  if (!command.instance_id && pending_.erase(command.member_id) > 0) {
    auto id = command.member_id;
    return add_member(std::move(command), std::move(id), now);
  }
  if (auto known = check_member(command.member_id, command.instance_id); !known) {
    return answer_join(command.waiter, known.error(), command.member_id);
  }
  auto& member = *members_.find(command.member_id);
  const bool same = member.offers(command.protocols);
  const bool leads = member.id == members_.leader();
  switch (state_) {
  case GroupState::preparing_rebalance: return rejoin(member, command, "joined again", now);
  case GroupState::completing_rebalance:
    if (!same) return rejoin(member, command, "changed its subscription", now);
    // Most likely its answer was lost.
    restart_session(member, now);
    effects_.joined.push_back(joined(member, command.waiter, leads));
    return;
  case GroupState::stable:
    if (!same) return rejoin(member, command, "changed its subscription", now);
    if (leads) return rejoin(member, command, "leads the group and joined again", now);
    restart_session(member, now);
    effects_.joined.push_back(joined(member, command.waiter, false));
    return;
  case GroupState::empty:
  case GroupState::dead: CB_ASSERT(false); // they have no members
  }
}

void ClassicGroup::add_member(JoinCommand command, std::string id, Moment now) {
  if (members_.empty()) protocol_type_ = command.protocol_type;
  Member member;
  member.id = std::move(id);
  member.instance_id = command.instance_id;
  member.client_id = command.client_id;
  member.client_host = command.client_host;
  member.session_timeout_ms = command.session_timeout_ms;
  member.rebalance_timeout_ms = rebalance_timeout_of(command);
  member.protocols = copy_of(command.protocols);
  auto& added = members_.add(std::move(member));
  members_.park_join(added, command.waiter);
  added.deadline = now.at + first_join_timeout;
  due(added.deadline);
  if (state_ == GroupState::preparing_rebalance && out_of_empty_) {
    rebalance_deadline_ =
        std::max(rebalance_deadline_, std::min(now.at + options_.initial_rebalance_delay, rebalance_latest_));
  }
  rebalance(described(added) + " joined" + because(command.reason), now);
}

void ClassicGroup::rejoin(Member& member, JoinCommand& command, const std::string& what, Moment now) {
  update_member(member, command);
  park_join(member, command.waiter);
  rebalance(described(member) + " " + what + because(command.reason), now);
}

void ClassicGroup::update_member(Member& member, JoinCommand& command) {
  members_.set_protocols(member, copy_of(command.protocols));
  members_.set_client(member, std::move(command.client_id), std::move(command.client_host));
  member.session_timeout_ms = command.session_timeout_ms;
  member.rebalance_timeout_ms = rebalance_timeout_of(command);
}

// A request that takes the place of an earlier one of the same member.
void ClassicGroup::park_join(Member& member, WaiterId waiter) {
  if (const auto earlier = members_.take_join(member)) {
    answer_join(*earlier, {ErrorCode::rebalance_in_progress, "this member joined again since"}, member.id);
  }
  members_.park_join(member, waiter);
  if (member.joined_before) member.deadline = never;
}

// A static member came back under its instance id, without its member id (KIP-345).
void ClassicGroup::replace_static(JoinCommand command, const std::string& old_id, Moment now) {
  const auto old_leader = members_.leader();
  const Error fenced{ErrorCode::fenced_instance_id, "a newer process joined with this instance id"};
  auto& old = *members_.find(old_id);
  if (const auto waiter = members_.take_join(old)) answer_join(*waiter, fenced, old_id);
  if (const auto waiter = std::exchange(old.sync, std::nullopt)) {
    effects_.synced.push_back({*waiter, fenced.code, fenced.message, {}, {}, {}});
  }
  auto& member = members_.rename(old_id, command.fresh_member_id);
  update_member(member, command);
  member.joined_before = true;
  restart_session(member, now);
  if (state_ == GroupState::stable && members_.choose_protocol() == protocol_name_) {
    return keep_static(member, command, old_leader, now);
  }
  const auto* what = state_ == GroupState::stable ? " came back with another protocol" : " came back";
  park_join(member, command.waiter);
  rebalance(described(member) + what + because(command.reason), now);
}

// It goes on with the assignment of the one before. An older client would assign if it read
// that it leads, so it is told the id that led before.
void ClassicGroup::keep_static(Member& member, const JoinCommand& command, const std::string& old_leader, Moment now) {
  const bool leads = command.can_skip_assignment && member.id == members_.leader();
  auto answer = joined(member, command.waiter, leads);
  answer.skip_assignment = leads;
  if (!command.can_skip_assignment) answer.leader = old_leader;
  state_time_ = now.wall;
  effects_.rows.push_back({record(), StaticMemberRow{std::move(answer)}});
}

JoinOutcome ClassicGroup::joined(const Member& member, WaiterId waiter, bool with_members) const {
  JoinOutcome out;
  out.waiter = waiter;
  out.member_id = member.id;
  out.generation = generation_;
  out.protocol_type = protocol_type_;
  out.protocol_name = protocol_name_;
  out.leader = members_.leader();
  if (!with_members) return out;
  for (const auto& [id, other] : members_) {
    out.members.push_back({id, other.instance_id, other.metadata_for(protocol_name_)});
  }
  return out;
}

void ClassicGroup::answer_join(WaiterId waiter, Error error, std::string member_id) {
  JoinOutcome out;
  out.waiter = waiter;
  out.error = error.code;
  out.message = std::move(error.message);
  out.member_id = std::move(member_id);
  effects_.joined.push_back(std::move(out));
}

} // namespace callboard::groups
