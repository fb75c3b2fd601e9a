#include "actors/peer/announcement.h"

#include <boost/test/unit_test.hpp>

#include <random>

namespace callboard {
namespace {

Announcement example() {
  Announcement announcement{"orders", {}, {"10.0.0.7", 9092}, true};
  announcement.identity.bytes.fill(7);
  return announcement;
}

} // namespace

BOOST_AUTO_TEST_SUITE(announcement)

BOOST_AUTO_TEST_CASE(it_has_golden_bytes) {
  std::vector<std::uint8_t> expected = {'C', 'B', 'D', 'I', 'S', 'C', 1, 1};
  expected.insert(expected.end(), 16, 7);
  for (const std::string text : {"\6orders", "\10"
                                             "10.0.0.7"})
    expected.insert(expected.end(), text.begin(), text.end());
  expected.push_back(0x23);
  expected.push_back(0x84);
  BOOST_TEST(encode(example()) == expected);
  BOOST_TEST((decode_announcement(expected) == example()));
}

BOOST_AUTO_TEST_CASE(what_is_cut_or_longer_is_dropped) {
  const auto whole = encode(example());
  for (std::size_t size = 0; size < whole.size(); ++size)
    BOOST_TEST(!decode_announcement(ByteView(whole).subspan(0, size)).has_value());
  auto longer = whole;
  longer.push_back(0);
  BOOST_TEST(!decode_announcement(longer).has_value());
}

BOOST_AUTO_TEST_CASE(what_nobody_sends_is_dropped) {
  const auto with = [](auto change) {
    auto bytes = encode(example());
    change(bytes);
    return decode_announcement(bytes).has_value();
  };
  BOOST_TEST(!with([](auto& bytes) { bytes[0] = 'X'; }));
  BOOST_TEST(!with([](auto& bytes) { bytes[6] = 2; }));                                  // another version
  BOOST_TEST(!with([](auto& bytes) { bytes[7] = 2; }));                                  // a flag that there is not
  BOOST_TEST(!with([](auto& bytes) { bytes[25] = '\n'; }));                              // in the name
  BOOST_TEST(!with([](auto& bytes) { bytes[bytes.size() - 3] = 0x1b; }));                // in the host
  BOOST_TEST(!with([](auto& bytes) { bytes[bytes.size() - 2] = 0, bytes.back() = 0; })); // port 0
  auto nameless = example();
  nameless.name.clear();
  BOOST_TEST(!decode_announcement(encode(nameless)).has_value());
}

BOOST_AUTO_TEST_CASE(random_bytes_behind_the_magic_do_no_harm) {
  std::mt19937 random(20261126);
  for (int i = 0; i < 100'000; ++i) {
    auto bytes = encode(example());
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    bytes.resize(random() % (bytes.size() + 1));
    const auto said = decode_announcement(bytes);
    if (said) BOOST_TEST(encode(*said) == bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
