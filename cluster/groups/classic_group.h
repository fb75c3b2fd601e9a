#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "cluster/groups/commands.h"
#include "cluster/groups/members.h"

namespace callboard::groups {

// Why the group's row is written, given back with the outcome of the write.
struct AssignmentRow {
  std::int32_t generation = 0; // the leader's assignment of it
};
struct StaticMemberRow {
  JoinOutcome answer; // for the instance that came back
};
struct EmptyRow {}; // the last member is gone
using RowPurpose = std::variant<AssignmentRow, StaticMemberRow, EmptyRow>;

// What ClassicGroup wants to happen; taken after each input.
struct ClassicEffects {
  struct Row {
    GroupRecord record;
    RowPurpose purpose;
  };
  std::vector<Row> rows; // to be written in this order: answer with stored() or store_failed()
  std::vector<JoinOutcome> joined;
  std::vector<SyncOutcome> synced;
};

// The membership side of a group under Kafka's classic protocol: the clients assign, the
// group counts generations. Behaviour as Kafka 4's classic groups; KIP-345 (static members),
// KIP-394 (a first join only gets a member id), KIP-559 (protocol in SyncGroup), KIP-800
// (reasons), KIP-814 (a static leader that comes back need not assign).
//
//                  first join                  all known members rejoined, or waited enough
//     Empty  --------------------->  PreparingRebalance  ----------------------->  CompletingRebalance
//       ^    <---------------------   ^        ^   members parked in JoinGroup       |  parked in SyncGroup
//       |       nobody is left        |        | join, leave, expiry, failed write  |
//       |                             |        +------------------------------------+
//       |                             +--------------- Stable <---------------------+  assignment stored
//
// Out of Empty a rebalance waits initial_rebalance_delay after the last new member, at most
// their rebalance timeout. Out of the other states it waits for all members and pending ones,
// at most the rebalance timeout; then it goes on without those who are missing (static
// members stay until their session ends). Members that do not ask for their assignment within
// the rebalance timeout are removed.
//
// Deadlines are kept as one lower bound: heartbeats only move them away, so a heartbeat costs
// no more than finding its member. A parked member has no session to keep alive; one whose
// first join is parked is removed after five minutes.
class ClassicGroup {
public:
  explicit ClassicGroup(const GroupOptions& options) : options_(options) {}

  // From the group's row; members get a fresh session timeout.
  void load(const GroupRecord& record, Moment now);
  // What the row is to say in the states Empty and Stable.
  GroupRecord record() const;

  // Answered in ClassicEffects::joined. Errors: invalid_session_timeout, unknown_member_id,
  // fenced_instance_id, inconsistent_group_protocol, group_max_size_reached, message_too_large,
  // invalid_request, member_id_required; while it is parked rebalance_in_progress (the same
  // member joined again) and those of membership.
  void join(JoinCommand command, Moment now);
  // Answered in ClassicEffects::synced. Errors: unknown_member_id, fenced_instance_id,
  // illegal_generation, inconsistent_group_protocol, rebalance_in_progress, message_too_large,
  // and those of a failed write.
  void sync(SyncCommand command, Moment now);
  // Errors: unknown_member_id, fenced_instance_id, illegal_generation, rebalance_in_progress.
  Status heartbeat(const HeartbeatCommand& command, Moment now);
  LeaveOutcome leave(const std::vector<LeavingMember>& leaving, Moment now);

  // May this member commit offsets? A commit is as good as a heartbeat.
  Status check_commit(const CommitCommand& command, Moment now);
  // Does a member subscribe to the topic? One whose subscription cannot be read, to all.
  bool subscribes(std::string_view topic) const;

  void expire(Moment now);
  // Never later than the next thing that expire() would do; often earlier.
  Instant next_deadline() const;

  void stored(RowPurpose purpose, Moment now);
  void store_failed(RowPurpose purpose, const Error& error, Moment now);
  // Everybody parked is told.
  void refuse_parked(const Error& error);

  ClassicEffects take_effects();

  GroupState state() const { return state_; }
  std::int32_t generation() const { return generation_; }
  const std::string& protocol_type() const { return protocol_type_; }
  const Members& members() const { return members_; }
  std::size_t pending_members() const { return pending_.size(); }
  // In PreparingRebalance, CompletingRebalance, Stable and Empty.
  GroupDescription describe() const;

private:
  // classic_join.cpp
  std::optional<Error> refuse_join(const JoinCommand& command) const;
  bool has_place(const JoinCommand& command) const;
  void join_new(JoinCommand command, Moment now);
  void join_known(JoinCommand command, Moment now);
  void add_pending(const JoinCommand& command, Moment now);
  void add_member(JoinCommand command, std::string id, Moment now);
  void update_member(Member& member, JoinCommand& command);
  void rejoin(Member& member, JoinCommand& command, const std::string& what, Moment now);
  void replace_static(JoinCommand command, const std::string& old_id, Moment now);
  void keep_static(Member& member, const JoinCommand& command, const std::string& old_leader, Moment now);
  void park_join(Member& member, WaiterId waiter);
  JoinOutcome joined(const Member& member, WaiterId waiter, bool with_members) const;
  void answer_join(WaiterId waiter, Error error, std::string member_id = {});

  // classic_sync.cpp
  Status check_sync(const SyncCommand& command) const;
  Status check_assignments(const SyncCommand& command) const;
  void park_sync(Member& member, const SyncCommand& command);
  void propose(SyncCommand& command, Moment now);
  void answer_sync(Member& member, WaiterId waiter);
  void refuse_syncs(const Error& error, Moment now);

  // classic_leave.cpp
  std::string leave_sentence(const LeavingMember& leaving) const;
  ErrorCode leave_one(const LeavingMember& leaving);
  void drop(Member& member, const Error& error);
  void expire_members(Moment now);
  void expire_syncs(Moment now);
  void removed_some(std::string cause, Moment now);

  // classic_group.cpp
  Status check_member(const std::string& id, const std::optional<std::string>& instance_id) const;
  Status check_generation(std::int32_t generation) const;
  void rebalance(std::string cause, Moment now);
  void prepare_rebalance(std::string cause, Moment now);
  void maybe_complete_join(Moment now);
  void complete_join(Moment now);
  void begin_generation(Moment now);
  void become_empty(Moment now);
  void restart_session(Member& member, Moment now);
  void due(Instant deadline);

  GroupOptions options_;
  GroupState state_ = GroupState::empty;
  std::string protocol_type_;
  std::string protocol_name_;
  std::int32_t generation_ = 0;
  TimestampMs state_time_ = no_timestamp;
  RebalanceCause cause_;
  Members members_;
  // Got a member id and may join with it until then (KIP-394).
  std::map<std::string, Instant, std::less<>> pending_;
  Instant members_deadline_ = never; // no later than any member's or pending member's
  bool out_of_empty_ = false;        // this rebalance: waits for its deadline, come who may
  Instant rebalance_deadline_ = never;
  Instant rebalance_latest_ = never; // as far as new members may move the deadline
  Instant sync_deadline_ = never;
  bool storing_ = false; // this generation's assignment is on its way to the disk
  ClassicEffects effects_;
};

// "member M of client C at HOST", cut to what people read.
std::string described(const std::string& member_id, const std::string& client_id, const std::string& client_host);
// ": REASON" of at most 255 characters; nothing if there is none.
std::string because(std::string_view reason);

} // namespace callboard::groups
