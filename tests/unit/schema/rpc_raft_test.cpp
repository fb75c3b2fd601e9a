#include <boost/test/unit_test.hpp>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <random>

#include "schema/rpc/translate_peer.h"
#include "tests/unit/schema/hex.h"

namespace callboard::rpc {
namespace {

using raft::Append;
using raft::Message;

Message message_of(raft::Body body) {
  return {GroupId{7}, NodeId{1}, NodeId{2}, Term{3}, std::move(body)};
}

LogEntry entry(std::uint64_t index, EntryType type, SharedBytes payload, std::int32_t count = 0) {
  return {RaftIndex{index}, Term{3}, type, Offset{40}, count, 1000, std::move(payload)};
}

Message some_append() {
  return message_of(Append{RaftIndex{4},
                           Term{2},
                           RaftIndex{3},
                           true,
                           {entry(5, EntryType::noop, {}), entry(6, EntryType::batch, SharedBytes::copy_of("batch"), 2),
                            entry(7, EntryType::membership, SharedBytes::copy_of("m")),
                            entry(8, EntryType::log_start, SharedBytes::copy_of("12345678"))}});
}

Message some_snapshot() {
  auto snapshot = std::make_shared<raft::Snapshot>();
  *snapshot = {RaftIndex{9},
               Term{2},
               Offset{50},
               Offset{60},
               RaftIndex{11},
               {{"k", "v"}, {"gone", std::nullopt}},
               {{NodeId{1}, NodeId{2}}, {NodeId{1}}, {NodeId{3}}},
               RaftIndex{10}};
  return message_of(raft::InstallSnapshot{snapshot});
}

Message append_to_damaged() {
  auto message = message_of(Append{RaftIndex{4}, Term{2}, RaftIndex{3}, false, {}, 5, RaftIndex{6}});
  message.digest = {RaftIndex{2}, 0x1122334455667788, true};
  message.agreed = RaftIndex{3};
  message.damaged_life = 8;
  return message;
}

std::vector<Message> one_of_each() {
  return {message_of(raft::VoteRequest{RaftIndex{1}, Term{2}, true, true}),
          message_of(raft::VoteReply{true, true}),
          some_append(),
          message_of(raft::AppendReply{RaftIndex{1}, true, RaftIndex{2}, RaftIndex{3}, Term{4}}),
          some_snapshot(),
          message_of(raft::TimeoutNow{}),
          message_of(raft::Stopped{}),
          message_of(raft::StateRequest{"key"}),
          message_of(raft::StatePart{"key", RaftIndex{9}, Offset{50}, {{"key2", "value"}, {"key3", ""}}, true}),
          message_of(raft::VoteRequest{RaftIndex{1}, Term{2}, false, false, RaftIndex{3}}),
          message_of(raft::VoteReply{false, true, true}),
          append_to_damaged(),
          message_of(raft::AppendReply{RaftIndex{1}, false, {}, {}, {}, 5, true})};
}

bool same(const LogEntry& a, const LogEntry& b) {
  return a.index == b.index && a.term == b.term && a.type == b.type && a.base_offset == b.base_offset &&
         a.offset_count == b.offset_count && a.max_timestamp == b.max_timestamp && a.payload.text() == b.payload.text();
}

bool same(const raft::VoteRequest& a, const raft::VoteRequest& b) {
  return a.last_index == b.last_index && a.last_term == b.last_term && a.pre == b.pre && a.transfer == b.transfer &&
         a.membership_index == b.membership_index;
}
bool same(const raft::VoteReply& a, const raft::VoteReply& b) {
  return a.pre == b.pre && a.granted == b.granted && a.recovering == b.recovering;
}
bool same(const Append& a, const Append& b) {
  return a.prev_index == b.prev_index && a.prev_term == b.prev_term && a.commit == b.commit && a.rest == b.rest &&
         a.recovering_life == b.recovering_life && a.whole_from == b.whole_from &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const LogEntry& x, const LogEntry& y) { return same(x, y); });
}
bool same(const raft::AppendReply& a, const raft::AppendReply& b) {
  return a.match == b.match && a.rejected == b.rejected && a.rejected_prev == b.rejected_prev &&
         a.hint_index == b.hint_index && a.hint_term == b.hint_term && a.life == b.life && a.recovering == b.recovering;
}
bool same(const raft::InstallSnapshot& x, const raft::InstallSnapshot& y) {
  const auto& a = *x.snapshot;
  const auto& b = *y.snapshot;
  return a.index == b.index && a.term == b.term && a.next_offset == b.next_offset && a.log_start == b.log_start &&
         a.applied == b.applied && a.state == b.state && a.membership == b.membership &&
         a.membership_index == b.membership_index;
}
bool same(const raft::TimeoutNow&, const raft::TimeoutNow&) {
  return true;
}
bool same(const raft::Stopped&, const raft::Stopped&) {
  return true;
}
bool same(const raft::StateRequest& a, const raft::StateRequest& b) {
  return a.after == b.after;
}
bool same(const raft::StatePart& a, const raft::StatePart& b) {
  return a.after == b.after && a.applied == b.applied && a.next_offset == b.next_offset && a.rows == b.rows &&
         a.more == b.more;
}

