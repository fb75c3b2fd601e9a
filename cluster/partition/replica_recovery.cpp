// PartitionReplica: the derived state's way to the disk and back.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "cluster/partition/partition_replica.h"
#include "cluster/partition/state_row.h"

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

// `suffix` is what a log has from behind `from` up to `last`.
bool follows(const std::vector<LogEntry>& suffix, RaftIndex from, RaftIndex last) {
  if (suffix.size() != last.value - from.value) return false;
  auto index = from.next();
  Offset offset = suffix.empty() ? Offset{} : suffix.front().base_offset;
  Term term;
  for (const auto& entry : suffix) {
    if (entry.index != index || entry.base_offset != offset || entry.term < term) return false;
    index = index.next();
    offset = entry.next_offset();
    term = entry.term;
  }
  return true;
}

} // namespace

// Nothing here may trust what was read: recover() judges it.
raft::Start PartitionReplica::raft_start(const Start& start) {
  const auto& log = start.log;
  raft::Start raft;
  raft.group = start.group;
  raft.self = start.self;
  raft.hard = start.hard;
  raft.first_index = log.first_index;
  raft.last_index = log.last_index;
  raft.last_term = log.last_term;
  // Retention may have removed applied entries together with the ones behind them.
  raft.commit_index = std::min(std::max(log.applied, log.first_index.prev()), log.last_index);
  raft.next_offset = log.next_offset;
  raft.config = start.raft;
  raft.seed = start.seed;
  if (follows(log.suffix, raft.commit_index, log.last_index)) {
    raft.suffix = log.suffix;
  } else {
    raft.commit_index = log.last_index;
  }
  if (const auto state = load_state(log.state, log.applied)) {
    for (const auto& term : state->terms.starts()) raft.terms.push_back({term.term, term.index});
  }
  return raft;
}

Status PartitionReplica::recover(const RecoveredLog& log) {
  auto state = load_state(log.state, log.applied);
  if (!state) return corrupt(state.error().message);
  catch_up_ = state->catch_up;
  const bool catching_up = catch_up_ && *catch_up_ >= log.applied;
  if (log.applied > log.last_index && !catching_up) {
    return corrupt("its state is as of " + at(log.applied) + ", its last is " + at(log.last_index));
  }
  producers_ = std::move(state->producers);
  terms_ = std::move(state->terms);
  log_start_ = std::max(log.log_start, state->log_start);
  cuts_ = std::move(state->cuts);
  cut_proposed_ = cuts_.last();
  cut_due_ = cuts_.last().upto > Offset{};
  first_offset_ = log.first_offset;
  const bool from_the_start = log.applied.value == 0 && log.first_index.value <= 1;
  digest_ = from_the_start ? LogDigest() : state->digest;
  // Retention took entries, none of them a batch, that the state is not as of yet.
  if (log.last_index.value > 0 && log.first_index > log.applied.next())
    digest_ = LogDigest(raft_.commit_index(), std::nullopt);
  applied_ = state_.applied = log.applied;
  committed_ = adopted_ = raft_.commit_index();
  if (auto replayed = replay(log); !replayed.ok()) return replayed;
  // The row is ahead of the manifest if the process ended between the two.
  if (log_start_ > log.log_start) log_start_due_ = log_start_;
  log_start_proposed_ = std::max(log_start_proposed_, log_start_);
  stored_state_end_ = high_watermark_;
  stored_state_applied_ = committed_;
  release_log_start();
  if (log_start_ > high_watermark_ && !catching_up) return corrupt("it starts behind its committed end");
  return ok_status();
}

Status PartitionReplica::replay(const RecoveredLog& log) {
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
    const auto header = read_cut_batch_header(entry.payload.view());
    if (!header.ok()) return corrupt(at(entry.index) + " holds no batch");
    if (header->base_offset != entry.base_offset || header->next_offset() != entry.next_offset()) {
      return corrupt(at(entry.index) + " and its batch disagree about offsets");
    }
    if (header->idempotent()) producers_.append(*header, entry.index, entry.base_offset);
    bytes = header->total_bytes;
  } else if (entry.type == EntryType::log_start && entry.payload.size() != sizeof(Offset::rep)) {
    return corrupt(at(entry.index) + " says no log start");
  } else if (entry.type == EntryType::compaction && !decode_cut(entry.payload.view())) {
    return corrupt(at(entry.index) + " says no compaction cut");
  } else if (entry.type == EntryType::membership && !decode_membership(entry.payload.view())) {
    return corrupt(at(entry.index) + " says no membership");
  }
  adopt(entry, bytes);
  return ok_status();
}

