#include <cstdint>

#include "actors/net/protocol.h"
#include "actors/rpc/framing_guard.h"
#include "schema/kafka/frame.h"

// The first eight bytes decide who reads a connection: whatever they are, the door that is
// chosen understands how they begin.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  using net::Protocol;
  if (size < net::sniffed_bytes) return 0;
  const std::span<const std::uint8_t, net::sniffed_bytes> first(data, net::sniffed_bytes);
  switch (net::recognise(first)) {
  case Protocol::kafka: {
    // Known to the decoder too: refused for its version or for being cut off, at most.
    const auto request = kafka::parse_request(SharedBytes::copy_of(ByteView(data + 4, size - 4)));
    CB_ASSERT(request || request.error().code != ErrorCode::invalid_request);
    break;
  }
  case Protocol::capnp: {
    // The number of segments at least is acceptable.
    rpc::FramingCheck check(std::uint64_t{1} << 40);
    CB_ASSERT(check.feed(data, 4).ok());
    break;
  }
  case Protocol::http: CB_ASSERT(data[0] >= 'A' && data[0] <= 'Z'); break;
  case Protocol::tls: CB_ASSERT(data[0] == 0x16); break;
  case Protocol::unknown: break;
  }
  return 0;
}
