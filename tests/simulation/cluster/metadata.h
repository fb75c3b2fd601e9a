#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "cluster/metadata/awaited_leaders.h"
#include "cluster/metadata/controller.h"
#include "cluster/metadata/early_leaders.h"
#include "cluster/metadata/image.h"
#include "cluster/metadata/topic_commands.h"
#include "tests/simulation/cluster/machine.h"

namespace callboard::simulation::cluster {

// The cluster's metadata on one node, and the controller where it leads: the metadata actor of
// the real node. What is decided is decided by cluster/metadata; here it is only carried.
class Metadata {
public:
  explicit Metadata(Machine& machine);

  bool ready() const { return ready_; }
  bool leads() const { return leader_ == machine_.id() && settled_term_ == term_; }
  const metadata::Image& image() const { return image_; }
  const metadata::LeaderTable& heard() const { return leaders_; }
  const metadata::Controller& controller() const { return controller_; }
  RaftIndex applied() const { return applied_; }
  bool idle() const { return commands_.empty() && !executing_ && handed_over_ == 0 && unseen_.empty(); }
  // Whom clients are sent to.
  Leader leader_of(GroupId group) const;

  void tick();
  // Answered once its outcome is seen here.
  void accept(ControllerCommand command, Answer answer);
  // Of another node.
  void hear_command(const ControllerCommand& command, Answer answer);

  // ---- from its machine
  void committed(const std::vector<LogEntry>& entries);
  void settled(Term term);
  void local_leader(const LeaderAnnouncement& announcement);
  void leaders(std::vector<LeaderAnnouncement> announcements);
  void liveness(NodeId node, bool up);
  void proposed(std::uint64_t number, const Error& error);
  void replica_left(GroupId group);
  void log_begins_anew();
  // See membership/group_duties.h.
  void said_stopped(GroupId group, NodeId node);
  bool others_have_all(GroupId group) const;
  bool others_serve(GroupId group) const;

private:
  using Records = std::vector<MetadataRecord>;
  using Plan = Result<Records>;
  struct Command {
    Answer answer; // none: the controller's own step
    ControllerCommand what;
    std::uint32_t at = 0;
  };
  struct Unseen {
    Command command;
    ControllerOutcome outcome;
    std::uint32_t since = 0;
    metadata::AwaitedLeaders awaited{};
  };
  struct Partition {
    std::vector<NodeId> replicas;
    bool local = false;
    Term term;
    NodeId leader = no_node;
  };

  void replay();
  void apply(const LogEntry& entry);
  void apply_record(RaftIndex index, const MetadataRecord& record);
  void run_topic(const TopicRecord& record);
  void run_partition(GroupId group, const Placement& placement);
  bool may_start(GroupId group, const Placement& placement) const;
  void end_topic(const Uuid& id);
  void tell_nodes(std::vector<NodeRecord> nodes);
  void place_metadata();
  void register_self();
  void take_office();
  void note_leader(const LeaderAnnouncement& announcement);
  void tell_early_leaders(const TopicRecord& topic);

  void serve();
  void execute_next();
  Plan plan(ControllerCommand& command);
  Plan changed(const Result<TopicRecord>& planned) const;
  Plan elect(const LeaderElection& election);
  Plan move(const TopicMoving& moving);
  void finish(const Error& error);
  void run_controller();
  Records controller_step();
  void transfer(const LeadershipTransfer& transfer);
  void when_seen(Command command, ControllerOutcome outcome);
  bool is_seen(Unseen& unseen) const;
  bool preferred_leads(GroupId group) const;
  void answer_seen();
  void act() const;

  Machine& machine_;
  metadata::Image image_;
  metadata::LeaderTable leaders_;
  metadata::Controller controller_;
  std::map<GroupId, Partition> partitions_;
  metadata::EarlyLeaders early_leaders_;
  std::set<GroupId> stored_; // when it was started, until it is ready
  std::set<NodeId> alive_;
  const LeaderAnnouncement* told(GroupId group) const;
  std::function<bool(NodeId)> in_service(GroupId group, const LeaderAnnouncement& known) const;

  std::map<GroupId, membership::Doubts> doubts_;
  LeaderAnnouncement controllers_; // what was told last of the metadata's group, as LoopContext has it
  bool replaying_ = true;
  bool ready_ = false;
  RaftIndex applied_;
  Term term_;
  NodeId leader_ = no_node;
  Term settled_term_;

  std::deque<Command> commands_;
  bool executing_ = false;
  bool controller_steps_ = false;
  Records executed_;
  std::vector<PartitionOutcome> outcomes_; // of the one being executed
  std::uint64_t proposal_ = 0;
  std::size_t handed_over_ = 0;
  std::deque<Unseen> unseen_;
};

} // namespace callboard::simulation::cluster
