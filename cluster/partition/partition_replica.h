#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/partition/derived_state.h"
#include "cluster/partition/log_digest.h"
#include "cluster/partition/producer_table.h"
#include "cluster/partition/tail_cache.h"
#include "cluster/partition/term_history.h"
#include "cluster/raft/raft.h"
#include "schema/record_batch.h"

namespace callboard::partition {

// Names who waits for an answer; made by the caller, opaque here.
using WaiterId = std::uint64_t;

struct ReplicaOptions {
  std::int32_t message_bytes_max = 1048588; // max.message.bytes: of a whole batch
  bool log_append_time = false;             // message.timestamp.type
  std::int32_t min_insync_replicas = 1;
  // cleanup.policy: with compact every record must have a key; records may be deleted by
  // offset only with delete.
  bool compacted = false;
  bool deletable = true;
  std::int64_t delete_retention_ms = 24LL * 3600 * 1000; // of tombstones behind a cut
};

// A produced batch, already checked by check_produced_batch(). `batch` is not shared
// with any other reader yet: the replica stamps it.
struct ProduceCommand {
  WaiterId waiter = 0;
  std::int16_t acks = -1;
  SharedBytes batch;
  BatchHeader header;
};

// The answer to a produce; sent at once for acks 0, when the leader has it on disk
// for 1, when it is committed for all.
struct ProduceOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none;
  Offset base_offset = unknown_offset;
  TimestampMs log_append_time = no_timestamp;
  Offset log_start;
  std::string message; // for a person, where the code does not say it
};

struct FetchCommand {
  WaiterId waiter = 0;
  Offset offset;
  std::size_t bytes_max = 1 << 20; // soft: the first batch is returned whole if at_least_one
  bool at_least_one = true;
  std::int32_t leader_epoch = -1; // the client's; -1: skip the check (KIP-320)
  // Of the last record that the client has; -1: not checked. If its term ended here before
  // `offset`, the answer says where instead of batches (KIP-595).
  std::int32_t last_fetched_epoch = -1;
  // With less than this many bytes below the high watermark: park, and answer when they
  // are there. 0: answer at once.
  std::size_t park_until_bytes = 0;
};

// What the caller reads from the log because it left the tail cache.
struct ColdRead {
  Offset from;
  Offset upper; // the high watermark
  std::size_t bytes_max = 0;
  bool at_least_one = true;
};

// Where a term ended, for clients that look for the end of what they share with this log
// (OffsetForLeaderEpoch, KIP-320). Epoch and offset -1: not known.
struct EpochEnd {
  ErrorCode error = ErrorCode::none;
  Term leader_epoch{-1}; // the largest known that is not above the one asked for
  Offset end = unknown_offset;
};

struct FetchOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none;
  Offset high_watermark = unknown_offset; // -1 in errors
  Offset last_stable = unknown_offset;
  Offset log_start = unknown_offset;
  std::vector<SharedBytes> batches; // back to back, from the one that holds the offset
  std::optional<ColdRead> cold;     // read this instead; `batches` is empty
  std::optional<EpochEnd> diverged; // the client's log parts from this one here; `batches` is empty
};

struct OffsetOutcome {
  ErrorCode error = ErrorCode::none;
  Offset offset = unknown_offset;
  Term leader_epoch{-1};
};

// Up to where a log is in the state that it was applied to.
struct AppliedTo {
  RaftIndex applied;
  Offset next_offset; // that the batch behind has
};

// A follower wants a part of this leader's state: answer with state_read().
struct StateRead {
  NodeId to = no_node;
  std::string after;
};

// A state that is to take the place of this replica's own, part by part; answer each with
// state_stored() once it cannot get lost before the last, and the last once the new state
// is in place, on disk. Until then, and if it never comes, the old one stays.
struct StateStep {
  bool first = false; // forget what came before it
  std::vector<StateRow> rows;
  std::optional<AppliedTo> complete; // the last: the state is as of here
};

