#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/coordination/messages.h"
#include "actors/coordination/operation_messages.h"
#include "actors/node/loop_context.h"
#include "actors/partition/internal_log.h"
#include "actors/partition/partition_actor.h"
#include "actors/peer/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "cluster/metadata/awaited_leaders.h"
#include "cluster/metadata/controller.h"
#include "cluster/metadata/early_leaders.h"
#include "cluster/metadata/image.h"
#include "cluster/metadata/operation_pace.h"
#include "cluster/metadata/recent_deletions.h"
#include "cluster/metadata/topic_commands.h"

namespace callboard {

// Where partitions find what they need; filled by the node.
struct PartitionHosts {
  std::vector<LoopContext*> loops; // partitions are spread over these by group
  std::vector<caf::actor> writers; // likewise
  std::vector<caf::actor> readers;
  caf::actor catch_up;            // lets them read for other nodes
  std::vector<caf::actor> agents; // one a loop
  caf::actor state;               // of internal partitions
  caf::actor elsewhere;           // answers for partitions that have no replica here
  std::shared_ptr<partition::CacheBudget> cache_budget;
};

// What was on disk for a group when the node started.
using StoredGroups = std::unordered_map<GroupId, storage::GroupRecord>;

// The cluster's metadata: hosts this node's replica of their internal partition, replays its
// log into the image, and makes so what is committed: partitions start or end, every loop's
// directory changes.
//
// On the node that leads the partition it is the controller: turns commands into records, one
// after the other. On the others it hands commands to that node. Either way a command is
// answered once its change is seen on this node.
//
//   metadata_actor.cpp       the log, as it was and as it grows
//   metadata_commands.cpp    commands: here, elsewhere, from elsewhere
//   metadata_operations.cpp  what operators ask for, and how the cluster is
//   metadata_topics.cpp      making it so
class MetadataActor final : public HostedActor {
public:
  // `on_ready` is told once everything that was committed before this start is seen here.
  MetadataActor(caf::actor_config& config, NodeContext& node, PartitionHosts hosts, StoredGroups stored,
                std::function<void(Status)> on_ready);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  // What to write, if anything, or why not.
  using Records = std::vector<MetadataRecord>;
  using Plan = Result<Records>;
  struct Command {
    caf::actor from; // null: the controller's own step, whatever that is when its turn comes
    std::uint64_t token = 0;
    bool generic = false; // answered with ControllerAnswered, whatever it is
    ControllerCommand what;
    Instant at{};
  };
  // Who asked on behalf of another node.
  struct Asker {
    caf::actor from;
    std::uint64_t token = 0;
  };
  // Of the command with which this node says who it is; others are numbered from 1.
  static constexpr std::uint64_t registration_token = 0;
  // A command whose change is not seen on this node yet.
  struct Unseen {
    Command command;
    ControllerOutcome outcome;
    Instant since;
    // Once its index is applied: all announcements before this one are to be done.
    std::optional<std::uint64_t> announced_before{};
    metadata::AwaitedLeaders awaited{}; // of its partitions, if it makes some
  };

  // metadata_actor.cpp
  void on_uncommitted(const UncommittedFound& message);
  void on_log_opened(const InternalLogOpened& message);
  void replay_next();
  void on_replayed(const EntriesReplayed& message);
  void on_committed(const EntriesCommitted& message);
  void apply(const LogEntry& entry);
  void apply_record(const MetadataRecord& record, TimestampMs at);
  void finish_replay();
  void give_up(const Error& error);
  void register_self();
  void on_leader(const LeaderAnnouncement& message);
  void on_settled(const LeaderSettled& message);
  void take_office();
  void on_registered(const ControllerAnswered& message);

  // metadata_commands.cpp
  void accept(Command command);
  void serve_commands();
  void look_after_commands();
  void execute_next();
  static bool validates_only(const ControllerCommand& command);
  Plan plan(const TopicCreation& creation);
  Plan plan(TopicDeletion& deletion);
  Plan plan(const TopicAlteration& alteration);
  Plan plan(const PartitionAddition& addition);
  Plan plan(const ProducerIdAllocation& allocation);
  static Plan plan(const LeadershipTransfer&) { return Records{}; } // needs no record
  Plan changed(const Result<TopicRecord>& planned) const;
  void propose(const Records& records);
  void on_proposed(const ProduceAnswers& message);
  void finish_command(ControllerOutcome outcome);
  void add_to_outcome(const ControllerCommand& command, Records& written, ControllerOutcome& outcome);
  void hand_over(Command command, const caf::actor& link);
  static PeerCommand on_wire(const ControllerCommand& command);
  void on_command_from_peer(CommandFromPeer& message);
  void on_answered(const ControllerAnswered& message);
  void on_handed_over(PeerCommandAnswered& message);
  void when_seen(Command command, ControllerOutcome outcome);
  bool is_seen(Unseen& unseen);
  void answer_seen();
  void answer(Command& command, ControllerOutcome outcome);
  bool leads() const { return leader_ == node_.identity.node && settled_term_ == term_; }

