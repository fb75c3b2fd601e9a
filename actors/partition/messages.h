#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/partition/partition_replica.h"
#include "schema/metadata_record.h"
#include "schema/peer_message.h"
#include "storage/compaction.h"
#include "storage/log_reader.h"
#include "storage/partition_log.h"
#include "storage/retention.h"

// What partitions are sent and what they answer. `token` is the asker's own and comes
// back in the answer; payloads cross by reference count.
namespace callboard {

namespace storage {
struct CompactionTask; // storage/compaction_job.h
}

struct ProduceToPartition {
  caf::actor from;
  std::uint64_t token = 0;
  partition::ProduceCommand command; // its waiter is set by the partition
};

struct FetchFromPartition {
  caf::actor from;
  std::uint64_t token = 0;
  partition::FetchCommand command; // its waiter is set by the partition
};

// Say with a PartitionReady, once, when there are at least `bytes_min` from `offset` on, or
// any other answer than "nothing yet": a fetch session waits so for its many partitions
// that rest. Withdrawn with CancelFetch.
struct WatchPartition {
  caf::actor from;
  std::uint64_t token = 0;
  Offset offset;
  std::size_t bytes_min = 1;
  std::int32_t leader_epoch = -1;
};
struct PartitionReady {
  std::uint64_t token = 0;
};

// Forget a parked fetch: its deadline passed or another partition answered.
struct CancelFetch {
  caf::actor_id from = 0;
  std::uint64_t token = 0;
};

// ListOffsets: -1 latest, -2 earliest, -3 largest timestamp, -5 latest in remote storage,
// else a time in ms.
struct ListOffsetOfPartition {
  caf::actor from;
  std::uint64_t token = 0;
  std::int64_t timestamp = -1;
  std::int32_t leader_epoch = -1;
};

// OffsetForLeaderEpoch: where the epoch ended. Answered with an OffsetAnswer.
struct FindEpochEnd {
  caf::actor from;
  std::uint64_t token = 0;
  std::int32_t leader_epoch = 0;
  std::int32_t current_leader_epoch = -1;
};

struct ProduceAnswer {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  Offset base_offset = unknown_offset;
  TimestampMs log_append_time = no_timestamp;
  Offset log_start = unknown_offset;
  std::string message;
};
// All answers that one commit released to one asker.
struct ProduceAnswers {
  std::vector<ProduceAnswer> answers;
};

struct FetchAnswer {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  Offset high_watermark = unknown_offset;
  Offset last_stable = unknown_offset;
  Offset log_start = unknown_offset;
  std::vector<SharedBytes> batches;
  std::optional<partition::EpochEnd> diverged;
};

struct OffsetAnswer {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  Offset offset = unknown_offset;
  TimestampMs timestamp = no_timestamp;
  Term leader_epoch{-1};
};

// The partition is to be ready: open its log, stand for election.
struct TouchPartition {};
// The partition's topic is gone: refuse everything, remove the log.
struct RemovePartition {};
// The log is damaged: the replica stops, and begins anew from the others. `scrubbed`: nobody
// needed yet what is; the replica goes on until the others can do without it.
struct DamageFound {
  Error error;
  bool scrubbed = false;
};
// Retention: the log may start here.
struct TrimPartition {
  Offset log_start;
};
// Worth compacting: a leader proposes it.
struct CompactPartition {
  Offset upto;
};
struct DropIdleCache {};

// The topic's configuration changed; what comes behind this message finds it in effect.
struct ConfigurePartition {
  partition::ReplicaOptions replica;
  storage::LogOptions log;
  storage::RetentionLimits retention;
  storage::CompactionLimits compaction;
};

// Records below `offset` go; answered when that is committed.
struct DeleteRecordsOfPartition {
  static constexpr std::int64_t to_high_watermark = -1;
  caf::actor from;
  std::uint64_t token = 0;
  std::int64_t offset = to_high_watermark;
};
struct RecordsDeleted {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  Offset log_start = unknown_offset;
};

struct DescribeProducersOfPartition {
  caf::actor from;
  std::uint64_t token = 0;
};
struct ProducersDescribed {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  std::vector<partition::ProducerStatus> producers;
};

// How much a log takes on disk. The partition sends it on to its writer, which answers; a
// log that is not open stays so.
struct DescribeLogOfPartition {
  caf::actor from;
  std::uint64_t token = 0;
};
struct LogDescribed {
  std::uint64_t token = 0;
  std::uint64_t bytes = 0;
  std::int64_t uncommitted = 0; // records behind the high watermark
};

// Messages of the group's other replicas.
struct RaftFromPeer {
  std::vector<raft::Message> messages;
};
// The node that a replica lives on is down, or up again.
struct PeerLiveness {
  NodeId node = no_node;
  bool up = false;
};
// Its own: time passes, while there is something to wait for.
struct TickPartition {};
// Where the controller wants the group's log to be; the leader brings it there. `during`: by
// a leader of this term only.
struct PlacePartition {
  Placement placement;
  std::optional<Term> during{};
};
// To every loop's agent: this node's replica is out of service although the node lives, or
// it begins anew.
struct ReplicaStopped {
  GroupId group;
  bool stopped = true;
};
// To every loop's agent: somebody found damage in the group's log; its replica, if it is on
// this loop, is to hear of it.
struct DamageInGroup {
  GroupId group;
  Error error;
};
// A partition's own: whether it can begin anew by now.
struct TryToHeal {};
// Whoever leads the group says that this node is no member of it: LeaderAnnouncement::as_of.
struct LeftGroup {
  RaftIndex as_of;
};
// To the metadata actor: the replica that its group had taken out, and all it had, is gone.
struct ReplicaGone {
  GroupId group;
};
// Hand leadership over to another voter: `to`, or whoever has most.
struct YieldLeadership {
  NodeId to = no_node;
};

// Partition to writer and back. A writer owns the logs of its groups.
struct OpenLog {
  GroupId group;
  caf::actor from;
  storage::LogOptions options;
  storage::RetentionLimits retention;
  storage::CompactionLimits compaction;
};
struct LogOpened {
  HardState hard;
  RecoveredLog log;
  std::shared_ptr<const storage::LogView> view;
};
struct LogUnusable {
  Error error;
};
struct StageHardState {
  GroupId group;
  std::uint64_t sequence = 0;
  HardState hard;
};
struct HardStateStored {
  std::uint64_t sequence = 0;
};
struct StageWrite {
  GroupId group;
  std::uint64_t sequence = 0;
  std::uint64_t generation = 0;
  LogWrite write;
};
struct Written {
  std::uint64_t sequence = 0;                   // everything up to it
  std::shared_ptr<const storage::LogView> view; // null: as before
};
struct WriteFailed {
  std::uint64_t generation = 0;
  Error error;
};
struct ViewChanged {
  std::shared_ptr<const storage::LogView> view;
  Offset compacted{}; // below it there may be less than there was
};
struct StoreLogStart {
  GroupId group;
  Offset log_start;
};
// What set_log_start() left: entries before are gone.
struct PrefixRemoved {
  RaftIndex first_index;
  Offset first_offset;
};
// The log is to be compacted so far: a committed entry says so.
struct StoreCut {
  GroupId group;
  CompactionCut cut;
};
// Answered, if somebody is named, once nothing of the log is left or will be.
struct DestroyLog {
  GroupId group;
  caf::actor from{};
};
struct LogDestroyed {
  GroupId group;
};
// A damaged log makes room for one that begins anew (storage/quarantine.h); its replica has
// stopped. Answered with LogSetAside; to be opened again then.
struct SetLogAside {
  GroupId group;
  caf::actor from;
};
struct LogSetAside {
  Status status;
  std::string where; // it lies now; empty: nothing is kept of it
};
// A log's options changed. If it is not open and something in it is to be done, now or later,
// `from` is told to open it then (TouchPartition).
struct ConfigureLog {
  GroupId group;
  caf::actor from;
  storage::LogOptions options;
  storage::RetentionLimits retention;
  storage::CompactionLimits compaction;
};
struct DescribeLog {
  GroupId group;
  caf::actor from;
  LogDescribed answer; // everything but the bytes
};

// Writer to compactor and back: segments as they get ready, then one of the last two.
struct CompactLog {
  caf::actor from;
  std::shared_ptr<storage::CompactionTask> task;
};
struct CancelCompaction {
  GroupId group;
};
struct SegmentCompacted {
  GroupId group;
  storage::CompactedSegment segment;
};
struct CompactionDone {
  GroupId group;
  storage::CompactionResult result;
};
struct CompactionFailed {
  GroupId group;
  std::uint64_t task = 0;
  Error error;
};

// Partition to reader; the reader answers the asker, not the partition.
struct ColdFetch {
  caf::actor partition;
  std::shared_ptr<const storage::LogView> view;
  partition::ColdRead read;
  caf::actor from;
  FetchAnswer answer; // everything but the batches
};
struct ColdOffset {
  caf::actor partition;
  std::shared_ptr<const storage::LogView> view;
  std::int64_t timestamp = 0; // -3: the largest
  Offset upper;
  caf::actor from;
  OffsetAnswer answer;
};

// Internal partitions to whoever applies their log: first the log as it was opened,
// then every entry that is committed after `last`.
struct InternalLogOpened {
  RaftIndex first;
  Offset first_offset; // that it has
  RaftIndex last;      // known to be committed
};
// Who applies the log to the partition: committed entries, as ReplayEntries.
struct ReplayLog {
  caf::actor from;
  RaftIndex first;
  RaftIndex last;
};
struct EntriesCommitted {
  std::vector<LogEntry> entries;
};
// The internal partition to whoever applies its log: this node leads in that term, and all
// that was committed before has been delivered.
struct LeaderSettled {
  Term term;
};

// Who applies the log to the partition: on disk is what it comes to below this offset, so
// that the log may begin there.
struct AppliedStateFlushed {
  Offset next_offset;
};
struct InternalLogUnusable {
  Error error;
};
// The internal partition to whoever applies its log: this node has it no more.
struct InternalLogGone {};
// Reads a stretch of an internal log, as much as is sensible at once, and answers.
struct EntriesReplayed {
  std::vector<LogEntry> entries;
};
// In its place: the log was rolled, truncated or trimmed while it was read. To be asked again
// with what it is now.
struct LogChanged {};
// To itself: now.
struct ReplayAgain {};
struct ReplayEntries {
  caf::actor from;
  std::shared_ptr<const storage::LogView> view;
  RaftIndex first;
  RaftIndex last;
};

// Entries for a follower that memory no longer has; answered with the same request.
struct ReadForFollower {
  caf::actor partition;
  std::shared_ptr<const storage::LogView> view;
  raft::ReadRequest request;
};
struct ReadDone {
  raft::ReadRequest request;
  std::vector<LogEntry> entries; // none: they could not be read
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ProduceToPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::FetchFromPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::WatchPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PartitionReady)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CancelFetch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ListOffsetOfPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::FindEpochEnd)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ProduceAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::FetchAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::OffsetAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TouchPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::RemovePartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DamageFound)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TrimPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CompactPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DropIdleCache)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ConfigurePartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DeleteRecordsOfPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::RecordsDeleted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DescribeProducersOfPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ProducersDescribed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DescribeLogOfPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogDescribed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LeaderAnnouncement)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::RaftFromPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LeaderSettled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AppliedStateFlushed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerLiveness)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TickPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PlacePartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LeftGroup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReplicaGone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReplicaStopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::YieldLeadership)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PrefixRemoved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReadForFollower)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReadDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::OpenLog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogOpened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogUnusable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StageHardState)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::HardStateStored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StageWrite)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::Written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::WriteFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ViewChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StoreLogStart)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StoreCut)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DestroyLog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogDestroyed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::SetLogAside)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogSetAside)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DamageInGroup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TryToHeal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ConfigureLog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DescribeLog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CompactLog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CancelCompaction)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::SegmentCompacted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CompactionDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CompactionFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ColdFetch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ColdOffset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::InternalLogOpened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReplayLog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::EntriesCommitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::InternalLogUnusable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::InternalLogGone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::EntriesReplayed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReplayAgain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReplayEntries)
