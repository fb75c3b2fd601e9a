#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

enum class ApiKey : std::int16_t {
  produce = 0,
  fetch = 1,
  list_offsets = 2,
  metadata = 3,
  offset_commit = 8,
  offset_fetch = 9,
  find_coordinator = 10,
  join_group = 11,
  heartbeat = 12,
  leave_group = 13,
  sync_group = 14,
  describe_groups = 15,
  list_groups = 16,
  api_versions = 18,
  create_topics = 19,
  delete_topics = 20,
  delete_records = 21,
  init_producer_id = 22,
  offset_for_leader_epoch = 23,
  describe_configs = 32,
  alter_configs = 33,
  describe_log_dirs = 35,
  create_partitions = 37,
  delete_groups = 42,
  elect_leaders = 43,
  incremental_alter_configs = 44,
  alter_partition_reassignments = 45,
  list_partition_reassignments = 46,
  offset_delete = 47,
  describe_cluster = 60,
  describe_producers = 61,
  describe_topic_partitions = 75,
};

// What this broker knows about an API. A client is told the advertised versions;
// only the served ones are handled.
struct Api {
  ApiKey key;
  std::string_view name;
  Versions served;
  Versions advertised;
  std::int16_t flexible_from; // first version in KIP-482's compact form

  bool flexible(std::int16_t version) const { return version >= flexible_from; }
};

// All of them, by ascending key.
std::span<const Api> apis();

const Api& api_of(ApiKey key);
// For a key from outside: null if there is no such API here.
const Api* find_api(std::int16_t key);

} // namespace callboard::kafka
