#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "schema/time.h"

namespace callboard::metadata {

// Names of topics that were deleted a moment ago. A client that has not noticed yet goes
// on asking for the topic, and with automatic creation its request would bring it back,
// empty. So a name is blocked for such creations for a while; whoever creates the topic
// on purpose is not held up. Pure; times are those of the metadata log, so a restart
// forgets nothing.
//
// Bounded: of more than `names_max` deletions the oldest are forgotten early.
class RecentDeletions {
public:
  static constexpr TimestampMs blocked_ms = 30'000;
  static constexpr std::size_t names_max = 10'000;

  void deleted(std::string name, TimestampMs at);
  // Whether a mere mention of the topic must not create it.
  bool blocks(std::string_view name, TimestampMs now) const;

private:
  std::deque<std::pair<TimestampMs, std::string>> deletions_; // oldest first
};

} // namespace callboard::metadata
