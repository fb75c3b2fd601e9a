#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/groups/commands.h"

namespace callboard::groups {

// An offset on its way to the disk.
struct PendingOffset {
  TopicPartition partition;
  OffsetRecord record;
  bool topic_gone = false; // deleted since: not to be kept
};

// The committed offsets of one group. What is fetched is what is on disk; a commit counts
// from written() on. Beside each offset it is known which rows the disk may hold without that
// being sure (a commit on its way, or one whose failure says nothing, such as a timeout), so
// that a deletion leaves none behind.
//
// Bounded by GroupOptions::offsets_bytes_max.
class GroupOffsets {
public:
  void load(const TopicPartition& partition, OffsetRecord record);
  // There is a row that does not count, of a topic that is no more.
  void load_void(const TopicPartition& partition) { touch(partition).doubtful = true; }

  // The partition's own error, or none: unknown_topic_or_partition (negative),
  // offset_metadata_too_large, invalid_commit_offset_size (no room for another offset).
  ErrorCode check(const CommitPartition& commit, const GroupOptions& options) const;
  // A commit leaves for the disk, and how that ended.
  void sent(const PendingOffset& offset);
  void written(PendingOffset offset);
  void failed(const PendingOffset& offset);

  FetchedOffset fetch(const TopicPartition& partition) const;
  std::vector<FetchedOffset> all() const;

  // Whether the disk may hold a row.
  bool may_exist(const TopicPartition& partition) const;
  std::vector<TopicPartition> may_exist() const;
  // Its row is gone from the disk.
  void removed(const TopicPartition& partition);

  // The topic with this id is no more: what was committed for it counts no longer. Returns
  // whose rows are to be deleted: not those that belong to a new topic of the same name.
  std::vector<TopicPartition> topic_deleted(const std::string& topic, const Uuid& id);

  bool empty() const { return topics_.empty(); }
  std::size_t bytes() const { return bytes_; }

private:
  struct Slot {
    std::optional<OffsetRecord> stored;
    Uuid newest_topic_id;    // of the newest commit, stored or not
    std::size_t pending = 0; // commits on their way
    bool doubtful = false;   // the disk may hold more than `stored`
  };
  using Partitions = std::map<std::int32_t, Slot>;

  const Slot* find(const TopicPartition& partition) const;
  Slot& touch(const TopicPartition& partition);
  void store(Slot& slot, std::optional<OffsetRecord> record);
  void drop_if_unused(const TopicPartition& partition);

  std::map<std::string, Partitions, std::less<>> topics_;
  std::size_t bytes_ = 0;
};

} // namespace callboard::groups
