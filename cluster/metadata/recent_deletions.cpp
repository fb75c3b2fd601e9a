#include "cluster/metadata/recent_deletions.h"

#include <algorithm>

namespace callboard::metadata {
namespace {

// The clock may have been set back meanwhile.
bool is_recent(TimestampMs at, TimestampMs now) {
  return now - at < RecentDeletions::blocked_ms && at - now < RecentDeletions::blocked_ms;
}

} // namespace

void RecentDeletions::deleted(std::string name, TimestampMs at) {
  while (!deletions_.empty() && (deletions_.size() >= names_max || !is_recent(deletions_.front().first, at)))
    deletions_.pop_front();
  deletions_.emplace_back(at, std::move(name));
}

bool RecentDeletions::blocks(std::string_view name, TimestampMs now) const {
  return std::any_of(deletions_.begin(), deletions_.end(),
                     [&](const auto& deletion) { return deletion.second == name && is_recent(deletion.first, now); });
}

} // namespace callboard::metadata
