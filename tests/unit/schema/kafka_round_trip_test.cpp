#include <cstdlib>

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

namespace callboard::kafka {
namespace {

constexpr int messages_per_version = 40;

// CALLBOARD_TEST_SEED repeats a run that failed.
std::uint64_t run_seed() {
  const char* given = std::getenv("CALLBOARD_TEST_SEED");
  static const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  return seed;
}

template <Message T, class Check>
void for_random_messages(Check check) {
  for_each_version(T::complete, [&](std::int16_t version) {
    for (int i = 0; i < messages_per_version; ++i) {
      const auto seed = run_seed() + static_cast<std::uint64_t>(i);
      BOOST_TEST_CONTEXT(T::name << " version " << version << ", CALLBOARD_TEST_SEED=" << seed) {
        check(RandomMessage(seed, version).make<T>(), version, seed);
      }
    }
  });
}

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_round_trip)

BOOST_AUTO_TEST_CASE_TEMPLATE(every_message_survives_in_every_version, T, AllMessages) {
  for_random_messages<T>([](const T& message, std::int16_t version, std::uint64_t) {
    const auto read = decode<T>(encoded(message, version), version);
    BOOST_REQUIRE_MESSAGE(read.ok(), why(read));
    BOOST_TEST(same(*read, message));
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_truncation_is_an_error, T, AllMessages) {
  for_random_messages<T>([](const T& message, std::int16_t version, std::uint64_t seed) {
    if (seed % 8 != 0) return;
    const auto whole = encoded(message, version);
    for (std::size_t size = 0; size < whole.size(); ++size)
      BOOST_TEST(!decode<T>(SharedBytes::copy_of(whole.view().first(size)), version).ok());
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bytes_behind_the_message_are_an_error, T, AllMessages) {
  for_random_messages<T>([](const T& message, std::int16_t version, std::uint64_t) {
    const auto longer = std::string(encoded(message, version).text()) + '\0';
    BOOST_TEST(!decode<T>(SharedBytes::copy_of(longer), version).ok());
  });
}

// A damaged frame may still be a message; then it is one that can be written.
BOOST_AUTO_TEST_CASE_TEMPLATE(damage_is_an_error_or_another_message, T, AllMessages) {
  for_random_messages<T>([](const T& message, std::int16_t version, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string bytes(encoded(message, version).text());
    if (bytes.empty()) return;
    for (int i = 0; i < 50; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
      const auto read = decode<T>(SharedBytes::copy_of(bytes), version);
      if (!read) continue;
      const auto again = decode<T>(encoded(*read, version), version);
      BOOST_TEST((again.ok() && same(*again, *read)));
    }
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(versions_without_a_table_are_refused, T, AllMessages) {
  const SharedBytes nothing;
  for (int version : {T::complete.first - 1, T::complete.last + 1, -32768, 32767}) {
    const auto read = decode<T>(nothing, static_cast<std::int16_t>(version));
    BOOST_REQUIRE(!read.ok());
    BOOST_TEST(read.error().code == ErrorCode::unsupported_version);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
