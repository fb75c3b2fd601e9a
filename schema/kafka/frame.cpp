#include "schema/kafka/frame.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {
namespace {

constexpr const char* header_name = "request header";

Error unknown_api(std::int16_t key) {
  return {ErrorCode::invalid_request, "The client asked for API key " + std::to_string(key) +
                                          ", which this broker does not have: the client must go by ApiVersions."};
}

Error unserved_version(const Api& api, std::int16_t version) {
  return {ErrorCode::unsupported_version,
          std::string(api.name) + " is served in the versions " + std::to_string(api.served.first) + " to " +
              std::to_string(api.served.last) + ", the client sent version " + std::to_string(version) + "."};
}

// The tag section of request header version 2, in which no tag is known.
struct HeaderTags {
  static constexpr std::tuple<> fields{};
};

} // namespace

Result<Request> parse_request(const SharedBytes& frame) {
  Request request;
  auto& header = request.header;
  Reader in(frame, 0, false); // the client id has an int16 length in every version
  if (!in.read(header.api_key) || !in.read(header.version) || !in.read(header.correlation_id))
    return in.error(header_name);
  const auto* api = find_api(header.api_key);
  if (api == nullptr) return unknown_api(header.api_key);
  if (!api->served.has(header.version)) {
    if (api->key == ApiKey::api_versions) return request;
    return unserved_version(*api, header.version);
  }
  HeaderTags tags;
  if (!in.read(header.client_id, true)) return in.error(header_name);
  if (api->flexible(header.version) && !codec::read_tags(in, tags)) return in.error(header_name);
  request.body = in.rest();
  return request;
}

OutputChain begin_response(const RequestHeader& request) {
  OutputChain out;
  out.put(std::int32_t{0}); // the size, see finish_response()
  out.put(request.correlation_id);
  const auto* api = find_api(request.api_key);
  CB_ASSERT(api != nullptr);
  if (api->key != ApiKey::api_versions && api->flexible(request.version)) out.put_uvarint(0);
  return out;
}

std::vector<SharedBytes> finish_response(OutputChain&& response) {
  constexpr std::size_t size_bytes = 4;
  response.overwrite_int32(0, static_cast<std::int32_t>(response.size() - size_bytes));
  return response.take();
}

} // namespace callboard::kafka
