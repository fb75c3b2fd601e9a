#include "storage/compaction_job.h"

#include <algorithm>

#include "schema/record_filter.h"
#include "storage/file.h"
#include "storage/gap.h"
#include "storage/partition_log.h"

namespace callboard::storage {
namespace {

// What a step may take.
constexpr std::size_t bytes_per_step = std::size_t{1} << 20;
constexpr std::size_t entries_per_step = 4096;
// A commit of the new segment.
constexpr std::size_t bytes_per_commit = std::size_t{4} << 20;
constexpr std::size_t entries_per_commit = 16384;

} // namespace

CompactionJob::CompactionJob(CompactionTask task, std::size_t key_bytes_max, std::uint64_t seed)
  : task_(std::move(task)), keys_(key_bytes_max, seed), pass_end_(task_.cut.upto) {}

CompactionJob::~CompactionJob() {
  discard();
}

void CompactionJob::discard() {
  closer_.reset();
  const bool unfinished = segment_ != nullptr;
  segment_.reset();
  if (!unfinished) return;
  static_cast<void>(remove_file(path_)); // or the next opening of the log does
  static_cast<void>(remove_file(sidecar_path(path_)));
}

Result<CompactionJob::Step> CompactionJob::step() {
  auto advanced = advance();
  if (advanced) return advanced;
  discard();
  // What looks like damage may be retention that went on meanwhile. Parts before the group
  // were forgotten for what this job has made of them.
  for (auto part = group_.first; part < task_.parts.size(); ++part) {
    const auto& segment = *task_.parts[part].segment;
    if (auto valid = segment.still_valid(); !valid) return valid.error();
    if (auto kept = segment.still_kept(); !kept) return kept.error();
  }
  return advanced;
}

Result<CompactionJob::Step> CompactionJob::advance() {
  switch (stage_) {
  case Stage::keys:
    if (auto read = read_keys(); !read) return read.error();
    return Step::more;
  case Stage::group: return next_group();
  case Stage::scan: return scan();
  case Stage::rewrite:
    if (auto written = rewrite(); !written) return written.error();
    return Step::more;
  case Stage::close: return close();
  }
  CB_ASSERT(false);
  return Step::done;
}

Status CompactionJob::open_part(std::size_t part) {
  walker_.reset();
  auto snapshot = task_.parts[part].segment->snapshot();
  if (!snapshot) return snapshot.error();
  snapshot_ = std::move(*snapshot);
  part_ = part;
  walker_.emplace(*snapshot_, task_.group, task_.parts[part].segment->path());
  auto stands = walker_->seek_index(RaftIndex{});
  return stands ? ok_status() : Status(stands.error());
}

Result<bool> CompactionJob::next_entry(std::size_t end) {
  for (;;) {
    auto more = walker_->next();
    if (!more || *more) return more;
    if (part_ + 1 >= end) return false;
    if (auto opened = open_part(part_ + 1); !opened) return opened.error();
  }
}

Status CompactionJob::read_keys() {
  if (!walker_) {
    if (auto opened = open_part(0); !opened) return opened;
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < entries_per_step && bytes < bytes_per_step; ++i) {
    auto more = next_entry(task_.parts.size());
    if (!more) return more.error();
    bool go_on = *more;
    if (*more && walker_->entry().type == EntryType::batch) {
      auto noted = note_batch();
      if (!noted) return noted.error();
      go_on = *noted;
      bytes += walker_->payload_bytes();
    }
    if (go_on) continue;
    walker_.reset();
    stage_ = Stage::group;
    return ok_status();
  }
  return ok_status();
}

// False: no room for its keys, the pass ends before it.
Result<bool> CompactionJob::note_batch() {
  const auto& entry = walker_->entry();
  if (entry.base_offset >= pass_end_) return false;
  const bool dirty = entry.next_offset() > task_.clean;
  auto payload = dirty ? walker_->payload_copy() : walker_->payload_head();
  if (!payload) return payload.error();
  const auto header = read_cut_batch_header(payload->view());
  if (!header) return header.error();
  if (header->idempotent()) {
    producers_full_ = producers_full_ || producers_.size() >= producers_max;
    if (!producers_full_ || producers_.contains(header->producer.value))
      producers_[header->producer.value] = entry.index;
  }
  if (!dirty || header->control()) return true;
  bool room = true;
  // A batch that cannot be walked stays whole: nobody checked its records when it came.
  static_cast<void>(for_each_record_inside(payload->view(), [&](const RecordView& record) {
    if (record.key) room = keys_.put(*record.key, record.offset);
    return room;
  }));
  // Of the first one those keys that find room have to do.
  if (room || entry.base_offset <= task_.clean) return true;
  pass_end_ = entry.base_offset;
  return false;
}

// Segments are joined as long as they make no more than one of usual size.
Result<CompactionJob::Step> CompactionJob::next_group() {
  group_.first = group_.end;
  if (group_.first >= task_.parts.size() || task_.parts[group_.first].info.base_offset >= pass_end_) {
    result_.task = task_.number;
    result_.done = task_.cut;
    result_.done.upto = pass_end_;
    return Step::done;
  }
  std::uint64_t bytes = 0;
  for (auto end = group_.first; end < task_.parts.size(); ++end) {
    const auto& info = task_.parts[end].info;
    bytes += info.bytes;
    const bool fits = end == group_.first || bytes <= task_.options.segment_bytes;
    if (!fits || info.base_offset >= pass_end_) break;
    group_.end = end + 1;
  }
  tombstones_ = 0;
  if (auto opened = open_part(group_.first); !opened) return opened.error();
  stage_ = Stage::scan;
  if (group_.end - group_.first == 1) return Step::more;
  if (auto started = start_rewrite(); !started) return started.error();
  return Step::more;
}

bool CompactionJob::stays(const RecordView& record) {
  const bool tombstone = !record.value;
  if (record.offset < pass_end_) {
    if (!record.key || (tombstone && record.offset < task_.cut.tombstones_below)) return false;
    const auto newest = keys_.find(*record.key);
    if (newest && *newest > record.offset) return false;
  }
  tombstones_ += tombstone && record.key ? 1 : 0;
  return true;
}

// Up to the first record that goes.
Result<CompactionJob::Step> CompactionJob::scan() {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < entries_per_step && bytes < bytes_per_step; ++i) {
    auto more = next_entry(group_.end);
    if (!more) return more.error();
    if (!*more) {
      result_.tombstones.emplace_back(task_.parts[group_.first].info.id, tombstones_);
      stage_ = Stage::group;
      return Step::more;
    }
    if (walker_->entry().type != EntryType::batch) continue;
    bytes += walker_->payload_bytes();
    auto payload = walker_->payload_copy();
    if (!payload) return payload.error();
    bool whole = true;
    const auto walked = for_each_record_inside(payload->view(), [&](const RecordView& record) {
      whole = stays(record);
      return whole;
    });
    if (whole || !walked) continue;
    tombstones_ = 0;
    if (auto started = start_rewrite(); !started) return started.error();
    return Step::more;
  }
  return Step::more;
}

