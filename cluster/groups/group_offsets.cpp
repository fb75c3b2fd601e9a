#include "cluster/groups/group_offsets.h"

#include <utility>

namespace callboard::groups {
namespace {

constexpr std::size_t slot_bytes = 200; // what an offset takes beside its texts

std::size_t cost_of(const std::string& topic) {
  return slot_bytes + topic.size();
}

FetchedOffset fetched(const TopicPartition& partition, const OffsetRecord& record) {
  return {partition, ErrorCode::none, record.offset, record.leader_epoch, record.metadata, record.commit_time};
}

} // namespace

void GroupOffsets::load(const TopicPartition& partition, OffsetRecord record) {
  auto& slot = touch(partition);
  slot.newest_topic_id = record.topic_id;
  store(slot, std::move(record));
}

ErrorCode GroupOffsets::check(const CommitPartition& commit, const GroupOptions& options) const {
  if (commit.partition < 0) return ErrorCode::unknown_topic_or_partition;
  if (commit.metadata.size() > options.offset_metadata_bytes_max) return ErrorCode::offset_metadata_too_large;
  const auto* slot = find({commit.topic, commit.partition});
  const auto freed = slot != nullptr && slot->stored ? slot->stored->metadata.size() : 0;
  const auto more = commit.metadata.size() + (slot == nullptr ? cost_of(commit.topic) : 0);
  const bool fits = bytes_ - freed + more <= options.offsets_bytes_max;
  return fits ? ErrorCode::none : ErrorCode::invalid_commit_offset_size;
}

void GroupOffsets::sent(const PendingOffset& offset) {
  auto& slot = touch(offset.partition);
  ++slot.pending;
  slot.newest_topic_id = offset.record.topic_id;
}

void GroupOffsets::written(PendingOffset offset) {
  auto& slot = touch(offset.partition);
  CB_ASSERT(slot.pending > 0);
  --slot.pending;
  if (offset.topic_gone) return drop_if_unused(offset.partition);
  slot.doubtful = false;
  store(slot, std::move(offset.record));
}

void GroupOffsets::failed(const PendingOffset& offset) {
  auto& slot = touch(offset.partition);
  CB_ASSERT(slot.pending > 0);
  --slot.pending;
  slot.doubtful = true;
}

FetchedOffset GroupOffsets::fetch(const TopicPartition& partition) const {
  const auto* slot = find(partition);
  if (slot != nullptr && slot->stored) return fetched(partition, *slot->stored);
  FetchedOffset none;
  none.partition = partition;
  return none;
}

std::vector<FetchedOffset> GroupOffsets::all() const {
  std::vector<FetchedOffset> out;
  for (const auto& [topic, partitions] : topics_) {
    for (const auto& [partition, slot] : partitions) {
      if (slot.stored) out.push_back(fetched({topic, partition}, *slot.stored));
    }
  }
  return out;
}

bool GroupOffsets::may_exist(const TopicPartition& partition) const {
  return find(partition) != nullptr;
}

std::vector<TopicPartition> GroupOffsets::may_exist() const {
  std::vector<TopicPartition> out;
  for (const auto& [topic, partitions] : topics_) {
    for (const auto& [partition, slot] : partitions) out.push_back({topic, partition});
  }
  return out;
}

void GroupOffsets::removed(const TopicPartition& partition) {
  if (find(partition) == nullptr) return;
  auto& slot = touch(partition);
  store(slot, std::nullopt);
  slot.doubtful = false;
  drop_if_unused(partition);
}

std::vector<TopicPartition> GroupOffsets::topic_deleted(const std::string& topic, const Uuid& id) {
  std::vector<TopicPartition> gone;
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return gone;
  for (auto& [partition, slot] : found->second) {
    if (slot.stored && slot.stored->topic_id == id) {
      store(slot, std::nullopt);
      slot.doubtful = true; // its row is on the disk until a write says otherwise
    }
    if (slot.newest_topic_id == id) gone.push_back({topic, partition});
  }
  return gone;
}

const GroupOffsets::Slot* GroupOffsets::find(const TopicPartition& partition) const {
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end()) return nullptr;
  const auto slot = topic->second.find(partition.partition);
  return slot == topic->second.end() ? nullptr : &slot->second;
}

GroupOffsets::Slot& GroupOffsets::touch(const TopicPartition& partition) {
  const auto [slot, added] = topics_[partition.topic].try_emplace(partition.partition);
  if (added) bytes_ += cost_of(partition.topic);
  return slot->second;
}

void GroupOffsets::store(Slot& slot, std::optional<OffsetRecord> record) {
  if (slot.stored) bytes_ -= slot.stored->metadata.size();
  if (record) bytes_ += record->metadata.size();
  slot.stored = std::move(record);
}

void GroupOffsets::drop_if_unused(const TopicPartition& partition) {
  const auto topic = topics_.find(partition.topic);
  const auto slot = topic->second.find(partition.partition);
  if (slot->second.stored || slot->second.pending > 0 || slot->second.doubtful) return;
  topic->second.erase(slot);
  bytes_ -= cost_of(partition.topic);
  if (topic->second.empty()) topics_.erase(topic);
}

} // namespace callboard::groups
