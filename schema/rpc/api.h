#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/host_port.h"
#include "schema/record_batch.h"
#include "schema/uuid.h"

// The public API of broker.capnp and inspect.capnp as plain structs: what the client
// library gives to programs and what the RPC services ask of the node. The schemas
// say what each field means.
namespace callboard::rpc {

using Configs = std::vector<std::pair<std::string, std::string>>;

struct CreateTopic {
  std::string name;
  std::int32_t partitions = -1;         // -1: the broker's default
  std::int16_t replication_factor = -1; // -1: the broker's default
  Configs configs = {};
};

struct TopicInfo {
  std::string name;
  Uuid id;
  std::uint32_t partitions = 0;
  std::uint16_t replication_factor = 0;
  Configs configs;

  bool operator==(const TopicInfo&) const = default;
};

struct TopicPage {
  std::vector<TopicInfo> topics;
  bool more = false;
};

struct ConfigChange {
  std::string name;
  std::optional<std::string> value; // nullopt: back to the default

  bool operator==(const ConfigChange&) const = default;
};

struct AlterTopic {
  std::string name;
  std::vector<ConfigChange> changes = {};
  std::int32_t partitions = -1; // -1: as many as there are
};

struct PartitionInfo {
  std::int32_t id = 0;
  NodeId leader = no_node;
  Term leader_epoch{-1};
  Offset log_start = unknown_offset;
  Offset high_watermark = unknown_offset;
  std::int64_t bytes = -1;         // -1: not known
  std::optional<Error> error = {}; // why the partition could not tell the rest
  std::vector<NodeId> replicas = {};
  std::vector<NodeId> in_sync = {}; // empty: not known
};

struct NodeAddress {
  NodeId node = no_node;
  HostPort address;

  bool operator==(const NodeAddress&) const = default;
};

struct PartitionPage {
  std::vector<PartitionInfo> partitions;
  bool more = false;
  std::vector<NodeAddress> leaders = {}; // of other nodes
};

// A record with what it owns; nullopt keys and values are Kafka's null.
struct Record {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<RecordHeader> headers = {};
  TimestampMs timestamp = no_timestamp; // produce: none is now
  Offset offset = unknown_offset;       // fetch only
};

enum class Acks : std::uint8_t { all, leader, none };
// As Kafka and the replica count: -1, 1, 0.
std::int16_t kafka_acks(Acks acks);

struct Produced {
  Offset base_offset = unknown_offset;
  TimestampMs log_append_time = no_timestamp;
  Offset log_start = unknown_offset;
};

struct SendFailure {
  std::uint64_t send = 0; // which since the last flush, from 0
  Error error;
};

struct Flushed {
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;
  std::vector<SendFailure> failures; // the first failures_max
  Offset first_offset = unknown_offset;
  Offset last_offset = unknown_offset;
};

struct FetchRange {
  Offset offset;
  std::uint32_t bytes_max = 1 << 20;
  std::uint32_t bytes_min = 1;
  std::uint32_t wait_ms_max = 0;
};

struct Fetched {
  std::vector<SharedBytes> batches; // the first may begin before the offset asked for
  Offset high_watermark = unknown_offset;
  Offset log_start = unknown_offset;
};

struct OffsetInfo {
  Offset offset = unknown_offset;
  TimestampMs timestamp = no_timestamp;
};

enum class ActorOrder : std::uint8_t { mailbox_depth, mailbox_age, processing, messages, name };

struct ActorQuery {
  std::string kind;         // empty: all
  std::string name_pattern; // a part of the name
  NodeId node = no_node;    // no_node: all
  ActorOrder order = ActorOrder::mailbox_depth;
  std::uint32_t limit = 50; // at most actor_rows_max
};

struct ActorRow {
  std::uint64_t id = 0;
  std::string kind;
  std::string name;
  std::string thread;
  std::uint64_t messages = 0;
  std::uint64_t processing_ns = 0;
  std::uint64_t mailbox_depth = 0;
  std::uint64_t mailbox_age_ns = 0;
  bool answering = false;
  std::string state;
  NodeId node = no_node;

  bool operator==(const ActorRow&) const = default;
};

struct ActorPage {
  std::vector<ActorRow> rows;
  std::uint32_t total = 0;
};

inline constexpr std::size_t failures_max = 64;
inline constexpr std::uint32_t actor_rows_max = 200;
inline constexpr std::uint32_t topics_page_max = 1000;
inline constexpr std::uint32_t partitions_page_max = 1000;
inline constexpr std::size_t topic_configs_max = 256;
inline constexpr std::uint32_t request_ms_max = 5 * 60 * 1000; // of every timeout and wait a client asks for
// Of one Cap'n Proto message, either way.
inline constexpr std::size_t message_bytes_max = std::size_t{64} << 20;

} // namespace callboard::rpc