Status CompactionJob::start_rewrite() {
  const auto& first = task_.parts[group_.first].info;
  const auto& last = task_.parts[group_.end - 1];
  info_ = {};
  info_.id = SegmentId(task_.first_id.value + written_++);
  info_.first_index = first.first_index;
  info_.base_offset = first.base_offset;
  info_.created_at = last.info.created_at;
  path_ = segment_path(task_.directory, info_.id);
  auto options = task_.options;
  options.durability = Durability::fsync; // a little at a time, not all at the end
  for (auto part = group_.first; part < group_.end; ++part)
    options.segment_bytes = std::max(options.segment_bytes, task_.parts[part].info.bytes);
  auto state = last.segment->state();
  if (!state) return state.error();
  auto created = ActiveSegment::create(path_, task_.group, info_, options, *state, {});
  if (!created) return created.error();
  segment_ = std::move(*created);
  stage_ = Stage::rewrite;
  return open_part(group_.first);
}

Status CompactionJob::rewrite() {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < entries_per_step && bytes < bytes_per_step; ++i) {
    auto more = next_entry(group_.end);
    if (!more) return more.error();
    if (!*more) {
      if (auto flushed = flush_gap(); !flushed) return flushed;
      if (auto flushed = flush(); !flushed) return flushed;
      walker_.reset();
      stage_ = Stage::close;
      return segment_->settle();
    }
    bytes += walker_->payload_bytes();
    if (auto written = rewrite_entry(); !written) return written;
  }
  return ok_status();
}

