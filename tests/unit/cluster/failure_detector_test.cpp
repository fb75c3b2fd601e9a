#include <boost/test/unit_test.hpp>

#include <random>

#include "cluster/membership/failure_detector.h"

using namespace callboard;
using namespace callboard::membership;

namespace callboard::membership {
static std::ostream& operator<<(std::ostream& out, const LivenessChange& change) {
  return out << change.node.value << (change.up ? " up " : " down ") << text_of(change.reason);
}
} // namespace callboard::membership

namespace {

constexpr NodeId two{2};
constexpr NodeId three{3};
using Changes = std::vector<LivenessChange>;
constexpr auto heard = LivenessReason::heard;
constexpr auto silent = LivenessReason::silent;

void run(FailureDetector& detector, std::uint64_t ticks) {
  for (std::uint64_t i = 0; i < ticks; ++i) detector.tick();
}

// Ticks during which the node is heard, until it is up.
std::uint64_t ticks_until_up(FailureDetector& detector, NodeId node) {
  for (std::uint64_t ticks = 0; ticks < 10'000; ++ticks) {
    detector.heard(node, 1);
    if (detector.is_up(node)) return ticks;
    detector.tick();
  }
  BOOST_FAIL("never up");
  return 0;
}

} // namespace

#define CHECK_CHANGES(detector, ...)                                                                                   \
  do {                                                                                                                 \
    const Changes expected{__VA_ARGS__};                                                                               \
    BOOST_TEST((detector).take_changes() == expected, boost::test_tools::per_element());                               \
  } while (false)

BOOST_AUTO_TEST_SUITE(failure_detector)

BOOST_AUTO_TEST_CASE(a_node_is_up_when_heard_and_down_after_silence) {
  FailureDetector detector;
  detector.add(two);
  detector.add(three);
  CHECK_CHANGES(detector);
  detector.heard(two, 1);
  CHECK_CHANGES(detector, {two, true, heard});
  run(detector, 9);
  detector.heard(two, 1);
  CHECK_CHANGES(detector);
  run(detector, 1); // never heard at all
  CHECK_CHANGES(detector, {three, false, silent});
  run(detector, 9);
  CHECK_CHANGES(detector, {two, false, silent});
  run(detector, 100);
  CHECK_CHANGES(detector);
  BOOST_TEST(!detector.is_up(two));
}

BOOST_AUTO_TEST_CASE(who_refuses_is_down_at_once_and_back_at_once) {
  FailureDetector detector;
  detector.add(two);
  detector.heard(two, 1);
  detector.refused(two);
  detector.refused(two);
  CHECK_CHANGES(detector, {two, true, heard}, {two, false, LivenessReason::refused});
  detector.heard(two, 2);
  CHECK_CHANGES(detector, {two, true, heard});
}

BOOST_AUTO_TEST_CASE(another_process_is_another_life_and_the_old_one_is_not_heard) {
  FailureDetector detector;
  detector.add(two);
  detector.heard(two, 1);
  detector.heard(two, 2);
  CHECK_CHANGES(detector, {two, true, heard}, {two, false, LivenessReason::restarted}, {two, true, heard});
  detector.heard(two, 1);
  CHECK_CHANGES(detector);
  run(detector, 9);
  detector.heard(two, 1); // late: does not keep it up
  run(detector, 1);
  CHECK_CHANGES(detector, {two, false, silent});
}

// A late word of the process before makes it the newer one, until that is refused.
BOOST_AUTO_TEST_CASE(whoever_speaks_after_its_successor_was_refused_lives) {
  FailureDetector detector;
  detector.add(two);
  detector.heard(two, 7);
  detector.heard(two, 5);
  detector.heard(two, 7); // replaced
  BOOST_TEST(detector.take_changes().size() == 3U);
  detector.refused(two);
  for (int i = 0; i < 200; ++i) {
    detector.tick();
    detector.heard(two, 7);
  }
  BOOST_TEST(detector.is_up(two));
}

BOOST_AUTO_TEST_CASE(who_comes_and_goes_waits_longer_each_time_until_forgiven) {
  FailureDetector detector;
  detector.add(two);
  std::vector<std::uint64_t> waited;
  for (int i = 0; i < 7; ++i) {
    waited.push_back(ticks_until_up(detector, two));
    run(detector, 10);
  }
  const std::vector<std::uint64_t> expected{0, 0, 20, 40, 80, 160, 160};
  BOOST_TEST(waited == expected, boost::test_tools::per_element());
  BOOST_TEST(ticks_until_up(detector, two) == 160U);
  for (int i = 0; i < 1200; ++i) {
    detector.tick();
    detector.heard(two, 1);
  }
  run(detector, 10);
  BOOST_TEST(ticks_until_up(detector, two) == 0U);
}

BOOST_AUTO_TEST_CASE(silence_during_probation_begins_it_anew) {
  FailureDetector detector;
  detector.add(two);
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(ticks_until_up(detector, two) == 0U);
    run(detector, 10);
  }
  for (int i = 0; i < 10; ++i) {
    detector.heard(two, 1);
    run(detector, 15); // slower than down_after_ticks
  }
  BOOST_TEST(!detector.is_up(two));
  BOOST_TEST(ticks_until_up(detector, two) == 20U);
}

BOOST_AUTO_TEST_CASE(strangers_and_removed_nodes_say_nothing) {
  FailureDetector detector;
  detector.heard(two, 1);
  detector.refused(two);
  detector.add(two);
  detector.remove(two);
  detector.remove(two);
  detector.add(three);
  detector.refused(three);
  detector.remove(three);
  run(detector, 50);
  CHECK_CHANGES(detector, {three, false, LivenessReason::refused});
}

// Whatever happens: up and down alternate, and a node heard every tick ends up, others down.
BOOST_AUTO_TEST_CASE(random_events) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      FailureDetector detector;
      std::map<NodeId, bool> up;
      std::map<NodeId, std::uint64_t> incarnation;
      const auto take = [&] {
        for (const auto& change : detector.take_changes()) {
          if (up.contains(change.node)) BOOST_REQUIRE(up[change.node] != change.up);
          up[change.node] = change.up;
          BOOST_REQUIRE_EQUAL(change.up, change.reason == heard);
        }
      };
      for (int id = 1; id <= 5; ++id) detector.add(NodeId(id));
      for (int i = 0; i < 2000; ++i) {
        const NodeId node(static_cast<int>(random() % 5) + 1);
        switch (random() % 8) {
        case 0: detector.refused(node); break;
        case 1: incarnation[node] += random() % 4 == 0; [[fallthrough]];
        case 2: detector.heard(node, incarnation[node]); break;
        default: detector.tick();
        }
        take();
      }
      for (int i = 0; i < 400; ++i) {
        for (int id = 1; id <= 3; ++id) detector.heard(NodeId(id), incarnation[NodeId(id)]);
        detector.tick();
      }
      take();
      for (int id = 1; id <= 5; ++id) {
        BOOST_TEST(detector.is_up(NodeId(id)) == (id <= 3));
        BOOST_TEST(up[NodeId(id)] == (id <= 3));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
