#include "cluster/groups/classic_group.h"

#include <algorithm>

#include "cluster/groups/subscription.h"

namespace callboard::groups {
namespace {

// `text` cut to `bytes_max`, never inside of a UTF-8 character.
std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return std::string(text.substr(0, bytes_max)) + "...";
}

} // namespace

std::string_view name_of(GroupState state) {
  switch (state) {
  case GroupState::empty: return "Empty";
  case GroupState::preparing_rebalance: return "PreparingRebalance";
  case GroupState::completing_rebalance: return "CompletingRebalance";
  case GroupState::stable: return "Stable";
  case GroupState::dead: return "Dead";
  }
  return "Dead";
}

std::string described(const std::string& member_id, const std::string& client_id, const std::string& client_host) {
  return "member " + cut(member_id, 300) + " of client " + cut(client_id, 255) + " at " + cut(client_host, 255);
}

std::string because(std::string_view reason) {
  return reason.empty() ? std::string() : ": " + cut(reason, 255);
}

void ClassicGroup::load(const GroupRecord& record, Moment now) {
  CB_ASSERT(members_.empty() && pending_.empty());
  protocol_type_ = record.protocol_type;
  protocol_name_ = record.protocol_name;
  generation_ = record.generation;
  state_time_ = record.state_time;
  cause_ = {record.rebalance_cause, record.rebalance_time};
  for (const auto& row : record.members) {
    Member member;
    member.id = row.member_id;
    member.instance_id = row.instance_id;
    member.client_id = row.client_id;
    member.client_host = row.client_host;
    member.session_timeout_ms = row.session_timeout_ms;
    member.rebalance_timeout_ms = row.rebalance_timeout_ms;
    member.protocols.push_back({protocol_name_, row.subscription});
    member.assignment = row.assignment;
    member.joined_before = true;
    restart_session(members_.add(std::move(member)), now);
  }
  if (members_.find(record.leader) != nullptr) members_.set_leader(record.leader);
  state_ = members_.empty() ? GroupState::empty : GroupState::stable;
}

GroupRecord ClassicGroup::record() const {
  GroupRecord record{protocol_type_, generation_, protocol_name_,  members_.leader(),
                     state_time_,    {},          cause_.sentence, cause_.at};
  for (const auto& [id, member] : members_) {
    record.members.push_back({id, member.instance_id, member.client_id, member.client_host, member.rebalance_timeout_ms,
                              member.session_timeout_ms, member.metadata_for(protocol_name_), member.assignment});
  }
  return record;
}

Status ClassicGroup::heartbeat(const HeartbeatCommand& command, Moment now) {
  auto known = check_member(command.member_id, command.instance_id);
  if (!known) return known;
  auto current = check_generation(command.generation);
  if (!current) return current;
  auto& member = *members_.find(command.member_id);
  if (!member.join && !member.sync) restart_session(member, now);
  if (state_ != GroupState::preparing_rebalance) return ok_status();
  return Error{ErrorCode::rebalance_in_progress, "the group rebalances; join it again with this member id"};
}

Status ClassicGroup::check_commit(const CommitCommand& command, Moment now) {
  if (command.generation < 0 && state_ == GroupState::empty) return ok_status();
  if (command.generation < 0 && command.member_id.empty() && !command.instance_id) {
    return Error{ErrorCode::unknown_member_id,
                 "the group has members; only they commit its offsets, or anybody once it is empty"};
  }
  auto known = check_member(command.member_id, command.instance_id);
  if (!known) return known;
  auto current = check_generation(command.generation);
  if (!current) return current;
  if (state_ == GroupState::completing_rebalance) {
    return Error{ErrorCode::rebalance_in_progress, "the group is about to assign partitions anew; commit after it"};
  }
  auto& member = *members_.find(command.member_id);
  if (!member.join) restart_session(member, now);
  return ok_status();
}

bool ClassicGroup::subscribes(std::string_view topic) const {
  bool found = false;
  for (const auto& [id, member] : members_) {
    for (const auto& protocol : member.protocols) {
      const bool read =
          for_each_topic(protocol.metadata.view(), [&](std::string_view name) { found |= name == topic; });
      if (!read || found) return true;
    }
  }
  return false;
}

