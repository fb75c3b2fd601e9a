#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

struct FetchOutcome {
  WaiterId waiter = 0;
  ErrorCode error = ErrorCode::none;
  Offset high_watermark = unknown_offset; // -1 in errors
  Offset last_stable = unknown_offset;
  Offset log_start = unknown_offset;
  std::vector<SharedBytes> batches; // back to back, from the one that holds the offset
  std::optional<ColdRead> cold;     // read this instead; `batches` is empty
};

struct OffsetOutcome {
  ErrorCode error = ErrorCode::none;
  Offset offset = unknown_offset;
  Term leader_epoch{-1};
};

// Everything the caller has to do, taken after each input.
struct Effects {
  std::optional<HardState> hard_state; // answer with hard_state_stored()
  LogWrite write;                      // if not empty: answer with written() or write_failed()
  std::uint64_t write_generation = 0;  // of `write`, see write_failed()
  std::vector<ProduceOutcome> produced;
  std::vector<FetchOutcome> fetched;
  std::optional<Offset> log_start; // committed: segments below it may go
  // Committed entries in order, each once, only if the replica was asked to deliver them
  // (internal partitions). With their whole payload, see the constructor for those that
  // were recovered.
  std::vector<LogEntry> applied;
  bool leader_changed = false; // announce (term, leader)
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
// Waiters are bounded by the credits of those who ask: one for each command given.
class PartitionReplica {
public:
  struct Start {
    NodeId self;
    HardState hard;
    RecoveredLog log;
    ReplicaOptions options;
    std::shared_ptr<CacheBudget> cache_budget;
    bool deliver_applied = false;
  };
  // A recovered log that contradicts itself puts the replica out of service
  // (corrupt_storage). Entries above its applied index are delivered, once committed,
  // with the payload that it holds of them: batches cut to their header.
  explicit PartitionReplica(Start start);

  // At first touch. Again for a leader that could not write its first entry because
  // the disk was full (leading(), not settled()): it tries once more.
  void campaign();
  void produce(ProduceCommand command, TimestampMs now);
  // Answers at once in take_effects().fetched, or parks.
  void fetch(const FetchCommand& command);
  // A parked fetch whose deadline passed or whose asker is gone: forgotten, unanswered.
  void cancel_fetch(WaiterId waiter);
  // timestamp -1: latest (high watermark), -2: earliest. Other times are the cold
  // reader's: invalid_request. Error: offset_not_available for the latest until the
  // leader has settled.
  OffsetOutcome list_offset(std::int64_t timestamp, std::int32_t leader_epoch) const;
  // Proposes that the log starts at `offset` (retention, DeleteRecords); in effect, as
  // Effects::log_start, once committed. Refused above the high watermark.
  ErrorCode move_log_start(Offset offset);

  void hard_state_stored(Term term);
  // Everything up to `last` (of `term`) is on disk.
  void written(RaftIndex last, Term term);
  // The write did not happen. storage_full: its entries and all after them are undone,
  // their waiters told, and the generation moves on, so that the writer can refuse what
  // is still on its way from the old one; other codes: the replica is out of service.
  void write_failed(std::uint64_t generation, const Error& error);
  // Out of service from outside (damage found by a reader, the partition was deleted):
  // all waiters are told `error`, every later command too.
  void stop(Error error);

  // The tail cache gives its memory back (an idle partition).
  void drop_cache() { cache_.clear(); }
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
  std::size_t parked_fetches() const { return parked_.size(); }
  std::size_t waiting_acks() const { return acks_on_store_.size() + acks_on_commit_.size(); }
  std::size_t cached_bytes() const { return cache_.bytes(); }
  const raft::Raft& raft() const { return raft_; }

private:
  struct AckWaiter {
    RaftIndex index;
    ProduceOutcome outcome;
  };
  using AckWaiters = std::deque<AckWaiter>; // by index
  // An entry above the applied index; its payload only where apply() needs it.
  struct Unapplied {
    LogEntry entry;
    std::size_t bytes = 0;
  };
  // How far the derived state was given to the disk.
  struct StateProgress {
    RaftIndex applied;                  // last put into a write
    std::size_t bytes = 0;              // of batches applied since
    std::optional<RaftIndex> in_flight; // last entry of the write that carries it
  };

  // replica_recovery.cpp
  Status recover(const RecoveredLog& log);
  Status load_rows(const std::vector<StateRow>& rows);
  Status replay(const RecoveredLog& log);
  Status replay_entry(const LogEntry& entry);
  bool state_due() const;
  void add_state(LogWrite& write);

  // replica_produce.cpp
  std::optional<Error> refuse(const ProduceCommand& command) const;
  void append_batch(ProduceCommand command, TimestampMs now);
  void acknowledge(std::int16_t acks, AckWaiter waiter);
  void release(AckWaiters& waiters, RaftIndex up_to);
  void refuse_waiters(AckWaiters& waiters, RaftIndex from, const Error& error);

  // replica_fetch.cpp
  ErrorCode check_leader(std::int32_t leader_epoch) const;
  std::optional<FetchOutcome> try_fetch(const FetchCommand& command);
  void wake_fetches();

  // partition_replica.cpp
  void propose(LogEntry entry);
  void absorb_raft();
  void adopt(const LogEntry& entry, std::size_t bytes);
  void apply_committed();
  void apply_entry(Unapplied& unapplied);
  void undo_unstored(const Error& error);

  raft::Raft raft_;
  ReplicaOptions options_;
  bool deliver_applied_ = false;
  ProducerTable producers_;
  TermHistory terms_;
  TailCache cache_;
  Offset log_start_;
  Offset log_start_proposed_; // the furthest that a log_start entry on its way says
  Offset high_watermark_;
  Offset log_end_;
  RaftIndex applied_;
  ChangedRows<Offset> log_start_rows_;
  StateProgress state_;
  std::uint64_t generation_ = 1;
  std::optional<Error> stopped_;
  std::deque<Unapplied> unapplied_;
  AckWaiters acks_on_store_;  // acks=1: the leader's disk is enough
  AckWaiters acks_on_commit_; // acks=all
  std::deque<FetchCommand> parked_;
  std::vector<LogEntry> proposal_; // reused from call to call
  Effects effects_;
};

} // namespace callboard::partition