bool PartitionReplica::state_due() const {
  if (applied_ == state_.applied) return false;
  // Segments below a new log start may go, what lies below a cut too: so what they held must
  // be in the state.
  const auto& entries = effects_.write.entries;
  const auto removes = [](const LogEntry& entry) {
    return entry.type == EntryType::log_start || entry.type == EntryType::compaction;
  };
  if (std::any_of(entries.begin(), entries.end(), removes)) return true;
  if (state_.in_flight) return false;
  return log_start_due_ || producers_.rows_pending() || terms_.rows_pending() || log_start_rows_.pending() ||
         catch_up_rows_.pending() || cut_rows_.pending() ||
         applied_.value - state_.applied.value >= replay_entries_max || state_.bytes >= replay_bytes_max;
}

void PartitionReplica::add_state(LogWrite& write, std::uint64_t sequence) {
  auto rows = producers_.take_rows();
  std::move(rows.begin(), rows.end(), std::back_inserter(write.state));
  rows = terms_.take_rows();
  std::move(rows.begin(), rows.end(), std::back_inserter(write.state));
  if (!log_start_rows_.take().empty()) write.state.push_back(log_start_row(log_start_));
  if (!cut_rows_.take().empty()) write.state.push_back(cuts_row(cuts_));
  if (!catch_up_rows_.take().empty()) write.state.push_back(catch_up_row(catch_up_));
  write.state.push_back(digest_row(digest_));
  write.applied = applied_;
  state_ = {applied_, 0, sequence, high_watermark_};
}

// The write with the state will never be.
void PartitionReplica::lose_state() {
  if (!state_.in_flight) return;
  producers_.rows_lost();
  terms_.rows_lost();
  log_start_rows_.lost();
  cut_rows_.lost();
  catch_up_rows_.lost();
  state_ = {};
}

// Raft took a snapshot that step() had found sound, in place of the whole log.
void PartitionReplica::install(const raft::Snapshot& snapshot) {
  auto state = load_state(snapshot.state, snapshot.applied);
  CB_ASSERT(state.ok());
  producers_ = std::move(state->producers);
  terms_ = std::move(state->terms);
  log_start_rows_ = {};
  cut_rows_ = {};
  cuts_ = std::move(state->cuts);
  digest_ = state->digest;
  cut_proposed_ = cuts_.last();
  cut_due_ = cuts_.last().upto > Offset{};
  catch_up_rows_ = {};
  catch_up_ = state->catch_up;
  state_ = {snapshot.applied, 0, std::nullopt, {}};
  log_start_due_.reset();
  undone_from_.reset();
  stored_state_end_ = snapshot.log_start;
  stored_state_applied_ = snapshot.applied;
  log_start_ = log_start_proposed_ = std::max({log_start_, snapshot.log_start, state->log_start});
  first_offset_ = log_end_ = snapshot.next_offset;
  high_watermark_ = std::max(high_watermark_, snapshot.next_offset);
  committed_ = adopted_ = snapshot.index;
  applied_ = snapshot.applied;
  unapplied_.clear();
  cache_.clear();
}

// The log from its first entry on, or from where a term is known; the state as it is now.
std::shared_ptr<const raft::Snapshot> PartitionReplica::make_snapshot() const {
  auto snapshot = std::make_shared<raft::Snapshot>();
  snapshot->index = raft_.first_index().prev();
  snapshot->term = raft_.term_at(snapshot->index).value_or(Term{});
  snapshot->next_offset = first_offset_;
  const auto& terms = terms_.starts();
  if (snapshot->term.value == 0 && terms.size() > 1 && terms[1].index <= applied_) {
    snapshot->index = terms[1].index.prev();
    snapshot->term = terms[0].term;
    snapshot->next_offset = terms[1].start;
  }
  snapshot->log_start = log_start_;
  snapshot->applied = applied_;
  snapshot->membership = raft_.committed_membership();
  snapshot->membership_index = raft_.committed_membership_index();
  snapshot->state = producers_.rows();
  auto rows = terms_.rows();
  std::move(rows.begin(), rows.end(), std::back_inserter(snapshot->state));
  snapshot->state.push_back(log_start_row(log_start_));
  if (cuts_.last().upto > Offset{}) snapshot->state.push_back(cuts_row(cuts_));
  // To whoever takes it this is hearsay.
  if (digest_.value()) snapshot->state.push_back(digest_row(LogDigest(applied_, digest_.value(), applied_)));
  snapshot->state.push_back(catch_up_row(applied_));
  return snapshot;
}

} // namespace callboard::partition
