#include "storage/memory_log.h"

#include <algorithm>

#include "schema/record_batch.h"
#include "storage/write_check.h"

namespace callboard::storage {
namespace {

std::uint64_t batch_bytes(const LogEntry& entry) {
  return entry.type == EntryType::batch ? entry.payload.size() : 0;
}

// A batch is handed to recovery without its records.
LogEntry cut_to_header(const LogEntry& entry) {
  auto cut = entry;
  if (entry.type == EntryType::batch && entry.payload.size() > batch_header_bytes) {
    cut.payload = entry.payload.slice(0, batch_header_bytes);
  }
  return cut;
}

} // namespace

Status MemoryLog::write(const LogWrite& write) {
  if (write.empty()) return ok_status();
  const LogExtent extent{first_index(), next_index(), !segments_.empty()};
  if (auto checked = check_write(write, extent); !checked) return checked;
  if (write.reset) reset(*write.reset);
  const bool rewound = write.truncate_from && truncate(*write.truncate_from);
  if (segments_.empty() || (!rewound && must_roll(write))) begin_segment(write);
  for (const auto& entry : write.entries) {
    next_offset_ = entry.next_offset();
    segments_.back().payload_bytes += batch_bytes(entry);
    entries_.push_back(entry);
  }
  put_state(write);
  return ok_status();
}

void MemoryLog::reset(const LogReset& reset) {
  segments_.assign(1, {reset.first_index, reset.next_offset});
  entries_.clear();
  next_offset_ = reset.next_offset;
  log_start_ = reset.log_start;
  rows_.clear();
  applied_ = {};
}

bool MemoryLog::truncate(RaftIndex from) {
  if (segments_.empty()) return false;
  const bool across = from < segments_.back().first_index;
  const bool shorter = !across && from < next_index();
  while (next_index() > from && !entries_.empty()) remove_last();
  while (segments_.size() > 1 && segments_.back().first_index > from) segments_.pop_back();
  return shorter;
}

void MemoryLog::remove_last() {
  const auto& entry = entries_.back();
  const auto holder = std::find_if(segments_.rbegin(), segments_.rend(),
                                   [&](const Segment& segment) { return segment.first_index <= entry.index; });
  holder->payload_bytes -= batch_bytes(entry);
  next_offset_ = entry.base_offset;
  entries_.pop_back();
}

bool MemoryLog::must_roll(const LogWrite& write) const {
  const auto& active = segments_.back();
  if (write.entries.empty() || active.first_index == next_index()) return false;
  return roll_wanted_ || active.payload_bytes + write.payload_bytes() > segment_bytes_;
}

void MemoryLog::begin_segment(const LogWrite& write) {
  roll_wanted_ = false;
  if (!segments_.empty()) {
    segments_.push_back({next_index(), next_offset_});
  } else if (write.entries.empty()) {
    segments_.push_back({RaftIndex{1}, Offset{}});
  } else {
    segments_.push_back({write.entries.front().index, write.entries.front().base_offset});
    next_offset_ = write.entries.front().base_offset;
  }
}

void MemoryLog::put_state(const LogWrite& write) {
  if (write.applied.value == 0) return;
  for (const auto& row : write.state) {
    if (row.value) {
      rows_[row.key] = *row.value;
    } else {
      rows_.erase(row.key);
    }
  }
  applied_ = write.applied;
}

void MemoryLog::set_log_start(Offset log_start) {
  if (log_start <= log_start_) return;
  log_start_ = log_start;
  while (segments_.size() > 1 && segments_[1].base_offset <= log_start) {
    segments_.pop_front();
    while (!entries_.empty() && entries_.front().index < segments_.front().first_index) entries_.pop_front();
  }
}

RecoveredLog MemoryLog::recover() const {
  RecoveredLog log;
  log.log_start = log_start_;
  log.next_offset = segments_.empty() ? log_start_ : next_offset_;
  if (segments_.empty()) return log;
  log.first_index = first_index();
  log.first_offset = first_offset();
  log.last_index = last_index();
  log.last_term = entries_.empty() ? Term{} : entries_.back().term;
  log.applied = applied_;
  for (const auto& [key, value] : rows_) log.state.push_back({key, value});
  for (const auto& entry : entries_) {
    if (entry.type == EntryType::batch) {
      log.payload_bytes += entry.payload.size();
      log.max_timestamp = std::max(log.max_timestamp, entry.max_timestamp);
    }
    if (entry.index > applied_) log.suffix.push_back(cut_to_header(entry));
  }
  return log;
}

RaftIndex MemoryLog::first_index() const {
  return segments_.empty() ? RaftIndex{1} : segments_.front().first_index;
}

RaftIndex MemoryLog::next_index() const {
  return first_index().plus(entries_.size());
}

const LogEntry* MemoryLog::find(RaftIndex index) const {
  if (index < first_index() || index >= next_index()) return nullptr;
  return &entries_[index.value - first_index().value];
}

std::vector<LogEntry> MemoryLog::read_entries(RaftIndex from, RaftIndex last, std::size_t bytes_max) const {
  std::vector<LogEntry> out;
  std::size_t bytes = 0;
  for (auto index = from; index <= last; index = index.next()) {
    const auto* entry = find(index);
    if (entry == nullptr) break;
    bytes += entry->payload.size();
    if (bytes > bytes_max && !out.empty()) break;
    out.push_back(*entry);
  }
  return out;
}

std::vector<SharedBytes> MemoryLog::read_offsets(Offset from, Offset upper, std::size_t bytes_max) const {
  std::vector<SharedBytes> out;
  std::size_t bytes = 0;
  if (from < log_start_) return out;
  auto entry = std::partition_point(entries_.begin(), entries_.end(),
                                    [&](const LogEntry& it) { return it.next_offset() <= from; });
  if (entry != entries_.end() && entry->base_offset > from) return out;
  for (; entry != entries_.end() && entry->base_offset < upper; ++entry) {
    if (entry->type != EntryType::batch) continue;
    bytes += entry->payload.size();
    if (bytes > bytes_max && !out.empty()) break;
    out.push_back(entry->payload);
  }
  return out;
}

} // namespace callboard::storage
