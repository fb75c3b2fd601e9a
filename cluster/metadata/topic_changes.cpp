#include "cluster/metadata/topic_changes.h"

#include <algorithm>
#include <set>

#include "cluster/metadata/assignments.h"

namespace callboard::metadata {
namespace {

Result<TopicRecord> find_topic(const Image& image, const std::string& name) {
  if (auto allowed = check_not_internal(name); !allowed.ok()) return allowed.error();
  if (const auto* topic = image.topic(name)) return *topic;
  return unknown_topic(name);
}

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto item = list.substr(0, comma);
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    if (const auto last = item.find_last_not_of(' '); last != item.npos) items.emplace_back(item.substr(0, last + 1));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return items;
}

std::string joined(const std::vector<std::string>& items) {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ",") + item;
  return list;
}

void set_config(TopicConfigs& configs, const std::string& name, std::string value) {
  const auto found =
      std::find_if(configs.begin(), configs.end(), [&](const auto& config) { return config.first == name; });
  if (found != configs.end())
    found->second = std::move(value);
  else
    configs.emplace_back(name, std::move(value));
}

std::string value_of(const TopicConfigs& configs, const std::string& name, const TopicConfig& defaults) {
  for (auto& config : describe_topic_config(configs, defaults))
    if (config.name == name) return std::move(config.value);
  return {};
}

// append and subtract
Status change_list(TopicConfigs& configs, const ConfigChange& change, const TopicConfig& defaults) {
  if (topic_config_type(change.name) != ConfigType::list) {
    return Error{ErrorCode::invalid_config, change.name + " is no list: it can be set or deleted, nothing else."};
  }
  auto items = items_of(value_of(configs, change.name, defaults));
  for (auto& item : items_of(*change.value)) {
    const bool held = std::find(items.begin(), items.end(), item) != items.end();
    if (change.operation == ConfigOperation::subtract)
      std::erase(items, item);
    else if (!held)
      items.push_back(std::move(item));
  }
  set_config(configs, change.name, joined(items));
  return ok_status();
}

Status apply(TopicConfigs& configs, const ConfigChange& change, const TopicConfig& defaults) {
  if (change.operation != ConfigOperation::reset && !change.value) {
    return Error{ErrorCode::invalid_request, "The value of " + change.name + " is missing."};
  }
  if (!topic_config_type(change.name)) return unknown_topic_config(change.name);
  switch (change.operation) {
  case ConfigOperation::set: set_config(configs, change.name, *change.value); return ok_status();
  case ConfigOperation::reset:
    std::erase_if(configs, [&](const auto& config) { return config.first == change.name; });
    return ok_status();
  case ConfigOperation::append:
  case ConfigOperation::subtract: return change_list(configs, change, defaults);
  }
  return Error{ErrorCode::invalid_request,
               "There is no operation " + std::to_string(static_cast<int>(change.operation)) +
                   " on a configuration; give 0 (set), 1 (delete), 2 (append) or 3 (subtract)."};
}

Status check_new_replicas(const Image& image, const PlacementView& view,
                          const std::vector<std::vector<NodeId>>& assignments, std::size_t added,
                          const TopicRecord& topic) {
  const auto refused = [](std::string message) {
    return Error{ErrorCode::invalid_replica_assignment, std::move(message)};
  };
  if (assignments.size() != added) {
    return refused(std::to_string(added) + " partitions would be added, but " + std::to_string(assignments.size()) +
                   " assignments are given; give one for each.");
  }
  const auto factor = topic.placement(0).voters.size();
  auto partition = topic.groups.size();
  for (const auto& replicas : assignments) {
    const auto which = "The assignment of partition " + std::to_string(partition++);
    if (auto checked = check_replicas(image, view, replicas, which); !checked.ok()) return checked;
    if (replicas.size() != factor && !topic.default_factor) {
      return refused(which + " names " + std::to_string(replicas.size()) + " nodes; the topic's partitions have " +
                     std::to_string(factor) + " replicas.");
    }
  }
  return ok_status();
}

// For all groups of `record` that have none yet.
Status place_new(TopicRecord& record, PlacementView& view) {
  const auto factor =
      record.default_factor ? default_factor(view.active()) : Factor{record.placement(0).voters.size(), 0};
  if (auto possible = check_factor(view, static_cast<std::int16_t>(factor.voters)); !possible.ok()) return possible;
  while (record.placements.size() < record.groups.size()) {
    record.placements.push_back(view.place(factor, spread_seed(record.groups[record.placements.size()])));
    view.add(record.placements.back());
  }
  return ok_status();
}

} // namespace

Result<TopicRecord> plan_alter_topic(const Image& image, const AlterTopicCommand& command,
                                     const TopicDefaults& defaults) {
  auto record = find_topic(image, command.name);
  if (!record) return record;
  if (command.replace) record->configs.clear();
  std::set<std::string_view> seen;
  for (const auto& change : command.changes) {
    if (!seen.insert(change.name).second) {
      return Error{ErrorCode::invalid_request,
                   "The request names the configuration " + change.name.substr(0, 100) + " more than once."};
    }
    if (auto applied = apply(record->configs, change, defaults.config); !applied.ok()) return applied.error();
  }
  if (auto config = parse_topic_config(record->configs, defaults.config); !config) return config.error();
  return record;
}

Result<TopicRecord> plan_add_partitions(const Image& image, const AddPartitionsCommand& command,
                                        const TopicDefaults& defaults, const Liveness& liveness) {
  auto record = find_topic(image, command.name);
  if (!record) return record;
  const auto now = record->groups.size();
  if (command.count < 1 || static_cast<std::size_t>(command.count) <= now) {
    return Error{ErrorCode::invalid_partitions, "Topic \"" + command.name + "\" has " + std::to_string(now) +
                                                    " partitions; " + std::to_string(command.count) +
                                                    " would not be more, and a topic never gets fewer."};
  }
  if (command.count > defaults.partitions_max) {
    return Error{ErrorCode::invalid_partitions,
                 "A topic has at most " + std::to_string(defaults.partitions_max) + " partitions."};
  }
  const auto added = static_cast<std::size_t>(command.count) - now;
  PlacementView view(image, liveness);
  if (command.assignments) {
    if (auto fit = check_new_replicas(image, view, *command.assignments, added, *record); !fit.ok()) return fit.error();
  }
  record->write_out_placements();
  auto group = image.next_group();
  for (std::size_t i = 0; i < added; ++i, group = group.next()) record->groups.push_back(group);
  if (command.assignments) {
    for (const auto& replicas : *command.assignments) record->placements.push_back({replicas, {}, true});
  } else if (auto placed = place_new(*record, view); !placed.ok()) {
    return placed.error();
  }
  return record;
}

} // namespace callboard::metadata
