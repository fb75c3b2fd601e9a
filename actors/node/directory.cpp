#include "actors/node/directory.h"

namespace callboard {

const PartitionRef* TopicRef::find(std::int32_t partition) const {
  if (partition < 0 || static_cast<std::size_t>(partition) >= partitions.size()) return nullptr;
  return &partitions[static_cast<std::size_t>(partition)];
}

namespace {

void keep_leader(PartitionRef& partition, const PartitionRef& before) {
  if (before.term < partition.term) return;
  partition.term = before.term;
  partition.leader = before.leader;
  partition.revision = before.revision;
  partition.in_sync = before.in_sync;
  partition.voters = before.voters;
}

} // namespace

void Directory::add(TopicRef topic) {
  auto held = std::make_shared<TopicRef>(std::move(topic));
  for (auto& partition : held->partitions)
    if (const auto* known = find(partition.group)) keep_leader(partition, *known);
  by_id_[held->record->id] = held.get();
  for (std::size_t i = 0; i < held->partitions.size(); ++i) by_group_[held->partitions[i].group] = {held.get(), i};
  by_name_[held->record->name] = std::move(held);
}

void Directory::remove(const Uuid& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  auto* topic = found->second;
  for (const auto& partition : topic->partitions) by_group_.erase(partition.group);
  by_id_.erase(found);
  // A topic of this name may have been created again meanwhile.
  const auto named = by_name_.find(topic->record->name);
  if (named != by_name_.end() && named->second.get() == topic) by_name_.erase(named);
}

void Directory::place(PartitionRef partition) {
  const auto found = by_group_.find(partition.group);
  if (found == by_group_.end()) return;
  auto& known = found->second.ref();
  keep_leader(partition, known);
  known = std::move(partition);
}

void Directory::announced(const LeaderAnnouncement& announcement) {
  const auto found = by_group_.find(announcement.group);
  if (found == by_group_.end()) return;
  auto& partition = found->second.ref();
  const bool same_term = announcement.term == partition.term;
  if (announcement.term < partition.term || (same_term && announcement.revision < partition.revision)) return;
  // Within a term only its leader says more; others have just found out who it is.
  if (same_term && announcement.revision == 0 && partition.leader != no_node) return;
  partition.term = announcement.term;
  partition.leader = announcement.leader;
  partition.revision = announcement.revision;
  if (!announcement.in_sync.empty()) partition.in_sync = announcement.in_sync;
  if (!announcement.voters.empty()) partition.voters = announcement.voters;
}

const TopicRef* Directory::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

const TopicRef* Directory::find(const Uuid& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const PartitionRef* Directory::find(GroupId group) const {
  const auto found = by_group_.find(group);
  return found == by_group_.end() ? nullptr : &found->second.ref();
}

const PartitionRef* Directory::find(std::string_view topic, std::int32_t partition) const {
  const auto* found = find(topic);
  return found == nullptr ? nullptr : found->find(partition);
}

} // namespace callboard
