#include "schema/decompress.h"

#include <random>
#include <string>

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/compressors.h"
#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"

namespace callboard {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::string_view text = "to be or not to be, that is the question: to be or not to be";

// What clients wrote: Python's gzip (one member, two), kafka-python's snappy (Java's form)
// and lz4, raw snappy as librdkafka has it, zstd with and without the size in its header.
struct Golden {
  Codec codec;
  const char* bytes;
} const goldens[] = {
    {Codec::gzip, "1f8b08000000000002032bc957484a55c82f52c8cb2f5128017174144a32124b14328b8174aa4261696a7149667e9e1544"
                  "1245250075fe71593c000000"},
    {Codec::gzip, "1f8b08000000000002032bc957484a55c82f52c8cb2f51280171741400da162404140000001f8b08000000000002032bc9"
                  "482c51c82c5628c94855282c4d2d2ec9cccfb35228c957484a55c82f52c8cb2f817000fb80993728000000"},
    {Codec::snappy, "82534e41505059000000000100000001000000212034746f206265206f72206e6f742074010d342c2074686174206973"
                    "20746865200000001e1c6c7175657374696f6e3a20746f206265206f72206e6f7420746f206265"},
    {Codec::snappy, "3c34746f206265206f72206e6f742074010d602c207468617420697320746865207175657374696f6e3a2074011d3020"
                    "6f72206e6f7420746f206265"},
    {Codec::lz4, "04224d1868403c000000000000003334000000d1746f206265206f72206e6f74200d00f2082c20746861742069732074"
                 "6865207175657374696f6e3a1d00042a0050746f20626500000000"},
    {Codec::zstd, "28b52ffd203c8501004402746f206265206f72206e6f74202c207468617420697320746865207175657374696f6e3a03"
                  "004d1d10a869e09a5f"},
    {Codec::zstd, "28b52ffd00589d01009402746f206265206f72206e6f7420746f2062652c207468617420697320746865207175657374"
                  "696f6e3a02004d1d1030a832"},
};

ErrorCode refusal(Codec codec, std::string_view compressed, std::size_t bytes_max) {
  const auto plain = decompress(codec, bytes_of(compressed), bytes_max);
  return plain ? ErrorCode::none : plain.error().code;
}

std::string random_words(std::size_t bytes, std::mt19937_64& random) {
  std::string out;
  while (out.size() < bytes) out += std::string(text.substr(random() % 40, random() % 20));
  out.resize(bytes);
  return out;
}

BOOST_AUTO_TEST_SUITE(decompress_test)

BOOST_AUTO_TEST_CASE(what_clients_write_is_read) {
  for (const auto& golden : goldens) {
    const auto plain = decompress(golden.codec, from_hex(golden.bytes).view(), mib);
    BOOST_REQUIRE_MESSAGE(plain.ok(), golden.bytes);
    BOOST_TEST(plain->text() == text);
  }
}

BOOST_AUTO_TEST_CASE(every_size_comes_back_and_one_byte_less_than_it_is_refused) {
  std::mt19937_64 random(7);
  for (const auto& by : all_compressors) {
    BOOST_TEST_CONTEXT(by.name) {
      for (const std::size_t size : {1UL, 4095UL, 4096UL, 4097UL, 65537UL, 3 * mib + 1}) {
        const auto plain = random_words(size, random);
        const auto compressed = by.compress(plain);
        const auto again = decompress(by.codec, bytes_of(compressed), size);
        BOOST_REQUIRE(again.ok());
        BOOST_TEST((again->text() == plain));
        BOOST_TEST(refusal(by.codec, compressed, size - 1) == ErrorCode::message_too_large);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bomb_is_refused_by_its_ratio_whatever_the_caller_accepts) {
  const std::string zeros(96 * mib, '\0');
  for (const auto& by : all_compressors) {
    if (by.codec == Codec::snappy) continue; // shrinks to a twentieth at most: no bomb
    BOOST_TEST_CONTEXT(by.name) {
      const auto bomb = by.compress(zeros);
      BOOST_TEST(bomb.size() * decompressed_ratio_max < zeros.size());
      BOOST_TEST(refusal(by.codec, bomb, 10'000 * mib) == ErrorCode::message_too_large);
    }
  }
}

BOOST_AUTO_TEST_CASE(honest_records_of_one_letter_are_none) {
  const std::string letters(decompressed_floor_bytes, 'v');
  for (const auto& by : all_compressors)
    BOOST_TEST(refusal(by.codec, by.compress(letters), 64 * mib) == ErrorCode::none);
}

BOOST_AUTO_TEST_CASE(a_size_that_is_only_claimed_takes_nothing) {
  // snappy: 4 GiB - 1; 2^35 - 1 is no size. zstd: 2^62 in the frame's header.
  BOOST_TEST(refusal(Codec::snappy, "\xff\xff\xff\xff\x0f\0", mib) == ErrorCode::message_too_large);
  BOOST_TEST(refusal(Codec::snappy, "\xff\xff\xff\xff\x7f\0", mib) == ErrorCode::corrupt_message);
  BOOST_TEST(refusal(Codec::zstd, from_hex("28b52ffd e0 0000000000000040 010000").text(), mib) ==
             ErrorCode::message_too_large);
}

BOOST_AUTO_TEST_CASE(cut_off_at_any_byte_it_is_no_data) {
  int between_members = 0;
  for (const auto& golden : goldens) {
    const auto whole = from_hex(golden.bytes);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto plain = decompress(golden.codec, whole.view().first(size), mib);
      if (!plain) continue;
      ++between_members;
      BOOST_TEST((plain->size() == 20 || plain->size() == 32));
      BOOST_TEST(text.starts_with(plain->text()));
    }
  }
  BOOST_TEST(between_members == 2); // two members of gzip, two blocks of snappy
}

BOOST_AUTO_TEST_CASE(bytes_left_over_are_refused) {
  for (const auto& golden : goldens) {
    const auto longer = std::string(from_hex(golden.bytes).text()) + std::string(3, '\xff');
    BOOST_TEST(refusal(golden.codec, longer, mib) == ErrorCode::corrupt_message);
  }
}

BOOST_AUTO_TEST_CASE(damage_is_an_error_or_other_bytes_and_never_past_the_bound) {
  std::random_device entropy;
  const auto seed = (std::uint64_t{entropy()} << 32) | entropy();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (const auto& by : all_compressors) {
    const auto whole = by.compress(random_words(5000, random));
    for (int round = 0; round < 500; ++round) {
      auto damaged = whole;
      for (auto changes = 1 + random() % 3; changes > 0; --changes)
        damaged[random() % damaged.size()] = static_cast<char>(random());
      const auto plain = decompress(by.codec, bytes_of(damaged), 8000);
      BOOST_REQUIRE_MESSAGE(!plain || plain->size() <= 8000, "seed " << seed);
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_and_no_codec) {
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd})
    BOOST_TEST(refusal(codec, "", mib) == ErrorCode::corrupt_message);
  BOOST_TEST(decompress(Codec::none, bytes_of(text), mib)->text() == text);
  BOOST_TEST(refusal(Codec::none, text, text.size() - 1) == ErrorCode::message_too_large);
  BOOST_TEST(refusal(static_cast<Codec>(5), text, mib) == ErrorCode::unsupported_compression_type);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
