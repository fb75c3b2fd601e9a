#include "cluster/metadata/operation_pace.h"

namespace callboard::metadata {

void OperationPace::begin(MoveReason what, NodeId node, Instant now) {
  starts_[{what, node}] = {now, 0};
}

std::vector<std::optional<Duration>> OperationPace::look(const std::vector<OperationStatus>& operations, Instant now) {
  std::vector<std::optional<Duration>> left;
  decltype(starts_) kept;
  for (const auto& operation : operations) {
    const std::pair key{operation.what, operation.node};
    const auto known = starts_.find(key);
    // One that counts from less began again meanwhile.
    const bool goes_on = known != starts_.end() && known->second.done <= operation.done;
    const auto& start = kept[key] = goes_on ? known->second : Start{now, operation.done};
    const auto done = operation.done - start.done;
    if (done == 0) {
      left.emplace_back();
      continue;
    }
    const auto pace = std::chrono::duration<double, Duration::period>(now - start.at) / static_cast<double>(done);
    left.emplace_back(
        std::chrono::duration_cast<Duration>(pace * static_cast<double>(operation.total - operation.done)));
  }
  starts_ = std::move(kept);
  return left;
}

} // namespace callboard::metadata
