#include "actors/cli/cli.h"

#include <boost/test/unit_test.hpp>

#include "actors/cli/output.h"
#include "tests/unit/actors/cli_run.h"
#include "tests/unit/actors/fake_door.h"

namespace callboard::cli {
namespace {

struct Fixture {
  rpc::FakeDoor door;
  const char* address = door.address().c_str();
};

BOOST_FIXTURE_TEST_SUITE(cli, Fixture)

BOOST_AUTO_TEST_CASE(a_topic_is_created_listed_and_deleted) {
  const auto created =
      callboard({"--bootstrap", address, "topic", "create", "made", "--partitions", "3", "--replication-factor", "1",
                 "--config", "retention.ms=60000", "--config", "callboard.durability=interval"});
  BOOST_TEST(created.status == 0, created.errors);
  BOOST_TEST(created.output == "created topic made: 3 partitions, replication factor 1\n");
  const auto listed = callboard({"topic", "list", "--bootstrap", address});
  BOOST_TEST(listed.output == "TOPIC  PARTITIONS  REPLICATION  CONFIGS\n"
                              "made            3            1  retention.ms=60000 callboard.durability=interval\n");
  BOOST_TEST(callboard({"--bootstrap", address, "topic", "delete", "made"}).output == "deleted topic made\n");
  BOOST_TEST(contains(callboard({"--bootstrap", address, "topic", "list"}).output, "no topics yet"));
}

BOOST_AUTO_TEST_CASE(a_topic_is_described_with_where_its_partitions_stand) {
  callboard({"--bootstrap", address, "topic", "create", "made", "--partitions", "2", "--config", "a=b"});
  const auto described = callboard({"--bootstrap", address, "topic", "describe", "made"});
  BOOST_TEST(described.status == 0, described.errors);
  BOOST_TEST(described.output ==
             "topic made: 2 partitions, replication factor 1, id 00000000000000000000000000000000\n"
             "configuration: a=b\n\n"
             "PARTITION  LEADER  EPOCH  LOG START  HIGH WATERMARK  BYTES  REPLICAS  IN SYNC  STATE\n"
             "        0       1      4          0               0      -  1,2             -  ok\n"
             "        1       1      4          0               0      -  1,2             -  ok\n");
  BOOST_TEST(contains(callboard({"--format", "json", "--bootstrap", address, "topic", "describe", "made"}).output,
                      "\"partition_list\":[{\"partition\":0,\"leader\":1,\"leader_epoch\":4,\"log_start\":0,"
                      "\"high_watermark\":0,\"bytes\":null,\"error\":null,\"replicas\":[1,2],\"in_sync\":[]}"));
  BOOST_TEST(callboard({"--bootstrap", address, "topic", "describe", "none"}).status == 1);
}

BOOST_AUTO_TEST_CASE(a_topic_is_altered) {
  callboard({"--bootstrap", address, "topic", "create", "made", "--partitions", "2", "--config", "a=b"});
  const auto altered = callboard(
      {"--bootstrap", address, "topic", "alter", "made", "--config", "c=d=e", "--unset", "a", "--partitions", "5"});
  BOOST_TEST(altered.status == 0, altered.errors);
  BOOST_TEST(altered.output == "altered topic made: 5 partitions, replication factor 1\nconfiguration: c=d=e\n");
  const auto refused = callboard({"--bootstrap", address, "topic", "alter", "made", "--partitions", "3"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.errors == "callboard: a topic only grows\n");
}

BOOST_AUTO_TEST_CASE(json_is_one_document) {
  callboard({"--bootstrap", address, "topic", "create", "made", "--partitions", "1", "--config", "a=b"});
  BOOST_TEST(callboard({"--format", "json", "--bootstrap", address, "topic", "list"}).output ==
             "[{\"name\":\"made\",\"id\":\"00000000000000000000000000000000\",\"partitions\":1,"
             "\"replication_factor\":1,\"configs\":{\"a\":\"b\"}}]\n");
  const auto actors = callboard({"--format", "json", "--bootstrap", address, "actors"}).output;
  BOOST_TEST(contains(actors, "{\"total\":1,\"actors\":[{\"node\":-1,\"id\":0,\"kind\":\"partition\""), actors);
}

BOOST_AUTO_TEST_CASE(actors_are_asked_for_as_the_options_say) {
  const auto listed = callboard(
      {"--bootstrap", address, "actors", "--kind", "partition", "--name", "ord", "--sort", "busy", "--limit", "5"});
  BOOST_TEST(listed.status == 0);
  BOOST_TEST(contains(listed.output, "orders/0"));
  door.with_backend([](rpc::FakeBrokerBackend& backend) {
    const auto& query = backend.last_query;
    BOOST_CHECK(query.kind == "partition" && query.name_pattern == "ord" && query.limit == 5 &&
                query.order == rpc::ActorOrder::processing);
  });
}

BOOST_AUTO_TEST_CASE(what_the_node_refuses_is_its_sentence_and_status_1) {
  callboard({"--bootstrap", address, "topic", "create", "made", "--partitions", "1"});
  const auto refused = callboard({"--bootstrap", address, "topic", "create", "made"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.errors == "callboard: topic made already exists\n");
  BOOST_TEST(refused.output.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_without_a_node)

BOOST_AUTO_TEST_CASE(a_node_that_is_not_there_is_named_with_what_to_do) {
  const auto refused = callboard({"--bootstrap", "127.0.0.1:1", "topic", "list"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(contains(refused.errors, "127.0.0.1:1"));
  BOOST_TEST(contains(refused.errors, "callboard start"));
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_status_2_and_a_sentence) {
  const std::vector<std::vector<const char*>> wrong{
      {},
      {"no-such-command"},
      {"topic"},
      {"topic", "create"},
      {"topic", "create", "x", "--partitions", "0"},
      {"topic", "create", "x", "--partitions", "many"},
      {"topic", "create", "x", "--config", "no-equals-sign"},
      {"topic", "create", "x", "--config", "=value"},
      {"topic", "describe"},
      {"topic", "alter", "x"},
      {"topic", "alter", "x", "--set", "novalue"},
      {"topic", "alter", "x", "--set", "a=b", "--unset", "a"},
      {"topic", "alter", "x", "--partitions", "0"},
      {"produce"},
      {"produce", "x", "-p", "-1"},
      {"produce", "x", "--acks", "most"},
      {"produce", "x", "--acks", "2"},
      {"produce", "x", "-H", "novalue"},
      {"produce", "x", "-k", ":", "--key", "k"},
      {"produce", "x", "-k", ""},
      {"consume"},
      {"consume", "x", "-o", "middle"},
      {"consume", "x", "-o", "@yesterday"},
      {"consume", "x", "-c", "0"},
      {"consume", "x", "-f", "%z"},
      {"consume", "x", "-f", "%s", "--format", "json"},
      {"group"},
      {"group", "describe"},
      {"group", "reset", "g", "--to-latest"},
      {"group", "reset", "g", "--topic", "x"},
      {"group", "reset", "g", "--topic", "x", "--to-latest", "--to-earliest"},
      {"group", "reset", "g", "--topic", "x:", "--to-latest"},
      {"group", "reset", "g", "--topic", "x", "--to-offset", "-1"},
      {"actors", "--sort", "colour"},
      {"actors", "--limit", "201"},
      {"--format", "xml", "topic", "list"},
  };
  for (const auto& arguments : wrong) {
    const auto refused = callboard(arguments);
    BOOST_TEST(refused.status == 2);
    BOOST_TEST(!refused.errors.empty());
  }
}

BOOST_AUTO_TEST_CASE(start_gets_its_own_and_the_common_options) {
  const auto ran = callboard({"start", "--data", "/somewhere", "--format", "json"});
  BOOST_TEST(ran.started);
  BOOST_TEST(ran.status == 7);
  BOOST_TEST(ran.started_with == "/somewhere");
  BOOST_TEST(ran.common.json);
}

BOOST_AUTO_TEST_CASE(help_names_the_commands) {
  const auto help = callboard({"--help"});
  BOOST_TEST(help.status == 0);
  for (const auto* command : {"start", "topic", "produce", "consume", "group", "actors"})
    BOOST_TEST(contains(help.output, command));
  BOOST_TEST(contains(callboard({"--version"}).output, "callboard "));
}

BOOST_AUTO_TEST_CASE(hostile_names_do_not_reach_the_terminal) {
  BOOST_TEST(printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\x0a");
  BOOST_TEST(printable("\xc2\x9b"
                       "31m \xff") == "\\xc2\\x9b31m \\xff");
  BOOST_TEST(printable("Größe €") == "Größe €");
}

BOOST_AUTO_TEST_CASE(json_is_valid_whatever_the_text) {
  BOOST_TEST(json_text("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\u000a\\u0001\"");
  BOOST_TEST(json_text("Größe €") == "\"Größe €\"");
  BOOST_TEST(json_text("\xff\xc0\xaf\xed\xa0\x80|\xe2\x82") ==
             "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"");
  BOOST_TEST(JsonObject().text() == "{}");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::cli