// Everything the caller has to do, taken after each input.
//
// Storage effects are stored in the order in which they were taken, `hard_state` before
// `write`, and answered by `sequence`. `after_hard_state` and `after_write` are messages
// that promise what is stored: see raft::Effects, whose rules hold here.
struct Effects {
  std::uint64_t sequence = 0;
  std::optional<HardState> hard_state; // answer with hard_state_stored(sequence)
  std::vector<raft::Message> after_hard_state;
  LogWrite write;                     // if not empty: answer with written(sequence) or write_failed()
  std::uint64_t write_generation = 0; // of `write`, see write_failed()
  std::vector<raft::Message> after_write;
  std::vector<raft::Message> messages;  // may leave at once
  std::vector<raft::ReadRequest> reads; // for a follower: answer with entries_read()
  std::vector<ProduceOutcome> produced;
  std::vector<FetchOutcome> fetched;
  // Committed, and the state on disk covers what lies below: those segments may go; then
  // prefix_removed().
  std::optional<Offset> log_start;
  // The last committed cut, once the state on disk covers what lies below it: that may be
  // rewritten. Also after a restart, since nobody knows how far that had come.
  std::optional<CompactionCut> compaction;
  // Committed entries in order, each once, only if the replica was asked to deliver them
  // (internal partitions). With their whole payload, see the constructor for those that
  // were recovered.
  std::vector<LogEntry> applied;
  std::vector<StateRead> state_reads;
  std::optional<StateStep> state_step;
  bool leader_changed = false;     // announce (term, leader)
  bool membership_changed = false; // committed: see membership()
};

// One replica of one partition, pure: Raft, offsets, producer state, high watermark,
// tail cache, acknowledgement and fetch waiters (decision 4). The actor around it
// feeds inputs and routes effects; the simulator will do the same.
//
//   offsets   log start            high watermark             log end
//                 |  committed: served   |  appended, not yet    |
//   indexes       |                applied = commit           last index
//   state         |  rows (on disk soon) |  overlay, undone      |
//                                           with its entries
//
// Producer state, term history and the log start are kept as of the applied
// (committed) index. They ride on the next write after they changed; the applied index
// alone is written only once it has moved far enough to shorten the replay at start.
//
// A follower keeps all of it too: it may lead at any moment. Who leads no longer refuses
// its waiters with not_leader_or_follower; whether their batches stay is not known then,
// and a repeat finds them again if they do.
//
// Waiters are bounded by the credits of those who ask: one for each command given.
//
// A group whose log is applied to a state of its own and trimmed below it (keeps_state)
// brings that state to whoever lacks it before a snapshot of the log is installed there:
//
//   leader    -- snapshot, as always -->  follower holds it
//             <-- state behind "" --      asks until it has all rows, each part stored
//             -- rows, as of i1 -->
//             <-- state behind k --       as of min(i1, i2 ..): entries behind it are applied
//             -- rows, as of i2 -->       once more, so that parts need not be of one moment
//                                         state in place, on disk; then the log starts over
//
// A crash between the two leaves a state that is ahead of its log, which is as good: entries
// that it has are not applied to it again. The leader keeps nothing of it but that somebody
// asked lately, and does not let go of entries then (state_in_demand()).
//
// To drive a group of several: give every replica its own `seed`, tick() those that do
// not rest (it costs nothing to tick the others), carry messages between them, store what
// they give, and say which nodes are down. Groups form by themselves; campaign() makes one
// replica try at once.
class PartitionReplica {
public:
  struct Start {
    NodeId self;
    HardState hard;
    RecoveredLog log;
    ReplicaOptions options;
    std::shared_ptr<CacheBudget> cache_budget;
    bool deliver_applied = false;
    GroupId group{};
    raft::Config raft{};
    std::uint64_t seed = 0;
    // The delivered entries make a state, and the log is trimmed below what of it is on disk.
    bool keeps_state = false;
  };
  // A recovered log that contradicts itself puts the replica out of service
  // (corrupt_storage). Entries above its applied index are delivered, once committed,
  // with the payload that it holds of them: batches cut to their header.
  explicit PartitionReplica(Start start);

