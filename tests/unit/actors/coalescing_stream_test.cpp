#include "actors/rpc/coalescing_stream.h"

#include <boost/test/unit_test.hpp>
#include <kj/debug.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

namespace callboard::rpc {
namespace {

// Counts what the stream asks of it, and does it when it is told to.
class Socket final : public kj::AsyncIoStream {
public:
  // `outlive`: where to write down what is written, if it is looked at later.
  explicit Socket(std::vector<std::string>* outlive = nullptr) : writes(outlive == nullptr ? own_writes : *outlive) {}

  std::deque<std::string> incoming; // one read each, the end when there is none
  std::vector<std::size_t> reads;   // what was asked for at most
  std::vector<std::string> own_writes;
  std::vector<std::string>& writes;
  bool writable = true;
  bool shut = false;
  kj::Own<kj::PromiseFulfiller<void>> blocked;

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override {
    reads.push_back(max_bytes);
    std::size_t got = 0;
    while (got < min_bytes && !incoming.empty()) {
      auto& next = incoming.front();
      const auto bytes = std::min(next.size(), max_bytes - got);
      std::copy_n(next.begin(), bytes, static_cast<char*>(buffer) + got);
      got += bytes;
      next.erase(0, bytes);
      if (next.empty()) incoming.pop_front();
    }
    return got;
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    writes.emplace_back(static_cast<const char*>(buffer), size);
    if (writable) return kj::READY_NOW;
    auto pair = kj::newPromiseAndFulfiller<void>();
    blocked = kj::mv(pair.fulfiller);
    return kj::mv(pair.promise);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    std::string all;
    for (const auto& piece : pieces) all.append(piece.asChars().begin(), piece.size());
    return write(all.data(), all.size());
  }
  kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
  void shutdownWrite() override { shut = true; }
};

struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::Own<Socket> owned = kj::heap<Socket>();
  Socket& socket = *owned;
  CoalescingStream stream{kj::mv(owned)};

  std::string read(std::size_t min_bytes, std::size_t max_bytes) {
    std::string buffer(max_bytes, '\0');
    buffer.resize(stream.tryRead(buffer.data(), min_bytes, max_bytes).wait(scope));
    return buffer;
  }
  kj::Promise<void> write(const std::string& bytes) { return stream.write(bytes.data(), bytes.size()); }
};

using Sizes = std::vector<std::size_t>;
using Texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(coalescing_stream)

BOOST_AUTO_TEST_CASE(small_reads_are_one) {
  Fixture f;
  f.socket.incoming = {"abcdefgh"};
  BOOST_TEST(f.read(2, 2) == "ab");
  BOOST_TEST(f.read(1, 4) == "cdef");
  BOOST_TEST(f.read(2, 2) == "gh");
  BOOST_TEST(f.socket.reads == (Sizes{4096}), boost::test_tools::per_element());
  BOOST_TEST(f.read(1, 4) == "");
}

BOOST_AUTO_TEST_CASE(a_read_takes_what_is_there_and_the_rest_from_the_socket) {
  Fixture f;
  f.socket.incoming = {"abc", "defg"};
  BOOST_TEST(f.read(1, 1) == "a");
  BOOST_TEST(f.read(4, 4) == "bcde");
  BOOST_TEST(f.read(1, 9) == "fg");
}

BOOST_AUTO_TEST_CASE(a_large_read_passes_through) {
  Fixture f;
  const std::string large(10'000, 'x');
  f.socket.incoming = {"a" + large.substr(0, 5), large.substr(5)};
  BOOST_TEST(f.read(1, 1) == "a");
  BOOST_TEST(f.read(large.size(), large.size()) == large);
  BOOST_TEST(f.socket.reads == (Sizes{4096, large.size() - 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stream_that_ends_early_says_so) {
  Fixture f;
  f.socket.incoming = {"ab"};
  BOOST_TEST(f.read(8, 8) == "ab");
}

BOOST_AUTO_TEST_CASE(writes_of_a_turn_are_one) {
  Fixture f;
  f.write("a").wait(f.scope);
  f.write("b").wait(f.scope);
  f.write("c").wait(f.scope);
  BOOST_TEST(f.socket.writes.empty());
  f.scope.poll();
  BOOST_TEST(f.socket.writes == (Texts{"abc"}), boost::test_tools::per_element());
  f.write("d").wait(f.scope);
  f.scope.poll();
  BOOST_TEST(f.socket.writes == (Texts{"abc", "d"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_comes_while_one_is_written_is_the_next) {
  Fixture f;
  f.socket.writable = false;
  f.write("a").wait(f.scope);
  f.scope.poll();
  f.write("b").wait(f.scope);
  f.write("c").wait(f.scope);
  f.scope.poll();
  BOOST_TEST(f.socket.writes == (Texts{"a"}), boost::test_tools::per_element());
  f.socket.writable = true;
  f.socket.blocked->fulfill();
  f.scope.poll();
  BOOST_TEST(f.socket.writes == (Texts{"a", "bc"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_large_write_waits_for_the_small_ones_before_it) {
  Fixture f;
  const std::string large(5000, 'x');
  f.write("a").wait(f.scope);
  auto written = f.write(large).eagerlyEvaluate(nullptr);
  f.scope.poll();
  BOOST_TEST(f.socket.writes == (Texts{"a", large}), boost::test_tools::per_element());
  BOOST_TEST(written.poll(f.scope));
}

BOOST_AUTO_TEST_CASE(who_writes_without_end_waits_for_the_socket) {
  Fixture f;
  f.socket.writable = false;
  f.write("a").wait(f.scope);
  f.scope.poll();
  const std::string half(3000, 'x');
  f.write(half).wait(f.scope);
  auto waits = f.write(half).eagerlyEvaluate(nullptr);
  BOOST_TEST(!waits.poll(f.scope));
  f.socket.writable = true;
  f.socket.blocked->fulfill();
  BOOST_TEST(waits.poll(f.scope));
  f.scope.poll();
  BOOST_TEST(f.socket.writes == (Texts{"a", half, half}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_comes_with_a_later_write) {
  Fixture f;
  f.socket.writable = false;
  f.write("a").wait(f.scope);
  f.scope.poll();
  f.socket.blocked->reject(KJ_EXCEPTION(DISCONNECTED, "gone"));
  f.scope.poll();
  BOOST_CHECK_THROW(f.write("b").wait(f.scope), kj::Exception);
  BOOST_TEST(f.socket.writes == (Texts{"a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_ends_behind_what_was_written) {
  Fixture f;
  f.write("a").wait(f.scope);
  f.stream.shutdownWrite();
  BOOST_TEST(!f.socket.shut);
  f.scope.poll();
  BOOST_TEST(f.socket.shut);
  BOOST_TEST(f.socket.writes == (Texts{"a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_last_word_is_written_when_it_is_dropped) {
  kj::EventLoop loop;
  const kj::WaitScope scope(loop);
  std::vector<std::string> written;
  auto socket = kj::heap<Socket>(&written);
  auto stream = kj::heap<CoalescingStream>(kj::mv(socket));
  static_cast<void>(stream->write("bye", 3));
  stream->shutdownWrite();
  stream = nullptr;
  BOOST_TEST(written == (Texts{"bye"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
