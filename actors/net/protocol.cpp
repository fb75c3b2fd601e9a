#include "actors/net/protocol.h"

#include <array>
#include <string_view>

#include "schema/big_endian.h"
#include "schema/bytes.h"
#include "schema/kafka/api.h"

namespace callboard::net {
namespace {

constexpr std::array<std::string_view, 7> http_methods = {"GET ",    "HEAD ",    "POST ", "PUT ",
                                                          "DELETE ", "OPTIONS ", "PATCH "};
// Anything at or above could be the first two bytes of TLS.
constexpr std::uint32_t kafka_size_limit = 0x16000000;
// The highest version that a client may try; what is not served is refused later, in
// the protocol's own way.
constexpr std::int16_t kafka_version_max = 99;
constexpr std::uint32_t capnp_segments_max = 512;

bool is_http(std::string_view text) {
  for (auto method : http_methods)
    if (text.starts_with(method.substr(0, sniffed_bytes))) return true;
  return false;
}

std::uint32_t little_endian(const std::uint8_t* from) {
  return from[0] | std::uint32_t{from[1]} << 8 | std::uint32_t{from[2]} << 16 | std::uint32_t{from[3]} << 24;
}

} // namespace

Protocol recognise(std::span<const std::uint8_t, sniffed_bytes> first) {
  if (first[0] == 0x16 && first[1] == 0x03) return Protocol::tls;
  if (is_http(text_of(first))) return Protocol::http;
  const auto size = load_big_endian<std::uint32_t>(first.data());
  if (size == 0) return Protocol::capnp;
  const auto key = load_big_endian<std::int16_t>(first.data() + 4);
  const auto version = load_big_endian<std::int16_t>(first.data() + 6);
  if (size < kafka_size_limit && kafka::find_api(key) != nullptr && version >= 0 && version <= kafka_version_max)
    return Protocol::kafka;
  if (little_endian(first.data()) < capnp_segments_max) return Protocol::capnp;
  return Protocol::unknown;
}

} // namespace callboard::net