bool same(const Message& a, const Message& b) {
  return a.group == b.group && a.from == b.from && a.to == b.to && a.term == b.term && a.digest == b.digest &&
         a.agreed == b.agreed && a.damaged_life == b.damaged_life && a.body.index() == b.body.index() &&
         std::visit([&b](const auto& body) { return same(body, std::get<std::decay_t<decltype(body)>>(b.body)); },
                    a.body);
}

wire::PeerLink::RaftParams::Builder fill(capnp::MessageBuilder& message, const std::vector<Message>& messages) {
  auto root = message.initRoot<wire::PeerLink::RaftParams>();
  write(messages, root.initMessages(static_cast<unsigned>(messages.size())));
  return root;
}

// As the network does it: segments, one after the other, and read from those bytes.
std::vector<Message> through_bytes(const std::vector<Message>& messages) {
  capnp::MallocMessageBuilder message;
  fill(message, messages);
  const auto flat = capnp::messageToFlatArray(message);
  capnp::FlatArrayMessageReader reader(flat, {flat.size() + 16, 16});
  return read(reader.getRoot<wire::PeerLink::RaftParams>().getMessages());
}

bool refused(const Message& sent) {
  capnp::MallocMessageBuilder message;
  auto root = fill(message, {sent});
  return kj::runCatchingExceptions([&] { read(root.asReader().getMessages()); }) != nullptr;
}

std::string golden(const Message& sent) {
  capnp::MallocMessageBuilder message;
  const auto words = capnp::canonicalize(fill(message, {sent}).asReader());
  return to_hex({words.asBytes().begin(), words.asBytes().size()});
}

BOOST_AUTO_TEST_SUITE(rpc_raft)

BOOST_AUTO_TEST_CASE(each_body_has_its_golden_bytes) {
  const auto sent = one_of_each();
  const char* const bytes[] = {
      "0000000000000100010000002f00000004000000050000000700000000000000fefffffffdffffff0300000001000000"
      "01000000000000000200000003000000",
      "0000000000000100010000002700000004000000040000000700000000000000fefffffffdffffff0300000002000000"
      "0300000000000000",
      "0000000000000100010000003f00000004000000060001000700000000000000fefffffffdffffff0300000003000000"
      "04000000000000000300000000000000020000000100000001000000e700000010000000050002000500000000000000"
      "280000000000000017fcffffffffffff0300000000000000020000000000000000000000000000000000000000000000"
      "0600000000000000280000000000000017fcffffffffffff030000000200000001000000000000000000000000000000"
      "390000002a0000000700000000000000280000000000000017fcffffffffffff03000000000000000300000000000000"
      "0000000000000000210000000a0000000800000000000000280000000000000017fcffffffffffff0300000000000000"
      "04000000000000000000000000000000090000004200000062617463680000006d000000000000003132333435363738",
      "0000000000000100010000003f00000004000000070000000700000000000000fefffffffdffffff0300000004000000"
      "0100000000000000020000000000000003000000000000000400000001000000",
      "0000000000000100010000002700000004000000030001000700000000000000fefffffffdffffff0300000005000000"
      "0000000006000200090000000000000032000000000000003c000000000000000b000000000000000a00000000000000"
      "02000000000000000500000027000000200000000000030008000000000002000d0000000a0000000d0000000a000000"
      "0d0000002200000000000000000000006b000000000000007600000000000000676f6e65000000000900000014000000"
      "090000000c000000090000000c000000010000000200000001000000000000000300000000000000",
      "0000000000000100010000001f00000004000000030000000700000000000000fefffffffdffffff0300000006000000",
      "0000000000000100010000001f00000004000000030000000700000000000000fefffffffdffffff0300000007000000",
      "0000000000000100010000002700000004000000030001000700000000000000fefffffffdffffff0300000008000000"
      "010000001a0000006b65790000000000",
      "0000000000000100010000002700000004000000030001000700000000000000fefffffffdffffff0300000009000000"
      "0000000003000200090000000000000032000000000000000100000000000000050000001a0000000500000027000000"
      "6b6579000000000008000000000002000d000000220000000d0000002a0000000d000000220000000d00000002000000"
      "6b6579320000000076616c75650000006b65793300000000",
      "00000000000001000100000067000000040000000c0000000700000000000000fefffffffdffffff0300000001000000"
      "010000000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "000000000000000000000000000000000300000000000000",
      "0000000000000100010000002700000004000000040000000700000000000000fefffffffdffffff0300000002000100"
      "0200000000000000",
      "0000000000000100010000006f000000040000000d0000000700000000000000fefffffffdffffff0300000003000200"
      "040000000000000003000000000000000200000000000000000000000000000005000000090000000600000000000000"
      "0200000000000000887766554433221100000000000000000300000000000000",
      "0000000000000100010000004700000004000000080000000700000000000000fefffffffdffffff0300000004000100"
      "01000000000000000000000000000000000000000000000000000000000000000500000000000000"};
  BOOST_REQUIRE(sent.size() == std::size(bytes));
  for (std::size_t i = 0; i < sent.size(); ++i) BOOST_TEST(golden(sent[i]) == bytes[i]);
}

