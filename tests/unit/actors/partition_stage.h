#pragma once

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <string>

#include "actors/partition/partition_actor.h"
#include "actors/runtime/actor_registry.h"

// Partition actors in a real CAF system, on a KJ loop, and a test that is whoever they talk to.
namespace callboard {

inline constexpr auto deadline = std::chrono::seconds(20);
inline constexpr GroupId group{7};

struct SystemConfig : caf::actor_system_config {
  SystemConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

// The threads, and the test as an actor of its own. What is spawned on them must have
// ended (end()) before they do.
struct Stage {
  ActorRegistry registry;
  SystemConfig config;
  caf::actor_system system{config};
  std::unique_ptr<KjLoop> loop = KjLoop::start(system, "loop");
  caf::scoped_actor self{system};
  std::uint64_t next_token = 100;

  caf::actor me() { return caf::actor_cast<caf::actor>(self); }

  // The next message of this type; others stay for later.
  template <class Message>
  Message expect() {
    std::optional<Message> got;
    self->receive([&](const Message& message) { got = message; }, caf::after(deadline) >> [] {});
    BOOST_REQUIRE_MESSAGE(got, "no " << typeid(Message).name() << " within the deadline");
    return std::move(*got);
  }

  PartitionWiring wiring(const caf::actor& writer, const caf::actor& reader) {
    PartitionWiring out;
    out.group = group;
    out.self = NodeId{1};
    out.name = "orders/0";
    out.writer = writer;
    out.reader = reader;
    out.announce_to = {me()};
    out.placement = {{NodeId{1}}, {}, true};
    out.cache_budget = std::make_shared<partition::CacheBudget>(std::size_t{1} << 20);
    return out;
  }

  std::uint64_t produce(const caf::actor& partition, const std::string& value) {
    BatchBuilder builder(1000);
    builder.add(std::nullopt, bytes_of(value), 1000);
    ProduceToPartition message;
    message.from = me();
    message.token = next_token++;
    message.command.batch = builder.finish();
    message.command.header = read_batch_header(message.command.batch.view()).value();
    const auto token = message.token;
    self->send(partition, std::move(message));
    return token;
  }

  // Parks if there is nothing at `offset` and `parks`.
  std::uint64_t fetch(const caf::actor& partition, std::int64_t offset, bool parks = false) {
    FetchFromPartition message;
    message.from = me();
    message.token = next_token++;
    message.command.offset = Offset{offset};
    message.command.park_until_bytes = parks ? 1 : 0;
    const auto token = message.token;
    self->send(partition, std::move(message));
    return token;
  }

  ProduceAnswer expect_produced() {
    auto answers = expect<ProduceAnswers>().answers;
    BOOST_REQUIRE(answers.size() == 1U);
    return std::move(answers.front());
  }

  // What the actor says it is at; also: everything sent to it before has been handled.
  std::string status(const caf::actor& actor) {
    self->send(actor, StatusQuery{me(), 0});
    return expect<StatusAnswer>().text;
  }

  bool nothing_came() { return !self->has_next_message(); }

  void end(const caf::actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    self->wait_for(actor);
  }
};

} // namespace callboard
