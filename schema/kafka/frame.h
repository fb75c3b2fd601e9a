#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/kafka/api.h"
#include "schema/kafka/wire.h"
#include "schema/result.h"

// The envelope of Kafka's messages: int32 size, header, body.
namespace callboard::kafka {

struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;

  bool operator==(const RequestHeader&) const = default;
};

struct Request {
  RequestHeader header;
  SharedBytes body; // of the frame's memory; decode<...Request>() reads it
};

// Reads the header of `frame`, which comes without its size. Errors, after each of
// which the connection is closed:
//   invalid_request      no such API
//   unsupported_version  the API is not served in this version
//   corrupt_message      the frame ends inside its header
// An ApiVersions request of a version that is not served is no error, since its
// sender cannot know better: it gets an answer of version 0 (KIP-511). Then client id
// and body are absent, as their form is unknown.
Result<Request> parse_request(const SharedBytes& frame);

// A response with room for its size and with its header: correlation id and, where
// the request was flexible, a tag section; never for ApiVersions (KIP-511).
OutputChain begin_response(const RequestHeader& request);
// Fills in the size. The pieces to write, in order.
std::vector<SharedBytes> finish_response(OutputChain&& response);

// All three steps for one message.
template <Message T>
std::vector<SharedBytes> encode_response(const RequestHeader& request, const T& message) {
  auto out = begin_response(request);
  encode(message, request.version, out);
  return finish_response(std::move(out));
}

} // namespace callboard::kafka
