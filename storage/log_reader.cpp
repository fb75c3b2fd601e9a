#include "storage/log_reader.h"

#include <algorithm>

#include "schema/record_batch.h"
#include "storage/gap.h"
#include "storage/segment.h"

namespace callboard::storage {
namespace {

Error below_start(Offset offset, Offset start) {
  return {ErrorCode::offset_out_of_range,
          "offset " + std::to_string(offset.value) + " lies before the log's start, " + std::to_string(start.value)};
}

// Of a compressed batch only the header can tell.
TimestampHit first_of(const BatchHeader& header, TimestampMs time) {
  const bool first_is_late = !header.log_append_time() && header.base_timestamp >= time;
  return {header.base_offset, first_is_late ? header.base_timestamp : header.max_timestamp};
}

// The first record of `batch` at or after `time` and `start`.
Result<TimestampHit> find_in_batch(ByteView batch, TimestampMs time, Offset start) {
  const auto header = read_batch_header(batch);
  if (!header) return header.error();
  if (header->codec() != Codec::none || header->log_append_time()) {
    auto hit = first_of(*header, time);
    hit.offset = std::max(hit.offset, start);
    return hit;
  }
  TimestampHit hit;
  auto walked = for_each_record(batch, [&](const RecordView& record) {
    if (record.timestamp < time || record.offset < start) return true;
    hit = {record.offset, record.timestamp};
    return false;
  });
  if (!walked) return walked.error();
  return hit;
}

class SegmentsView final : public LogView {
public:
  SegmentsView(GroupId group, Offset log_start, std::vector<ViewPart> parts)
    : group_(group), log_start_(log_start), parts_(std::move(parts)) {}

  Result<std::vector<SharedBytes>> read_offsets(Offset from, const ReadLimits& limits) const override;
  Result<std::vector<LogEntry>> read_entries(RaftIndex from, RaftIndex last, std::size_t bytes_max) const override;
  Result<TimestampHit> find_time(TimestampMs time, Offset upper) const override;
  Result<TimestampHit> find_max_time(Offset upper) const override;

private:
  // `Seek` places the walker, `Visit` gets it on each entry and returns whether to go
  // on. False: it ended the walk.
  template <class Seek, class Visit>
  Result<bool> walk(std::size_t part, Seek seek, Visit visit) const;
  template <class Seek, class Visit>
  Result<bool> walk_once(std::size_t part, Seek seek, Visit visit) const;
  std::size_t part_of(Offset offset) const;
  Result<TimestampMs> max_time_of(std::size_t part, Offset upper) const;
  Offset end_of(std::size_t part) const {
    return part + 1 < parts_.size() ? parts_[part + 1].info.base_offset : Offset(INT64_MAX);
  }

  GroupId group_;
  Offset log_start_;
  std::vector<ViewPart> parts_;
};

// What looks like damage may be a truncation or retention that went on meanwhile.
template <class Seek, class Visit>
Result<bool> SegmentsView::walk(std::size_t part, Seek seek, Visit visit) const {
  auto walked = walk_once(part, seek, visit);
  const auto& segment = *parts_[part].segment;
  if (auto valid = segment.still_valid(); !valid) return valid.error();
  if (walked) return walked;
  if (auto kept = segment.still_kept(); !kept) return kept.error();
  return walked;
}

template <class Seek, class Visit>
Result<bool> SegmentsView::walk_once(std::size_t part, Seek seek, Visit visit) const {
  const auto& segment = *parts_[part].segment;
  auto snapshot = segment.snapshot();
  if (!snapshot) return snapshot.error();
  EntryWalker walker(**snapshot, group_, segment.path());
  Result<bool> found = seek(walker);
  if (!found) return found;
  bool go_on = true;
  while (go_on) {
    const auto more = walker.next();
    if (!more) return more.error();
    if (!*more) break;
    Result<bool> visited = visit(walker);
    if (!visited) return visited;
    go_on = *visited;
  }
  const auto end = walker.next_index().value_or(parts_[part].info.first_index);
  if (go_on && part + 1 < parts_.size() && end != parts_[part + 1].info.first_index)
    return Error{ErrorCode::corrupt_storage, segment.path() + " is damaged: it ends before raft index " +
                                                 std::to_string(end.value) + ", the next segment starts at " +
                                                 std::to_string(parts_[part + 1].info.first_index.value)};
  return go_on;
}

// The last part that starts at or before `offset`.
std::size_t SegmentsView::part_of(Offset offset) const {
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), offset,
                                      [](Offset o, const ViewPart& part) { return o < part.info.base_offset; });
  return after == parts_.begin() ? 0 : static_cast<std::size_t>(after - parts_.begin()) - 1;
}

