#pragma once

#include <cstdint>
#include <vector>

#include "schema/kafka/leader.h"

namespace callboard {
struct PartitionRef;
} // namespace callboard

namespace callboard::kafka {

class KafkaConnection;

// From these versions on, a client that asked in vain is told who leads (KIP-951).
inline constexpr std::int16_t produce_names_leader_since = 10;
inline constexpr std::int16_t fetch_names_leader_since = 16;

// Who leads the partition, as this loop knows; where it can be reached goes into
// `endpoints`, once a node.
LeaderIdAndEpoch name_leader(const KafkaConnection& connection, const PartitionRef& partition,
                             std::vector<NodeEndpoint>& endpoints);

} // namespace callboard::kafka
