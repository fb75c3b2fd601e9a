#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "actors/node/directory.h"
#include "cluster/metadata/controller.h"
#include "cluster/metadata/early_leaders.h"
#include "cluster/metadata/image.h"
#include "schema/controller_command.h"
#include "tests/bench/cluster_cost/costs.h"
#include "tests/bench/cluster_cost/replicas.h"

namespace callboard::bench {

// What a node's metadata actor does, and the directory of one of its loops.
class Metadata {
public:
  Metadata(NodeId self, Meter& meter, Replicas& replicas) : self_(self), meter_(meter), replicas_(replicas) {}

  void committed(const std::vector<LogEntry>& entries);
  // The metadata's group.
  void led_by(const LeaderAnnouncement& announcement, Instant now);
  void settled(Term term, Instant now);
  // Of others, by a node's own replicas or by its peers.
  void leaders(const std::vector<LeaderAnnouncement>& announcements, Instant now);
  void liveness(NodeId node, bool up, Instant now);
  // All that was committed before its start has been seen: placements are followed from now on. Of a node
  // that joins once it has seen its second record, with which it says who it is.
  void registered();
  bool is_registered() const { return registered_; }

  void accept(ControllerCommand command) { commands_.push_back(std::move(command)); }
  void proposed() { executing_ = false; }
  void look(Instant now);
  // Whether there was anything to do for the controller.
  bool work(Instant now);

  const metadata::Image& image() const { return image_; }
  bool leads() const { return leader_ == self_ && settled_term_ == term_; }
  // Nodes as a record has just said.
  std::vector<NodeRecord> take_nodes() { return std::exchange(nodes_, {}); }
  // Leaders that are to hand over, and to whom.
  std::vector<metadata::LeaderTransfer> take_transfers() { return std::exchange(transfers_, {}); }
  NodeId leader_of(GroupId group) const;
  std::size_t partitions_led() const;
  std::size_t partitions_moving() const { return controller_.moving().size(); }

private:
  using Records = std::vector<MetadataRecord>;
  struct Started {
    GroupId group;
    Placement placement;
  };

  void apply(const MetadataRecord& record);
  void run_topic(const TopicRecord& record);
  void place(const PlacementRecord& record);
  void run_partition(PartitionRef& partition, const Placement& placement);
  void carry_out(const partition::ReplicaOptions& options);
  void note_leaders(const std::vector<LeaderAnnouncement>& announcements, Instant now);
  Records plan(const ControllerCommand& command);
  Records next_records(Instant now);
  void propose(const Records& records);
  void place_metadata();

  NodeId self_;
  Meter& meter_;
  Replicas& replicas_;
  metadata::Image image_;
  metadata::LeaderTable leaders_;
  metadata::Controller controller_{leaders_};
  Directory directory_;
  std::unordered_map<GroupId, PartitionRef> partitions_;
  metadata::EarlyLeaders early_leaders_;
  std::set<NodeId> alive_{self_};
  std::vector<NodeRecord> nodes_;
  std::vector<metadata::LeaderTransfer> transfers_;
  std::vector<Started> to_start_, to_place_;
  bool registered_ = false;
  int own_records_ = 0;
  Term term_, settled_term_;
  NodeId leader_ = no_node;
  std::deque<ControllerCommand> commands_;
  bool executing_ = false;
  std::uint64_t topics_ = 0; // planned here
};

} // namespace callboard::bench
