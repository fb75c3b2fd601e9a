#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/time.h"
#include "schema/uuid.h"

// What the offsets partitions persist of consumer groups, as plain structs;
// schema/rpc/records.capnp is their form on disk, schema/rpc/translate_group.h the way
// between the two, schema/group_rows.h has their keys.
namespace callboard {

struct GroupMemberRecord {
  std::string member_id;
  std::optional<std::string> instance_id; // KIP-345
  std::string client_id;
  std::string client_host;
  std::int32_t rebalance_timeout_ms = 0;
  std::int32_t session_timeout_ms = 0;
  SharedBytes subscription; // its metadata for the group's protocol; opaque
  SharedBytes assignment;   // opaque
};

// A group as of its last completed rebalance; without members it is Empty, else Stable.
struct GroupRecord {
  std::string protocol_type; // "consumer", "connect"; "" for a group that only keeps offsets
  std::int32_t generation = 0;
  std::string protocol_name; // "" without members
  std::string leader;        // a member id; "" without members
  TimestampMs state_time = no_timestamp;
  std::vector<GroupMemberRecord> members;
  std::string rebalance_cause; // of the last rebalance: a sentence
  TimestampMs rebalance_time = no_timestamp;
};

// One committed offset. It speaks for the topic with `topic_id` only: once another topic
// has that name, the row counts as absent.
struct OffsetRecord {
  Offset offset = unknown_offset;
  std::int32_t leader_epoch = -1; // -1: not told (KIP-320)
  std::string metadata;
  TimestampMs commit_time = no_timestamp;
  Uuid topic_id;

  bool operator==(const OffsetRecord&) const = default;
};

inline bool operator==(const GroupMemberRecord& a, const GroupMemberRecord& b) {
  return a.member_id == b.member_id && a.instance_id == b.instance_id && a.client_id == b.client_id &&
         a.client_host == b.client_host && a.rebalance_timeout_ms == b.rebalance_timeout_ms &&
         a.session_timeout_ms == b.session_timeout_ms && a.subscription.text() == b.subscription.text() &&
         a.assignment.text() == b.assignment.text();
}

inline bool operator==(const GroupRecord& a, const GroupRecord& b) {
  return a.protocol_type == b.protocol_type && a.generation == b.generation && a.protocol_name == b.protocol_name &&
         a.leader == b.leader && a.state_time == b.state_time && a.members == b.members &&
         a.rebalance_cause == b.rebalance_cause && a.rebalance_time == b.rebalance_time;
}

} // namespace callboard
