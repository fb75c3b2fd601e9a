#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "cluster/membership/forming.h"

using namespace callboard;
using namespace callboard::membership;

namespace {

Uuid id(std::uint8_t number) {
  Uuid made;
  made.bytes[0] = number;
  return made;
}

// The node at "a:1", which is told that each seed's address is its name.
struct FormingNode {
  explicit FormingNode(FormingStart start) : forming(std::move(start)) {
    for (const auto& seed : forming.seeds()) forming.resolved(seed, {*parse_host_port(seed)});
  }

  // Ticks; what is asked of an address is answered by `at`, of others refused.
  void run(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      forming.tick();
      auto effects = forming.take_effects();
      found |= effects.found;
      if (effects.say) said.push_back(*effects.say);
      if (effects.give_up) gave_up = effects.give_up;
      if (effects.join) join = effects.join;
      for (const auto& call : effects.probes) {
        const auto who = at.find(call.address.text());
        if (who != at.end()) {
          forming.answered(call.number, who->second());
        } else {
          forming.failed(call.number, "Connection refused");
        }
      }
    }
  }
  void other(const std::string& address, ProbeAnswer answer) {
    at[address] = [answer] { return answer; };
  }
  void itself(const std::string& address) {
    at[address] = [this] { return forming.answer(forming.question()); };
  }
  std::string last() const { return said.empty() ? "" : said.back(); }

  Forming forming;
  std::map<std::string, std::function<ProbeAnswer()>> at;
  bool found = false;
  std::vector<std::string> said;
  std::optional<Error> gave_up;
  std::optional<Call> join;
};

FormingStart of_seeds(std::vector<std::string> seeds) {
  FormingStart start;
  start.mode = FormingMode::seeds;
  start.identity = id(1);
  start.seeds = std::move(seeds);
  return start;
}

ProbeAnswer free_node(std::uint8_t number, std::vector<std::string> seeds, std::vector<Uuid> founding = {}) {
  return {.identity = id(number), .seeds = std::move(seeds), .founding = std::move(founding)};
}

