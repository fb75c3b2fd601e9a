#include "cluster/partition/partition_replica.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cluster/partition/state_row.h"
#include "cluster/raft/sabotage.h"
#include "schema/crc32c.h"

namespace callboard::partition {
namespace {

constexpr std::size_t batch_crc_from = 21;

Offset log_start_of(const LogEntry& entry) {
  return Offset(RowReader(entry.payload.text()).get<std::int64_t>());
}

// What a leader's entry must be before it enters the log: Raft looks at indexes and terms
// alone.
bool is_sound(const LogEntry& entry) {
  if (entry.type == EntryType::log_start) {
    return entry.payload.size() == sizeof(Offset::rep) && log_start_of(entry).value >= 0;
  }
  if (entry.type == EntryType::compaction) return decode_cut(entry.payload.view()).ok();
  if (entry.type != EntryType::batch) return true;
  const auto header = read_batch_header(entry.payload.view());
  return header.ok() && header->total_bytes == entry.payload.size() && header->base_offset == entry.base_offset &&
         header->leader_epoch == entry.term && header->last_offset_delta >= 0 &&
         header->next_offset() == entry.next_offset() && (!header->idempotent() || header->base_sequence >= 0) &&
         header->crc == crc32c(entry.payload.view().subspan(batch_crc_from));
}

bool is_sound(const raft::Body& body) {
  if (const auto* append = std::get_if<raft::Append>(&body)) {
    return std::all_of(append->entries.begin(), append->entries.end(),
                       [](const LogEntry& entry) { return is_sound(entry); });
  }
  const auto* install = std::get_if<raft::InstallSnapshot>(&body);
  if (install == nullptr) return true;
  if (!install->snapshot) return false;
  const auto& snapshot = *install->snapshot;
  const auto state = load_state(snapshot.state, snapshot.applied);
  // Without its row a state ahead of the log would be taken for damage after a restart.
  return state && state->catch_up == snapshot.applied && state->log_start == snapshot.log_start;
}

const Error no_longer_leads{
    ErrorCode::not_leader_or_follower,
    "This node no longer leads the partition; whether the batch stays is not known here: send it again."};

// Behind `after`, up to `upto`.
bool term_begins(const TermHistory& terms, RaftIndex after, RaftIndex upto) {
  const auto& starts = terms.starts();
  return std::any_of(starts.begin(), starts.end(),
                     [&](const auto& start) { return start.index > after && start.index <= upto; });
}

} // namespace

PartitionReplica::PartitionReplica(Start start)
  : raft_(raft_start(start)), options_(start.options), deliver_applied_(start.deliver_applied),
    raft_group_(start.group), keeps_state_(start.keeps_state), cache_(std::move(start.cache_budget)),
    confirm_ticks_max_(2 * start.raft.election_ticks), membership_index_(start.hard.membership_index) {
  if (const auto recovered = recover(start.log); !recovered.ok()) stop(recovered.error());
}

void PartitionReplica::tick() {
  if (!needs_ticks()) return;
  raft_.tick();
  tick_transfer();
  absorb();
  name_digest();
  give_up_confirming();
}

void PartitionReplica::step(raft::Message message) {
  if (stopped_) return;
  if (!is_sound(message.body) || goes_back(message.body)) {
    ++refused_messages_;
    return;
  }
  if (message.group == raft_group_ && message.to == raft_.self()) {
    if (const auto* request = std::get_if<raft::StateRequest>(&message.body)) return receive(message, *request);
    if (auto* part = std::get_if<raft::StatePart>(&message.body)) return receive(message, *part);
  }
  if (hold_for_state(message)) return;
  const auto* reply = std::get_if<raft::AppendReply>(&message.body);
  const DigestHeard heard{message.from,   message.term,   reply != nullptr,    reply == nullptr ? 0 : reply->life,
                          message.digest, message.agreed, message.damaged_life};
  raft_.step(std::move(message));
  absorb();
  heed(heard);
}

// A snapshot from beyond what is committed here that has less of it.
bool PartitionReplica::goes_back(const raft::Body& body) const {
  const auto* install = std::get_if<raft::InstallSnapshot>(&body);
  if (install == nullptr || install->snapshot->index <= raft_.commit_index()) return false;
  return install->snapshot->next_offset < high_watermark_ || install->snapshot->log_start < log_start_;
}

void PartitionReplica::campaign() {
  if (stopped_) return;
  raft_.campaign();
  absorb();
}

Status PartitionReplica::change_membership(Membership target) {
  if (stopped_) return *stopped_;
  auto changed = raft_.change_membership(std::move(target));
  absorb();
  return changed;
}

Status PartitionReplica::transfer_leadership(NodeId to) {
  if (stopped_) return *stopped_;
  auto started = raft_.transfer_leadership(to);
  absorb();
  return started;
}

void PartitionReplica::peer_down(NodeId node) {
  raft_.peer_down(node);
  absorb();
}

void PartitionReplica::peer_up(NodeId node) {
  raft_.peer_up(node);
  absorb();
}

void PartitionReplica::hard_state_stored(std::uint64_t sequence) {
  if (stopped_) return;
  raft_.hard_state_stored(sequence);
  absorb();
}

ErrorCode PartitionReplica::move_log_start(Offset offset) {
  if (stopped_) return stopped_->code;
  if (!leading() || raft_.handing_over()) return ErrorCode::not_leader_or_follower;
  if (raft_.blocked()) return ErrorCode::kafka_storage_error;
  if (offset > high_watermark_) return ErrorCode::offset_out_of_range;
  if (offset <= log_start_proposed_) return ErrorCode::none;
  LogEntry entry;
  entry.type = EntryType::log_start;
  entry.payload = SharedBytes::copy_of(RowWriter().put(offset.value).take());
  propose(std::move(entry));
  return ErrorCode::none;
}

ErrorCode PartitionReplica::compact(Offset upto, TimestampMs now) {
  if (stopped_) return stopped_->code;
  if (!leading() || raft_.handing_over()) return ErrorCode::not_leader_or_follower;
  if (raft_.blocked()) return ErrorCode::kafka_storage_error;
  if (upto > high_watermark_) return ErrorCode::offset_out_of_range;
  const auto cut = cuts_.next(upto, now, options_.delete_retention_ms);
  if (cut.upto <= cut_proposed_.upto && cut.tombstones_below <= cut_proposed_.tombstones_below) return ErrorCode::none;
  LogEntry entry;
  entry.type = EntryType::compaction;
  entry.payload = encode_cut(cut);
  propose(std::move(entry));
  return ErrorCode::none;
}

void PartitionReplica::written(std::uint64_t sequence) {
  if (stopped_) return;
  raft_.entries_stored(sequence);
  if (state_.in_flight && *state_.in_flight <= sequence) {
    producers_.rows_written();
    terms_.rows_written();
    log_start_rows_.written();
    cut_rows_.written();
    catch_up_rows_.written();
    state_.in_flight.reset();
    stored_state_end_ = state_.end;
    stored_state_applied_ = state_.applied;
  }
  release(acks_on_store_, raft_.stored_index());
  absorb();
}

void PartitionReplica::write_failed(std::uint64_t generation, const Error& error) {
  if (stopped_ || generation != generation_) return;
  if (error.code != ErrorCode::storage_full) {
    stop(error);
    return;
  }
  const Error refusal{ErrorCode::kafka_storage_error, error.message};
  effects_.write = {};
  lose_state();
  ++generation_;
  if (raft_.write_lost()) {
    const auto from = raft_.last_index().next();
    undo_from(from);
    refuse_waiters(acks_on_commit_, from, refusal);
  }
  refuse_waiters(acks_on_store_, raft_.stored_index().next(), refusal);
  absorb();
  wake_fetches();
}

void PartitionReplica::entries_read(NodeId to, RaftIndex from, std::vector<LogEntry> entries) {
  if (!stopped_) raft_.entries_read(to, from, std::move(entries));
}

void PartitionReplica::prefix_removed(RaftIndex first_index, Offset first_offset) {
  if (stopped_) return;
  raft_.remove_prefix(first_index);
  first_offset_ = std::max(first_offset_, first_offset);
}

void PartitionReplica::stop(Error error) {
  if (stopped_) return;
  stopped_ = std::move(error);
  transfer_.reset();
  raft_.stop();
  effects_.write = {};
  refuse_all(*stopped_);
  unapplied_.clear();
  cache_.clear();
}

Effects PartitionReplica::take_effects() {
  auto from_raft = raft_.take_effects();
  for (const auto node : from_raft.snapshots) raft_.send_snapshot(node, make_snapshot());
  effects_.sequence = from_raft.sequence;
  effects_.hard_state = std::move(from_raft.hard_state);
  effects_.after_hard_state = std::move(from_raft.after_hard_state);
  effects_.after_write = std::move(from_raft.after_write);
  std::move(from_raft.messages.begin(), from_raft.messages.end(), std::back_inserter(effects_.messages));
  effects_.reads = std::move(from_raft.reads);
  add_digests(effects_.messages);
  add_digests(effects_.after_hard_state);
  add_digests(effects_.after_write);
  if (!from_raft.snapshots.empty()) {
    auto snapshots = raft_.take_effects().messages;
    std::move(snapshots.begin(), snapshots.end(), std::back_inserter(effects_.messages));
  }
  if (!effects_.write.entries.empty() && state_due()) add_state(effects_.write, effects_.sequence);
  effects_.write_generation = generation_;
  return std::exchange(effects_, {});
}

void PartitionReplica::propose(LogEntry entry) {
  proposal_.clear();
  proposal_.push_back(std::move(entry));
  const bool accepted = raft_.propose(proposal_);
  CB_ASSERT(accepted);
  absorb(true);
}

// What Raft made of an input.
void PartitionReplica::absorb(bool own_entries) {
  if (stopped_) return;
  absorb_log(own_entries);
  absorb_office();
  if (led_) wake_confirmed();
  apply_committed();
  note_recovery();
  if (raft_.committed_membership_index() > membership_index_) {
    membership_index_ = raft_.committed_membership_index();
    effects_.membership_changed = true;
  }
}

void PartitionReplica::absorb_log(bool own_entries) {
  auto change = raft_.take_log_change();
  if (change.installed) {
    install(*change.installed);
  } else if (change.undone_from) {
    undo_from(*change.undone_from);
  }
  for (const auto& entry : change.write.entries) {
    if (entry.index <= adopted_) continue; // given once more after a write was lost
    if (own_entries || entry.type != EntryType::batch) {
      adopt(entry, entry.payload.size());
    } else {
      adopt_from_leader(entry);
    }
  }
  effects_.write.append(std::move(change.write));
}

void PartitionReplica::absorb_office() {
  const bool leads = leading();
  const auto leader = raft_.leader();
  const bool news = leader != no_node && (leader != leader_ || raft_.term() != leader_term_);
  if (led_ && !leads) refuse_all(no_longer_leads);
  if (news || (led_ && !leads)) {
    effects_.leader_changed = true;
    leader_ = leader;
    if (leader_term_ != raft_.term()) comparison_.begin_term();
    leader_term_ = raft_.term();
  }
  led_ = leads;
}

// What an appended entry means before it is committed; batches are announced to the
// producer table and the cache by those who know their header.
void PartitionReplica::adopt(const LogEntry& entry, std::size_t bytes) {
  CB_ASSERT(entry.base_offset == log_end_);
  terms_.append(entry.term, entry.index, entry.base_offset);
  adopted_ = entry.index;
  log_end_ = entry.next_offset();
  if (entry.type == EntryType::log_start) log_start_proposed_ = std::max(log_start_proposed_, log_start_of(entry));
  if (entry.type == EntryType::compaction) {
    if (const auto cut = decode_cut(entry.payload.view())) cut_proposed_ = *cut;
  }
  unapplied_.push_back({entry, bytes, checksum_of(entry), is_original(entry)});
  if (entry.type == EntryType::batch && !deliver_applied_) unapplied_.back().entry.payload = {};
}

void PartitionReplica::adopt_from_leader(const LogEntry& entry) {
  const auto header = read_batch_header(entry.payload.view());
  CB_ASSERT(header.ok()); // is_sound() has seen it
  adopt(entry, entry.payload.size());
  if (header->idempotent() && entry.index > applied_) producers_.append(*header, entry.index, entry.base_offset);
  cache_.append(entry.base_offset, log_end_, entry.payload);
}

void PartitionReplica::apply_committed() {
  const auto commit = raft_.commit_index();
  if (commit > committed_) {
    while (!unapplied_.empty() && unapplied_.front().entry.index <= commit) {
      apply_entry(unapplied_.front());
      unapplied_.pop_front();
    }
    committed_ = commit;
    if (commit > applied_) {
      producers_.apply(commit);
      terms_.apply(commit);
      applied_ = commit;
    }
    if (catch_up_ && commit >= *catch_up_) {
      catch_up_rows_.mark(*catch_up_);
      catch_up_.reset();
    }
    terms_.trim(log_start_);
    wake_fetches();
  }
  release_log_start();
  release_cut();
  release_committed();
}

void PartitionReplica::apply_entry(Unapplied& unapplied) {
  auto& entry = unapplied.entry;
  if (entry.index > applied_) {
    digest_.apply(entry, unapplied.checksum, unapplied.original);
    comparison_.reached(digest_);
  }
  high_watermark_ = std::max(high_watermark_, entry.next_offset());
  state_.bytes += unapplied.bytes;
  if (entry.type == EntryType::log_start) {
    const auto offset = log_start_of(entry);
    if (offset > log_start_ && offset <= high_watermark_) {
      log_start_ = offset;
      log_start_rows_.mark(offset);
      log_start_due_ = offset;
    }
  }
  if (entry.type == EntryType::compaction && entry.index > applied_) {
    if (const auto cut = decode_cut(entry.payload.view())) {
      cuts_.apply(*cut);
      cut_rows_.mark(cuts_.last().upto);
      cut_due_ = true;
    }
  }
  if (deliver_applied_) effects_.applied.push_back(std::move(entry));
}

// Segments may go with what the state on disk does not know yet only once it does; and
// with entries at this very offset that are no batches only once those are committed, as
// another leader may undo them, and once the state has the terms that begin with them. Nor
// while the disk still has entries that were undone here: the write that replaces them comes
// later than a log start.
void PartitionReplica::release_log_start() {
  if (undone_from_ && raft_.stored_index() >= *undone_from_) undone_from_.reset();
  if (!log_start_due_ || *log_start_due_ > stored_state_end_ || undone_from_) return;
  if (*log_start_due_ == stored_state_end_ && term_begins(terms_, stored_state_applied_, committed_)) return;
  const auto* next = unapplied_.empty() ? nullptr : &unapplied_.front().entry;
  if (next != nullptr && next->type != EntryType::batch && next->base_offset <= *log_start_due_) return;
  effects_.log_start = std::exchange(log_start_due_, {});
}

// What a state on disk older than the cut would replay must still be there; and what is to
// be truncated yet is not to be rewritten.
void PartitionReplica::release_cut() {
  if (!cut_due_ || cuts_.last().upto > stored_state_end_ || undone_from_) return;
  cut_due_ = false;
  effects_.compaction = cuts_.last();
}

// Entries from `from` on have never been.
void PartitionReplica::undo_from(RaftIndex from) {
  while (!unapplied_.empty() && unapplied_.back().entry.index >= from) unapplied_.pop_back();
  log_end_ = unapplied_.empty() ? high_watermark_ : unapplied_.back().entry.next_offset();
  adopted_ = std::min(adopted_, from.prev());
  undone_from_ = std::min(undone_from_.value_or(from), from);
  const auto above_state = std::max(from, applied_.next());
  if (!raft::sabotaged(raft::Sabotage::producer_state_not_undone)) producers_.truncate_from(above_state);
  terms_.truncate_from(above_state);
  cache_.truncate(log_end_);
  log_start_proposed_ = log_start_;
  cut_proposed_ = cuts_.last();
}

void PartitionReplica::refuse_all(const Error& error) {
  refuse_waiters(acks_on_store_, RaftIndex{}, error);
  refuse_waiters(acks_on_commit_, RaftIndex{}, error);
  wake_fetches();
}

} // namespace callboard::partition
