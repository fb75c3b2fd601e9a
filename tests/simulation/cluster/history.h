#pragma once

#include <map>
#include <set>
#include <string>

#include "cluster/metadata/image.h"
#include "tests/simulation/group_history.h"

namespace callboard::simulation::cluster {

// Everything that ever happened to the cluster as a whole, as nobody inside can know it:
//
//   one cluster      directories that belong to a cluster belong to the same one
//   node ids         an id names one directory, a directory has one id, for ever
//   removed nodes    vote nowhere and hold nothing when they are removed, and never come back, as the same node or as
//   another of the same directory controllers      in one term of the metadata only one node acts images those of all
//   nodes are the same at the same index placements       name no node twice, only nodes that there are, at least one
//   voter
//
// The logs underneath have checkers of their own (GroupHistory).
class ClusterHistory {
public:
  ClusterHistory(Findings& findings, const std::map<GroupId, GroupHistory>& groups)
    : findings_(findings), groups_(groups) {}

  // A directory says from now on that it belongs to `cluster` as `node`.
  void belongs(const Uuid& identity, const Uuid& cluster, NodeId node);
  // A node has applied an entry of the metadata log; `record` is one of it, `after` the image with all.
  void applied(NodeId node, RaftIndex index, const MetadataRecord& record, const metadata::Image& before);
  void seen(NodeId node, RaftIndex index, const metadata::Image& after);
  // A node that takes itself for the controller writes or has groups led by others.
  void acted(NodeId node, Term term);

private:
  void fail(const std::string& rule, const std::string& what) { findings_.fail(rule, what); }
  void check(const NodeRecord& record);
  void check(const TopicRecord& record, const metadata::Image& before);
  void check(const PlacementRecord& record, const metadata::Image& before);
  void check(const std::string& which, const Placement& now, const Placement& had, const metadata::Image& before);
  void check_removed(NodeId node);

  Findings& findings_;
  const std::map<GroupId, GroupHistory>& groups_;
  std::set<Uuid> clusters_;
  std::map<NodeId, Uuid> identities_;
  std::map<Uuid, NodeId> ids_;
  std::map<NodeId, RaftIndex> removed_; // by the index where it was
  std::map<Term, NodeId> controllers_;
  std::map<RaftIndex, std::uint64_t> images_;
};

// Of everything in it.
std::uint64_t digest_of(const metadata::Image& image);

} // namespace callboard::simulation::cluster
