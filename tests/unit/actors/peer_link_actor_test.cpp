#include "actors/peer/peer_link_actor.h"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <future>
#include <optional>
#include <unistd.h>

#include "actors/net/listener.h"
#include "actors/net/socket.h"
#include "actors/node/loop_agent.h"
#include "actors/partition/messages.h"

// Node 1 with a link, node 2 with the real door on loopback, in one process on two loops.
// The test is everybody else: both nodes' membership, node 2's replica and its metadata.
namespace callboard {
namespace {

constexpr auto deadline = std::chrono::seconds(20);
constexpr GroupId group{7};

struct SystemConfig : caf::actor_system_config {
  SystemConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

PeerHello hello_of(std::int32_t node) {
  PeerHello hello;
  hello.node = NodeId{node};
  hello.incarnation = 100 + static_cast<std::uint64_t>(node);
  hello.cluster.bytes.fill(7);
  hello.identity.bytes.fill(static_cast<std::uint8_t>(node));
  hello.peer = {"127.0.0.1", 1};
  hello.version = "0.5";
  return hello;
}

// A node's contexts and loop.
struct TestNode {
  TestNode(caf::actor_system& system, std::int32_t id) : loop(KjLoop::start(system, "node-" + std::to_string(id))) {
    context.hello = hello_of(id);
  }
  ~TestNode() { loop = nullptr; } // before what its actors refer to

  NodeContext context;
  std::unique_ptr<KjLoop> loop;
  LoopContext on_loop{context, *loop};
};

struct Fixture {
  SystemConfig config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  TestNode one{system, 1};
  TestNode two{system, 2};
  caf::actor agent = spawn_on<LoopAgent>(*two.loop, two.on_loop);
  caf::actor listener;
  HostPort address{"127.0.0.1", 0};
  caf::actor link;
  PeerLinkOptions options;

  Fixture() {
    two.context.membership = two.context.metadata_actor = me();
    two.context.formed = true;
    two.on_loop.groups[group] = me();
    options.backoff_max = std::chrono::milliseconds(100);
    listen();
  }
  ~Fixture() {
    if (link) end(link);
    go_away();
    end(agent);
    two.on_loop.groups.clear();
    two.context.membership = two.context.metadata_actor = {};
  }

  caf::actor me() { return caf::actor_cast<caf::actor>(self); }

  // The next message of this type; others stay for later.
  template <class Message>
  Message expect() {
    std::optional<Message> got;
    self->receive([&](const Message& message) { got = message; }, caf::after(deadline) >> [] {});
    BOOST_REQUIRE_MESSAGE(got, "no " << typeid(Message).name() << " within the deadline");
    return std::move(*got);
  }

  void end(const caf::actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    self->wait_for(actor);
  }

  // Node 2 listens, at the port it had before.
  void listen() {
    const auto fd = net::listen_on(address);
    BOOST_REQUIRE_MESSAGE(fd.ok(), (fd ? "" : fd.error().message));
    address = net::local_address(*fd);
    listener = spawn_on<net::ListenerActor>(*two.loop, two.on_loop, *fd, std::vector{agent});
  }
  // Node 2's process ends, as far as node 1 can see. On its loop, so in this order.
  void go_away() {
    if (!listener) return;
    caf::anon_send(listener, net::StopListening{});
    end(listener);
    listener = {};
    break_connections();
  }
  void break_connections() {
    std::vector<caf::actor> connections;
    for (const auto& row :
         two.context.registry.select([](const ActorEntry& entry) { return entry.kind == ActorKind::connection; }))
      if (auto connection = caf::actor_cast<caf::actor>(row.address)) connections.push_back(std::move(connection));
    for (const auto& connection : connections) end(connection);
  }