Status CompactionJob::rewrite_entry() {
  auto entry = walker_->entry();
  auto payload = walker_->payload_copy();
  if (!payload) return payload.error();
  entry.payload = std::move(*payload);
  if (entry.type == EntryType::gap) return put_gap(entry);
  if (entry.type != EntryType::batch || entry.base_offset >= pass_end_) return put(std::move(entry));
  auto filtered = filter_records(entry.payload.view(), [&](const RecordView& record) { return stays(record); });
  if (!filtered) return put(std::move(entry));
  if (filtered->kept == 0) {
    const auto header = header_stays();
    if (!header) return header.error();
    if (!*header) return put_gap(gap_of(entry));
  }
  if (filtered->kind == FilteredBatch::Kind::whole) return put(std::move(entry));
  const auto header = read_batch_header(filtered->batch.view());
  if (!header) return header.error();
  entry.max_timestamp = header->max_timestamp;
  entry.payload = std::move(filtered->batch);
  return put(std::move(entry));
}

// Whether the batch on which the walk stands keeps its header without any record.
Result<bool> CompactionJob::header_stays() {
  const auto& entry = walker_->entry();
  const bool last = group_.end == task_.parts.size() ? entry.next_offset() >= task_.end
                                                     : entry.next_offset() >= task_.parts[group_.end].info.base_offset;
  if (last) return true;
  const auto head = walker_->payload_head();
  if (!head) return head.error();
  const auto header = read_cut_batch_header(head->view());
  if (!header) return header.error();
  if (!header->idempotent()) return false;
  const auto known = producers_.find(header->producer.value);
  return known == producers_.end() || known->second == entry.index;
}

Status CompactionJob::put_gap(const LogEntry& gap) {
  if (gap_ && join_gaps(*gap_, gap)) return ok_status();
  if (auto flushed = flush_gap(); !flushed) return flushed;
  gap_ = gap;
  return ok_status();
}

Status CompactionJob::flush_gap() {
  if (!gap_) return ok_status();
  auto gap = std::move(*gap_);
  gap_.reset();
  return put(std::move(gap));
}

Status CompactionJob::put(LogEntry entry) {
  if (auto flushed = flush_gap(); !flushed) return flushed;
  write_bytes_ += entry.payload.size();
  write_.entries.push_back(std::move(entry));
  const bool enough = write_bytes_ >= bytes_per_commit || write_.entries.size() >= entries_per_commit;
  return enough ? flush() : ok_status();
}

Status CompactionJob::flush() {
  if (write_.entries.empty()) return ok_status();
  const auto written = segment_->write(write_);
  write_.entries.clear();
  write_bytes_ = 0;
  if (!written) return written.error();
  if (!*written) return Error{ErrorCode::storage_full, path_ + " cannot take what compaction leaves"};
  return ok_status();
}

Result<CompactionJob::Step> CompactionJob::close() {
  if (!closer_) closer_.emplace(segment_, task_.group, info_.id);
  auto closed = closer_->step();
  if (!closed) return closed.error();
  if (!*closed) return Step::more;
  info_.closed = true;
  info_.bytes = closer_->file_bytes();
  info_.payload_bytes = closer_->tail().payload_bytes;
  info_.max_timestamp = closer_->tail().max_timestamp;
  info_.tombstones = tombstones_;
  closer_.reset();
  segment_.reset();
  finished_ = {task_.number, {}, info_, std::move(*closed)};
  for (auto part = group_.first; part < group_.end; ++part) finished_.replaces.push_back(task_.parts[part].info.id);
  stage_ = Stage::group;
  return Step::segment;
}

} // namespace callboard::storage
