#include "actors/cli/record_format.h"

#include <boost/test/unit_test.hpp>

namespace callboard::cli {
namespace {

const rpc::Record record{.key = "k\x1b",
                         .value = "one\n",
                         .headers = {{"a", "1"}, {"b", std::nullopt}},
                         .timestamp = 77,
                         .offset = Offset(9)};

std::string printed(std::string_view format, const rpc::Record& of = record,
                    const RecordFormat::Options& options = {}) {
  std::string out;
  RecordFormat::parse(format)->print(out, "orders", 3, of, options);
  return out;
}

BOOST_AUTO_TEST_SUITE(record_format)

BOOST_AUTO_TEST_CASE(every_token_prints_its_part) {
  BOOST_TEST(printed("%t/%p@%o %T %k=%s %K %S %h %%") == "orders/3@9 77 k\x1b=one\n 2 4 a=1,b= %");
  BOOST_TEST(printed("%R") == std::string("\0\0\0\4", 4));
  BOOST_TEST(printed("a\\n\\r\\t\\\\\\x41\\0b") == std::string("a\n\r\t\\A\0b", 8));
  BOOST_TEST(printed("").empty());
}

BOOST_AUTO_TEST_CASE(null_is_told_from_empty) {
  const rpc::Record tombstone{.key = "", .value = {}};
  BOOST_TEST(printed("[%k|%K|%s|%S]", tombstone) == "[|0||-1]");
  BOOST_TEST(printed("[%k|%s]", tombstone, {.null_as_text = true}) == "[|NULL]");
  BOOST_TEST(printed("%R", tombstone) == "\xff\xff\xff\xff");
}

BOOST_AUTO_TEST_CASE(a_terminal_is_not_steered_by_records) {
  BOOST_TEST(printed("%k:%s", record, {.for_terminal = true}) == "k\\x1b:one\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_a_sentence) {
  for (const auto* format : {"%", "%z", "abc%", "\\", "\\q", "\\x", "\\x4", "\\xg0", "\\x4g"}) {
    const auto parsed = RecordFormat::parse(format);
    BOOST_TEST(!parsed.ok(), format);
    BOOST_TEST(!parsed.error().message.empty());
  }
}

BOOST_AUTO_TEST_CASE(json_keeps_every_byte) {
  BOOST_TEST(
      json_of("orders", 3, record) ==
      "{\"topic\":\"orders\",\"partition\":3,\"offset\":9,\"timestamp_ms\":77,\"key\":\"k\\u001b\","
      "\"value\":\"one\\u000a\",\"headers\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"b\",\"value\":null}]}");
  const auto base64 = [](std::string bytes) {
    const auto json = json_of("t", 0, {.key = {}, .value = std::move(bytes)});
    const auto from = json.find("value_base64\":\"") + 15;
    return json.substr(from, json.find('"', from) - from);
  };
  BOOST_TEST(base64("\xff") == "/w==");
  BOOST_TEST(base64("\xff\xfe") == "//4=");
  BOOST_TEST(base64(std::string("\xff\x00\x01", 3)) == "/wAB");
  BOOST_TEST(base64("Ma\xff!") == "TWH/IQ==");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::cli
