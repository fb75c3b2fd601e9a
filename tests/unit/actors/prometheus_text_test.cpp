#include "actors/http/http_door.h"

#include <boost/test/unit_test.hpp>

#include <regex>
#include <set>
#include <sstream>

namespace callboard::http {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(http_prometheus_text)

BOOST_AUTO_TEST_CASE(it_says_what_was_counted) {
  NodeContext node;
  NodeMetrics::add(node.metrics.requests, 7);
  NodeMetrics::add(node.metrics.bytes_received, 5'000'000'000);
  node.metrics.connections_open = 2;
  const auto text = prometheus_text(node, 3, 40);
  BOOST_TEST(has_line(text, "callboard_requests_total 7"), text);
  BOOST_TEST(has_line(text, "callboard_received_bytes_total 5000000000"), text);
  BOOST_TEST(has_line(text, "callboard_connections_open 2"), text);
  BOOST_TEST(has_line(text, "callboard_topics 3"), text);
  BOOST_TEST(has_line(text, "callboard_partitions 40"), text);
  BOOST_TEST(has_line(text, "callboard_actors 0"), text);
}

// https://prometheus.io/docs/instrumenting/exposition_formats
BOOST_AUTO_TEST_CASE(every_series_is_well_formed_and_said_once) {
  const NodeContext node{};
  std::istringstream text(prometheus_text(node, 0, 0));
  const std::regex help("# HELP (callboard_[a-z_]+) .+");
  const std::regex type("# TYPE (callboard_[a-z_]+) (counter|gauge)");
  const std::regex value("(callboard_[a-z_]+) -?[0-9]+");
  std::set<std::string> names;
  std::string line;
  std::smatch about, kind, sample;
  while (std::getline(text, line)) {
    BOOST_REQUIRE_MESSAGE(std::regex_match(line, about, help), line);
    const auto name = about[1].str();
    BOOST_TEST(names.insert(name).second, name);
    BOOST_REQUIRE(std::getline(text, line));
    std::string type_line = line;
    BOOST_REQUIRE_MESSAGE(std::regex_match(type_line, kind, type), line);
    BOOST_TEST(kind[1].str() == name);
    BOOST_TEST((kind[2].str() == "counter") == name.ends_with("_total"), line);
    BOOST_REQUIRE(std::getline(text, line));
    BOOST_REQUIRE_MESSAGE(std::regex_match(line, sample, value), line);
    BOOST_TEST(sample[1].str() == name);
  }
  BOOST_TEST(!names.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::http
