#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "schema/kafka/api.h"
#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

namespace callboard::kafka {
namespace {

constexpr int messages_per_version = 40;

// A message as the tests below see it. The checks are compiled once, not per message:
// only these few functions are.
struct MessageKind {
  const char* name;
  Versions complete;
  // A random message, encoded, after checking that it survives.
  SharedBytes (*random)(std::uint64_t seed, std::int16_t version);
  // Decoded and encoded again.
  Result<SharedBytes> (*reencoded)(const SharedBytes& body, std::int16_t version);
};

template <Message T>
SharedBytes random_body(std::uint64_t seed, std::int16_t version) {
  const auto message = RandomMessage(seed, version).make<T>();
  const auto body = encoded(message, version);
  const auto read = decode<T>(body, version);
  BOOST_REQUIRE_MESSAGE(read.ok(), why(read));
  BOOST_TEST(same(*read, message));
  return body;
}

template <Message T>
Result<SharedBytes> reencoded_body(const SharedBytes& body, std::int16_t version) {
  const auto read = decode<T>(body, version);
  if (!read) return read.error();
  return encoded(*read, version);
}

template <class... T>
std::vector<MessageKind> kinds_of(const std::tuple<T...>*) {
  return {{T::name, T::complete, random_body<T>, reencoded_body<T>}...};
}

const std::vector<MessageKind>& all_kinds() {
  static const auto kinds = kinds_of(static_cast<const AllMessages*>(nullptr));
  return kinds;
}

// CALLBOARD_TEST_SEED repeats a run that failed.
std::uint64_t run_seed() {
  static const char* given = std::getenv("CALLBOARD_TEST_SEED");
  static const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  return seed;
}

// check(kind, version, seed, body)
template <class Check>
void for_random_bodies(Check check) {
  for (const auto& kind : all_kinds()) {
    for_each_version(kind.complete, [&](std::int16_t version) {
      for (int i = 0; i < messages_per_version; ++i) {
        const auto seed = run_seed() + static_cast<std::uint64_t>(i);
        BOOST_TEST_CONTEXT(kind.name << " version " << version << ", CALLBOARD_TEST_SEED=" << seed) {
          check(kind, version, seed, kind.random(seed, version));
        }
      }
    });
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_round_trip)

BOOST_AUTO_TEST_CASE(every_message_survives_in_every_version) {
  for_random_bodies([](const MessageKind& kind, std::int16_t version, std::uint64_t, const SharedBytes& body) {
    const auto again = kind.reencoded(body, version);
    BOOST_REQUIRE_MESSAGE(again.ok(), why(again));
    BOOST_TEST((again->text() == body.text()));
  });
}

BOOST_AUTO_TEST_CASE(every_truncation_is_an_error) {
  for_random_bodies([](const MessageKind& kind, std::int16_t version, std::uint64_t seed, const SharedBytes& body) {
    if (seed % 8 != 0) return;
    for (std::size_t size = 0; size < body.size(); ++size)
      BOOST_TEST(!kind.reencoded(SharedBytes::copy_of(body.view().first(size)), version).ok());
  });
}

BOOST_AUTO_TEST_CASE(bytes_behind_the_message_are_an_error) {
  for_random_bodies([](const MessageKind& kind, std::int16_t version, std::uint64_t, const SharedBytes& body) {
    const auto longer = std::string(body.text()) + '\0';
    BOOST_TEST(!kind.reencoded(SharedBytes::copy_of(longer), version).ok());
  });
}

// A damaged frame may still be a message; then it is one that can be written and read.
BOOST_AUTO_TEST_CASE(damage_is_an_error_or_another_message) {
  for_random_bodies([](const MessageKind& kind, std::int16_t version, std::uint64_t seed, const SharedBytes& body) {
    if (body.empty()) return;
    std::mt19937_64 random(seed);
    std::string bytes(body.text());
    for (int i = 0; i < 50; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
      const auto once = kind.reencoded(SharedBytes::copy_of(bytes), version);
      if (!once) continue;
      const auto twice = kind.reencoded(*once, version);
      BOOST_TEST((twice.ok() && twice->text() == once->text()));
    }
  });
}

// Whatever stands there, at every place: so every length and count of every message is once
// none, null, below null and its maximum, as 16 and 32 bits and in the compact form.
BOOST_AUTO_TEST_CASE(a_length_that_lies_is_an_error_or_another_message) {
  static constexpr std::string_view lies[] = {{"\0\0", 2},
                                              {"\xff\xff", 2},
                                              {"\x7f\xff", 2},
                                              {"\x80\0", 2},
                                              {"\0\0\0\0", 4},
                                              {"\xff\xff\xff\xff", 4},
                                              {"\x7f\xff\xff\xff", 4},
                                              {"\x80\0\0\0", 4},
                                              {"\0", 1},
                                              {"\1", 1},
                                              {"\xff\xff\x7f", 3},
                                              {"\xff\xff\xff\xff\x0f", 5},
                                              {"\x80\x80\x80\x80\x08", 5},
                                              {"\xff\xff\xff\xff\xff\xff", 6}};
  for_random_bodies([](const MessageKind& kind, std::int16_t version, std::uint64_t seed, const SharedBytes& body) {
    if (seed != run_seed()) return;
    for (std::size_t at = 0; at < body.size(); ++at) {
      for (const auto lie : lies) {
        std::string bytes(body.text());
        bytes.replace(at, lie.size(), lie);
        bytes.resize(std::max(body.size(), at + lie.size()));
        const auto once = kind.reencoded(SharedBytes::copy_of(bytes), version);
        if (!once) {
          if (once.error().code != ErrorCode::corrupt_message)
            BOOST_TEST(once.error().code == ErrorCode::corrupt_message);
          continue;
        }
        const auto twice = kind.reencoded(*once, version);
        if (!twice || twice->text() != once->text()) BOOST_ERROR("read and written once more it is another message");
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(every_api_has_its_request_among_the_messages) {
  for (const auto& api : apis()) {
    const auto found = std::any_of(all_kinds().begin(), all_kinds().end(), [&](const MessageKind& kind) {
      return kind.name == std::string(api.name) + "Request" && kind.complete.has(api.served.first) &&
             kind.complete.has(api.served.last);
    });
    BOOST_TEST(found, api.name);
  }
}

BOOST_AUTO_TEST_CASE(versions_without_a_table_are_refused) {
  for (const auto& kind : all_kinds()) {
    for (int version : {kind.complete.first - 1, kind.complete.last + 1, -32768, 32767}) {
      const auto read = kind.reencoded({}, static_cast<std::int16_t>(version));
      BOOST_REQUIRE(!read.ok());
      BOOST_TEST(read.error().code == ErrorCode::unsupported_version);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
