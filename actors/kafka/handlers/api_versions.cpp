#include <algorithm>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "schema/kafka/api.h"

namespace callboard::kafka {
namespace {

// KIP-511: letters, digits, '.', '-' and '_', beginning and ending with a letter or digit.
bool is_software_name(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '.' || c == '-' || c == '_'; });
}

class ApiVersionsInFlight final : public InFlight {
public:
  ApiVersionsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, ApiVersionsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    ApiVersionsResponse response;
    response.error_code = check();
    for (const auto& api : apis())
      response.api_keys.push_back({static_cast<std::int16_t>(api.key), api.advertised.first, api.advertised.last});
    // A client that cannot be understood is answered in the oldest form (KIP-511).
    if (response.error_code == ErrorCode::unsupported_version) header_.version = 0;
    connection_.respond(slot_, encode_response(header_, response));
  }

private:
  ErrorCode check() const {
    if (!api_of(ApiKey::api_versions).served.has(header_.version)) return ErrorCode::unsupported_version;
    const bool named = header_.version >= 3;
    if (named &&
        (!is_software_name(request_.client_software_name) || !is_software_name(request_.client_software_version)))
      return ErrorCode::invalid_request;
    return ErrorCode::none;
  }

  ApiVersionsRequest request_;
};

} // namespace

Handling handle_api_versions(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                             ApiVersionsRequest request) {
  return std::make_unique<ApiVersionsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