Result<std::vector<SharedBytes>> SegmentsView::read_offsets(Offset from, const ReadLimits& limits) const {
  if (from < log_start_) return below_start(from, log_start_);
  std::vector<SharedBytes> batches;
  std::size_t bytes = 0;
  const auto visit = [&](EntryWalker& walker) -> Result<bool> {
    const auto& entry = walker.entry();
    if (entry.type != EntryType::batch || entry.next_offset() <= from) return true;
    const bool first = batches.empty() && limits.at_least_one;
    if (entry.base_offset >= limits.upper || (!first && bytes + walker.payload_bytes() > limits.bytes_max))
      return false;
    auto batch = walker.payload();
    if (!batch) return batch.error();
    bytes += batch->size();
    batches.push_back(std::move(*batch));
    return true;
  };
  for (auto i = part_of(from); i < parts_.size() && parts_[i].info.base_offset < limits.upper; ++i) {
    auto more = walk(
        i, [&](EntryWalker& walker) { return walker.seek_offset(from); }, visit);
    if (!more) return more.error();
    if (!*more) break;
  }
  return batches;
}

Result<std::vector<LogEntry>> SegmentsView::read_entries(RaftIndex from, RaftIndex last, std::size_t bytes_max) const {
  std::vector<LogEntry> entries;
  std::size_t bytes = 0;
  if (!parts_.empty() && from < parts_.front().info.first_index)
    return Error{ErrorCode::offset_out_of_range, "raft index " + std::to_string(from.value) +
                                                     " is gone, the log starts at " +
                                                     std::to_string(parts_.front().info.first_index.value)};
  const auto visit = [&](EntryWalker& walker) -> Result<bool> {
    if (walker.entry().type == EntryType::gap) return expand_gap(walker.entry(), from, last, bytes_max, bytes, entries);
    const bool fits = entries.empty() || bytes + walker.payload_bytes() <= bytes_max;
    if (walker.entry().index > last || !fits) return false;
    auto payload = walker.payload();
    if (!payload) return payload.error();
    bytes += payload->size();
    entries.push_back(walker.entry());
    entries.back().payload = std::move(*payload);
    return true;
  };
  for (std::size_t i = 0; i < parts_.size() && parts_[i].info.first_index <= last; ++i) {
    if (i + 1 < parts_.size() && parts_[i + 1].info.first_index <= from) continue;
    auto more = walk(
        i, [&](EntryWalker& walker) { return walker.seek_index(from); }, visit);
    if (!more) return more.error();
    if (!*more) break;
  }
  return entries;
}

Result<TimestampHit> SegmentsView::find_time(TimestampMs time, Offset upper) const {
  TimestampHit hit;
  const auto visit = [&](EntryWalker& walker) -> Result<bool> {
    const auto& entry = walker.entry();
    if (entry.base_offset >= upper) return false;
    if (entry.type != EntryType::batch || entry.max_timestamp < time || entry.next_offset() <= log_start_) return true;
    auto batch = walker.payload();
    if (!batch) return batch.error();
    auto found = find_in_batch(batch->view(), time, log_start_);
    if (!found) return found.error();
    hit = *found;
    return hit.offset == unknown_offset;
  };
  for (std::size_t i = 0; i < parts_.size() && parts_[i].info.base_offset < upper; ++i) {
    const auto& info = parts_[i].info;
    if (end_of(i) <= log_start_ || (info.closed && info.max_timestamp < time)) continue;
    auto more = walk(
        i, [&](EntryWalker& walker) { return walker.seek_time(time); }, visit);
    if (!more) return more.error();
    if (!*more) break;
  }
  return hit;
}

Result<TimestampMs> SegmentsView::max_time_of(std::size_t part, Offset upper) const {
  const auto& info = parts_[part].info;
  if (info.closed && info.base_offset >= log_start_ && end_of(part) <= upper) return info.max_timestamp;
  TimestampMs newest = no_timestamp;
  const auto visit = [&](EntryWalker& walker) -> Result<bool> {
    const auto& entry = walker.entry();
    if (entry.base_offset >= upper) return false;
    if (entry.type == EntryType::batch && entry.next_offset() > log_start_)
      newest = std::max(newest, entry.max_timestamp);
    return true;
  };
  auto walked = walk(
      part, [&](EntryWalker& walker) { return walker.seek_offset(log_start_); }, visit);
  if (!walked) return walked.error();
  return newest;
}

Result<TimestampHit> SegmentsView::find_max_time(Offset upper) const {
  TimestampMs newest = no_timestamp;
  for (std::size_t i = 0; i < parts_.size() && parts_[i].info.base_offset < upper; ++i) {
    if (end_of(i) <= log_start_) continue;
    const auto of_part = max_time_of(i, upper);
    if (!of_part) return of_part.error();
    newest = std::max(newest, *of_part);
  }
  if (newest == no_timestamp) return TimestampHit{};
  return find_time(newest, upper);
}

} // namespace

std::shared_ptr<const LogView> make_log_view(GroupId group, Offset log_start, std::vector<ViewPart> parts) {
  return std::make_shared<SegmentsView>(group, log_start, std::move(parts));
}

} // namespace callboard::storage
