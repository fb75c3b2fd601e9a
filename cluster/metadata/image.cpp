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

void Image::apply_record(const TopicRecord& record) {
  remove(record.id);
  if (const auto* same_name = topic(record.name)) remove(Uuid(same_name->id));
  by_id_[record.id] = topics_.emplace(record.name, record).first;
  std::int32_t partition = 0;
  for (const GroupId group : record.groups) {
    by_group_[group] = {record.id, partition++};
    next_group_ = std::max(next_group_, group.next());
  }
}

void Image::apply_record(const TopicRemovedRecord& record) {
  remove(record.id);
}

void Image::apply_record(const ProducerIdsRecord& record) {
  next_producer_ = std::max(next_producer_, record.next);
}

void Image::remove(const Uuid& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  for (const GroupId group : found->second->second.groups) by_group_.erase(group);
  topics_.erase(found->second);
  by_id_.erase(found);
}

} // namespace callboard::metadata
