#include "actors/kafka/leader_hint.h"

#include <algorithm>

#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {

LeaderIdAndEpoch name_leader(const KafkaConnection& connection, const PartitionRef& partition,
                             std::vector<NodeEndpoint>& endpoints) {
  const bool listed = std::any_of(endpoints.begin(), endpoints.end(), [&](const NodeEndpoint& endpoint) {
    return endpoint.node_id == partition.leader.value;
  });
  if (!listed)
    if (const auto broker = connection.live_nodes().find(partition.leader))
      endpoints.push_back({broker->node.value, broker->address.host, broker->address.port, broker->rack});
  return {partition.leader.value, partition.term.value};
}

} // namespace callboard::kafka
