#include <algorithm>
#include <set>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/kafka/resource_configs.h"

namespace callboard::kafka {
namespace {

// Answered at once, from the loop's directory and the node's configuration. A resource
// is described once a request, so that the answer is bounded by what there is.
class DescribeConfigsInFlight final : public InFlight {
public:
  DescribeConfigsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                          DescribeConfigsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    response_.results.reserve(request_.resources.size());
    for (const auto& resource : request_.resources) describe(resource);
    connection_.respond(slot_, encode_response(header_, response_));
  }

private:
  void describe(const DescribeConfigsResource& resource) {
    auto& result = response_.results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    auto configs = seen_.emplace(resource.resource_type, resource.resource_name).second
                       ? configs_of(resource)
                       : Error{ErrorCode::invalid_request, "The request names this resource more than once."};
    if (!configs) {
      result.error_code = configs.error().code;
      result.error_message = configs.error().message;
      return;
    }
    result.configs = std::move(*configs);
    keep_what_was_asked_for(resource, result.configs);
  }

  Result<DescribedConfigs> configs_of(const DescribeConfigsResource& resource) {
    if (resource.resource_type == resource_topic) return configs_of_named_topic(resource.resource_name);
    if (resource.resource_type == resource_broker) return configs_of_named_broker(resource.resource_name);
    return Error{ErrorCode::invalid_request, "Only topics (2) and brokers (4) have configurations here."};
  }

  Result<DescribedConfigs> configs_of_named_topic(const std::string& name) {
    const auto* topic = connection_.context().directory.find(name);
    if (topic != nullptr) return configs_of_topic(*topic->record, connection_.node().config);
    if (auto valid = metadata::check_topic_name(name); !valid) return valid.error();
    return Error{ErrorCode::unknown_topic_or_partition, "There is no such topic."};
  }

  // The empty name asks for what all brokers share and can be changed at run time.
  Result<DescribedConfigs> configs_of_named_broker(const std::string& name) {
    const auto self = connection_.node().identity.node;
    if (name.empty()) return DescribedConfigs{};
    if (name == std::to_string(self.value)) return configs_of_broker(connection_.node().config, self);
    return Error{ErrorCode::invalid_request, "This is broker " + std::to_string(self.value) + "; ask the other one."};
  }

  void keep_what_was_asked_for(const DescribeConfigsResource& resource, DescribedConfigs& configs) const {
    const auto& keys = resource.configuration_keys;
    if (keys && !keys->empty()) { // as in Kafka, none means all
      const std::set<std::string_view> wanted(keys->begin(), keys->end());
      std::erase_if(configs, [&](const auto& config) { return !wanted.contains(config.name); });
    }
    for (auto& config : configs) {
      if (!request_.include_synonyms) config.synonyms.clear();
      if (!request_.include_documentation) config.documentation.reset();
    }
  }

  DescribeConfigsRequest request_;
  DescribeConfigsResponse response_;
  std::set<std::pair<std::int8_t, std::string_view>> seen_;
};

} // namespace

Handling handle_describe_configs(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                 DescribeConfigsRequest request) {
  return std::make_unique<DescribeConfigsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
