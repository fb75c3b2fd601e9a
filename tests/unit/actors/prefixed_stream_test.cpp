#include "actors/net/prefixed_stream.h"

#include <boost/test/unit_test.hpp>

#include <string>

namespace callboard::net {
namespace {

struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  PrefixedStream stream{kj::mv(pipe.ends[0]), {'a', 'b', 'c', 'd'}};
  kj::AsyncIoStream& peer = *pipe.ends[1];
  char buffer[16];

  std::string read(std::size_t min_bytes, std::size_t max_bytes) {
    const auto got = stream.tryRead(buffer, min_bytes, max_bytes).wait(scope);
    return std::string(buffer, got);
  }
  kj::Promise<void> peer_sends(const char* text) {
    return peer.write(text, std::strlen(text)).eagerlyEvaluate(nullptr);
  }
};

BOOST_FIXTURE_TEST_SUITE(net_prefixed_stream, Fixture)

BOOST_AUTO_TEST_CASE(what_was_read_already_comes_first_and_needs_no_peer) {
  BOOST_TEST(read(1, 16) == "abcd");
}

BOOST_AUTO_TEST_CASE(it_comes_in_as_small_pieces_as_are_asked_for) {
  BOOST_TEST(read(1, 1) == "a");
  BOOST_TEST(read(1, 2) == "bc");
  BOOST_TEST(read(1, 2) == "d");
}

BOOST_AUTO_TEST_CASE(a_read_goes_on_into_the_stream_without_a_seam) {
  auto sending = peer_sends("efgh");
  BOOST_TEST(read(6, 6) == "abcdef");
  BOOST_TEST(read(2, 2) == "gh");
  sending.wait(scope);
}

BOOST_AUTO_TEST_CASE(a_read_that_wants_more_waits_for_it) {
  auto reading = stream.tryRead(buffer, 5, 16).eagerlyEvaluate(nullptr);
  BOOST_TEST(!reading.poll(scope));
  auto sending = peer_sends("e");
  BOOST_TEST(reading.wait(scope) == 5U);
  BOOST_TEST(std::string(buffer, 5) == "abcde");
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_leaves_what_was_read) {
  peer.shutdownWrite();
  BOOST_TEST(read(6, 16) == "abcd");
  BOOST_TEST(read(1, 16) == "");
}

BOOST_AUTO_TEST_CASE(writes_pass_through) {
  auto writing = stream.write("xyz", 3).eagerlyEvaluate(nullptr);
  peer.read(buffer, 3).wait(scope);
  writing.wait(scope);
  BOOST_TEST(std::string(buffer, 3) == "xyz");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::net
