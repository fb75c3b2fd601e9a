#include "cluster/metadata/topic_commands.h"

#include <algorithm>

#include "schema/internal_topics.h"

namespace callboard::metadata {
namespace {

constexpr std::size_t name_length_max = 249; // leaves room for "-<partition>" in Kafka's file names

bool legal_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

Status check_replication(std::int16_t factor) {
  if (factor == -1 || factor == 1) return ok_status();
  const auto asked = "Replication factor " + std::to_string(factor);
  return Error{ErrorCode::invalid_replication_factor,
               factor < 1 ? asked + " is not possible; give 1 or more, or -1 for the default."
                          : asked + " needs as many nodes; this cluster has 1. Give 1, or -1 for the default."};
}

Status check_assignments(const std::vector<PartitionAssignment>& assignments, NodeId node) {
  const auto refused = [](std::string message) {
    return Error{ErrorCode::invalid_replica_assignment, std::move(message)};
  };
  std::vector<bool> seen(assignments.size());
  for (const auto& [partition, replicas] : assignments) {
    const auto which = "The assignment of partition " + std::to_string(partition);
    if (partition < 0 || std::cmp_greater_equal(partition, seen.size())) {
      return refused(which + " leaves a gap; partitions are numbered from 0 without one.");
    }
    if (seen[static_cast<std::size_t>(partition)]) return refused(which + " is given twice.");
    seen[static_cast<std::size_t>(partition)] = true;
    if (replicas.size() != 1 || replicas.front() != node) {
      return refused(which + " must name node " + std::to_string(node.value) + " and no other: it is the only one.");
    }
  }
  return ok_status();
}

Result<std::int32_t> count_partitions(const CreateTopicCommand& command, const TopicDefaults& defaults) {
  if (!command.assignments.empty()) {
    if (command.partitions != -1 || command.replication_factor != -1) {
      return Error{ErrorCode::invalid_request,
                   "With a manual assignment, partitions and replication factor must both be -1."};
    }
    if (command.assignments.size() <= static_cast<std::size_t>(std::max(defaults.partitions_max, 0))) {
      if (auto checked = check_assignments(command.assignments, defaults.node); !checked.ok()) return checked.error();
      return static_cast<std::int32_t>(command.assignments.size());
    }
  } else if (command.partitions == -1) {
    return defaults.partitions;
  } else if (command.partitions >= 1 && command.partitions <= defaults.partitions_max) {
    return command.partitions;
  }
  return Error{ErrorCode::invalid_partitions, "A topic has from 1 to " + std::to_string(defaults.partitions_max) +
                                                  " partitions, or -1 for the default of " +
                                                  std::to_string(defaults.partitions) + "."};
}

} // namespace

Status check_topic_name(std::string_view name) {
  const auto refused = [](std::string message) { return Error{ErrorCode::invalid_topic, std::move(message)}; };
  if (name.empty()) return refused("A topic needs a name.");
  if (name.size() > name_length_max) {
    return refused("The topic's name has " + std::to_string(name.size()) + " characters, at most 249 are allowed.");
  }
  if (name == "." || name == "..") return refused("A topic cannot be named \"" + std::string(name) + "\".");
  if (!std::all_of(name.begin(), name.end(), legal_in_name)) {
    return refused("The topic's name \"" + std::string(name) +
                   "\" has characters other than a-z, A-Z, 0-9, '.', '_' and '-'.");
  }
  return ok_status();
}

Status check_not_internal(std::string_view name) {
  if (!is_internal_topic(name)) return ok_status();
  return Error{ErrorCode::invalid_topic,
               "Topic \"" + std::string(name) + "\" belongs to the broker; it cannot be created, changed or deleted."};
}

Error unknown_topic(std::string_view name) {
  return {ErrorCode::unknown_topic_or_partition,
          "There is no topic \"" + std::string(name.substr(0, name_length_max)) + "\"."};
}

Result<TopicRecord> plan_create_topic(const Image& image, const CreateTopicCommand& command,
                                      const TopicDefaults& defaults, const Uuid& fresh_id) {
  if (auto named = check_topic_name(command.name); !named.ok()) return named.error();
  if (!command.internal) {
    if (auto allowed = check_not_internal(command.name); !allowed.ok()) return allowed.error();
  }
  if (image.topic(command.name)) {
    return Error{ErrorCode::topic_already_exists, "Topic \"" + command.name + "\" already exists."};
  }
  const auto partitions = count_partitions(command, defaults);
  if (!partitions.ok()) return partitions.error();
  if (auto checked = check_replication(command.replication_factor); !checked.ok()) return checked.error();
  if (auto config = parse_topic_config(command.configs, defaults.config); !config.ok()) return config.error();

  TopicRecord record{fresh_id, command.name, {}, command.configs};
  record.groups.reserve(static_cast<std::size_t>(*partitions));
  auto group = image.next_group();
  for (std::int32_t i = 0; i < *partitions; ++i, group = group.next()) record.groups.push_back(group);
  return record;
}

Result<TopicRemovedRecord> plan_delete_topic(const Image& image, std::string_view name) {
  if (auto allowed = check_not_internal(name); !allowed.ok()) return allowed.error();
  if (const auto* topic = image.topic(name)) return TopicRemovedRecord{topic->id};
  return unknown_topic(name);
}

Result<TopicRemovedRecord> plan_delete_topic(const Image& image, const Uuid& id) {
  const auto* topic = image.topic(id);
  if (topic == nullptr) return Error{ErrorCode::unknown_topic_id, "There is no topic with the id " + id.hex() + "."};
  if (auto allowed = check_not_internal(topic->name); !allowed.ok()) return allowed.error();
  return TopicRemovedRecord{id};
}

ProducerIdsRecord plan_producer_ids(const Image& image) {
  return {image.next_producer().plus(producer_ids_per_block)};
}

} // namespace callboard::metadata
