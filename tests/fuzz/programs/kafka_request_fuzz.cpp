#include <cstdint>
#include <map>
#include <string>

#include "schema/kafka/frame.h"
#include "tests/unit/schema/random_message.h"

// Any bytes as a Kafka request of any API and version, or, behind the byte 0xFF, as the
// body of any message, responses too: 0xFF | which message | version | body.
// What is understood is written again and must be understood the same way.
namespace callboard::kafka {
namespace {

template <Message T>
void check_body(const SharedBytes& body, std::int16_t version) {
  const auto message = decode<T>(body, version);
  if (!message) {
    CB_ASSERT(!message.error().message.empty());
    return;
  }
  const auto once = encoded(*message, version);
  const auto again = decode<T>(once, version);
  CB_ASSERT(again.ok());
  CB_ASSERT(encoded(*again, version).text() == once.text());
}

struct MessageKind {
  std::string name;
  Versions complete;
  void (*check)(const SharedBytes& body, std::int16_t version);
};

template <class... T>
std::vector<MessageKind> kinds_of(const std::tuple<T...>*) {
  return {{T::name, T::complete, check_body<T>}...};
}

const std::vector<MessageKind>& all_kinds() {
  static const auto kinds = kinds_of(static_cast<const AllMessages*>(nullptr));
  return kinds;
}

const MessageKind& request_kind(std::int16_t key) {
  static const auto by_key = [] {
    std::map<std::int16_t, const MessageKind*> map;
    for (const auto& api : apis()) {
      const auto name = std::string(api.name) + "Request";
      for (const auto& kind : all_kinds())
        if (kind.name == name) map[static_cast<std::int16_t>(api.key)] = &kind;
      CB_ASSERT(map.contains(static_cast<std::int16_t>(api.key))); // every API is fuzzed
    }
    return map;
  }();
  return *by_key.at(key);
}

void check_frame(const SharedBytes& frame) {
  const auto request = parse_request(frame);
  if (!request) return;
  const auto& kind = request_kind(request->header.api_key);
  kind.check(request->body, request->header.version);
}

} // namespace
} // namespace callboard::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  using namespace callboard::kafka;
  const auto bytes = SharedBytes::copy_of(ByteView(data, size));
  if (size < 3 || data[0] != 0xFF) {
    check_frame(bytes);
    return 0;
  }
  const auto& kind = all_kinds()[data[1] % all_kinds().size()];
  const auto versions = kind.complete.last - kind.complete.first + 1;
  kind.check(bytes.slice(3, size - 3), static_cast<std::int16_t>(kind.complete.first + data[2] % versions));
  return 0;
}
