#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "cluster/membership/failure_detector.h"
#include "tests/bench/cluster_cost/metadata.h"
#include "tests/bench/cluster_cost/wire.h"

namespace callboard::bench {

// A node without its threads, sockets and disks: the pure pieces, and between them what the actors do.
class Node {
public:
  explicit Node(NodeId id) : id_(id), metadata_(id, meter_, replicas_) {}

  // Its metadata's replica begins, as the only voter or as one that is to be brought in.
  void start(bool founds);
  // To which there is no link yet: they are dialled, and reached or not.
  std::vector<NodeId> take_unlinked() { return std::exchange(unlinked_, {}); }
  void know(const std::vector<NodeRecord>& nodes);
  void linked(NodeId node);
  void refused(NodeId node);

  void receive(const Call& call);
  void tick();
  // What it does before it waits again.
  void finish(Instant now);
  // What it says until then.
  std::vector<Call> take_calls();
  bool need_ticks() const { return replicas_.need_ticks(); }

  NodeId id() const { return id_; }
  Metadata& metadata() { return metadata_; }
  Replicas& replicas() { return replicas_; }
  Costs& costs() { return meter_.costs; }

private:
  using Announcements = std::unordered_map<GroupId, LeaderAnnouncement>;

  void tell_changes();
  void handle(ReplicaNews& news);
  void local_leaders(const std::vector<LeaderAnnouncement>& leaders);
  void announce();
  void call_with_messages(std::vector<Call>& calls);
  void call_with_leaders(std::vector<Call>& calls);

  NodeId id_;
  Meter meter_;
  Replicas replicas_{id_};
  Metadata metadata_;
  Instant now_{};
  membership::FailureDetector detector_;
  std::map<NodeId, NodeRecord> nodes_;
  std::vector<NodeId> unlinked_;
  std::map<NodeId, Announcements> links_; // what is to be said on each
  std::unordered_map<GroupId, LeaderAnnouncement> leading_;
  std::vector<LeaderAnnouncement> to_announce_;
};

} // namespace callboard::bench
