#include "actors/peer/peer_queue.h"

#include <boost/test/unit_test.hpp>

namespace callboard {
namespace {

raft::Message reply(std::uint64_t match) {
  return {GroupId{1}, NodeId{1}, NodeId{2}, Term{1}, raft::AppendReply{RaftIndex{match}}};
}

raft::Message append(std::size_t payload_bytes) {
  raft::Append append;
  append.entries.push_back({RaftIndex{1}, Term{1}, EntryType::batch, Offset{0}, 1, 0,
                            SharedBytes::copy_of(std::string(payload_bytes, 'x'))});
  return {GroupId{1}, NodeId{1}, NodeId{2}, Term{1}, std::move(append)};
}

RaftIndex match_of(const raft::Message& message) {
  return std::get<raft::AppendReply>(message.body).match;
}

BOOST_AUTO_TEST_SUITE(peer_queue)

BOOST_AUTO_TEST_CASE(messages_leave_in_order_as_many_as_fit) {
  PeerQueue queue(10'000, 0);
  for (std::uint64_t i = 1; i <= 5; ++i) BOOST_TEST(queue.push(reply(i)));
  const auto one = raft::bytes_of(reply(1));
  const auto first = queue.take(3 * one);
  BOOST_REQUIRE(first.messages.size() == 3U);
  BOOST_TEST(first.bytes == 3 * one);
  BOOST_TEST((match_of(first.messages[0]) == RaftIndex{1}));
  BOOST_TEST((match_of(first.messages[2]) == RaftIndex{3}));
  BOOST_TEST(queue.bytes() == 2 * one);
  BOOST_TEST(queue.take(10 * one).messages.size() == 2U);
  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(one_leaves_however_large) {
  PeerQueue queue(10'000, 0);
  BOOST_TEST(queue.push(append(5'000)));
  BOOST_TEST(queue.take(1).messages.size() == 1U);
}

BOOST_AUTO_TEST_CASE(data_is_refused_first_and_leaves_room_for_the_rest) {
  PeerQueue queue(10'000, 1'000);
  BOOST_TEST(queue.push(append(9'000)));
  BOOST_TEST(!queue.push(append(2'000)));
  const auto one = raft::bytes_of(reply(1));
  std::size_t replies = 0;
  while (queue.push(reply(1))) ++replies;
  BOOST_TEST(queue.bytes() <= 11'000U);
  BOOST_TEST(queue.bytes() + one > 11'000U);
  BOOST_TEST(replies > 1'000 / one);
  queue.take(1);
  BOOST_TEST(queue.push(append(2'000)));
}

BOOST_AUTO_TEST_CASE(an_append_without_entries_is_no_data) {
  PeerQueue queue(0, 1'000);
  BOOST_TEST(!queue.push(append(1)));
  BOOST_TEST(queue.push({GroupId{1}, NodeId{1}, NodeId{2}, Term{1}, raft::Append{}}));
}

BOOST_AUTO_TEST_CASE(what_no_message_can_hold_is_refused) {
  PeerQueue queue(std::size_t{200} << 20, 0);
  BOOST_TEST(!queue.push(append(std::size_t{61} << 20)));
  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(it_is_empty_when_cleared) {
  PeerQueue queue(10'000, 0);
  BOOST_TEST(queue.push(append(9'000)));
  queue.clear();
  BOOST_TEST((queue.empty() && queue.bytes() == 0));
  BOOST_TEST(queue.push(append(9'000)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