  void tick();
  // From a peer, through whatever lies between: lost, doubled, late, made up.
  void step(raft::Message message);
  // At first touch of a group of one, which nobody ticks. Again for a leader that could
  // not write its first entry because the disk was full (leading(), not settled()): it
  // tries once more.
  void campaign();
  void produce(ProduceCommand command, TimestampMs now);
  // Answers at once in take_effects().fetched, or parks.
  void fetch(const FetchCommand& command);
  // A parked fetch whose deadline passed or whose asker is gone: forgotten, unanswered.
  void cancel_fetch(WaiterId waiter);
  // Who waits for acks=all has waited enough: answered request_timed_out; the batch may
  // still be committed. Nothing if it was answered before.
  void expire_produce(WaiterId waiter);
  // timestamp -1: latest (high watermark), -2: earliest, -5: the latest in remote storage,
  // where nothing is (offset -1). Other times are the cold reader's: invalid_request.
  // Error: offset_not_available for the latest until the leader has settled.
  OffsetOutcome list_offset(std::int64_t timestamp, std::int32_t leader_epoch) const;
  // Where `leader_epoch` ended: where the next one began, or the log's end. What the client
  // takes for the current epoch is checked as for a fetch.
  EpochEnd end_offset_for(std::int32_t leader_epoch, std::int32_t current_leader_epoch = -1) const;
  // Proposes that the log starts at `offset` (retention, DeleteRecords); in effect, as
  // Effects::log_start, once committed. Refused above the high watermark.
  ErrorCode move_log_start(Offset offset);
  // Proposes that the log is compacted up to `upto`, and that those tombstones go that were
  // cut long enough ago; in effect, as Effects::compaction, once committed. Refused above the
  // high watermark; nothing if the last cut says as much.
  ErrorCode compact(Offset upto, TimestampMs now);

  // See raft::Raft.
  Status change_membership(Membership target);
  Status transfer_leadership(NodeId to);
  void peer_down(NodeId node);
  void peer_up(NodeId node);

  void hard_state_stored(std::uint64_t sequence);
  // Everything up to the write of these effects is on disk.
  void written(std::uint64_t sequence);
  // The write did not happen, nor any behind it of this generation; the generation moves
  // on, so that the writer can refuse what is still on its way from the old one.
  // storage_full: what nobody else has seen is undone and its waiters told; with other
  // members it is kept, acks=1 are told, and it is written again with a later tick, before
  // which nothing is produced here. Other codes: the replica is out of service.
  void write_failed(std::uint64_t generation, const Error& error);
  // Answers Effects::reads: entries from `from` on, dense; none if they could not be read.
  void entries_read(NodeId to, RaftIndex from, std::vector<LogEntry> entries);
  // Answers Effects::state_reads.
  void state_read(NodeId to, raft::StatePart part);
  // Answers Effects::state_step. False: it could not be stored.
  void state_stored(bool stored);
  // The state on disk has everything below `next_offset`.
  void state_kept(Offset next_offset) { kept_to_ = std::max(kept_to_, next_offset); }
  // Storage let segments go: the log now begins with this entry.
  void prefix_removed(RaftIndex first_index, Offset first_offset);
  // Out of service from outside (damage found by a reader, the partition was deleted, the
  // node stops): all waiters are told `error`, every later command too, and the other
  // replicas learn that this one has stopped.
  void stop(Error error);

  // The tail cache gives its memory back (an idle partition).
  void drop_cache() { cache_.clear(); }
  // Storage has compacted what lies below: readers are to see that.
  void compacted(Offset upto) { cache_.drop_below(upto); }
  void set_options(const ReplicaOptions& options) { options_ = options; }

  Effects take_effects();