ProbeAnswer member(std::uint8_t number, std::uint8_t cluster) {
  return {.identity = id(number), .cluster = id(cluster)};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(forming)

BOOST_AUTO_TEST_CASE(alone_it_founds_at_once_and_once) {
  FormingNode node(FormingStart{.identity = id(1)});
  node.forming.tick();
  node.forming.tick();
  BOOST_TEST(node.forming.take_effects().found);
  node.run(5);
  BOOST_TEST(!node.found);
  BOOST_TEST(node.forming.answer({}).founding.empty());
  node.forming.belongs(id(9));
  BOOST_TEST(node.forming.done());
  BOOST_TEST((node.forming.answer({}).cluster == id(9)));
}

BOOST_AUTO_TEST_CASE(a_member_of_a_cluster_asks_nobody) {
  auto start = of_seeds({"a:1", "b:1"});
  start.cluster = id(9);
  FormingNode node(start);
  node.run(10);
  BOOST_TEST(node.forming.done());
  BOOST_TEST(node.said.empty());
  BOOST_TEST((node.forming.answer({}).cluster == id(9)));
}

BOOST_AUTO_TEST_CASE(join_never_founds_and_says_what_it_waits_for) {
  auto start = of_seeds({"b:1", "c:1"});
  start.mode = FormingMode::join;
  FormingNode node(start);
  node.run(100);
  BOOST_TEST(node.last() == "Waiting for a member of a cluster: b:1 (Connection refused), c:1 (Connection refused).");
  BOOST_TEST(node.said.size() <= 2U);
  node.other("b:1", free_node(2, {}));
  node.run(400);
  BOOST_TEST(!node.found);
  BOOST_TEST(!node.gave_up.has_value());

  node.other("c:1", member(3, 9));
  node.run(60);
  BOOST_REQUIRE(node.join.has_value());
  BOOST_TEST(node.join->address.text() == "c:1");
  // Not the cluster that was asked.
  BOOST_TEST(!node.forming.accept(node.join->number, {.cluster = id(8), .node = NodeId{4}}));
  node.run(60);
  BOOST_TEST(node.forming.accept(node.join->number, {.cluster = id(9), .node = NodeId{4}}));
  BOOST_TEST(!node.forming.accept(node.join->number, {.cluster = id(9), .node = NodeId{4}}));
  node.forming.belongs(id(9));
  BOOST_TEST(node.forming.done());
}

BOOST_AUTO_TEST_CASE(an_answer_to_a_request_that_was_given_up_is_dropped) {
  auto start = of_seeds({"b:1"});
  start.mode = FormingMode::join;
  FormingNode node(start);
  node.other("b:1", member(2, 9));
  node.run(10);
  const auto first = node.join.value();
  node.run(150);
  BOOST_TEST(node.join->number != first.number);
  BOOST_TEST(!node.forming.accept(first.number, {.cluster = id(9), .node = NodeId{4}}));
}

BOOST_AUTO_TEST_CASE(the_least_founds_once_all_have_met_the_same) {
  const std::vector<std::string> seeds{"a:1", "b:1", "c:1"};
  FormingNode node(of_seeds({" C:1", "b.:1", "A:01", "a:1"}));
  BOOST_TEST(node.forming.seeds() == seeds, boost::test_tools::per_element());
  node.itself("a:1");
  node.other("b:1", free_node(2, seeds, {id(1), id(2), id(3)}));
  node.run(50);
  BOOST_TEST(node.last() == "Waiting for seeds: c:1 (Connection refused).");
  node.other("c:1", free_node(3, seeds));
  node.run(50);
  BOOST_TEST(node.last() == "Met all nodes; waiting until so has c:1.");
  BOOST_TEST(!node.found);
  node.other("c:1", free_node(3, seeds, {id(1), id(2), id(3)}));
  node.run(6);
  BOOST_TEST(node.found);
  BOOST_TEST((node.forming.answer({}).founding == std::vector{id(1), id(2), id(3)}));
}

BOOST_AUTO_TEST_CASE(others_wait_for_the_least_and_join_it) {
  const std::vector<std::string> seeds{"a:1", "b:1"};
  FormingNode node(of_seeds(seeds));
  node.itself("a:1");
  node.other("b:1", free_node(0, seeds, {id(0), id(1)}));
  node.run(100);
  BOOST_TEST(!node.found);
  BOOST_TEST(node.last() == "Met all nodes; waiting for b:1 to found a cluster.");
  node.other("b:1", member(0, 9));
  node.run(8);
  BOOST_REQUIRE(node.join.has_value());
  BOOST_TEST(node.forming.answer({}).founding.empty());
}

BOOST_AUTO_TEST_CASE(a_promise_outlives_the_founder_until_another_stays_there) {
  const std::vector<std::string> seeds{"a:1", "b:1"};
  FormingNode node(of_seeds(seeds));
  node.itself("a:1");
  node.other("b:1", free_node(0, seeds, {id(0), id(1)}));
  node.run(20);
  node.other("b:1", free_node(7, seeds, {id(1), id(7)}));
  node.run(100);
  BOOST_TEST(!node.found);
  BOOST_TEST(contains(node.last(), "At b:1 answers another node than before"));
  node.run(60);
  BOOST_TEST(node.found);
}

BOOST_AUTO_TEST_CASE(other_lists_are_refused_with_a_sentence_that_names_both) {
  FormingNode node(of_seeds({"a:1", "b:1"}));
  node.itself("a:1");
  node.other("b:1", free_node(2, {"a:1", "b:1", "c:1"}));
  node.run(100);
  BOOST_TEST(!node.gave_up.has_value());
  node.run(150);
  BOOST_REQUIRE(node.gave_up.has_value());
  BOOST_TEST(node.gave_up->message == "b:1 was told to form a cluster with a:1, b:1, c:1, this node with a:1, b:1: "
                                      "start both with the same list, or one with --join.");
  BOOST_TEST(!node.found);
}

BOOST_AUTO_TEST_CASE(another_spelling_that_leads_to_the_same_nodes_is_the_same_list) {
  FormingNode node(of_seeds({"a:1", "b:1"}));
  node.itself("a:1");
  node.other("b:1", free_node(2, {"10.0.0.1:1", "10.0.0.2:1"}, {id(1), id(2)}));
  node.run(10);
  BOOST_TEST(node.found);
}

BOOST_AUTO_TEST_CASE(two_seeds_that_are_one_node_are_refused) {
  FormingNode node(of_seeds({"a:1", "localhost:1"}));
  node.itself("a:1");
  node.itself("localhost:1");
  node.run(300);
  BOOST_REQUIRE(node.gave_up.has_value());
  BOOST_TEST(node.gave_up->message == "The 2 seeds lead to only 1 nodes: name each node once.");
}

BOOST_AUTO_TEST_CASE(seeds_of_two_clusters_are_refused) {
  FormingNode node(of_seeds({"a:1", "b:1", "c:1"}));
  node.itself("a:1");
  node.other("b:1", member(2, 8));
  node.other("c:1", member(3, 9));
  node.run(300);
  BOOST_TEST(!node.join.has_value());
  BOOST_REQUIRE(node.gave_up.has_value());
  BOOST_TEST(contains(node.gave_up->message, "b:1 to " + id(8).hex() + ", c:1 to " + id(9).hex()));
}

BOOST_AUTO_TEST_CASE(another_protocol_is_refused_unless_somebody_else_takes_it_in) {
  for (const bool rescued : {false, true}) {
    FormingNode node(of_seeds({"a:1", "b:1", "c:1"}));
    node.itself("a:1");
    node.other("b:1", {.protocol = peer_protocol + 1, .identity = id(2)});
    if (rescued) node.other("c:1", member(3, 9));
    node.run(300);
    BOOST_TEST(node.gave_up.has_value() == !rescued);
    BOOST_TEST(node.join.has_value() == rescued);
    if (!rescued) BOOST_TEST(contains(node.gave_up->message, "run the same version of Callboard on both"));
  }
}

BOOST_AUTO_TEST_CASE(a_name_counts_as_a_list) {
  const HostPort here{"10.0.0.1", 1};
  const HostPort there{"10.0.0.2", 1};
  FormingNode node(of_seeds({"all:1"}));
  node.itself("10.0.0.1:1");
  node.forming.resolved("all:1", {here});
  node.run(300);
  BOOST_TEST(!node.found); // the name may come to lead to others
  BOOST_TEST(contains(node.last(), "all:1 leads to 1 of 2 nodes"));
  node.forming.resolved("all:1", {here, there});
  node.run(10);
  BOOST_TEST(node.last() == "Waiting for seeds: all:1 at 10.0.0.2:1 (Connection refused).");
  node.other("10.0.0.2:1", free_node(2, {"all:1"}, {id(1), id(2)}));
  node.run(200);
  BOOST_TEST(node.found);
}

BOOST_AUTO_TEST_CASE(one_address_of_each_family_is_one_node) {
  FormingNode node(of_seeds({"localhost:1", "localhost:2"}));
  node.forming = Forming(of_seeds({"localhost:1", "localhost:2"}));
  node.itself("127.0.0.1:1");
  node.other("127.0.0.1:2", free_node(2, {"localhost:1", "localhost:2"}, {id(1), id(2)}));
  for (std::uint16_t port : {1, 2})
    node.forming.resolved("localhost:" + std::to_string(port), {{"::1", port}, {"127.0.0.1", port}});
  node.run(20);
  BOOST_TEST(node.found);
}

BOOST_AUTO_TEST_CASE(discovered_nodes_found_when_enough_agree) {
  FormingStart start{.mode = FormingMode::discover, .identity = id(1), .name = "stage", .expect = 3};
  FormingNode node(start);
  const auto told = node.forming.question().seeds;
  node.forming.discovered({"b", 1});
  node.other("b:1", free_node(2, told, {id(1), id(2), id(3)}));
  node.run(300);
  BOOST_TEST(!node.found);
  BOOST_TEST(contains(node.last(), "2 of 3 nodes"));
  node.forming.discovered({"c", 1});
  node.other("c:1", free_node(3, told, {id(1), id(2), id(3)}));
  node.run(10);
  BOOST_TEST(node.found);
}

BOOST_AUTO_TEST_CASE(discovered_addresses_are_bounded) {
  FormingStart start{.mode = FormingMode::discover, .identity = id(1), .name = "stage", .expect = 3};
  start.config.discovered_max = 4;
  FormingNode node(start);
  for (std::uint16_t port = 1; port < 100; ++port) node.forming.discovered({"b", port});
  node.forming.tick();
  BOOST_TEST(node.forming.take_effects().probes.size() == 4U);
}

BOOST_AUTO_TEST_CASE(who_is_no_seed_only_joins) {
  FormingNode node(of_seeds({"b:1", "c:1"}));
  node.other("b:1", free_node(2, {"b:1", "c:1"}, {id(2), id(3)}));
  node.other("c:1", free_node(3, {"b:1", "c:1"}, {id(2), id(3)}));
  node.run(300);
  BOOST_TEST(!node.found);
  BOOST_TEST(!node.gave_up.has_value());
  BOOST_TEST(node.last() == "This node is none of its seeds; waiting for them to found a cluster.");
}

BOOST_AUTO_TEST_CASE(old_answers_do_not_count) {
  const std::vector<std::string> seeds{"a:1", "b:1"};
  FormingNode node(of_seeds(seeds));
  node.itself("a:1");
  node.other("b:1", free_node(2, seeds));
  node.run(10);
  node.at.erase("b:1");
  node.run(100);
  BOOST_TEST(node.last() == "Waiting for seeds: b:1 (Connection refused).");
}

BOOST_AUTO_TEST_SUITE_END()
