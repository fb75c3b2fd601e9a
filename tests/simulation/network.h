#pragma once

#include <map>
#include <set>
#include <utility>

#include "schema/ids.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/timeline.h"

namespace callboard::simulation {

// Carries what nodes, and clients, say to each other: in order between any two, unless
// a fault of this run says otherwise. Clients are reached from everywhere; between nodes
// lines can be cut, each direction by itself.
class Network {
public:
  Network(Timeline& timeline, const Scenario& scenario, Findings& findings);

  void send(NodeId from, NodeId to, Timeline::Action deliver);
  // A client's request or the answer to it: may be lost, never doubled.
  void send_to_client(NodeId from, Timeline::Action deliver) { send_by_client_line(from, no_node, std::move(deliver)); }
  void send_to_node(NodeId to, Timeline::Action deliver) { send_by_client_line(no_node, to, std::move(deliver)); }

  void cut(NodeId from, NodeId to) { cut_.emplace(from, to); }
  void mend(NodeId from, NodeId to) { cut_.erase({from, to}); }
  void mend_all() { cut_.clear(); }
  bool is_cut(NodeId from, NodeId to) const { return cut_.contains({from, to}); }
  // No more faults by chance.
  void calm() { calm_ = true; }

private:
  using Line = std::pair<NodeId, NodeId>;

  bool strikes(Fault fault);
  void send_by_client_line(NodeId from, NodeId to, Timeline::Action deliver);
  void carry(Line line, Timeline::Action deliver);

  Timeline& timeline_;
  const Scenario& scenario_;
  Findings& findings_;
  Random random_;
  std::set<Line> cut_;
  std::map<Line, Time> last_arrival_;
  bool calm_ = false;
};

} // namespace callboard::simulation
