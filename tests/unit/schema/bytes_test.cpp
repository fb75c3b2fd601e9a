#include "schema/bytes.h"

#include <boost/test/unit_test.hpp>

namespace callboard {
namespace {

// Says when its memory would go.
class WatchedOwner final : public ByteOwner {
public:
  explicit WatchedOwner(bool& destroyed) : destroyed_(destroyed) {}
  ByteView view() const { return content_; }

private:
  void destroy() noexcept override {
    destroyed_ = true;
    ByteOwner::destroy();
  }

  bool& destroyed_;
  std::uint8_t content_[4] = {1, 2, 3, 4};
};

} // namespace

BOOST_AUTO_TEST_SUITE(bytes)

BOOST_AUTO_TEST_CASE(a_slice_shares_the_memory_of_the_whole) {
  const auto whole = SharedBytes::copy_of("callboard");
  const auto board = whole.slice(4, 5);
  BOOST_TEST(board.text() == "board");
  BOOST_TEST(board.data() == whole.data() + 4);
}

BOOST_AUTO_TEST_CASE(memory_lives_as_long_as_its_last_slice) {
  bool destroyed = false;
  auto* owner = new WatchedOwner(destroyed);
  SharedBytes whole(owner->view(), owner);
  owner->release();
  auto slice = whole.slice(1, 2);
  auto copy = slice;
  whole = {};
  slice = {};
  BOOST_TEST(!destroyed);
  BOOST_TEST(copy.view()[0] == 2);
  copy = {};
  BOOST_TEST(destroyed);
}

BOOST_AUTO_TEST_CASE(moving_leaves_nothing_behind) {
  auto from = SharedBytes::copy_of("x");
  const auto to = std::move(from);
  BOOST_TEST(to.text() == "x");
  BOOST_TEST(from.empty()); // NOLINT(bugprone-use-after-move)
}

BOOST_AUTO_TEST_CASE(assigning_to_itself_keeps_the_content) {
  auto bytes = SharedBytes::copy_of("same");
  const auto& alias = bytes;
  bytes = alias;
  BOOST_TEST(bytes.text() == "same");
}

BOOST_AUTO_TEST_CASE(a_frozen_buffer_is_not_copied) {
  ByteBuffer buffer(8);
  const auto* at = buffer.data();
  std::memcpy(buffer.data(), "abc", 3);
  const auto frozen = buffer.freeze(3);
  BOOST_TEST(frozen.text() == "abc");
  BOOST_TEST(frozen.data() == at);
  BOOST_TEST(buffer.capacity() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_needs_no_memory) {
  BOOST_TEST(SharedBytes::copy_of("").data() == nullptr);
  BOOST_TEST(SharedBytes().slice(0, 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
