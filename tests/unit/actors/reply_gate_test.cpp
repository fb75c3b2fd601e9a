#include "actors/rpc/reply_gate.h"

#include <boost/test/unit_test.hpp>
#include <string>

namespace callboard::rpc {
namespace {

constexpr std::size_t input_max = 8;

// A pipe has no buffer: a write ends only when the other end has read it.
struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Own<Credits> calls = kj::refcounted<Credits>(2);
  kj::Own<Credits> replies = kj::refcounted<Credits>(1000);
  ReplyGate gate{kj::mv(pipe.ends[0]), kj::addRef(*calls), input_max};
  kj::AsyncIoStream& client = *pipe.ends[1];
  char in[64];
  char out[64];

  kj::Promise<std::size_t> read() { return gate.tryRead(in, 1, input_max).eagerlyEvaluate(nullptr); }
  kj::Promise<void> client_sends(std::size_t bytes) { return client.write(out, bytes).eagerlyEvaluate(nullptr); }
  void client_reads(std::size_t bytes) { client.read(out, bytes).wait(scope); }
};

BOOST_FIXTURE_TEST_SUITE(rpc_reply_gate, Fixture)

BOOST_AUTO_TEST_CASE(reads_go_on_while_no_reply_waits) {
  for (int i = 0; i < 10; ++i) {
    auto sending = client_sends(input_max);
    BOOST_TEST(read().wait(scope) == input_max);
    sending.wait(scope);
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_soon_not_read_either) {
  auto reply = gate.write("0123", 4).eagerlyEvaluate(nullptr);
  auto first = client_sends(input_max);
  BOOST_TEST(read().wait(scope) == input_max);
  auto second = client_sends(input_max);
  auto stopped = read();
  BOOST_TEST(!stopped.poll(scope));
  client_reads(4);
  BOOST_TEST(stopped.wait(scope) == input_max);
}

BOOST_AUTO_TEST_CASE(reading_one_reply_of_many_does_not_open_it) {
  auto replies_in_order = gate.write("0123", 4).then([this] { return gate.write("4567", 4); }).eagerlyEvaluate(nullptr);
  auto first = client_sends(input_max);
  BOOST_TEST(read().wait(scope) == input_max);
  auto second = client_sends(input_max);
  auto stopped = read();
  client_reads(4);
  BOOST_TEST(!stopped.poll(scope));
  client_reads(4);
  BOOST_TEST(stopped.poll(scope));
}

BOOST_AUTO_TEST_CASE(too_many_calls_under_way_stop_the_reading) {
  auto one = calls->spend(1);
  auto two = calls->spend(1);
  auto sending = client_sends(4);
  auto stopped = read();
  BOOST_TEST(!stopped.poll(scope));
  one = nullptr;
  BOOST_TEST(stopped.wait(scope) == 4U);
}

BOOST_AUTO_TEST_CASE(a_replys_credits_come_back_when_it_is_written) {
  gate.hold_until_written(replies->spend(4), 4);
  gate.hold_until_written(replies->spend(6), 6);
  auto in_order = gate.write("0123", 4).then([this] { return gate.write("456789", 6); }).eagerlyEvaluate(nullptr);
  BOOST_TEST(!in_order.poll(scope));
  BOOST_TEST(replies->spent() == 10U);
  client_reads(4);
  BOOST_TEST(!in_order.poll(scope));
  BOOST_TEST(replies->spent() == 6U);
  client_reads(6);
  in_order.wait(scope);
  BOOST_TEST(replies->spent() == 0U);
}

BOOST_AUTO_TEST_CASE(credits_of_a_reply_that_was_never_sent_come_back_when_nothing_waits) {
  gate.hold_until_written(replies->spend(500), 500);
  auto other = gate.write("0123", 4).eagerlyEvaluate(nullptr);
  client_reads(4);
  other.wait(scope);
  scope.poll();
  BOOST_TEST(replies->spent() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