  bool leading() const { return !stopped_ && raft_.role() == raft::Role::leader; }
  bool settled() const { return !stopped_ && raft_.settled(); }
  bool stopped() const { return stopped_.has_value(); }
  // Why it is out of service; nullopt while it is not.
  const std::optional<Error>& stop_reason() const { return stopped_; }
  Term term() const { return raft_.term(); }
  NodeId leader() const { return raft_.leader(); }
  Offset log_start() const { return log_start_; }
  Offset high_watermark() const { return high_watermark_; }
  Offset log_end() const { return log_end_; }
  std::vector<ProducerStatus> producers() const { return producers_.describe(); }
  std::size_t parked_fetches() const { return parked_.size(); }
  std::size_t waiting_acks() const { return acks_on_store_.size() + acks_on_commit_.size(); }
  std::size_t cached_bytes() const { return cache_.bytes(); }
  const raft::Raft& raft() const { return raft_; }
  const LogDigest& digest() const { return digest_; }
  bool resting() const { return stopped_ || (raft_.resting() && !transfer_); }
  // Whether anything happens with tick() before the next input.
  bool needs_ticks() const { return !resting() && (raft_.needs_ticks() || transfer_ || demand_ticks_ > 0); }
  // Somebody gets this leader's state: entries had better stay for a while.
  bool state_in_demand() const { return demand_ticks_ > 0; }
  const Membership& membership() const { return raft_.membership(); }
  // Messages that made no sense as batches or state; the others: raft().refusals().
  std::uint64_t refused_messages() const { return refused_messages_; }

private:
  bool goes_back(const raft::Body& body) const;
  struct AckWaiter {
    RaftIndex index;
    ProduceOutcome outcome;
  };
  using AckWaiters = std::deque<AckWaiter>; // by index
  struct Parked {
    FetchCommand command;
    std::uint64_t round = 0; // of Raft's, that has to be answered first; 0: none
    std::uint32_t waited_ticks = 0;
  };
  // An entry above the applied index; its payload only where apply() needs it.
  struct Unapplied {
    LogEntry entry;
    std::size_t bytes = 0;
    std::uint32_t checksum = 0;
    bool original = true;
  };
  // What a message says of digests, beside what it is to Raft.
  struct DigestHeard {
    NodeId from;
    Term term;
    bool reply = false;
    std::uint32_t life = 0; // of who replies
    raft::LogDigest digest;
    RaftIndex agreed;
    std::optional<std::uint32_t> damaged_life;
  };
  // How far the derived state was given to the disk.
  struct StateProgress {
    RaftIndex applied;                      // last put into a write
    std::size_t bytes = 0;                  // of batches applied since
    std::optional<std::uint64_t> in_flight; // sequence of the write that carries it
    Offset end;                             // the high watermark that goes with it
  };

  // A snapshot that waits for the state that goes with it.
  struct StateTransfer {
    raft::Message snapshot;
    std::string after; // the next part is behind this row
    RaftIndex applied; // the least of the parts; 0: none came yet
    Offset next_offset;
    bool storing = false;
    bool complete = false; // what is being stored is the last
    std::uint32_t silent_ticks = 0;
    std::uint32_t waited_ticks = 0; // since a part came

    void start_over() {
      after.clear();
      applied = {};
      next_offset = {};
      silent_ticks = 0;
    }
  };

  // replica_state.cpp
  bool hold_for_state(raft::Message& message);
  void ask_for_state();
  void tick_transfer();
  void receive(const raft::Message& message, const raft::StateRequest& request);
  void receive(const raft::Message& message, raft::StatePart& part);

  // replica_recovery.cpp
  static raft::Start raft_start(const Start& start);
  Status recover(const RecoveredLog& log);
  Status replay(const RecoveredLog& log);
  Status replay_entry(const LogEntry& entry);
  bool state_due() const;
  void add_state(LogWrite& write, std::uint64_t sequence);
  void lose_state();
  void install(const raft::Snapshot& snapshot);
  std::shared_ptr<const raft::Snapshot> make_snapshot() const;

