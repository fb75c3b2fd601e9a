#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Tells a client that asked the wrong node who leads now (KIP-951); -1: not known.
struct LeaderIdAndEpoch {
  std::int32_t leader_id = -1;
  std::int32_t leader_epoch = -1;

  bool operator==(const LeaderIdAndEpoch&) const = default;

  static constexpr auto fields = std::tuple{
      field("leader_id", &LeaderIdAndEpoch::leader_id, since(0)),
      field("leader_epoch", &LeaderIdAndEpoch::leader_epoch, since(0)),
  };
};

// Where a leader named in current_leader can be reached.
struct NodeEndpoint {
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;

  bool operator==(const NodeEndpoint&) const = default;

  static constexpr auto fields = std::tuple{
      field("node_id", &NodeEndpoint::node_id, since(0)),
      field("host", &NodeEndpoint::host, since(0)),
      field("port", &NodeEndpoint::port, since(0)),
      field("rack", &NodeEndpoint::rack, since(0), since(0)),
  };
};

} // namespace callboard::kafka
