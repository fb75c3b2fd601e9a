#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

// The nodes of the cluster as administrators see them.
class DescribeClusterInFlight final : public InFlight {
public:
  DescribeClusterInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                          DescribeClusterRequest request)
    : InFlight(connection, slot, std::move(header)), request_(request) {}

  void start() override {
    DescribeClusterResponse response;
    response.endpoint_type = request_.endpoint_type;
    response.cluster_id = connection_.node().identity.cluster.hex();
    if (request_.endpoint_type == endpoint_of_brokers)
      describe(response);
    else
      refuse(response);
    connection_.respond(slot_, encode_response(header_, response));
  }

private:
  void describe(DescribeClusterResponse& response) {
    const auto nodes = connection_.live_nodes();
    response.controller_id = nodes.controller().value;
    for (auto& broker : nodes.all())
      response.brokers.push_back({broker.node.value, broker.address.host, broker.address.port, broker.rack});
  }

  // Controllers have no addresses of their own here.
  void refuse(DescribeClusterResponse& response) {
    const bool known = request_.endpoint_type == endpoint_of_controllers;
    response.error_code = known ? ErrorCode::mismatched_endpoint_type : ErrorCode::unsupported_endpoint_type;
    response.error_message = "This address belongs to a broker: ask for endpoint type 1.";
  }

  DescribeClusterRequest request_;
};

} // namespace

Handling handle_describe_cluster(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                 DescribeClusterRequest request) {
  return std::make_unique<DescribeClusterInFlight>(connection, slot, std::move(header), request);
}

} // namespace callboard::kafka
