#include "actors/cli/line_reader.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace callboard::cli {
namespace {

struct Fixture {
  Fixture() { BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr); }
  ~Fixture() { std::filesystem::remove_all(folder); }
  std::string file(const std::string& content) const {
    std::ofstream(folder + "/lines", std::ios::binary) << content;
    return folder + "/lines";
  }
  std::vector<std::string> lines(const std::string& content) const {
    auto reader = LineReader::open(file(content));
    BOOST_REQUIRE(reader.ok());
    std::vector<std::string> out;
    for (;;) {
      const auto line = reader->next();
      BOOST_REQUIRE(line.ok());
      if (!*line) return out;
      out.emplace_back(**line);
    }
  }
  std::string folder = (std::filesystem::temp_directory_path() / "callboard-lines-XXXXXX").string();
};

BOOST_FIXTURE_TEST_SUITE(line_reader, Fixture)

BOOST_AUTO_TEST_CASE(lines_come_without_their_newlines) {
  BOOST_CHECK((lines("a\nb\n") == std::vector<std::string>{"a", "b"}));
  BOOST_CHECK((lines("a\n\nb") == std::vector<std::string>{"a", "", "b"}));
  BOOST_CHECK((lines("\n") == std::vector<std::string>{""}));
  BOOST_TEST(lines("").empty());
  BOOST_CHECK((lines(std::string("a\0b\n", 4)) == std::vector<std::string>{std::string("a\0b", 3)}));
}

BOOST_AUTO_TEST_CASE(lines_across_reads_are_whole) {
  std::string content;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 2000; ++i) {
    expected.push_back(std::string(i * 37 % 1000, static_cast<char>('a' + i % 26)));
    content += expected.back() + '\n';
  }
  expected.push_back(std::string(300'000, 'x'));
  BOOST_CHECK(lines(content + expected.back()) == expected);
}

BOOST_AUTO_TEST_CASE(a_line_without_end_is_refused) {
  auto reader = LineReader::open("/dev/zero");
  BOOST_CHECK(reader->next().error().code == ErrorCode::message_too_large);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_a_sentence_with_its_name) {
  const auto reader = LineReader::open(folder + "/nothing");
  BOOST_CHECK(reader.error().code == ErrorCode::invalid_argument);
  BOOST_TEST(reader.error().message.find(folder + "/nothing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_folder_cannot_be_read) {
  auto reader = LineReader::open(folder);
  BOOST_TEST(!reader->next().ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::cli