GroupDescription ClassicGroup::describe() const {
  GroupDescription out;
  out.state = state_;
  out.protocol_type = protocol_type_;
  out.generation = generation_;
  out.leader = members_.leader();
  out.cause = cause_;
  out.state_time = state_time_;
  const bool stable = state_ == GroupState::stable;
  if (stable) out.protocol_name = protocol_name_;
  for (const auto& [id, member] : members_) {
    out.members.push_back({id, member.instance_id, member.client_id, member.client_host,
                           stable ? member.metadata_for(protocol_name_) : SharedBytes(),
                           stable ? member.assignment : SharedBytes()});
  }
  return out;
}

Status ClassicGroup::check_member(const std::string& id, const std::optional<std::string>& instance_id) const {
  const auto* holder = instance_id ? members_.find_static(*instance_id) : nullptr;
  if (holder != nullptr && *holder != id) {
    return Error{ErrorCode::fenced_instance_id,
                 "another member took over this instance id; give every running consumer its own group.instance.id"};
  }
  if ((instance_id && holder == nullptr) || members_.find(id) == nullptr) {
    return Error{ErrorCode::unknown_member_id, "the group has no such member (any more); join it anew"};
  }
  return ok_status();
}

Status ClassicGroup::check_generation(std::int32_t generation) const {
  if (generation == generation_) return ok_status();
  return Error{ErrorCode::illegal_generation, "the group is at generation " + std::to_string(generation_) + ", not " +
                                                  std::to_string(generation) + "; join it again"};
}

// A rebalance begins, or the one that is under way may now be complete.
void ClassicGroup::rebalance(std::string cause, Moment now) {
  if (state_ == GroupState::preparing_rebalance) {
    maybe_complete_join(now);
  } else {
    prepare_rebalance(std::move(cause), now);
  }
}

void ClassicGroup::prepare_rebalance(std::string cause, Moment now) {
  if (state_ == GroupState::completing_rebalance) {
    refuse_syncs({ErrorCode::rebalance_in_progress, "the group rebalances again; join it with this member id"}, now);
  }
  for (auto& [id, member] : members_) member.owes_sync = false;
  sync_deadline_ = never;
  storing_ = false;
  out_of_empty_ = state_ == GroupState::empty;
  state_ = GroupState::preparing_rebalance;
  cause_ = {std::move(cause), now.wall};
  rebalance_latest_ = now.at + members_.rebalance_timeout();
  rebalance_deadline_ = out_of_empty_ ? now.at + options_.initial_rebalance_delay : rebalance_latest_;
  maybe_complete_join(now);
}

void ClassicGroup::maybe_complete_join(Moment now) {
  if (state_ != GroupState::preparing_rebalance || out_of_empty_) return;
  if (members_.parked_joins() == members_.size() && pending_.empty()) complete_join(now);
}

// Those who did not rejoin are dropped, unless their instance id says that they come back.
void ClassicGroup::complete_join(Moment now) {
  std::vector<std::string> missing;
  for (const auto& [id, member] : members_) {
    if (!member.join && !member.instance_id) missing.push_back(id);
  }
  for (const auto& id : missing) members_.remove(id);
  if (!members_.empty() && !members_.elect_joined_leader()) {
    rebalance_deadline_ = now.at + members_.rebalance_timeout(); // nobody could assign
    return;
  }
  rebalance_deadline_ = rebalance_latest_ = never;
  out_of_empty_ = false;
  generation_ = generation_ == std::numeric_limits<std::int32_t>::max() ? 1 : generation_ + 1;
  if (members_.empty()) {
    become_empty(now);
  } else {
    begin_generation(now);
  }
}

void ClassicGroup::become_empty(Moment now) {
  state_ = GroupState::empty;
  if (pending_.empty()) members_deadline_ = never;
  state_time_ = now.wall;
  protocol_name_.clear();
  effects_.rows.push_back({record(), EmptyRow{}});
}

void ClassicGroup::begin_generation(Moment now) {
  state_ = GroupState::completing_rebalance;
  protocol_name_ = members_.choose_protocol();
  sync_deadline_ = now.at + members_.rebalance_timeout();
  for (auto& [id, member] : members_) {
    member.owes_sync = true;
    restart_session(member, now);
    const auto waiter = members_.take_join(member);
    if (!waiter) continue; // a static member that is away
    member.joined_before = true;
    effects_.joined.push_back(joined(member, *waiter, id == members_.leader()));
  }
}

void ClassicGroup::restart_session(Member& member, Moment now) {
  member.deadline = now.at + member.session_timeout();
  due(member.deadline);
}

void ClassicGroup::due(Instant deadline) {
  members_deadline_ = std::min(members_deadline_, deadline);
}

ClassicEffects ClassicGroup::take_effects() {
  return std::exchange(effects_, {});
}

} // namespace callboard::groups
