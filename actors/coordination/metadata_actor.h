#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/coordination/messages.h"
#include "actors/node/loop_context.h"
#include "actors/partition/partition_actor.h"
#include "actors/runtime/hosted_actor.h"
#include "cluster/metadata/image.h"
#include "cluster/metadata/recent_deletions.h"
#include "cluster/metadata/topic_commands.h"

namespace callboard {

// Where partitions find what they need; filled by the node.
struct PartitionHosts {
  std::vector<LoopContext*> loops; // partitions are spread over these by group
  std::vector<caf::actor> writers; // likewise
  std::vector<caf::actor> readers;
  std::vector<caf::actor> agents; // one a loop
  caf::actor state;               // of internal partitions
  std::shared_ptr<partition::CacheBudget> cache_budget;
};

// What was on disk for a group when the node started.
using StoredGroups = std::unordered_map<GroupId, storage::GroupRecord>;

// The cluster's metadata: hosts its internal partition, replays its log into the image,
// turns commands into records of it one after the other, and once a record is
// committed makes it so: partitions start or end, every loop's directory changes, and
// only then is the command answered.
class MetadataActor final : public HostedActor {
public:
  MetadataActor(caf::actor_config& config, NodeContext& node, PartitionHosts hosts, StoredGroups stored,
                std::function<void(Status)> on_ready);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  using Command = std::variant<CreateTopic, DeleteTopic, AlterTopic, AddPartitions, AllocateProducerId>;
  // What waits until all loops have changed their directory.
  struct Announcement {
    std::size_t missing = 0;
    std::function<void()> then;
  };

  // The log, as it was and as it grows.
  void on_log_opened(const InternalLogOpened& message);
  void replay_next();
  void on_replayed(const EntriesReplayed& message);
  void on_committed(const EntriesCommitted& message);
  void apply(const LogEntry& entry);
  void apply_record(const MetadataRecord& record, TimestampMs at);
  void finish_replay();
  void give_up(const Error& error);

  // Commands, one at a time.
  void accept(Command command);
  void execute_next();
  void execute(CreateTopic& command);
  void execute(DeleteTopic& command);
  void execute(AlterTopic& command);
  void execute(AddPartitions& command);
  template <class Change>
  void execute_change(const Change& command, const Result<TopicRecord>& planned);
  void execute(AllocateProducerId& command);
  void done_at_once();
  void propose(const MetadataRecord& record);
  void on_proposed(const ProduceAnswers& message);
  void refuse(const Error& error);
  void refuse(const CreateTopic& command, const Error& error);
  void refuse(const DeleteTopic& command, const Error& error);
  void refuse(const AlterTopic& command, const Error& error);
  void refuse(const AddPartitions& command, const Error& error);
  void refuse(const AllocateProducerId& command, const Error& error);
  void complete();
  void complete(const CreateTopic& command);
  void complete(const DeleteTopic& command);
  void complete(const AlterTopic& command);
  void complete(const AddPartitions& command);
  void complete(const AllocateProducerId& command);

  // Making it so.
  TopicRef run_topic(const TopicRecord& record);
  void end_topic(const Uuid& id);
  PartitionRef start_partition(const TopicRecord& record, std::size_t index, const metadata::TopicConfig& config);
  caf::actor start_coordinator(const PartitionWiring& wiring, LoopContext& loop);
  void touch_when_due(GroupId group, const caf::actor& partition, const metadata::TopicConfig& config);
  void collect_garbage();
  void announce(std::vector<TopicRef> added, std::vector<Uuid> removed, std::function<void()> then);
  void on_directory_updated(const DirectoryUpdated& message);
  metadata::TopicDefaults defaults() const;
  void give_out_producer_id(const AllocateProducerId& command);

  NodeContext& node_;
  PartitionHosts hosts_;
  StoredGroups stored_;
  std::function<void(Status)> on_ready_;
  caf::actor log_; // the internal partition
  metadata::Image image_;
  metadata::RecentDeletions deletions_;
  std::unordered_map<GroupId, PartitionRef> partitions_;
  std::vector<caf::actor> coordinators_; // of consumer groups, by partition

  bool replaying_ = true;
  std::shared_ptr<const storage::LogView> replay_view_;
  RaftIndex applied_;
  RaftIndex replay_last_;
  std::deque<LogEntry> early_; // committed while the replay goes on

  std::deque<Command> commands_; // the first one is being executed
  bool executing_ = false;
  std::string created_name_;
  ProducerId producer_next_{0}; // of the block given out from
  ProducerId producer_end_{0};

  std::map<std::uint64_t, Announcement> announcements_;
  std::uint64_t next_token_ = 1;
};

} // namespace callboard
