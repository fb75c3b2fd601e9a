#include "schema/compress.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>

#include "printing.h"
#include "schema/decompress.h"

namespace callboard {
namespace {

constexpr std::array codecs{Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

// Bytes that compress to a third or so.
std::string sample(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out;
  while (out.size() < size) out += "value " + std::to_string(random() % 1000) + ", ";
  out.resize(size);
  return out;
}

BOOST_AUTO_TEST_SUITE(compressing)

BOOST_AUTO_TEST_CASE(what_was_compressed_comes_back) {
  for (const auto codec : codecs) {
    for (const std::size_t size : {1, 100, 70'000, 3'000'000}) {
      const auto plain = sample(size, size);
      const auto packed = compress(codec, bytes_of(plain));
      const auto back = decompress(codec, bytes_of(packed), std::size_t{1} << 22);
      BOOST_REQUIRE_MESSAGE(back.ok(), int(codec) << " " << size);
      BOOST_TEST((back->text() == plain));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
