#include "actors/net/protocol.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <ostream>
#include <random>
#include <string_view>

#include "schema/big_endian.h"
#include "schema/bytes.h"
#include "schema/kafka/api.h"

namespace callboard::net {

std::ostream& operator<<(std::ostream& out, Protocol protocol) {
  constexpr std::array names{"kafka", "capnp", "http", "tls", "unknown"};
  return out << names.at(static_cast<std::size_t>(protocol));
}

namespace {

using First = std::array<std::uint8_t, sniffed_bytes>;

Protocol recognised(First first) {
  return recognise(first);
}

Protocol recognised(std::string_view text) {
  First first{};
  const auto bytes = bytes_of(text);
  std::copy_n(bytes.begin(), std::min(bytes.size(), first.size()), first.begin());
  return recognise(first);
}

Protocol recognised_kafka(std::uint32_t size, std::int16_t key, std::int16_t version) {
  First first{};
  store_big_endian(first.data(), size);
  store_big_endian(first.data() + 4, key);
  store_big_endian(first.data() + 6, version);
  return recognise(first);
}

BOOST_AUTO_TEST_SUITE(net_protocol)

BOOST_AUTO_TEST_CASE(every_served_version_of_every_api_is_kafka) {
  for (const auto& api : kafka::apis())
    for (auto version = api.served.first; version <= api.served.last; ++version)
      for (const std::uint32_t size : {8U, 40U, 100'000U, 100U << 20})
        BOOST_TEST(recognised_kafka(size, static_cast<std::int16_t>(api.key), version) == Protocol::kafka);
}

BOOST_AUTO_TEST_CASE(a_version_from_the_future_is_still_kafka_and_refused_in_its_own_way) {
  BOOST_TEST(recognised_kafka(30, 18, 42) == Protocol::kafka);
}

BOOST_AUTO_TEST_CASE(an_unknown_key_or_version_is_not_kafka) {
  BOOST_TEST(recognised_kafka(30, 9999, 0) == Protocol::unknown);
  BOOST_TEST(recognised_kafka(30, -1, 0) == Protocol::unknown);
  BOOST_TEST(recognised_kafka(30, 18, -1) == Protocol::unknown);
  BOOST_TEST(recognised_kafka(30, 18, 100) == Protocol::unknown);
}

BOOST_AUTO_TEST_CASE(a_size_that_could_be_tls_is_never_kafka) {
  BOOST_TEST(recognised_kafka(0x15FFFFFF, 18, 0) == Protocol::kafka);
  // In Cap'n Proto's order of bytes a number of segments.
  BOOST_TEST(recognised_kafka(0x16000000, 18, 0) == Protocol::capnp);
  BOOST_TEST(recognised_kafka(0x16031234, 18, 0) == Protocol::tls);
  BOOST_TEST(recognised_kafka(0xFFFFFFFF, 18, 0) == Protocol::unknown);
}

BOOST_AUTO_TEST_CASE(a_tls_record_is_tls_whatever_follows) {
  BOOST_TEST(recognised(First{0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01}) == Protocol::tls);
  BOOST_TEST(recognised(First{0x16, 0x03, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00}) == Protocol::tls);
  BOOST_TEST(recognised(First{0x16, 0x02, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01}) == Protocol::unknown);
}

BOOST_AUTO_TEST_CASE(http_is_told_by_its_method) {
  for (const std::string_view line :
       {"GET / HTTP/1.1", "HEAD /livez", "POST /x y", "PUT /abc d", "DELETE /abc", "OPTIONS * HTTP/1.1", "PATCH /abc"})
    BOOST_TEST(recognised(line) == Protocol::http, line);
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_http_is_unknown) {
  for (const std::string_view line : {"get / HTTP", "GETTER /", "BREW /pot", "SSH-2.0-x", "HELO me.", "\r\n\r\nGET "})
    BOOST_TEST(recognised(line) == Protocol::unknown, line);
}

BOOST_AUTO_TEST_CASE(one_segment_is_capnp_even_if_the_rest_reads_as_kafka) {
  BOOST_TEST(recognised(First{0, 0, 0, 0, 5, 0, 0, 0}) == Protocol::capnp);
  BOOST_TEST(recognised_kafka(0, 18, 0) == Protocol::capnp);
  BOOST_TEST(recognised(First{}) == Protocol::capnp);
}

BOOST_AUTO_TEST_CASE(a_few_more_segments_are_capnp_and_too_many_are_not) {
  BOOST_TEST(recognised(First{1, 0, 0, 0, 0xE8, 0x03, 0, 0}) == Protocol::capnp);
  BOOST_TEST(recognised(First{0xFF, 0x01, 0, 0, 0xE8, 0x03, 0, 0}) == Protocol::capnp);
  BOOST_TEST(recognised(First{0x00, 0x02, 0, 0, 0xE8, 0x03, 0, 0}) == Protocol::unknown);
  BOOST_TEST(recognised(First{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}) == Protocol::unknown);
}

// Two segments, the first of 0x1200 words: also a Kafka frame of 16 MiB. No Cap'n Proto
// connection begins like that, as its first message is one small segment.
BOOST_AUTO_TEST_CASE(what_could_be_either_is_kafka) {
  BOOST_TEST(recognised(First{1, 0, 0, 0, 0, 18, 0, 0}) == Protocol::kafka);
}

BOOST_AUTO_TEST_CASE(framed_thrift_is_not_taken_for_another_protocol) {
  BOOST_TEST(recognised(First{0, 0, 0, 40, 0x80, 0x01, 0, 1}) == Protocol::unknown);
}

BOOST_AUTO_TEST_CASE(noise_is_hardly_ever_a_protocol) {
  constexpr unsigned seed = 20261101;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  int recognised_count = 0;
  for (int i = 0; i < 100'000; ++i) {
    First first;
    for (auto& byte : first) byte = static_cast<std::uint8_t>(random());
    recognised_count += recognised(first) != Protocol::unknown;
  }
  BOOST_TEST(recognised_count < 20);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::net
