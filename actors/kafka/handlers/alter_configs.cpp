#include <set>
#include <utility>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "schema/kafka/describe_configs.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);

using metadata::ConfigChange;
using metadata::ConfigOperation;

ConfigChange change_of(const AlterableConfig& config) {
  return {config.name, ConfigOperation::set, config.value};
}
ConfigChange change_of(const IncrementalConfig& config) {
  return {config.name, static_cast<ConfigOperation>(config.config_operation), config.value};
}

AlterConfigsResponse response_to(const AlterConfigsRequest&) {
  return {};
}
IncrementalAlterConfigsResponse response_to(const IncrementalAlterConfigsRequest&) {
  return {};
}

// Both ways to change configurations; they differ in what happens to those not named.
template <class Request, bool replaces>
class AlterConfigsInFlight final : public InFlight {
public:
  AlterConfigsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, Request request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    std::set<std::pair<std::int8_t, std::string_view>> seen;
    for (const auto& resource : request_.resources)
      if (!seen.emplace(resource.resource_type, resource.resource_name).second)
        repeated_.emplace(resource.resource_type, resource.resource_name);
    for (std::size_t i = 0; i < request_.resources.size(); ++i) {
      const auto& resource = request_.resources[i];
      auto& place = response_.responses.emplace_back();
      place.resource_type = resource.resource_type;
      place.resource_name = resource.resource_name;
      if (const auto changeable = check(resource); !changeable) {
        place.error_code = changeable.error().code;
        place.error_message = changeable.error().message;
        continue;
      }
      place.error_code = ErrorCode::request_timed_out; // unless it answers
      ++waiting_;
      connection_.send_to(connection_.node().metadata(), command(resource, i));
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t index, TopicChanged& answer) override {
    auto& place = response_.responses[index];
    place.error_code = on_kafka_wire(answer.error);
    if (answer.error != ErrorCode::none) place.error_message = std::move(answer.message);
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override {
    for (auto& place : response_.responses)
      if (place.error_code == ErrorCode::request_timed_out)
        place.error_message = "The configuration was not changed in time; it may still be.";
    finish();
  }

private:
  template <class Resource>
  Status check(const Resource& resource) const {
    if (request_.resources.size() > changes_max) return Error{ErrorCode::policy_violation, too_many_changes};
    if (repeated_.contains({resource.resource_type, resource.resource_name}))
      return Error{ErrorCode::invalid_request, "The request names this resource more than once."};
    if (resource.resource_type == resource_topic) return ok_status();
    if (resource.resource_type == resource_broker)
      return Error{ErrorCode::invalid_config,
                   "A broker's configuration stands in its configuration file; change it there and restart the node."};
    return Error{ErrorCode::invalid_request, "Only topics (2) have configurations that can be changed here."};
  }

  template <class Resource>
  AlterTopic command(const Resource& resource, std::size_t index) {
    AlterTopic message;
    message.from = connection_.self();
    message.token = token(index);
    message.validate_only = request_.validate_only;
    message.command.name = resource.resource_name;
    message.command.replace = replaces;
    for (const auto& config : resource.configs) message.command.changes.push_back(change_of(config));
    return message;
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  Request request_;
  decltype(response_to(std::declval<Request>())) response_;
  std::set<std::pair<std::int8_t, std::string_view>> repeated_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_alter_configs(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              AlterConfigsRequest request) {
  return std::make_unique<AlterConfigsInFlight<AlterConfigsRequest, true>>(connection, slot, std::move(header),
                                                                           std::move(request));
}

Handling handle_incremental_alter_configs(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                          IncrementalAlterConfigsRequest request) {
  return std::make_unique<AlterConfigsInFlight<IncrementalAlterConfigsRequest, false>>(
      connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
