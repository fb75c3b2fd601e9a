#include "actors/node/config.h"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

namespace callboard {
namespace {

std::string error_of(const std::string& text) {
  auto config = parse_config(text, "test.toml");
  BOOST_REQUIRE(!config.ok());
  BOOST_TEST(static_cast<int>(config.error().code) == static_cast<int>(ErrorCode::invalid_argument));
  return config.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string documented_config() {
  const std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind("tests/")) + "conf/callboard.toml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(an_empty_file_leaves_the_defaults) {
  auto config = parse_config("", "test.toml");
  BOOST_REQUIRE(config.ok());
  BOOST_TEST(config->listen.at(0).text() == "127.0.0.1:9092");
  BOOST_TEST(config->topic.durability == "fsync");
  BOOST_TEST(check_config(*config).ok());
}

BOOST_AUTO_TEST_CASE(every_value_set_is_taken) {
  auto config = parse_config("[node]\nlisten = [\"127.0.0.1:0\", \"[::1]:9093\"]\nadvertise = \"a.example:1\"\n"
                             "[threads]\nwriters = 8\n[topics]\nretention_ms = -1\ndurability = \"interval\"\n",
                             "test.toml");
  BOOST_REQUIRE(config.ok());
  BOOST_TEST(config->listen.size() == 2u);
  BOOST_TEST(config->listen.at(1).host == "::1");
  BOOST_TEST(config->advertise->text() == "a.example:1");
  BOOST_TEST(config->writers == 8u);
  BOOST_TEST(config->topic.retention_ms == -1);
  BOOST_TEST(config->topic.durability == "interval");
}

BOOST_AUTO_TEST_CASE(one_address_needs_no_list) {
  auto config = parse_config("[node]\nlisten = \"localhost:7\"\n", "test.toml");
  BOOST_REQUIRE(config.ok());
  BOOST_TEST(config->listen.at(0).text() == "localhost:7");
}

BOOST_AUTO_TEST_CASE(the_documented_file_says_the_defaults) {
  const std::string text = documented_config();
  BOOST_REQUIRE(!text.empty());
  auto documented = parse_config(text, "callboard.toml");
  BOOST_REQUIRE(documented.ok());
  const NodeConfig is;
  BOOST_TEST(documented->data == is.data);
  BOOST_TEST((documented->listen == is.listen));
  BOOST_TEST(!documented->advertise.has_value());
  BOOST_TEST(documented->insecure == is.insecure);
  BOOST_TEST(documented->discover == is.discover);
  BOOST_TEST(documented->expect == is.expect);
  BOOST_TEST(documented->tls_certificate == is.tls_certificate);
  BOOST_TEST(documented->tls_key == is.tls_key);
  BOOST_TEST(documented->tls_ca == is.tls_ca);
  BOOST_TEST(documented->tls_client_auth == is.tls_client_auth);
  BOOST_TEST(documented->tls_plaintext == is.tls_plaintext);
  BOOST_TEST(documented->secret_file == is.secret_file);
  BOOST_TEST(documented->catch_up_bytes_per_second == is.catch_up_bytes_per_second);
  BOOST_TEST(documented->metadata_segment_bytes == is.metadata_segment_bytes);
  BOOST_TEST(documented->loops == is.loops);
  BOOST_TEST(documented->writers == is.writers);
  BOOST_TEST(documented->readers == is.readers);
  BOOST_TEST(documented->tail_cache_bytes == is.tail_cache_bytes);
  BOOST_TEST(documented->compaction_key_bytes == is.compaction_key_bytes);
  BOOST_TEST(documented->node_inflight_bytes == is.node_inflight_bytes);
  BOOST_TEST(documented->connection_inflight_bytes == is.connection_inflight_bytes);
  BOOST_TEST(documented->request_bytes_max == is.request_bytes_max);
  BOOST_TEST(documented->response_bytes_max == is.response_bytes_max);
  BOOST_TEST(documented->connections_max == is.connections_max);
  BOOST_TEST(documented->connection_inflight_requests == is.connection_inflight_requests);
  BOOST_TEST(documented->idle_timeout_ms == is.idle_timeout_ms);
  BOOST_TEST(documented->sniff_timeout_ms == is.sniff_timeout_ms);
  BOOST_TEST(documented->receive_timeout_ms == is.receive_timeout_ms);
  BOOST_TEST(documented->flush_interval_ms == is.flush_interval_ms);
  BOOST_TEST(documented->scrub_interval_ms == is.scrub_interval_ms);
  BOOST_TEST(documented->scrub_bytes_per_second == is.scrub_bytes_per_second);
  BOOST_TEST(documented->auto_create_topics == is.auto_create_topics);
  BOOST_TEST(documented->default_partitions == is.default_partitions);
  BOOST_TEST(documented->topic.retention_ms == is.topic.retention_ms);
  BOOST_TEST(documented->topic.retention_bytes == is.topic.retention_bytes);
  BOOST_TEST(documented->topic.segment_bytes == is.topic.segment_bytes);
  BOOST_TEST(documented->topic.segment_ms == is.topic.segment_ms);
  BOOST_TEST(documented->topic.max_message_bytes == is.topic.max_message_bytes);
  BOOST_TEST(documented->topic.durability == is.topic.durability);
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_refused_with_its_line_and_the_nearest_key) {
  const std::string message = error_of("[node]\ndata = \"d\"\nlisten_on = \"127.0.0.1:1\"\n");
  BOOST_TEST(contains(message, "test.toml:3:"), message);
  BOOST_TEST(contains(message, "`node.listen_on`"), message);
  BOOST_TEST(contains(message, "`node.listen`"), message);
}

BOOST_AUTO_TEST_CASE(a_key_in_the_wrong_section_is_sent_to_the_right_one) {
  BOOST_TEST(contains(error_of("[node]\nwriters = 4\n"), "`threads.writers`"));
  BOOST_TEST(contains(error_of("writers = 4\n"), "`threads.writers`"));
}

BOOST_AUTO_TEST_CASE(an_unknown_section_is_refused_with_the_nearest) {
  const std::string message = error_of("\n[topic]\nretention_ms = 1\n");
  BOOST_TEST(contains(message, "test.toml:2:"), message);
  BOOST_TEST(contains(message, "[topics]"), message);
}

BOOST_AUTO_TEST_CASE(a_wrong_type_or_range_is_refused_with_a_sentence) {
  BOOST_TEST(
      contains(error_of("[threads]\nloops = \"four\"\n"), "`threads.loops` must be a whole number from 0 to 64"));
  BOOST_TEST(contains(error_of("[threads]\nloops = 65\n"), "from 0 to 64"));
  BOOST_TEST(contains(error_of("[threads]\nreaders = 0\n"), "from 1 to 64"));
  BOOST_TEST(contains(error_of("[node]\ninsecure = 1\n"), "true or false"));
  BOOST_TEST(contains(error_of("[node]\nlisten = []\n"), "list"));
  BOOST_TEST(contains(error_of("[node]\nlisten = [7]\n"), "list"));
  BOOST_TEST(contains(error_of("[node]\ndata = \"\"\n"), "directory"));
  BOOST_TEST(contains(error_of("[node]\nadvertise = \"here:0\"\n"), "port 0"));
  BOOST_TEST(contains(error_of("[topics]\ndurability = \"never\"\n"), "\"fsync\" or \"interval\""));
  // Larger frames could be taken for TLS.
  BOOST_TEST(contains(error_of("[memory]\nrequest_bytes_max = 400000000\n"), "`memory.request_bytes_max`"));
}

BOOST_AUTO_TEST_CASE(what_is_not_toml_is_refused_with_its_line) {
  const std::string message = error_of("[node]\ndata = \n");
  BOOST_TEST(contains(message, "test.toml:2:"), message);
  BOOST_TEST(contains(message, "not TOML"), message);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_a_sentence) {
  auto config = load_config("/nonexistent/callboard.toml");
  BOOST_REQUIRE(!config.ok());
  BOOST_TEST(contains(config.error().message, "/nonexistent/callboard.toml"));
  BOOST_TEST(!load_config("/").ok());
}

BOOST_AUTO_TEST_CASE(addresses_are_parsed_or_refused) {
  BOOST_TEST(parse_host_port("[::1]:65535")->text() == "[::1]:65535");
  BOOST_TEST(parse_host_port("host.name:0")->host == "host.name");
  for (const char* bad : {"", "host", "host:", ":1", "host:65536", "host:-1", "host:1x", "::1:80", "[]:80"})
    BOOST_TEST(!parse_host_port(bad).ok(), bad);
}

BOOST_AUTO_TEST_CASE(only_loopback_is_open_without_insecure) {
  for (const char* inside : {"127.0.0.1:1", "127.8.9.1:1", "localhost:1", "[::1]:1"})
    BOOST_TEST(parse_host_port(inside)->is_loopback(), inside);
  for (const char* outside : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "127.example.org:1", "host:1"})
    BOOST_TEST(!parse_host_port(outside)->is_loopback(), outside);
  NodeConfig config;
  config.listen = {{"0.0.0.0", 9092}};
  const auto refused = check_config(config);
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST(contains(refused.error().message, "--insecure"));
  config.insecure = true;
  BOOST_TEST(contains(check_config(config).error().message, "--advertise")); // nobody finds it at 0.0.0.0
  config.advertise = HostPort{"kafka.example.org", 9092};
  BOOST_TEST(check_config(config).ok());
}

BOOST_AUTO_TEST_CASE(beyond_loopback_everybody_shows_a_certificate) {
  NodeConfig config;
  config.listen = {{"0.0.0.0", 9092}};
  config.advertise = HostPort{"kafka.example.org", 9092};
  config.tls_certificate = "node.crt";
  config.tls_key = "node.key";
  config.secret_file = "secret"; // is for nodes; clients would still come in
  BOOST_TEST(!check_config(config).ok());
  config.tls_client_auth = "required";
  BOOST_TEST(contains(check_config(config).error().message, "--tls-ca")); // else any authority's would do
  config.tls_ca = "ca.crt";
  BOOST_TEST(check_config(config).ok());
  config.tls_key.clear();
  BOOST_TEST(contains(check_config(config).error().message, "--tls-key"));
}

BOOST_AUTO_TEST_CASE(what_belongs_to_tls_is_not_given_without_it) {
  NodeConfig config;
  config.tls_plaintext = false;
  BOOST_TEST(!check_config(config).ok());
  config = {};
  config.tls_ca = "ca.crt";
  BOOST_TEST(contains(check_config(config).error().message, "--tls-cert"));
  BOOST_TEST(contains(error_of("[tls]\nclient_auth = \"maybe\"\n"), "\"none\" or \"required\""));
  BOOST_TEST(contains(error_of("[cluster]\nsecret_file = 7\n"), "path of a file"));
}

BOOST_AUTO_TEST_CASE(discovery_needs_a_name_and_how_many_there_are) {
  NodeConfig config;
  config.discover = "here";
  BOOST_TEST(contains(check_config(config).error().message, "--expect"));
  config.expect = 1;
  BOOST_TEST(!check_config(config).ok());
  config.expect = 3;
  BOOST_TEST(check_config(config).ok());
  config.seeds = {"a:1"};
  BOOST_TEST(contains(check_config(config).error().message, "--seeds"));
  config.seeds.clear();
  config.discover = std::string(discovery_name_bytes_max + 1, 'n');
  BOOST_TEST(!check_config(config).ok());
}

BOOST_AUTO_TEST_CASE(a_rate_at_which_nobody_would_ever_catch_up_is_refused) {
  NodeConfig config;
  config.catch_up_bytes_per_second = 100; // somebody means MB
  BOOST_TEST(contains(check_config(config).error().message, "cluster.catch_up_bytes_per_second"));
  config.catch_up_bytes_per_second = 1 << 20;
  BOOST_TEST(check_config(config).ok());
  config.catch_up_bytes_per_second = 0;
  BOOST_TEST(check_config(config).ok());
}

BOOST_AUTO_TEST_CASE(limits_that_contradict_each_other_are_refused) {
  NodeConfig config;
  config.connection_inflight_bytes = config.node_inflight_bytes + 1;
  BOOST_TEST(!check_config(config).ok());
  config = {};
  config.request_bytes_max = 1 << 20;
  BOOST_TEST(!check_config(config).ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
