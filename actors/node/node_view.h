#pragma once

#include <unordered_map>

#include "schema/metadata_record.h"

namespace callboard {

// A node of the cluster, as this one sees it.
struct NodeView {
  NodeRecord record;
  bool up = true;
};
using Nodes = std::unordered_map<NodeId, NodeView>;

} // namespace callboard
