#include "actors/client/partitioner.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

namespace callboard::client {
namespace {

BOOST_AUTO_TEST_SUITE(partitioner)

// The vectors of Kafka's own clients (UtilsTest.testMurmur2).
BOOST_AUTO_TEST_CASE(hashes_are_those_of_kafkas_clients) {
  const std::map<std::string, std::int32_t> known{
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& [key, hash] : known)
    BOOST_TEST(static_cast<std::int32_t>(murmur2(bytes_of(key))) == hash, "key " << key);
}

BOOST_AUTO_TEST_CASE(a_negative_hash_has_a_partition_too) {
  BOOST_TEST(partition_of_key(bytes_of("21"), 1000) == (-973932308 & 0x7fffffff) % 1000);
  BOOST_TEST(partition_of_key(bytes_of(""), 1) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::client
