#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "actors/cli/consume_command.h"
#include "actors/cli/produce_command.h"
#include "tests/unit/actors/cli_run.h"
#include "tests/unit/actors/fake_door.h"

namespace callboard::cli {
namespace {

// A node with a topic of two partitions, and a folder for inputs.
struct Fixture {
  Fixture() {
    BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr);
    callboard({"--bootstrap", address, "topic", "create", "orders", "--partitions", "2"});
  }
  ~Fixture() { std::filesystem::remove_all(folder); }
  Ran produce(const std::string& input, std::vector<const char*> more = {}) {
    const auto path = folder + "/input";
    std::ofstream(path, std::ios::binary) << input;
    more.insert(more.begin(), {"produce", "orders", path.c_str(), "--bootstrap", address});
    return callboard(std::move(more));
  }
  // What is there, with `more` options.
  Ran consume(std::vector<const char*> more = {}) {
    more.insert(more.begin(), {"consume", "orders", "-e", "--bootstrap", address});
    return callboard(std::move(more));
  }

  rpc::FakeDoor door;
  const char* address = door.address().c_str();
  std::string folder = (std::filesystem::temp_directory_path() / "callboard-cli-XXXXXX").string();
};

BOOST_FIXTURE_TEST_SUITE(cli_records, Fixture)

BOOST_AUTO_TEST_CASE(lines_become_records_and_records_lines) {
  const auto produced = produce("one\n\nthree", {"-p", "1"});
  BOOST_TEST(produced.status == 0, produced.errors);
  BOOST_TEST(produced.output == "produced 3 records to orders\n"
                                "PARTITION  RECORDS  FIRST OFFSET  LAST OFFSET\n"
                                "        1        3             0            2\n");
  const auto consumed = consume();
  BOOST_TEST(consumed.status == 0, consumed.errors);
  BOOST_TEST(consumed.output == "one\n\nthree\n");
}

BOOST_AUTO_TEST_CASE(keys_headers_and_nulls_are_as_the_options_say) {
  produce("a:1\nb:\nplain\n", {"-p", "0", "-k", ":", "-H", "h=v=w", "-H", "e=", "--null"});
  BOOST_TEST(consume({"-f", "%k|%K|%s|%S|%h\\n", "--null"}).output ==
             "a|1|1|1|h=v=w,e=\nb|1|NULL|-1|h=v=w,e=\nNULL|-1|plain|5|h=v=w,e=\n");
  produce("x:y\n", {"-p", "1", "--key", "fixed"});
  BOOST_TEST(consume({"-p", "1", "-f", "%k=%s@%t/%p:%o\\n"}).output == "fixed=x:y@orders/1:0\n");
}

BOOST_AUTO_TEST_CASE(records_of_one_key_stay_together) {
  produce("21:a\nfoobar:b\n21:c\n", {"-k", ":"});
  // 21 hashes to an even number, foobar too; abc to an odd one: see partitioner_test.
  produce("abc:d\n", {"-k", ":"});
  BOOST_TEST(consume({"-p", "0", "-f", "%k%s "}).output == "21a foobarb 21c ");
  BOOST_TEST(consume({"-p", "1", "-f", "%k%s "}).output == "abcd ");
}

BOOST_AUTO_TEST_CASE(nothing_to_read_is_nothing_produced) {
  const auto produced = produce("");
  BOOST_TEST(produced.status == 0);
  BOOST_TEST(produced.output == "produced 0 records to orders\n");
}

BOOST_AUTO_TEST_CASE(a_consumer_begins_where_it_is_told) {
  produce("0\n1\n2\n3\n4\n", {"-p", "0"});
  const auto from = [&](const char* place) { return consume({"-p", "0", "-f", "%s", "-o", place}).output; };
  BOOST_TEST(from("beginning") == "01234");
  BOOST_TEST(from("end").empty());
  BOOST_TEST(from("3") == "34");
  BOOST_TEST(from("5").empty());
  BOOST_TEST(from("-2") == "34");
  BOOST_TEST(from("-100") == "01234");
  BOOST_TEST(from("@0") == "01234");
  BOOST_TEST(from("@99999999999999").empty());
  const auto refused = consume({"-p", "0", "-o", "6"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.errors == "callboard: partition 0 has no offset 6: it begins at 0 and ends before 5\n");
}

BOOST_AUTO_TEST_CASE(a_count_ends_it_without_waiting) {
  produce("0\n1\n2\n", {"-p", "0"});
  BOOST_TEST(callboard({"consume", "orders", "-c", "2", "-f", "%s", "--bootstrap", address}).output == "01");
}

BOOST_AUTO_TEST_CASE(json_is_an_object_a_line) {
  BOOST_TEST(produce("x\n", {"-p", "1", "--format", "json"}).output ==
             "{\"topic\":\"orders\",\"records\":1,"
             "\"partitions\":[{\"partition\":1,\"records\":1,\"first_offset\":0,\"last_offset\":0}]}\n");
  const auto line = consume({"--format", "json"}).output;
  BOOST_TEST(contains(line, "{\"topic\":\"orders\",\"partition\":1,\"offset\":0,\"timestamp_ms\":"), line);
  BOOST_TEST(contains(line, "\"key\":null,\"value\":\"x\",\"headers\":[]}\n"), line);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_a_sentence) {
  BOOST_TEST(contains(produce("x\n", {"-p", "2"}).errors, "it has 2 partitions"));
  BOOST_TEST(contains(consume({"-p", "7"}).errors, "it has 2 partitions"));
  const auto unknown = callboard({"produce", "none", "/dev/null", "--bootstrap", address});
  BOOST_TEST(unknown.status == 1);
  BOOST_TEST(contains(unknown.errors, "callboard topic create"), unknown.errors);
  const auto missing = callboard({"produce", "orders", "/no/such/file", "--bootstrap", address});
  BOOST_TEST(missing.status == 1);
  BOOST_TEST(contains(missing.errors, "/no/such/file"));
}

BOOST_AUTO_TEST_CASE(a_refused_batch_is_its_sentence_and_status_1) {
  door.with_backend([](rpc::FakeBrokerBackend& backend) { backend.refuse_produce = true; });
  const auto refused = produce("x\n", {"-p", "1"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.errors == "callboard: 1 batch of partition 1 refused: not today\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(cli_starts_are_read) {
  using Kind = StartAt::Kind;
  const auto is = [](const char* text, Kind kind, std::int64_t value) {
    const auto start = parse_start(text);
    return start.ok() && start->kind == kind && start->value == value;
  };
  BOOST_TEST(is("0", Kind::offset, 0));
  BOOST_TEST(is("-5", Kind::before_end, 5));
  BOOST_TEST(is("@1700000000000", Kind::time, 1'700'000'000'000));
  for (const auto* text : {"", "-", "@", "@-1", "5x", "--5", "99999999999999999999", "-9223372036854775808", "middle"})
    BOOST_TEST(!parse_start(text).ok(), text);
}

} // namespace
} // namespace callboard::cli
