#include <boost/test/unit_test.hpp>

#include "actors/client/client.h"
#include "tests/unit/actors/cli_run.h"
#include "tests/unit/actors/fake_door.h"
#include "tests/unit/schema/hex.h"

namespace callboard::cli {
namespace {

// A group with one member and two committed offsets of a topic of three partitions.
struct Fixture {
  Fixture() {
    auto client = client::Client::connect(door.address());
    BOOST_REQUIRE(client->create_topic({.name = "orders", .partitions = 3}).ok());
    BOOST_REQUIRE(client->produce("orders", 0, {{.key = {}, .value = "a"}, {.key = {}, .value = "b"}}).ok());
    door.with_backend([](rpc::FakeBrokerBackend& backend) {
      auto& billing = backend.groups["billing"];
      billing.info = {"billing", "Stable", "consumer", "range", 4, "m-1", NodeId(1), {}, {}, "m-1 joined", 0, false};
      billing.info.offsets = {{.topic = "orders", .partition = 0, .offset = Offset(2)},
                              {.topic = "orders", .partition = 1, .offset = Offset(0)}};
      billing.members = {{{"m-1", std::nullopt, "app", "10.0.0.1"},
                          from_hex("0001 00000001 0006 6f7264657273 00000002 00000000 00000002 ffffffff")}};
    });
  }
  void end_members() {
    door.with_backend([](rpc::FakeBrokerBackend& backend) { backend.groups["billing"].members.clear(); });
  }
  Ran group(std::vector<const char*> more) {
    more.insert(more.begin(), {"group", "--bootstrap", address});
    return callboard(std::move(more));
  }

  rpc::FakeDoor door;
  const char* address = door.address().c_str();
};

BOOST_FIXTURE_TEST_SUITE(cli_groups, Fixture)

BOOST_AUTO_TEST_CASE(groups_are_listed) {
  BOOST_TEST(group({"list"}).output == "GROUP    STATE   PROTOCOL TYPE  MEMBERS\n"
                                       "billing  Stable  consumer             1\n");
  BOOST_TEST(group({"list", "--format", "json"}).output ==
             "[{\"group\":\"billing\",\"state\":\"Stable\",\"protocol_type\":\"consumer\",\"members\":1}]\n");
}

BOOST_AUTO_TEST_CASE(a_group_is_described_for_people) {
  const auto described = group({"describe", "billing"});
  BOOST_TEST(described.status == 0, described.errors);
  BOOST_TEST(described.output == "group billing: Stable, generation 4, protocol range (consumer), coordinator node 1\n"
                                 "last rebalance 1970-01-01 00:00:00.000 UTC: m-1 joined\n\n"
                                 "MEMBER  CLIENT  HOST      INSTANCE  PARTITIONS\n"
                                 "m-1     app     10.0.0.1         -  orders:0,2\n\n"
                                 "TOPIC   PARTITION  COMMITTED  END  LAG  LAG SECONDS  CLIENT\n"
                                 "orders          0          2    2    0          0.0  app\n"
                                 "orders          1          0    0    0          0.0       -\n"
                                 "orders          2          -    -    -            -  app\n");
}

BOOST_AUTO_TEST_CASE(a_group_is_described_for_programs) {
  const auto json = group({"describe", "billing", "--format", "json"}).output;
  BOOST_TEST(contains(json,
                      "\"members\":[{\"member\":\"m-1\",\"instance\":null,\"client\":\"app\",\"host\":\"10.0.0.1\","
                      "\"assignment\":[{\"topic\":\"orders\",\"partitions\":[0,2]}]}]"),
             json);
  BOOST_TEST(contains(json, "{\"topic\":\"orders\",\"partition\":0,\"offset\":2,\"high_watermark\":2,\"lag\":0,"
                            "\"lag_seconds\":0.000,\"metadata\":\"\",\"committed_ms\":null}"),
             json);
  BOOST_TEST(contains(json, "\"last_rebalance_ms\":0,\"last_rebalance_cause\":\"m-1 joined\""), json);
}

BOOST_AUTO_TEST_CASE(a_reset_is_shown_first_and_done_when_told) {
  end_members();
  const auto shown = group({"reset", "billing", "--topic", "orders", "--shift-by", "-1", "--topic", "orders:0"});
  BOOST_TEST(shown.status == 1); // partition 2 has no offset to shift
  BOOST_TEST(contains(shown.errors, "orders:2"), shown.errors);

  const auto dry = group({"reset", "billing", "--topic", "orders", "--to-offset", "1"});
  BOOST_TEST(dry.output == "TOPIC   PARTITION  BEFORE  AFTER  NOTE\n"
                           "orders          0       2      1\n"
                           "orders          1       0      0  1 is behind the end\n"
                           "orders          2       -      0  1 is behind the end\n"
                           "nothing was changed; repeat with --execute to do it\n");
  BOOST_TEST(contains(group({"describe", "billing"}).output, "orders          0          2    2    0"));

  const auto done = group({"reset", "billing", "--topic", "orders:0", "--to-earliest", "--execute"});
  BOOST_TEST(done.status == 0, done.errors);
  BOOST_TEST(contains(done.output, "reset 1 offset of group billing\n"));
  BOOST_TEST(contains(group({"describe", "billing"}).output, "orders          0          0    2    2"));
}

BOOST_AUTO_TEST_CASE(a_reset_to_a_time_asks_the_broker) {
  end_members();
  BOOST_TEST(group({"reset", "billing", "--topic", "orders:0", "--to-time", "0", "--format", "json"}).output ==
             "{\"group\":\"billing\",\"executed\":false,"
             "\"offsets\":[{\"topic\":\"orders\",\"partition\":0,\"before\":2,\"after\":0,\"note\":null}]}\n");
  BOOST_TEST(contains(group({"reset", "billing", "--topic", "orders:0", "--to-time", "99999999999999"}).output,
                      "orders          0       2      2  no record is that young: the end"));
}

BOOST_AUTO_TEST_CASE(what_the_broker_refuses_is_status_1) {
  const auto busy = group({"reset", "billing", "--topic", "orders", "--to-latest", "--execute"});
  BOOST_TEST(busy.status == 1);
  BOOST_TEST(contains(busy.errors, "has members"));
  BOOST_TEST(group({"describe", "none"}).errors == "callboard: there is no group none\n");
  BOOST_TEST(group({"reset", "billing", "--topic", "none", "--to-latest"}).status == 1);
  BOOST_TEST(contains(group({"reset", "billing", "--topic", "orders:3", "--to-latest"}).errors, "it has 3 partitions"));
}

BOOST_AUTO_TEST_CASE(a_group_is_deleted) {
  end_members();
  BOOST_TEST(group({"delete", "billing"}).output == "deleted group billing and its offsets\n");
  BOOST_TEST(contains(group({"list"}).output, "no consumer groups yet"));
  BOOST_TEST(group({"delete", "billing"}).status == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::cli
