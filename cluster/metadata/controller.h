#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cluster/metadata/leader_table.h"
#include "cluster/metadata/node_commands.h"
#include "cluster/metadata/open_moves.h"
#include "cluster/metadata/placement_change.h"
#include "cluster/metadata/topic_moves.h"
#include "schema/time.h"

namespace callboard::metadata {

struct ControllerSettings {
  Duration replace_after = std::chrono::minutes(10);          // a node that is away so long is gone
  Duration preferred_leader_after = std::chrono::seconds(10); // and again, if it did not come to it
  std::size_t topics_per_step = 100;
  std::size_t partitions_per_step = 1000; // one topic may have more
  std::size_t records_per_step = 1000;    // of placements
  std::size_t moves_max = 256;            // groups that change their replicas at a time
  std::size_t transfers_per_step = 100;
};

struct ControllerStep {
  std::vector<MetadataRecord> records; // to be written, in this order
  std::vector<LeaderTransfer> transfers;
};

// What the cluster is busy with, for people.
struct OperationStatus {
  MoveReason what = MoveReason::factor;
  NodeId node = no_node; // of drain and replace
  std::uint64_t done = 0;
  std::uint64_t total = 0; // replicas of drain and replace, partitions of the others; grows while it is being found out
  std::string waiting{};   // for what, as sentences; empty: it goes on

  bool operator==(const OperationStatus&) const = default;
};

// Decides where replicas go as nodes come, drain, die and are removed. Lives on every node with
// the metadata image, acts on the metadata's leader. Pure: events come in, records to propose come out
// of step(), one bounded batch at a time; nothing looks at everything on a timer.
//
//   begin() ─┐                         ┌─> records ──> log ──> applying() ──> image
//   node_*() ├─> a round over all topics, 100 a step
//   applying()  one topic              └─> transfers ──> the groups' leaders ──> heard()
//   heard()  ┘
//
// An event that may change what should be where (a node came, went for good, drains) starts a round. A topic
// that waits for a leader is looked at again when one is heard of. With `moves_max` groups on
// the move the round rests until some have arrived.
//
// How to drive it: applying() before the image applies a record, heard() after the leader table learned
// news, tick() now and then; while has_work(), step(), and the next one after its records were applied.
// Owned by the metadata actor, on its thread.
class Controller {
public:
  explicit Controller(const LeaderTable& leaders, ControllerSettings settings = {})
    : leaders_(&leaders), settings_(settings) {}

  // This node leads the metadata from now on. Nothing is remembered but what the image says: a node that
  // is away has the whole time until it is replaced; a rebalance ends with the one who was asked for it.
  void begin(const Image& image, std::set<NodeId> alive, Instant now);

  void node_up(const Image& image, NodeId node);
  void node_down(const Image& image, NodeId node, Instant now);
  void tick(const Image& image, Instant now);
  void applying(const Image& before, const MetadataRecord& record);
  void heard(const Image& image, const LeaderAnnouncement& announcement, Instant now);

  bool has_work(Instant now) const;
  ControllerStep step(const Image& image, Instant now);
  // Records of the last step were not written, and will not be: it is all looked at again, from the next
  // tick() on. A log that takes nothing (its disk is full) refuses at once.
  void refused();

  // ---- what people ask for; joins, drains and moves are in node_commands.h and topic_moves.h

  // Evens out replicas and preferred leaders over the nodes that are alive.
  void rebalance();
  // Whether there was one. What is on the move arrives.
  bool cancel_rebalance();
  // The records that remove it. Errors, each with a sentence: broker_id_not_registered,
  // invalid_request while it holds a replica or a vote, or is the last one.
  Result<std::vector<MetadataRecord>> plan_remove(const Image& image, NodeId node) const;

  std::vector<OperationStatus> operations(const Image& image) const;
  // Groups whose membership is not as placed.
  std::vector<GroupId> moving() const;
  const Liveness& liveness() const { return liveness_; }

private:
  // What a topic's partitions wait for.
  struct Wait {
    Obstacle obstacle = Obstacle::none;
    MoveReason what = MoveReason::factor;
    NodeId node = no_node;
    std::size_t partitions = 0;
  };
  struct Round {
    bool going_on = false;
    bool wrapped = false;
    std::string next; // topics from this name on, and from the first one again
    std::string end;  // up to this one
  };
  struct Rebalance {
    bool asked = false;
    bool looked = false; // the round is over, what it moved may be on its way
    int rounds = 0;
    std::size_t changed = 0; // placements in this round
  };
  struct Visit;

  void start_round();
  const TopicRecord* next_topic(const Image& image);
  void finish_round();
  void continue_rebalance();
  bool visit(const TopicRecord& topic, Visit& visit);
  bool visit_partition(const TopicRecord& topic, std::size_t index, bool grows, Visit& visit);
  std::optional<Placement> planned(const TopicRecord& topic, std::size_t index, const Placement& now, bool grows,
                                   Visit& visit);
  std::pair<MoveReason, NodeId> why(const Image& image, const Placement& now) const;
  MoveReason reason_of(const Image& image, const LeaderAnnouncement* known) const;
  void note_wait(const Uuid& topic, const Wait& wait);
  void topic_changes(const TopicRecord& before, const TopicRecord& after);
  void placement_changes(const Uuid& topic, GroupId group, const Placement& before, const Placement& after);
  void node_changes(const NodeRecord* before, const NodeRecord& after);
  void placed(GroupId group, const Placement& placement);
  bool is_stuck(const Placement& placement) const;
  bool has_live_leader(GroupId group) const;
  void recheck_moves(const Image& image);
  void consider_transfer(GroupId group, NodeId preferred, Instant now);
  void collect_transfers(const Image& image, Instant now, std::vector<LeaderTransfer>& transfers);
  std::size_t still_there(const Image& image, NodeId node) const;
  std::string waits_for(const Image& image, MoveReason what, NodeId node) const;

  const LeaderTable* leaders_;
  ControllerSettings settings_;
  Liveness liveness_;
  std::map<NodeId, Instant> away_since_;
  Instant ticked_at_{};
  OpenMoves moves_;
  std::unordered_map<GroupId, MoveReason> reasons_; // of what step() gave out and applying() has not seen
  Round round_;
  std::set<Uuid> revisit_; // topics
  std::map<Uuid, std::vector<Wait>> waits_;
  Rebalance rebalance_;
  bool check_controllers_ = false;
  bool held_up_ = false;                        // until the next tick
  std::deque<std::pair<Instant, GroupId>> due_; // when the preferred leader should lead; all wait equally long
  std::unordered_set<GroupId> queued_;          // in due_
  std::map<NodeId, std::uint64_t> most_left_;   // of nodes that drain or are replaced
};

} // namespace callboard::metadata
