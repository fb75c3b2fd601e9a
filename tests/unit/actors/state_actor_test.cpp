#include "actors/storage/state_actor.h"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "actors/runtime/actor_registry.h"
#include "actors/runtime/host.h"

// State actors on threads of their own, the test as the owner of the states and as the
// partitions that send them to each other.
namespace callboard {
namespace {

constexpr auto deadline = std::chrono::seconds(20);
constexpr Duration never{3'600'000'000'000};
constexpr GroupId group{7};

struct SystemConfig : caf::actor_system_config {
  SystemConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

std::string fresh_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "callboard-test-XXXXXX").string();
  BOOST_REQUIRE(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

struct Stage {
  // A node's.
  struct Side {
    explicit Side(Stage& stage)
      : host(stage.system, "state"), actor(spawn_on<StateActor>(host, stage.registry, "state", never)) {}

    std::string folder() const { return directory + "/groups/0000000000000007"; }

    std::string directory = fresh_directory();
    BlockingHost host;
    caf::actor actor;
  };

  ~Stage() {
    for (auto* side : {&leader, &follower}) {
      caf::anon_send_exit(side->actor, caf::exit_reason::user_shutdown);
      self->wait_for(side->actor);
      std::error_code ignored;
      std::filesystem::remove_all(side->directory, ignored);
    }
  }

  caf::actor me() { return caf::actor_cast<caf::actor>(self); }

  template <class Message>
  Message expect() {
    std::optional<Message> got;
    self->receive([&](const Message& message) { got = message; }, caf::after(deadline) >> [] {});
    BOOST_REQUIRE_MESSAGE(got, "no " << typeid(Message).name() << " within the deadline");
    return std::move(*got);
  }

  void open(Side& side) {
    self->send(side.actor, OpenState{group, me(), side.directory});
    expect<StateOpened>();
  }

  void apply(Side& side, std::vector<StateRow> rows, std::uint64_t index) {
    self->send(side.actor,
               ApplyRows{group, std::move(rows), RaftIndex{index}, Offset{static_cast<std::int64_t>(index) * 10}});
  }

  // "key=value key=value"; of a long value its length.
  std::string rows(Side& side) {
    self->send(side.actor, ScanRows{group, me(), 1, {}, {}, 100});
    std::string out;
    for (const auto& row : expect<RowsScanned>().rows)
      out += (out.empty() ? "" : " ") + row.key + "=" +
             (row.value->size() < 10 ? *row.value : std::to_string(row.value->size()));
    return out;
  }

  raft::StatePart read(Side& side, const std::string& after) {
    self->send(side.actor, ReadStatePart{group, me(), NodeId{2}, after});
    return expect<StatePartRead>().part;
  }

  void store(Side& side, partition::StateStep step) {
    self->send(side.actor, StoreStatePart{group, me(), std::move(step)});
  }

  // All parts, as partitions carry them; how many there were.
  std::size_t carry_over() {
    std::size_t parts = 0;
    for (std::string after;;) {
      auto part = read(leader, after);
      partition::StateStep step{after.empty(), part.rows, std::nullopt};
      if (!part.more) step.complete = partition::AppliedTo{part.applied, part.next_offset};
      store(follower, std::move(step));
      ++parts;
      if (!part.more) return parts;
      BOOST_TEST(expect<StatePartStored>().stored);
      after = part.rows.back().key;
    }
  }

  ActorRegistry registry;
  SystemConfig config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  Side leader{*this};
  Side follower{*this};
};

BOOST_FIXTURE_TEST_SUITE(state_actor, Stage)

BOOST_AUTO_TEST_CASE(a_state_takes_the_place_of_another_part_by_part) {
  open(leader);
  const std::string large(600'000, 'x');
  apply(leader, {{"a", large}, {"b", large}}, 4);
  apply(leader, {{"c", large}, {"d", "new"}}, 5);
  open(follower);
  apply(follower, {{"a", "old"}, {"z", "gone"}}, 2);
  BOOST_TEST(carry_over() > 1U);
  const auto opened = expect<StateOpened>();
  BOOST_TEST((opened.applied == RaftIndex{5}));
  BOOST_TEST((opened.next_offset == Offset{50}));
  BOOST_TEST(expect<StatePartStored>().stored);
  BOOST_TEST(rows(follower) == "a=600000 b=600000 c=600000 d=new");
  // What it has already is not applied to it again, what lies behind is.
  apply(follower, {{"d", "older"}}, 5);
  apply(follower, {{"e", "next"}}, 6);
  BOOST_TEST(rows(follower) == "a=600000 b=600000 c=600000 d=new e=next");
}

BOOST_AUTO_TEST_CASE(a_state_that_has_more_by_now_stays) {
  open(leader);
  apply(leader, {{"a", "1"}}, 5);
  open(follower);
  apply(follower, {{"a", "1"}, {"b", "2"}}, 6);
  carry_over();
  BOOST_TEST((expect<StateOpened>().applied == RaftIndex{6}));
  BOOST_TEST(expect<StatePartStored>().stored);
  BOOST_TEST(rows(follower) == "a=1 b=2");
  // On disk, as was promised.
  self->send(follower.actor, OpenState{group, me(), follower.directory});
  BOOST_TEST((expect<StateOpened>().applied == RaftIndex{6}));
}

BOOST_AUTO_TEST_CASE(parts_without_the_first_one_are_refused) {
  store(follower, {true, {{"a", "1"}}, std::nullopt});
  BOOST_TEST(!expect<StatePartStored>().stored); // nobody has opened it yet
  open(follower);
  store(follower, {false, {{"b", "2"}}, partition::AppliedTo{RaftIndex{5}, Offset{50}}});
  BOOST_TEST(!expect<StatePartStored>().stored);
  BOOST_TEST(rows(follower).empty());
}

BOOST_AUTO_TEST_CASE(a_dropped_state_leaves_nothing_whether_it_is_open_or_not) {
  for (const bool stays_open : {true, false}) {
    open(leader);
    apply(leader, {{"a", std::string(2 << 20, 'x')}}, 5); // flushed at once
    expect<StateFlushed>();
    BOOST_TEST(std::filesystem::exists(leader.folder()));
    if (!stays_open) {
      self->send(leader.actor, CloseStates{me()});
      expect<StatesClosed>();
    }
    self->send(leader.actor, DropState{group, leader.directory, me()});
    expect<StateDropped>();
    BOOST_TEST(!std::filesystem::exists(leader.folder()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
