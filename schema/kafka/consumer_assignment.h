#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/result.h"

namespace callboard::kafka {

struct AssignedTopic {
  std::string topic;
  std::vector<std::int32_t> partitions;

  bool operator==(const AssignedTopic&) const = default;
};

// What a group's leader gave one member, in the consumers' own protocol
// (ConsumerProtocolAssignment.json, versions 0 to 3). To the broker the bytes are opaque;
// they are read only to show them. No bytes at all are no partitions. What follows the
// partitions (user data) is not looked at, so that later versions can be read too.
// Error: corrupt_message.
Result<std::vector<AssignedTopic>> read_consumer_assignment(const SharedBytes& assignment);

} // namespace callboard::kafka