BOOST_AUTO_TEST_CASE(each_body_reads_back_as_it_was_written) {
  const auto sent = one_of_each();
  const auto got = through_bytes(sent);
  BOOST_REQUIRE(got.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) BOOST_CHECK(same(got[i], sent[i]));
  BOOST_CHECK(through_bytes({}).empty());
}

// Around the size from which payloads are referenced, at every place within a word.
BOOST_AUTO_TEST_CASE(payloads_of_any_size_and_alignment_read_back) {
  std::mt19937 random(20260);
  std::string content(3 * referenced_bytes_min, '\0');
  for (auto& byte : content) byte = static_cast<char>(random());
  const auto memory = SharedBytes::copy_of(content);
  std::vector<Message> sent;
  std::uint64_t index = 1;
  for (std::size_t at = 0; at < 9; ++at) {
    Append append{RaftIndex{0}, Term{0}, RaftIndex{0}};
    for (std::size_t more = 0; more < 17; ++more)
      append.entries.push_back(entry(index++, EntryType::batch, memory.slice(at, referenced_bytes_min - 8 + more), 1));
    sent.push_back(message_of(std::move(append)));
  }
  const auto got = through_bytes(sent);
  BOOST_REQUIRE(got.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) BOOST_CHECK(same(got[i], sent[i]));
}

BOOST_AUTO_TEST_CASE(more_large_payloads_than_a_message_has_segments_read_back) {
  const auto memory = SharedBytes::copy_of(std::string(referenced_bytes_min, 'x'));
  Append append{RaftIndex{0}, Term{0}, RaftIndex{0}};
  for (std::uint64_t i = 1; i <= 1000; ++i) append.entries.push_back(entry(i, EntryType::batch, memory, 1));
  const std::vector<Message> sent{message_of(std::move(append))};
  capnp::MallocMessageBuilder message;
  fill(message, sent);
  BOOST_TEST(message.getSegmentsForOutput().size() <= 512U);
  BOOST_CHECK(same(through_bytes(sent).front(), sent.front()));
}

BOOST_AUTO_TEST_CASE(a_large_payload_is_not_copied_into_the_message) {
  const auto memory = SharedBytes::copy_of(std::string(1 << 20, 'x'));
  const std::vector<Message> sent{
      message_of(Append{RaftIndex{0}, Term{0}, RaftIndex{0}, false, {entry(1, EntryType::batch, memory, 1)}})};
  capnp::MallocMessageBuilder message;
  fill(message, sent);
  std::size_t referenced = 0;
  for (const auto segment : message.getSegmentsForOutput()) {
    const auto* begin = segment.asBytes().begin();
    if (begin >= memory.data() && begin < memory.data() + memory.size()) referenced += segment.asBytes().size();
  }
  BOOST_TEST(referenced == memory.size());
}

BOOST_AUTO_TEST_CASE(the_payloads_of_a_message_share_their_memory) {
  const auto got = through_bytes({some_append()});
  const auto& entries = std::get<Append>(got.front().body).entries;
  BOOST_TEST(entries[2].payload.data() == entries[1].payload.data() + entries[1].payload.size());
}

