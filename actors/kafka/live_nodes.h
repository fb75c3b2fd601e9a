#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/node_view.h"

namespace callboard::kafka {

// A node as clients are told of it.
struct Broker {
  NodeId node;
  HostPort address;
  std::optional<std::string> rack;
};

// The nodes of the cluster as one connection tells of them: of its own node the address
// that the client reached, unless the configuration says otherwise.
class LiveNodes {
public:
  // `nodes` and `own_address` outlive it.
  LiveNodes(NodeId self, const Nodes& nodes, NodeId controller, const HostPort& own_address)
    : self_(self), nodes_(nodes), controller_(controller), own_(own_address) {}

  NodeId self() const { return self_; }
  bool is_up(NodeId node) const;
  // nullopt: not known, or down.
  std::optional<Broker> find(NodeId node) const;
  // Those that are up, by id.
  std::vector<Broker> all() const;
  // Who decides about the cluster; this node if nobody is known: it passes requests on.
  NodeId controller() const;

private:
  NodeId self_;
  const Nodes& nodes_;
  NodeId controller_;
  const HostPort& own_;
};

} // namespace callboard::kafka
