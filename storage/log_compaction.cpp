// PartitionLog: compaction, from a cut to the segments that take the place of others. The
// work between is CompactionJob's, on another thread.
#include <algorithm>

#include "storage/compaction_job.h"
#include "storage/partition_log_impl.h"

namespace callboard::storage {

// There is something to do for the cut, and everything below it is there.
bool PartitionLog::Impl::compaction_due() const {
  if (failed || task != 0 || !active || active->tail().next_offset < cut.upto) return false;
  const bool any_tombstones = std::any_of(manifest.segments.begin(), manifest.segments.end(),
                                          [](const SegmentInfo& info) { return info.tombstones > 0; });
  const bool tombstones = any_tombstones && cut.tombstones_below > manifest.compacted.tombstones_below;
  return cut.upto > manifest.compacted.upto || tombstones;
}

// Where the segments `ids` stand, closed and next to each other.
std::optional<std::size_t> PartitionLog::Impl::find(const std::vector<SegmentId>& ids) const {
  const auto& all = manifest.segments;
  const auto found = std::search(all.begin(), all.end(), ids.begin(), ids.end(),
                                 [](const SegmentInfo& info, SegmentId id) { return info.id == id && info.closed; });
  if (ids.empty() || found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

void PartitionLog::set_cut(const CompactionCut& cut) {
  if (cut.upto < impl_->cut.upto) return;
  impl_->cut = cut;
}

std::unique_ptr<CompactionTask> PartitionLog::begin_compaction() {
  auto& log = *impl_;
  if (!log.compaction_due()) return nullptr;
  auto task = std::make_unique<CompactionTask>();
  const auto& segments = log.manifest.segments;
  task->end = log.active->tail().next_offset;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].base_offset >= log.cut.upto) {
      task->end = segments[i].base_offset;
      break;
    }
    const bool takes_entries = i + 1 == segments.size();
    if (takes_entries) log.roll_wanted = true;
    auto closed = std::dynamic_pointer_cast<ClosedSegment>(log.segments[i]);
    if (!closed) return nullptr; // until it is
    task->parts.push_back({segments[i], std::move(closed)});
  }
  if (task->parts.empty()) return nullptr;
  task->group = log.group;
  task->number = log.task = ++log.tasks;
  task->directory = log.directory;
  task->clean = log.manifest.compacted.upto;
  task->cut = log.cut;
  task->options = log.segment_options();
  task->first_id = log.manifest.next_segment;
  // On disk with the next commit, before which a file of these names is removed on opening.
  log.manifest.next_segment = SegmentId(task->first_id.value + task->parts.size());
  return task;
}

std::uint64_t PartitionLog::compaction_task() const {
  return impl_->task;
}

void PartitionLog::abandon_compaction() {
  impl_->task = 0;
}

Result<bool> PartitionLog::install(const CompactedSegment& compacted) {
  auto& log = *impl_;
  if (log.failed) return *log.failed;
  const auto first = log.find(compacted.replaces);
  if (compacted.task != log.task || !first) {
    log.task = 0;
    log.discard(compacted.info.id);
    return false;
  }
  // What was removed must not be replayed by a state that a power cut made older.
  if (auto flushed = log.checkpoint(); !flushed) return flushed.error();
  const auto count = static_cast<std::ptrdiff_t>(compacted.replaces.size());
  const auto replace = [&](auto& all, const auto& by) {
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(*first);
    *at = by;
    all.erase(at + 1, at + count);
  };
  auto next = log.manifest;
  replace(next.segments, compacted.info);
  if (auto committed = log.commit_manifest(std::move(next)); !committed) {
    log.discard(compacted.info.id);
    return committed.error();
  }
  for (std::size_t i = 0; i < compacted.replaces.size(); ++i) {
    log.segments[*first + i]->forget();
    log.discard(compacted.replaces[i]);
  }
  replace(log.segments, compacted.segment);
  if (log.closer && log.closing > *first) log.closing -= compacted.replaces.size() - 1;
  return true;
}

Status PartitionLog::finish_compaction(const CompactionResult& result) {
  auto& log = *impl_;
  if (log.failed) return *log.failed;
  if (result.task != log.task) return ok_status();
  log.task = 0;
  auto next = log.manifest;
  next.compacted = result.done;
  for (const auto& [id, tombstones] : result.tombstones) {
    for (auto& info : next.segments)
      if (info.id == id) info.tombstones = tombstones;
  }
  return log.commit_manifest(std::move(next));
}

} // namespace callboard::storage
