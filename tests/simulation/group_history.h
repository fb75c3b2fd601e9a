#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/partition/partition_replica.h"
#include "schema/record_batch.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/findings.h"

namespace callboard::simulation {

// A batch as its producer names it; `id` tells all batches of a run apart and travels as
// its base timestamp.
struct BatchName {
  std::int64_t id = 0;
  ProducerId producer = no_producer;
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;
  std::int32_t count = 0;

  static BatchName of(const BatchHeader& header) {
    return {header.base_timestamp, header.producer, header.producer_epoch, header.base_sequence, header.count};
  }
  bool operator==(const BatchName&) const = default;
};

// Everything that ever happened in one group, as nobody inside can know it: the committed
// log, who led which term, what was promised. Compares whatever a replica does with it
// the moment it is done, so that a broken rule is found where it breaks:
//
//   election safety       no term has two leaders
//   leader completeness   who leads has everything that was committed in earlier terms
//   log matching          an index and a term name one entry, and one entry before it
//   state machine safety  what is committed at an index is the same everywhere, forever
//   durability            when it is committed it is on the disks of a majority
//   acknowledgements      only for what is committed, at the offset where it is
//   producers             an idempotent producer's batches, each once, in order
//   producer state        what a replica knows of them is what its log says, also after
//                         entries were undone
//   offsets               dense from 0; no high watermark goes back
//   identical replicas    at the end, byte for byte, and in what they derive from it
//   states                what a log is applied to is what it says, with every leader that
//                         has settled; no log begins behind it
//   consumers             are given what is committed, and nothing else; what they read is out of range only
//                         once the log starts behind it
class GroupHistory {
public:
  using DiskOf = std::function<const StoredGroup*(NodeId)>;

  GroupHistory(GroupId group, Findings& findings, DiskOf disk_of)
    : group_(group), findings_(findings), disk_of_(std::move(disk_of)) {}

  // A replica of `node` did something: called with its effects before anybody else sees
  // them, writes and committed entries in them.
  void observe(NodeId node, const partition::PartitionReplica& replica, const partition::Effects& effects);
  // The replica on `node` begins a new life.
  void restarted(NodeId node, const RecoveredLog& log);

  // A leader says that `batch` is committed at `base_offset`, on at least `copies` disks.
  void acknowledged(const partition::PartitionReplica& leader, const BatchName& batch, Offset base_offset,
                    std::size_t copies);
  // A leader says that `batch` is committed somewhere.
  void called_duplicate(const BatchName& batch);
  // A leader gives `batch` to a consumer.
  void served(ByteView batch);
  // A consumer at `position` got `batch`; the position behind it.
  Offset consumed(Offset position, ByteView batch);

  // What the committed entries come to (internal partitions).
  void check_state(NodeId node, const AppliedState& state);
  // The group was deleted: whatever is left of it means nothing.
  void end() { ended_ = true; }
  bool ended() const { return ended_; }

  Offset committed_end() const;
  RaftIndex committed_index() const { return RaftIndex(committed_.size()); }
  // Where the log starts, as far as any replica knows.
  Offset kept_from() const { return kept_from_; }
  // The newest committed membership.
  const Membership& membership() const { return membership_; }
  void found(Membership membership) { membership_ = std::move(membership); }
  // At the end: whether `log` has what is committed, as far as it goes back, with every
  // byte that other logs have, and the replica knows what follows from it.
  void compare(NodeId node, const partition::PartitionReplica& replica, const storage::MemoryLog& log);
  std::uint64_t acknowledgements() const { return acknowledgements_; }

private:
  struct Committed {
    Term term;
    std::uint64_t content = 0;
    Term in_term; // of who was first to say so
    Offset next_offset;
  };
  struct CommittedBatch {
    RaftIndex index;
    Offset base_offset;
    BatchName name;
  };
  struct Appended {
    std::uint64_t content = 0;
    Term previous_term; // -1: not known
    NodeId first;       // who had it first
    bool shared = false;
  };
  struct Life {
    Offset high_watermark;
    RaftIndex commit_index;
    Term led;
    // For the producer state: as of where it began, and the batches above.
    RaftIndex state_index;
    std::map<RaftIndex, BatchName> batches;
    RaftIndex last_index;
  };

  void fail(const std::string& rule, const std::string& what);
  static void follow_entry(Life& life, const LogEntry& entry);
  bool follow_log(Life& life, const partition::PartitionReplica& replica, const LogWrite& write);
  void compare_log(NodeId node, const storage::MemoryLog& log);
  void check_producer_state(NodeId node, const partition::PartitionReplica& replica, const Life& life);
  bool check_office(NodeId node, const partition::PartitionReplica& replica, Life& life);
  void check_completeness(NodeId node, const partition::PartitionReplica& replica);
  void check_appended(NodeId node, const partition::PartitionReplica& replica, const LogWrite& write);
  void check_matching(NodeId node, const LogEntry& entry, std::optional<Term> previous);
  void check_committed(NodeId node, const partition::PartitionReplica& replica, const LogEntry& entry);
  void extend(NodeId node, const partition::PartitionReplica& replica, const LogEntry& entry);
  void check_batch(const LogEntry& entry);
  void check_durable(const partition::PartitionReplica& leader, RaftIndex index);
  std::size_t durable_on(const std::vector<NodeId>& voters, RaftIndex index) const;
  const CommittedBatch* batch_at(Offset offset) const;
  std::map<ProducerId, BatchName> producers_at(RaftIndex index) const;

  GroupId group_;
  Findings& findings_;
  DiskOf disk_of_;
  std::vector<Committed> committed_;    // entry i + 1
  std::vector<CommittedBatch> batches_; // by offset
  std::map<ProducerId, BatchName> last_of_producer_;
  std::map<Term, NodeId> leaders_;
  std::unordered_map<std::uint64_t, Appended> appended_; // by index and term
  std::map<NodeId, Life> lives_;
  Membership membership_;
  Offset kept_from_;
  AppliedState state_;
  std::map<RaftIndex, SharedBytes> payloads_; // as the first log has them at the end
  std::optional<Offset> log_start_;           // likewise
  std::uint64_t acknowledgements_ = 0;
  bool ended_ = false;
};

} // namespace callboard::simulation
