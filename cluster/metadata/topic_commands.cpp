#include "cluster/metadata/topic_commands.h"

#include <algorithm>

#include "cluster/metadata/assignments.h"
#include "schema/internal_topics.h"

namespace callboard::metadata {
namespace {

constexpr std::size_t name_length_max = 249; // leaves room for "-<partition>" in Kafka's file names

bool legal_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

Status check_assignments(const Image& image, const PlacementView& view,
                         const std::vector<PartitionAssignment>& assignments) {
  const auto refused = [](std::string message) {
    return Error{ErrorCode::invalid_replica_assignment, std::move(message)};
  };
  std::vector<bool> seen(assignments.size());
  const auto factor = assignments.front().replicas.size();
  for (const auto& [partition, replicas] : assignments) {
    const auto which = "The assignment of partition " + std::to_string(partition);
    if (partition < 0 || std::cmp_greater_equal(partition, seen.size())) {
      return refused(which + " leaves a gap; partitions are numbered from 0 without one.");
    }
    if (seen[static_cast<std::size_t>(partition)]) return refused(which + " is given twice.");
    seen[static_cast<std::size_t>(partition)] = true;
    if (auto checked = check_replicas(image, view, replicas, which); !checked.ok()) return checked;
    if (replicas.size() != factor) {
      return refused(which + " names " + std::to_string(replicas.size()) + " nodes where another names " +
                     std::to_string(factor) + "; give each partition as many.");
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
    if (command.assignments.size() <= static_cast<std::size_t>(std::max(defaults.partitions_max, 0)))
      return static_cast<std::int32_t>(command.assignments.size());
  } else if (command.partitions == -1) {
    return defaults.partitions;
  } else if (command.partitions >= 1 && command.partitions <= defaults.partitions_max) {
    return command.partitions;
  }
  return Error{ErrorCode::invalid_partitions, "A topic has from 1 to " + std::to_string(defaults.partitions_max) +
                                                  " partitions, or -1 for the default of " +
                                                  std::to_string(defaults.partitions) + "."};
}

// By partition. `record` has its groups.
std::vector<Placement> place(const TopicRecord& record, const CreateTopicCommand& command, PlacementView& view) {
  std::vector<Placement> placements(record.groups.size());
  for (const auto& [partition, replicas] : command.assignments)
    placements[static_cast<std::size_t>(partition)].voters = replicas;
  if (!command.assignments.empty()) return placements;
  const auto factor = command.replication_factor == -1
                          ? default_factor(view.active())
                          : Factor{static_cast<std::size_t>(command.replication_factor), 0};
  for (std::size_t i = 0; i < placements.size(); ++i) {
    placements[i] = view.place(factor, spread_seed(record.groups[i]));
    view.add(placements[i]);
  }
  return placements;
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
                                      const TopicDefaults& defaults, const Liveness& liveness, const Uuid& fresh_id) {
  if (auto named = check_topic_name(command.name); !named.ok()) return named.error();
  if (!command.internal) {
    if (auto allowed = check_not_internal(command.name); !allowed.ok()) return allowed.error();
  }
  if (image.topic(command.name)) {
    return Error{ErrorCode::topic_already_exists, "Topic \"" + command.name + "\" already exists."};
  }
  const auto partitions = count_partitions(command, defaults);
  if (!partitions.ok()) return partitions.error();
  PlacementView view(image, liveness);
  if (!command.assignments.empty()) {
    if (auto checked = check_assignments(image, view, command.assignments); !checked.ok()) return checked.error();
  } else if (auto checked = check_factor(view, command.replication_factor); !checked.ok()) {
    return checked.error();
  }
  if (auto config = parse_topic_config(command.configs, defaults.config); !config.ok()) return config.error();

  TopicRecord record{fresh_id, command.name, {}, command.configs};
  record.groups.reserve(static_cast<std::size_t>(*partitions));
  auto group = image.next_group();
  for (std::int32_t i = 0; i < *partitions; ++i, group = group.next()) record.groups.push_back(group);
  record.placements = place(record, command, view);
  record.default_factor = command.assignments.empty() && command.replication_factor == -1;
  return record;
}

std::vector<MetadataRecord> TopicDeletionPlan::records() const {
  std::vector<MetadataRecord> out{removed};
  out.insert(out.end(), forgotten.begin(), forgotten.end());
  return out;
}

Result<TopicDeletionPlan> plan_delete_topic(const Image& image, std::string_view name) {
  const auto* topic = image.topic(name);
  if (topic != nullptr) return plan_delete_topic(image, Uuid(topic->id));
  if (auto allowed = check_not_internal(name); !allowed.ok()) return allowed.error();
  return unknown_topic(name);
}

Result<TopicDeletionPlan> plan_delete_topic(const Image& image, const Uuid& id) {
  const auto* topic = image.topic(id);
  if (topic == nullptr) return Error{ErrorCode::unknown_topic_id, "There is no topic with the id " + id.hex() + "."};
  if (auto allowed = check_not_internal(topic->name); !allowed.ok()) return allowed.error();
  TopicDeletionPlan plan{{id, image.next_group(), topic->name}};
  for (const auto group : topic->groups)
    if (image.placed_alone(group)) plan.forgotten.push_back({group});
  return plan;
}

ProducerIdsRecord plan_producer_ids(const Image& image) {
  return {image.next_producer().plus(producer_ids_per_block)};
}

} // namespace callboard::metadata
