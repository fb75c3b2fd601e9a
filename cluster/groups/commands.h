#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/bytes.h"
#include "schema/group_record.h"
#include "schema/result.h"
#include "schema/time.h"

// What a consumer group is asked and what it answers. Everything in a command may come from
// a client; what is kept of it is bounded by GroupOptions and copied, so that the frame it
// came in can go.
namespace callboard::groups {

// Names who waits for an answer; made by the caller, opaque here.
using WaiterId = std::uint64_t;

// `at` decides deadlines, `wall` is what people read.
struct Moment {
  Instant at;
  TimestampMs wall = no_timestamp;
};

struct GroupOptions {
  Duration initial_rebalance_delay = std::chrono::milliseconds(250); // group.initial.rebalance.delay.ms
  std::int32_t session_timeout_min_ms = 1'000;                       // group.min.session.timeout.ms
  std::int32_t session_timeout_max_ms = 30 * 60'000;                 // group.max.session.timeout.ms
  std::size_t members_max = 10'000;                                  // group.max.size; of pending ones as many
  std::size_t member_bytes_max = std::size_t{1} << 20;               // texts, metadata and assignment of one
  std::size_t group_bytes_max = std::size_t{64} << 20;               // the same of all
  std::size_t protocols_max = 64;                                    // of one member
  std::size_t offset_metadata_bytes_max = 4096;                      // offset.metadata.max.bytes
  std::size_t offsets_bytes_max = std::size_t{64} << 20;             // some 200 bytes an offset, and its texts
};

// Kafka's five. Dead: being deleted.
enum class GroupState : std::uint8_t { empty, preparing_rebalance, completing_rebalance, stable, dead };
// As Kafka spells it: "PreparingRebalance".
std::string_view name_of(GroupState state);

// A way to assign partitions that a member offers, most wanted first.
struct Protocol {
  std::string name;
  SharedBytes metadata; // opaque; of protocol type "consumer" a subscription
};

struct JoinCommand {
  WaiterId waiter = 0;
  std::string member_id; // "" for a new member
  // Unused by any member, of at most 300 bytes; taken where a new one is given out.
  // Kafka's form is client id (or instance id), '-', random UUID.
  std::string fresh_member_id;
  std::optional<std::string> instance_id; // a static member (KIP-345)
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1; // -1 (JoinGroup 0): the session timeout
  std::string protocol_type;
  std::vector<Protocol> protocols;
  std::string reason;               // KIP-800
  bool require_known_member = true; // JoinGroup 4 and later (KIP-394)
  bool can_skip_assignment = false; // JoinGroup 9 and later (KIP-814)
};

struct JoinedMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  SharedBytes metadata; // for the chosen protocol
};

struct JoinOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;   // for a person, beside an error
  std::string member_id; // beside member_id_required the one to come back with
  std::int32_t generation = -1;
  std::string protocol_type;
  std::string protocol_name;
  std::string leader;
  bool skip_assignment = false;
  std::vector<JoinedMember> members; // for the leader only
};

struct Assignment {
  std::string member_id;
  SharedBytes assignment;
};

struct SyncCommand {
  WaiterId waiter = 0;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> protocol_type; // both from SyncGroup 5 (KIP-559)
  std::optional<std::string> protocol_name;
  std::vector<Assignment> assignments; // the leader's
};

struct SyncOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;
  std::string protocol_type;
  std::string protocol_name;
  SharedBytes assignment;
};

struct HeartbeatCommand {
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
};

// By member id, or by instance id alone (an administrator removes a static member).
struct LeavingMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string reason; // KIP-800
};

// LeaveGroup 0 to 2 name one member; its error is the response's then.
struct LeaveOutcome {
  ErrorCode error = ErrorCode::none; // of the whole: then `members` is empty
  std::string message;
  std::vector<ErrorCode> members; // in the order of the request
};

struct CommitPartition {
  std::string topic; // a legal name of an existing topic: the caller checks
  Uuid topic_id;
  std::int32_t partition = 0;
  Offset offset;
  std::int32_t leader_epoch = -1;
  std::string metadata;
};

// A simple consumer, or an administrator: generation -1 and no member id.
struct CommitCommand {
  WaiterId waiter = 0;
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance_id;
  std::vector<CommitPartition> partitions;
};

// Answers a commit or a deletion of offsets.
struct OffsetsOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none; // of the whole; every entry of `partitions` has it too
  std::string message;
  std::vector<ErrorCode> partitions; // in the order of the request
};

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  auto operator<=>(const TopicPartition&) const = default;
};

// offset -1: nothing committed, which is no error.
struct FetchedOffset {
  TopicPartition partition;
  ErrorCode error = ErrorCode::none; // unstable_offset_commit once there are transactions
  Offset offset = unknown_offset;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  TimestampMs commit_time = no_timestamp;
};

struct FetchOffsetsCommand {
  std::optional<std::vector<TopicPartition>> partitions; // nullopt: all that are committed
  // KIP-447: no offset whose successor a transaction holds. Nothing is pending in that
  // sense yet, so it changes nothing.
  bool require_stable = false;
};

struct FetchOffsetsOutcome {
  ErrorCode error = ErrorCode::none;
  std::string message;
  std::vector<FetchedOffset> offsets; // as asked for; all: by topic and partition
};

struct DeleteOffsetsCommand {
  WaiterId waiter = 0;
  std::vector<TopicPartition> partitions;
};

struct DeleteGroupOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;
};

// Why the group last rebalanced, as a sentence; "" if it never did.
struct RebalanceCause {
  std::string sentence;
  TimestampMs at = no_timestamp;
};

struct DescribedMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  SharedBytes metadata; // both only of a stable group
  SharedBytes assignment;
};

struct GroupDescription {
  GroupState state = GroupState::dead; // dead: there is no such group
  std::string protocol_type;
  std::string protocol_name; // of a stable group
  std::int32_t generation = 0;
  std::string leader;
  std::vector<DescribedMember> members;
  RebalanceCause cause;
  TimestampMs state_time = no_timestamp;
};

// One row to be put or, with nothing as its value, deleted; see schema/group_rows.h.
struct GroupRowChange {
  std::string key;
  std::variant<std::monostate, GroupRecord, OffsetRecord> value;
};

// The rows of one decision: one batch, all or nothing.
struct GroupWrite {
  std::uint64_t sequence = 0;
  std::vector<GroupRowChange> rows;
};

} // namespace callboard::groups