BOOST_AUTO_TEST_CASE(a_message_takes_about_the_room_it_is_said_to_take) {
  for (const auto& sent : {one_of_each(), std::vector<Message>{}, std::vector<Message>(100, some_append())}) {
    capnp::MallocMessageBuilder message(static_cast<unsigned>(size_hint(sent).wordCount));
    fill(message, sent);
    BOOST_TEST(message.getSegmentsForOutput().size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_refused) {
  const auto with = [](auto change) {
    auto message = some_append();
    change(message, std::get<Append>(message.body).entries[1]);
    return message;
  };
  BOOST_TEST(!refused(some_append()));
  BOOST_TEST(refused(with([](Message& m, LogEntry&) { m.from = no_node; })));
  BOOST_TEST(refused(with([](Message& m, LogEntry&) { m.to = NodeId{-7}; })));
  BOOST_TEST(refused(with([](Message& m, LogEntry&) { m.term = Term{-1}; })));
  BOOST_TEST(refused(with([](Message& m, LogEntry&) { std::get<Append>(m.body).prev_term = Term{-1}; })));
  BOOST_TEST(refused(with([](Message&, LogEntry& e) { e.index = RaftIndex{0}; })));
  BOOST_TEST(refused(with([](Message&, LogEntry& e) { e.term = Term{-1}; })));
  BOOST_TEST(refused(with([](Message&, LogEntry& e) { e.base_offset = Offset{-1}; })));
  BOOST_TEST(refused(with([](Message&, LogEntry& e) { e.offset_count = -1; })));
  BOOST_TEST(refused(with([](Message&, LogEntry& e) { e.base_offset = Offset{INT64_MAX}; })));
  BOOST_TEST(refused(with([](Message&, LogEntry& e) { e.type = EntryType::noop; }))); // takes up offsets
  BOOST_TEST(refused(message_of(raft::VoteRequest{RaftIndex{1}, Term{-1}})));
  BOOST_TEST(refused(message_of(raft::AppendReply{RaftIndex{1}, true, {}, {}, Term{-1}})));
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_cannot_be_is_refused) {
  const auto with = [](auto change) {
    auto snapshot = *std::get<raft::InstallSnapshot>(some_snapshot().body).snapshot;
    change(snapshot);
    return message_of(raft::InstallSnapshot{std::make_shared<raft::Snapshot>(std::move(snapshot))});
  };
  BOOST_TEST(!refused(some_snapshot()));
  BOOST_TEST(refused(with([](raft::Snapshot& s) { s.membership = {}; })));
  BOOST_TEST(refused(with([](raft::Snapshot& s) { s.membership.voters = {NodeId{2}, NodeId{1}}; })));
  BOOST_TEST(refused(with([](raft::Snapshot& s) { s.membership.learners = {NodeId{-1}}; })));
  BOOST_TEST(refused(with([](raft::Snapshot& s) { s.next_offset = Offset{-1}; })));
  BOOST_TEST(refused(with([](raft::Snapshot& s) { s.term = Term{-1}; })));
  BOOST_TEST(refused(with([](raft::Snapshot& s) { s.state[0].key.clear(); })));
}

BOOST_AUTO_TEST_CASE(kinds_of_a_newer_version_and_zeroed_bytes_are_refused) {
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<wire::PeerLink::RaftParams>().initMessages(1);
  BOOST_CHECK(kj::runCatchingExceptions([&] { read(list.asReader()); }) != nullptr);
  write({some_append()}, list);
  list[0].getAppend().getEntries()[0].setType(static_cast<wire::EntryType>(99));
  BOOST_CHECK(kj::runCatchingExceptions([&] { read(list.asReader()); }) != nullptr);
}

BOOST_AUTO_TEST_CASE(damage_never_does_worse_than_an_error) {
  capnp::MallocMessageBuilder message;
  fill(message, one_of_each());
  const auto words = capnp::messageToFlatArray(message);
  const auto try_reading = [](kj::ArrayPtr<const capnp::word> flat) {
    kj::runCatchingExceptions([&] {
      capnp::FlatArrayMessageReader reader(flat, {1024, 16});
      read(reader.getRoot<wire::PeerLink::RaftParams>().getMessages());
    });
  };
  for (std::size_t size = 0; size < words.size(); ++size) try_reading(words.slice(0, size));
  for (std::size_t bit = 0; bit < words.asBytes().size() * 8; ++bit) {
    auto damaged = kj::heapArray<capnp::word>(words);
    damaged.asBytes()[bit / 8] ^= static_cast<kj::byte>(1 << (bit % 8));
    try_reading(damaged);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
