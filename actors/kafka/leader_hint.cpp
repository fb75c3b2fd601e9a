#include "actors/kafka/leader_hint.h"

#include <algorithm>

#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {

LeaderIdAndEpoch name_leader(const KafkaConnection& connection, const PartitionRef& partition,
                             std::vector<NodeEndpoint>& endpoints) {
  const auto self = connection.node().identity.node;
  const bool listed = std::any_of(endpoints.begin(), endpoints.end(),
                                  [&](const NodeEndpoint& endpoint) { return endpoint.node_id == self.value; });
  if (partition.leader == self && !listed) {
    const auto& address = connection.advertised_address();
    endpoints.push_back({self.value, address.host, address.port, std::nullopt});
  }
  return {partition.leader.value, partition.term.value};
}

} // namespace callboard::kafka
