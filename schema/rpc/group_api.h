#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/time.h"

// What broker.capnp says of consumer groups, as plain structs; the schema says what each
// field means.
namespace callboard::rpc {

struct GroupSummary {
  std::string id;
  std::string state;
  std::string protocol_type;
  std::uint32_t members = 0;

  bool operator==(const GroupSummary&) const = default;
};

struct GroupPage {
  std::vector<GroupSummary> groups;
  bool more = false;
};

struct TopicPartitions {
  std::string topic;
  std::vector<std::int32_t> partitions;

  bool operator==(const TopicPartitions&) const = default;
};

struct GroupMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::vector<TopicPartitions> assignment = {};

  bool operator==(const GroupMember&) const = default;
};

struct GroupOffset {
  std::string topic;
  std::int32_t partition = 0;
  Offset offset = unknown_offset;
  std::string metadata = {};
  TimestampMs commit_timestamp = no_timestamp;
  Offset high_watermark = unknown_offset;
  std::int64_t lag = -1;
  std::int64_t lag_ms = -1;

  bool operator==(const GroupOffset&) const = default;
};

struct GroupInfo {
  std::string id;
  std::string state;
  std::string protocol_type;
  std::string protocol;
  std::int32_t generation = 0;
  std::string leader;
  NodeId coordinator = no_node;
  std::vector<GroupMember> members;
  std::vector<GroupOffset> offsets;
  std::string rebalance_cause;
  TimestampMs rebalance_timestamp = no_timestamp;
  bool shortened = false;

  bool operator==(const GroupInfo&) const = default;
};

struct OffsetReset {
  std::string topic;
  std::int32_t partition = 0;
  Offset offset;

  bool operator==(const OffsetReset&) const = default;
};

inline constexpr std::uint32_t groups_page_max = 1000;
inline constexpr std::size_t group_offsets_max = 100'000; // of one answer or reset

} // namespace callboard::rpc