  void start_link() { link = spawn_on<PeerLinkActor>(*one.loop, one.on_loop, NodeId{2}, address, me(), options); }
  PeerUp connect() {
    start_link();
    return expect<PeerUp>();
  }
  void send(std::vector<raft::Message> messages) { self->send(link, SendToPeer{std::move(messages)}); }
  std::uint64_t command(std::string body) {
    static std::uint64_t token = 1000;
    self->send(link, CommandToPeer{me(), ++token, {3, SharedBytes::copy_of(body)}});
    return token;
  }
  std::string status() {
    self->send(link, StatusQuery{me(), 0});
    return expect<StatusAnswer>().text;
  }
};

raft::Message append_of(std::uint64_t index, std::size_t payload_bytes, GroupId to = group) {
  raft::Append append{RaftIndex{index - 1}, Term{1}, RaftIndex{0}};
  append.entries.push_back({RaftIndex{index}, Term{1}, EntryType::batch, Offset{0}, 1, 1,
                            SharedBytes::copy_of(std::string(payload_bytes, static_cast<char>('a' + index % 26)))});
  return {to, NodeId{1}, NodeId{2}, Term{1}, std::move(append)};
}

raft::Message reply_of(std::uint64_t match) {
  return {group, NodeId{1}, NodeId{2}, Term{1}, raft::AppendReply{RaftIndex{match}}};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_FIXTURE_TEST_SUITE(peer_link_actor, Fixture)

BOOST_AUTO_TEST_CASE(it_says_that_the_node_is_up_and_who_it_is) {
  const auto up = connect();
  BOOST_TEST((up.node == NodeId{2}));
  BOOST_TEST(up.incarnation == 102U);
  BOOST_TEST((up.hello.identity == hello_of(2).identity));
  BOOST_TEST(contains(status(), "up"));
  BOOST_TEST(one.context.metrics.peer_links_up == 1);
}

BOOST_AUTO_TEST_CASE(another_node_does_not_count_as_a_client) {
  connect();
  BOOST_TEST(two.context.metrics.connections_accepted == 1U);
  BOOST_TEST(two.context.metrics.connections_open == 0);
}

BOOST_AUTO_TEST_CASE(messages_arrive_whole_and_in_order) {
  connect();
  constexpr std::uint64_t batches = 100;
  constexpr std::uint64_t of_each = 10;
  for (std::uint64_t i = 0; i < batches; ++i) {
    std::vector<raft::Message> messages;
    for (std::uint64_t j = 1; j <= of_each; ++j)
      messages.push_back(append_of(i * of_each + j, j % 2 == 0 ? 20 : 30'000));
    send(std::move(messages));
  }
  std::uint64_t index = 0;
  while (index < batches * of_each) {
    for (const auto& message : expect<RaftFromPeer>().messages) {
      const auto& entry = std::get<raft::Append>(message.body).entries.front();
      ++index;
      BOOST_REQUIRE((entry.index == RaftIndex{index}));
      const auto bytes = (index - 1) % of_each % 2 == 1 ? 20U : 30'000U;
      BOOST_REQUIRE(entry.payload.text() == std::string(bytes, static_cast<char>('a' + index % 26)));
    }
  }
  BOOST_TEST(one.context.metrics.peer_messages_sent == batches * of_each);
  BOOST_TEST(one.context.metrics.peer_messages_dropped == 0U);
}

BOOST_AUTO_TEST_CASE(messages_for_a_group_that_is_not_there_are_counted) {
  connect();
  send({append_of(1, 10, GroupId{99}), append_of(2, 10)});
  BOOST_TEST((expect<RaftFromPeer>().messages.front().group == group));
  BOOST_TEST(two.context.metrics.peer_messages_received == 2U);
  send({reply_of(1)});
  expect<RaftFromPeer>();
  BOOST_TEST(two.context.metrics.peer_messages_astray == 1U);
}

BOOST_AUTO_TEST_CASE(it_comes_back_when_the_node_does) {
  connect();
  go_away();
  const auto lost = expect<PeerLost>();
  BOOST_TEST((lost.node == NodeId{2}));
  BOOST_TEST(!lost.refused);
  while (!expect<PeerLost>().refused) { // dialled again: nobody listens there
  }
  BOOST_TEST(contains(status(), "down"));
  BOOST_TEST(one.context.metrics.peer_links_up == 0);
  send({append_of(1, 10)}); // is lost: Raft sends again
  listen();
  expect<PeerUp>();
  send({append_of(2, 10)});
  const auto came = expect<RaftFromPeer>();
  BOOST_TEST((std::get<raft::Append>(came.messages.front().body).entries.front().index == RaftIndex{2}));
  BOOST_TEST(one.context.metrics.peer_messages_dropped == 1U);
}

BOOST_AUTO_TEST_CASE(a_node_that_moved_is_dialled_at_its_new_address) {
  go_away();
  start_link();
  while (!expect<PeerLost>().refused) { // the socket may take a moment to close
  }
  address.port = 0;
  listen();
  self->send(link, PeerAddressChanged{address});
  expect<PeerUp>();
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_is_refused_with_a_sentence) {
  two.context.hello.cluster.bytes.fill(8);
  start_link();
  const auto lost = expect<PeerLost>();
  BOOST_TEST(!lost.refused);
  BOOST_TEST(contains(lost.reason, hello_of(1).cluster.hex()), lost.reason);
  BOOST_TEST(contains(lost.reason, two.context.hello.cluster.hex()), lost.reason);
  BOOST_TEST(contains(lost.reason, "correct"), lost.reason);
  BOOST_TEST(contains(status(), "another cluster"));
}

BOOST_AUTO_TEST_CASE(another_node_at_the_address_is_refused_with_a_sentence) {
  two.context.hello.node = NodeId{3};
  start_link();
  const auto lost = expect<PeerLost>();
  BOOST_TEST(contains(lost.reason, "looks for node 2"), lost.reason);
  BOOST_TEST(contains(lost.reason, "there is Node 3"), lost.reason);
}

BOOST_AUTO_TEST_CASE(another_data_directory_is_refused_by_either_side) {
  NodeRecord record;
  record.id = NodeId{1};
  record.identity.bytes.fill(99);
  two.on_loop.nodes[NodeId{1}] = {record, true};
  start_link();
  BOOST_TEST(contains(expect<PeerLost>().reason, "wiped"));
}

BOOST_AUTO_TEST_CASE(a_node_that_does_not_answer_is_lost) {
  const auto silent = net::listen_on({"127.0.0.1", 0}); // the kernel accepts
  BOOST_REQUIRE(silent.ok());
  address = net::local_address(*silent);
  options.handshake_within = std::chrono::milliseconds(50);
  start_link();
  const auto lost = expect<PeerLost>();
  BOOST_TEST(contains(lost.reason, "does not answer"), lost.reason);
  BOOST_TEST(!lost.refused);
  close(*silent);
}

BOOST_AUTO_TEST_CASE(a_node_that_stops_answering_is_lost_and_comes_back) {
  options.silence_max = options.handshake_within = std::chrono::milliseconds(200);
  connect();
  std::promise<void> resumed;
  two.loop->post([stopped = resumed.get_future().share()] { stopped.wait(); }); // its process, as if by SIGSTOP
  const auto lost = expect<PeerLost>();
  BOOST_TEST(lost.reason == "it has stopped answering");
  BOOST_TEST(!lost.refused);
  resumed.set_value();
  expect<PeerUp>();
}

BOOST_AUTO_TEST_CASE(a_full_queue_drops_data_and_keeps_room_for_the_rest) {
  options.queue_bytes = 100'000;
  options.control_bytes = 10'000;
  connect();
  std::vector<raft::Message> messages;
  for (std::uint64_t i = 1; i <= 1000; ++i) messages.push_back(append_of(i, 1000));
  messages.push_back(reply_of(5));
  const auto fit = options.queue_bytes / raft::bytes_of(messages.front());
  send(std::move(messages));
  std::size_t came = 0;
  bool replied = false;
  while (!replied) {
    const auto got = expect<RaftFromPeer>().messages;
    came += got.size();
    replied = std::holds_alternative<raft::AppendReply>(got.back().body);
  }
  BOOST_TEST(came == fit + 1);
  BOOST_TEST(one.context.metrics.peer_messages_dropped == 1000 - fit);
}

BOOST_AUTO_TEST_CASE(commands_are_answered) {
  connect();
  const auto token = command("make a topic");
  const auto asked = expect<CommandFromPeer>();
  BOOST_TEST((asked.node == NodeId{1}));
  BOOST_TEST((asked.command.kind == 3 && asked.command.body.text() == "make a topic"));
  self->send(asked.from,
             PeerCommandAnswered{asked.token, {ErrorCode::none, {}, SharedBytes::copy_of("made"), RaftIndex{12}}});
  const auto answer = expect<PeerCommandAnswered>();
  BOOST_TEST(answer.token == token);
  BOOST_TEST((answer.outcome.error == ErrorCode::none && answer.outcome.body.text() == "made" &&
              answer.outcome.index == RaftIndex{12}));
}

BOOST_AUTO_TEST_CASE(commands_are_answered_when_the_link_breaks_and_while_it_is_down) {
  connect();
  const auto token = command("a");
  expect<CommandFromPeer>();
  go_away();
  const auto answer = expect<PeerCommandAnswered>();
  BOOST_TEST(answer.token == token);
  BOOST_TEST((answer.outcome.error == ErrorCode::network_exception));
  BOOST_TEST(!answer.outcome.message.empty());
  expect<PeerLost>();
  const auto later = command("b");
  const auto refused = expect<PeerCommandAnswered>();
  BOOST_TEST(refused.token == later);
  BOOST_TEST((refused.outcome.error == ErrorCode::network_exception));
}

BOOST_AUTO_TEST_CASE(a_command_is_answered_by_its_deadline) {
  options.command_within = std::chrono::milliseconds(1);
  connect();
  const auto token = command("a");
  expect<CommandFromPeer>();
  const auto answer = expect<PeerCommandAnswered>();
  BOOST_TEST(answer.token == token);
  BOOST_TEST((answer.outcome.error == ErrorCode::request_timed_out));
}

BOOST_AUTO_TEST_CASE(commands_are_answered_when_the_link_ends) {
  connect();
  const auto token = command("a");
  expect<CommandFromPeer>();
  self->send(link, EndLink{});
  self->wait_for(link);
  link = {};
  BOOST_TEST(expect<PeerCommandAnswered>().token == token);
  BOOST_TEST(one.context.metrics.peer_links_up == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_link_beats_and_is_heard_of) {
  one.on_loop.stopped_groups = {GroupId{3}};
  connect();
  const auto beat = expect<PeerBeat>();
  BOOST_TEST((beat.node == NodeId{1}));
  BOOST_CHECK(beat.heartbeat == (PeerHeartbeat{101, {GroupId{3}}}));
  BOOST_TEST((expect<PeerHeard>().node == NodeId{2}));
}

BOOST_AUTO_TEST_CASE(of_announcements_of_a_group_the_newest_is_told) {
  connect();
  const LeaderAnnouncement old{group, Term{2}, NodeId{1}, 1, {NodeId{1}}, {}, {}};
  const LeaderAnnouncement newest{group, Term{2}, NodeId{1}, 2, {NodeId{1}, NodeId{2}}, {}, {}};
  self->send(link, AnnounceToPeer{{newest, old}});
  const auto told = expect<PeerAnnounced>();
  BOOST_TEST((told.node == NodeId{1}));
  BOOST_CHECK(told.leaders == std::vector{newest});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
