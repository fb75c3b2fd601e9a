#include "actors/rpc/framing_guard.h"

#include <boost/test/unit_test.hpp>
#include <capnp/message.h>
#include <capnp/serialize-async.h>
#include <random>
#include <string>

#include "schema/bytes.h"

namespace callboard::rpc {
namespace {

constexpr std::uint64_t bytes_max = 1 << 20;

std::string words32(std::initializer_list<std::uint32_t> words) {
  std::string bytes;
  for (auto word : words)
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(word >> (8 * i)));
  return bytes;
}

Status feed(FramingCheck& check, const std::string& bytes) {
  return check.feed(bytes_of(bytes).data(), bytes.size());
}

Status check_of(const std::string& bytes) {
  FramingCheck check(bytes_max);
  return feed(check, bytes);
}

// A guard with the other end of its pipe.
struct Guarded {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  FramingGuard guard{kj::mv(pipe.ends[0]), bytes_max};
  kj::AsyncIoStream& peer = *pipe.ends[1];
};

// Reads as Cap'n Proto does until the stream ends or is refused; the sentence of the
// refusal, or none.
std::string read_all(Guarded& guarded, const std::string& bytes) {
  auto writing = guarded.peer.write(bytes.data(), bytes.size()).then([&] { guarded.peer.shutdownWrite(); });
  auto background = writing.eagerlyEvaluate([](kj::Exception&&) {});
  try {
    while (capnp::tryReadMessage(guarded.guard).wait(guarded.io.waitScope) != nullptr) {
    }
  } catch (const kj::Exception& e) {
    return e.getDescription().cStr();
  }
  return {};
}

std::string encoded_message(std::size_t segments) {
  std::vector<std::uint32_t> header{static_cast<std::uint32_t>(segments - 1)};
  for (std::size_t i = 0; i < segments; ++i) header.push_back(2);
  if (header.size() % 2 != 0) header.push_back(0);
  std::string bytes;
  for (auto word : header) bytes += words32({word});
  return bytes + std::string(segments * 16, '\0');
}

BOOST_AUTO_TEST_SUITE(framing_guard)

BOOST_AUTO_TEST_CASE(honest_messages_pass_however_they_are_cut) {
  std::string stream;
  for (std::size_t segments : {1U, 2U, 3U, 512U, 1U}) stream += encoded_message(segments);
  for (std::size_t step : {1U, 3U, 7U, 8U, 1000U}) {
    FramingCheck check(bytes_max);
    for (std::size_t at = 0; at < stream.size(); at += step) BOOST_REQUIRE(feed(check, stream.substr(at, step)).ok());
  }
}

BOOST_AUTO_TEST_CASE(a_segment_count_that_overflows_is_refused) {
  BOOST_TEST(!check_of(words32({0xFFFFFFFF})).ok());
  BOOST_TEST(check_of(words32({0xFFFFFFFF})).error().message.find("4294967296 segments") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(more_segments_than_512_are_refused) {
  BOOST_TEST(check_of(words32({511})).ok());
  BOOST_TEST(!check_of(words32({512})).ok());
}

BOOST_AUTO_TEST_CASE(a_message_larger_than_the_limit_is_refused_by_its_header) {
  BOOST_TEST(check_of(words32({0, bytes_max / 8})).ok());
  BOOST_TEST(!check_of(words32({0, bytes_max / 8 + 1})).ok());
}

BOOST_AUTO_TEST_CASE(sizes_are_summed_without_overflow) {
  BOOST_TEST(!check_of(words32({1, 0xFFFFFFFF, 0xFFFFFFFF})).ok());
  BOOST_TEST(!check_of(words32({1, bytes_max / 16, bytes_max / 16 + 1})).ok());
}

BOOST_AUTO_TEST_CASE(the_header_after_a_message_is_checked_too) {
  BOOST_TEST(!check_of(encoded_message(2) + words32({0xFFFFFFFF})).ok());
}

BOOST_AUTO_TEST_CASE(empty_messages_do_not_confuse_it) {
  BOOST_TEST(!check_of(words32({0, 0, 0, 0}) + words32({0xFFFFFFFF})).ok());
}

BOOST_AUTO_TEST_CASE(the_library_reads_honest_messages_through_it) {
  Guarded guarded;
  BOOST_TEST(read_all(guarded, encoded_message(1) + encoded_message(4)) == "");
}

BOOST_AUTO_TEST_CASE(the_library_never_sees_a_bad_header) {
  Guarded guarded;
  const auto refused = read_all(guarded, encoded_message(1) + words32({0xFFFFFFFF, 0}));
  BOOST_TEST(refused.find("segments") != std::string::npos, refused);
}

BOOST_AUTO_TEST_CASE(a_refused_stream_stays_refused) {
  Guarded guarded;
  BOOST_TEST(read_all(guarded, words32({0xFFFFFFFF, 0}) + encoded_message(1)) != "");
  char byte = 0;
  BOOST_CHECK_THROW(guarded.guard.tryRead(&byte, 1, 1).wait(guarded.io.waitScope), kj::Exception);
}

BOOST_AUTO_TEST_CASE(writes_pass_through) {
  Guarded guarded;
  auto writing = guarded.guard.write("hello", 5).eagerlyEvaluate(nullptr);
  char bytes[5];
  guarded.peer.read(bytes, 5).wait(guarded.io.waitScope);
  BOOST_TEST(std::string(bytes, 5) == "hello");
}

BOOST_AUTO_TEST_CASE(random_bytes_are_refused_or_read_but_never_worse) {
  constexpr unsigned seed = 20240607;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string noise(random() % 200, '\0');
    for (auto& byte : noise) byte = static_cast<char>(random() % 4 == 0 ? random() : 0);
    Guarded guarded;
    read_all(guarded, noise);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
