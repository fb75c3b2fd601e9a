// PartitionReplica: the derived state's way to the disk and back.
#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "cluster/partition/partition_replica.h"
#include "cluster/partition/state_row.h"
#include "schema/big_endian.h"

namespace callboard::partition {
namespace {

// How far the applied index may run ahead of what the disk knows when no row changed:
// this much is replayed at start.
constexpr std::uint64_t replay_entries_max = 256;
constexpr std::size_t replay_bytes_max = std::size_t{4} << 20;

Error corrupt(std::string what) {
  return {ErrorCode::corrupt_storage,
          "The partition's log contradicts itself: " + std::move(what) + ". Restore it from a replica or a backup."};
}

std::string at(RaftIndex index) {
  return "entry " + std::to_string(index.value);
}

// The header of a batch that was cut behind it; read_batch_header() wants batches
// whole, so it is shown one without records.
Result<BatchHeader> read_cut_header(ByteView cut) {
  constexpr std::size_t length_at = 8;
  constexpr std::int32_t uncounted_bytes = 12; // base offset and the length itself
  std::array<std::uint8_t, batch_header_bytes> header{};
  if (cut.size() < header.size()) return corrupt("a batch ends inside its header");
  std::copy_n(cut.begin(), header.size(), header.begin());
  const auto length = load_big_endian<std::int32_t>(&header[length_at]);
  if (length < static_cast<std::int32_t>(batch_header_bytes) - uncounted_bytes) {
    return corrupt("a batch is smaller than its header");
  }
  store_big_endian<std::int32_t>(&header[length_at], batch_header_bytes - uncounted_bytes);
  auto read = read_batch_header(header);
  if (read.ok()) read->total_bytes = static_cast<std::size_t>(length) + uncounted_bytes;
  return read;
}

} // namespace

Status PartitionReplica::recover(const RecoveredLog& log) {
  if (log.applied > log.last_index) {
    return corrupt("its state is as of " + at(log.applied) + ", its last is " + at(log.last_index));
  }
  applied_ = state_.applied = log.applied;
  log_start_ = log.log_start;
  producers_.apply(applied_);
  terms_.apply(applied_);
  if (auto loaded = load_rows(log.state); !loaded.ok()) return loaded;
  if (auto replayed = replay(log); !replayed.ok()) return replayed;
  // The row is ahead of the manifest if the process ended between the two.
  if (log_start_ > log.log_start) effects_.log_start = log_start_;
  log_start_proposed_ = log_start_;
  if (log_start_ > high_watermark_) return corrupt("it starts behind its committed end");
  return ok_status();
}

Status PartitionReplica::load_rows(const std::vector<StateRow>& rows) {
  for (const auto& row : rows) {
    const auto kind = row.key.empty() ? '\0' : row.key.front();
    bool known = false;
    if (kind == static_cast<char>(RowKind::producer)) {
      known = producers_.load(row);
    } else if (kind == static_cast<char>(RowKind::term)) {
      known = terms_.load(row);
    } else if (kind == static_cast<char>(RowKind::log_start) && row.value) {
      RowReader value(*row.value);
      known = value.get<std::uint8_t>() == row_version;
      log_start_ = std::max(log_start_, Offset(value.get<std::int64_t>()));
      known = known && value.ended_well();
    }
    if (!known) return corrupt("a row of its state, of " + std::to_string(row.key.size()) + " bytes, is damaged");
  }
  return ok_status();
}

Status PartitionReplica::replay(const RecoveredLog& log) {
  // Retention may have removed applied entries together with the ones behind them.
  auto expected = std::max(log.applied.next(), log.first_index);
  log_end_ = log.suffix.empty() ? log.next_offset : log.suffix.front().base_offset;
  high_watermark_ = log_end_;
  for (const auto& entry : log.suffix) {
    if (entry.index != expected) return corrupt("found " + at(entry.index) + " in place of " + at(expected));
    if (auto replayed = replay_entry(entry); !replayed.ok()) return replayed;
    expected = expected.next();
  }
  if (expected <= log.last_index) return corrupt(at(expected) + " is missing");
  if (log_end_ != log.next_offset) return corrupt("its batches end before the offset that is next");
  return ok_status();
}

Status PartitionReplica::replay_entry(const LogEntry& entry) {
  if (entry.base_offset != log_end_ || entry.offset_count < 0)
    return corrupt(at(entry.index) + " leaves a gap of offsets");
  std::size_t bytes = entry.payload.size();
  if (entry.type == EntryType::batch) {
    const auto header = read_cut_header(entry.payload.view());
    if (!header.ok()) return header.error();
    if (header->base_offset != entry.base_offset || header->next_offset() != entry.next_offset()) {
      return corrupt(at(entry.index) + " and its batch disagree about offsets");
    }
    if (header->idempotent()) producers_.append(*header, entry.index, entry.base_offset);
    bytes = header->total_bytes;
  }
  adopt(entry, bytes);
  return ok_status();
}

bool PartitionReplica::state_due() const {
  if (applied_ == state_.applied) return false;
  // Segments below a new log start may go, so what they held must be in the state.
  const auto& entries = effects_.write.entries;
  const auto moves_log_start = [](const LogEntry& entry) { return entry.type == EntryType::log_start; };
  if (std::any_of(entries.begin(), entries.end(), moves_log_start)) return true;
  if (state_.in_flight) return false;
  return producers_.rows_pending() || terms_.rows_pending() || log_start_rows_.pending() ||
         applied_.value - state_.applied.value >= replay_entries_max || state_.bytes >= replay_bytes_max;
}

void PartitionReplica::add_state(LogWrite& write) {
  write.state = producers_.take_rows();
  auto terms = terms_.take_rows();
  std::move(terms.begin(), terms.end(), std::back_inserter(write.state));
  if (!log_start_rows_.take().empty()) {
    write.state.push_back(
        {RowWriter().put(RowKind::log_start).take(), RowWriter().put(row_version).put(log_start_.value).take()});
  }
  write.applied = applied_;
  state_ = {applied_, 0, write.entries.back().index};
}

} // namespace callboard::partition