  // replica_produce.cpp
  std::optional<Error> refuse(const ProduceCommand& command) const;
  void append_batch(ProduceCommand command, TimestampMs now);
  bool too_few_replicas() const;
  std::string replicas_short() const;
  void acknowledge(std::int16_t acks, AckWaiter waiter);
  RaftIndex acknowledged() const;
  void release_committed();
  void release_log_start();
  void release_cut();
  void release(AckWaiters& waiters, RaftIndex up_to);
  void refuse_waiters(AckWaiters& waiters, RaftIndex from, const Error& error);

  // replica_fetch.cpp
  ErrorCode check_leader(std::int32_t leader_epoch) const;
  bool diverges(const FetchCommand& command, FetchOutcome& outcome) const;
  bool is_beyond(const FetchCommand& command, const FetchOutcome& outcome) const;
  std::optional<FetchOutcome> try_fetch(const FetchCommand& command);
  void await_round(std::uint64_t round);
  void wake_fetches();
  void wake_confirmed();
  void give_up_confirming();

  // partition_replica.cpp
  void propose(LogEntry entry);
  void absorb(bool own_entries = false);
  void absorb_log(bool own_entries);
  void absorb_office();
  void adopt(const LogEntry& entry, std::size_t bytes);
  void adopt_from_leader(const LogEntry& entry);
  void apply_committed();
  void apply_entry(Unapplied& unapplied);
  void undo_from(RaftIndex from);
  void refuse_all(const Error& error);

  // replica_digest.cpp
  void heed(const DigestHeard& heard);
  void note_recovery();
  void name_digest();
  void add_digests(std::vector<raft::Message>& messages) const;

  raft::Raft raft_;
  ReplicaOptions options_;
  bool deliver_applied_ = false;
  GroupId raft_group_;
  bool keeps_state_ = false;
  Offset kept_to_; // state_kept()
  std::optional<StateTransfer> transfer_;
  std::uint32_t demand_ticks_ = 0;
  ProducerTable producers_;
  TermHistory terms_;
  TailCache cache_;
  Offset first_offset_; // of the log's first entry
  Offset log_start_;
  Offset log_start_proposed_; // the furthest that a log_start entry on its way says
  Offset high_watermark_;
  Offset log_end_;
  RaftIndex adopted_;   // the last entry
  RaftIndex committed_; // what the high watermark stands for
  RaftIndex applied_;   // what the derived state is as of; the same but behind a snapshot
  std::optional<RaftIndex> catch_up_;
  std::uint64_t awaited_round_ = 0;      // the first that a parked fetch waits for; 0: none does
  std::uint32_t confirm_ticks_max_;      // how long one does
  Offset stored_state_end_;              // below it the state on disk speaks for the batches
  RaftIndex stored_state_applied_;       // what it is as of
  std::optional<Offset> log_start_due_;  // in effect, to be told once the state is on disk
  std::optional<RaftIndex> undone_from_; // until what came in their place is on disk
  LogDigest digest_;
  DigestComparison comparison_;
  std::uint32_t unnamed_ticks_ = 0; // since a digest was named
  CompactionCuts cuts_;
  CompactionCut cut_proposed_; // the last that an entry on its way says, or the last committed
  bool cut_due_ = false;       // committed, to be told once the state is on disk
  ChangedRows<Offset> cut_rows_;
  ChangedRows<Offset> log_start_rows_;
  ChangedRows<RaftIndex> catch_up_rows_;
  StateProgress state_;
  std::uint64_t generation_ = 1;
  std::optional<Error> stopped_;
  // As last told to the caller.
  bool led_ = false;
  Term leader_term_;
  NodeId leader_ = no_node;
  RaftIndex membership_index_;
  std::uint64_t refused_messages_ = 0;
  std::deque<Unapplied> unapplied_;
  AckWaiters acks_on_store_;  // acks=1: the leader's disk is enough
  AckWaiters acks_on_commit_; // acks=all
  std::deque<Parked> parked_;
  std::vector<LogEntry> proposal_; // reused from call to call
  Effects effects_;
};

} // namespace callboard::partition
