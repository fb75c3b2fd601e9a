#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/metadata/controller.h"

namespace callboard::metadata {

// How long the controller's operations take yet, at the pace since each was first looked at.
// Pure.
class OperationPace {
public:
  // It starts now, with nothing done.
  void begin(MoveReason what, NodeId node, Instant now);
  // Of each, by its position; nullopt: nothing was done since it was first seen. Those that are not
  // among them any more are forgotten.
  std::vector<std::optional<Duration>> look(const std::vector<OperationStatus>& operations, Instant now);

private:
  struct Start {
    Instant at;
    std::uint64_t done = 0;
  };
  std::map<std::pair<MoveReason, NodeId>, Start> starts_;
};

} // namespace callboard::metadata
