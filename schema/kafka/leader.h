#pragma once

#include <cstdint>

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

} // namespace callboard::kafka