  // metadata_operations.cpp
  Plan plan(const NodeDrain& drain);
  Plan plan(const NodeRemoval& removal);
  Plan plan(const Rebalance& rebalance);
  Plan plan(const TopicMoving& moving);
  Plan plan(const LeaderElection& election);
  static Plan plan(const ClusterStatusQuery&) { return Records{}; } // does not wait its turn
  PartitionOutcome elect(const TopicRecord& topic, std::size_t index);
  bool preferred_leads(GroupId group) const;
  bool is_elected(Unseen& unseen) const;
  void on_list_moves(const ListMoves& message);
  void hand_over_leadership(const HandOver& message);
  void tell_status(Command command);
  void pass_on_status(Command command, ControllerOutcome outcome);
  std::string waits_for() const;
  ClusterStatus status();
  bool is_under_replicated(const PartitionRef& partition) const;
  std::vector<ClusterOperation> operations();

  // metadata_topics.cpp
  TopicRef run_topic(const TopicRecord& record);
  TopicRef topic_ref(const TopicRecord& record) const;
  metadata::TopicConfig config_of(const TopicRecord& record) const;
  void run_placed();
  void on_replica_gone(GroupId group);
  void end_topic(const Uuid& id);
  void run_partition(const TopicRecord& record, std::size_t index, const metadata::TopicConfig* config);
  void start_partition(PartitionRef& partition, const TopicRecord& record, std::size_t index,
                       const metadata::TopicConfig& config);
  caf::actor start_coordinator(const PartitionWiring& wiring, LoopContext& loop);
  void touch_when_due(GroupId group, const caf::actor& partition, const metadata::TopicConfig& config);
  void touch_soon(GroupId group);
  void touch_now(GroupId group);
  void touch_all();
  void touch_more();
  void collect_garbage();
  void follow_placement(GroupId group);
  void announce(std::vector<TopicRef> added, std::vector<Uuid> removed);
  void announce_placed();
  void on_directory_updated(const DirectoryUpdated& message);
  void on_leaders(LeadersAnnounced& message);
  void tell_early_leaders(const TopicRecord& topic);
  void note_leader(const LeaderAnnouncement& announcement);
  metadata::TopicDefaults defaults() const;
  bool several_nodes() const;
  void tell_nodes();
  void place_metadata();
  metadata::Liveness liveness() const;
  void on_liveness(const PeerLiveness& peer);
  Plan plan(const NodeRegistration& registration);
  Plan plan_own_step();
  void run_controller();
  void transfer_leadership(const LeadershipTransfer& transfer);

  NodeContext& node_;
  PartitionHosts hosts_;
  StoredGroups stored_;
  std::function<void(Status)> on_ready_;
  caf::actor log_; // the internal partition
  metadata::Image image_;
  metadata::RecentDeletions deletions_;
  metadata::LeaderTable leaders_;
  metadata::Controller controller_{leaders_};
  metadata::OperationPace pace_;
  std::set<NodeId> alive_;        // this node included
  bool controller_steps_ = false; // a step of it waits or is on its way
  bool registered_ = false;       // the image has all that was committed before this start
  std::unordered_map<GroupId, PartitionRef> partitions_;
  std::vector<caf::actor> coordinators_; // of consumer groups
  metadata::EarlyLeaders early_leaders_;
  std::vector<GroupId> to_touch_; // replicas whose logs are to be opened, bit by bit
  bool touch_armed_ = false;

  Term term_; // of the internal partition
  NodeId leader_ = no_node;
  Term settled_term_;

  bool replaying_ = true;
  bool unusable_ = false; // the log, until it has begun anew from the others
  RaftIndex applied_;
  RaftIndex replay_last_;
  std::deque<LogEntry> early_; // committed while the replay goes on

  std::deque<Command> commands_; // the first one is being executed, if this is the controller
  bool executing_ = false;
  Records executed_;                                 // on their way
  std::vector<PartitionOutcome> partition_outcomes_; // of the one being executed
  std::uint64_t propose_token_ = 0;
  std::unordered_map<std::uint64_t, Command> handed_over_;
  std::unordered_map<std::uint64_t, Asker> for_peers_;
  std::vector<Unseen> unseen_;
  ProducerId producer_next_{0}; // of the block given out from
  ProducerId producer_end_{0};

  // A change of the directories on its way.
  struct Announcing {
    std::size_t loops = 0;        // that have not answered
    std::vector<GroupId> begun{}; // replicas that open their logs then
  };
  std::map<std::uint64_t, Announcing> announcements_;
  std::vector<GroupId> begun_;       // since the last one
  std::vector<PartitionRef> placed_; // likewise, by records of their own
  std::uint64_t next_token_ = 1;
};

} // namespace callboard
