#include "cluster/metadata/image.h"

#include <algorithm>

namespace callboard::metadata {

void Image::apply(const MetadataRecord& record) {
  std::visit([this](const auto& known) { apply_record(known); }, record);
}

const TopicRecord* Image::topic(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const TopicRecord* Image::topic(const Uuid& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second->second;
}

std::optional<PartitionOf> Image::partition_of(GroupId group) const {
  const auto found = by_group_.find(group);
  if (found == by_group_.end()) return std::nullopt;
  return found->second;
}

std::optional<Placement> Image::placement_of(GroupId group) const {
  if (group == metadata_group) return controllers_;
  const auto found = by_group_.find(group);
  if (found == by_group_.end()) return std::nullopt;
  return topic(found->second.topic)->placement(static_cast<std::size_t>(found->second.partition));
}

NodeLoad Image::load(NodeId id) const {
  const auto found = loads_.find(id);
  return found == loads_.end() ? NodeLoad{} : found->second;
}

void Image::apply_record(const TopicRecord& record) {
  remove(record.id);
  if (const auto* same_name = topic(record.name)) remove(Uuid(same_name->id));
  by_id_[record.id] = topics_.emplace(record.name, record).first;
  count(record, 1);
  std::int32_t partition = 0;
  for (const GroupId group : record.groups) {
    by_group_[group] = {record.id, partition++};
    next_group_ = std::max(next_group_, group.next());
  }
}

void Image::apply_record(const TopicRemovedRecord& record) {
  next_group_ = std::max(next_group_, record.next_group);
  remove(record.id);
}

void Image::apply_record(const ProducerIdsRecord& record) {
  next_producer_ = std::max(next_producer_, record.next);
}

void Image::apply_record(const NodeRecord& record) {
  nodes_.insert_or_assign(record.id, record);
}

void Image::apply_record(const ControllersRecord& record) {
  controllers_ = record.placement;
}

void Image::apply_record(const PlacementRecord& record) {
  placed_alone_.insert(record.group);
  const auto found = by_group_.find(record.group);
  if (found == by_group_.end()) return;
  auto& topic = by_id_.at(found->second.topic)->second;
  topic.write_out_placements();
  auto& placement = topic.placements[static_cast<std::size_t>(found->second.partition)];
  count(placement, -1);
  placement = record.placement;
  count(placement, 1);
}

void Image::apply_record(const PlacementForgottenRecord& record) {
  placed_alone_.erase(record.group);
}

const NodeRecord* Image::node(NodeId id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const NodeRecord* Image::node(const Uuid& identity) const {
  for (const auto& [id, record] : nodes_)
    if (record.identity == identity) return &record;
  return nullptr;
}

void Image::remove(const Uuid& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  for (const GroupId group : found->second->second.groups) by_group_.erase(group);
  count(found->second->second, -1);
  topics_.erase(found->second);
  by_id_.erase(found);
}

void Image::count(const TopicRecord& topic, std::int64_t sign) {
  for (std::size_t i = 0; i < topic.groups.size(); ++i) count(topic.placement(i), sign);
}

void Image::count(const Placement& placement, std::int64_t sign) {
  const auto by = static_cast<std::uint64_t>(sign); // -1 wraps round as it should
  for (const NodeId node : placement.voters) loads_[node].replicas += by;
  for (const NodeId node : placement.learners) loads_[node].replicas += by;
  loads_[placement.voters.front()].leads += by;
}

} // namespace callboard::metadata
