#include "actors/net/idle_stream.h"

#include <kj/async-io.h>

#include <boost/test/unit_test.hpp>

namespace callboard::net {
namespace {

constexpr auto limit = 100 * kj::MILLISECONDS;

struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope wait{loop};
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Own<IdleStream> stream = kj::heap<IdleStream>(kj::mv(pipe.ends[0]), timer, limit);
  kj::byte buffer[8] = {};

  void pass(kj::Duration time) { timer.advanceTo(timer.now() + time); }
};

BOOST_FIXTURE_TEST_SUITE(idle_stream, Fixture)

BOOST_AUTO_TEST_CASE(without_traffic_it_is_idle_when_the_limit_has_passed) {
  auto idle = stream->idle();
  pass(limit - 1 * kj::MILLISECONDS);
  BOOST_TEST(!idle.poll(wait));
  pass(1 * kj::MILLISECONDS);
  BOOST_TEST(idle.poll(wait));
}

BOOST_AUTO_TEST_CASE(a_read_begins_the_time_anew) {
  auto idle = stream->idle();
  auto read = stream->tryRead(buffer, 1, sizeof buffer);
  pass(limit - 1 * kj::MILLISECONDS);
  pipe.ends[1]->write("x", 1).wait(wait);
  BOOST_TEST(read.wait(wait) == 1);
  pass(limit - 1 * kj::MILLISECONDS);
  BOOST_TEST(!idle.poll(wait));
  pass(1 * kj::MILLISECONDS);
  BOOST_TEST(idle.poll(wait));
}

BOOST_AUTO_TEST_CASE(so_does_a_write_that_was_taken_and_one_that_is_stuck_does_not) {
  auto idle = stream->idle();
  auto taken = stream->write("a", 1);
  pass(limit / 2);
  pipe.ends[1]->tryRead(buffer, 1, 1).wait(wait);
  taken.wait(wait);
  pass(limit / 2);
  BOOST_TEST(!idle.poll(wait));
  auto stuck = stream->write("b", 1);
  pass(limit / 2);
  BOOST_TEST(idle.poll(wait));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::net
