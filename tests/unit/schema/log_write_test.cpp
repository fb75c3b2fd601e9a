#include "schema/log_write.h"

#include <boost/test/unit_test.hpp>

namespace callboard {
namespace {

LogWrite entries(std::uint64_t first, std::uint64_t last, Term::rep term) {
  LogWrite write;
  for (auto index = first; index <= last; ++index) {
    LogEntry entry;
    entry.index = RaftIndex(index);
    entry.term = Term(term);
    write.entries.push_back(entry);
  }
  return write;
}

LogWrite entries_from(std::uint64_t first, std::uint64_t last, Term::rep term) {
  auto write = entries(first, last, term);
  write.truncate_from = RaftIndex(first);
  return write;
}

BOOST_AUTO_TEST_SUITE(log_write)

BOOST_AUTO_TEST_CASE(a_truncation_of_what_is_not_written_yet_removes_nothing_from_the_log) {
  auto write = entries(5, 8, 1);
  write.append(entries_from(7, 9, 2));
  BOOST_TEST(!write.truncate_from.has_value());
  BOOST_REQUIRE_EQUAL(write.entries.size(), 5U);
  BOOST_TEST(write.entries[1].term.value == 1);
  BOOST_TEST(write.entries[2].term.value == 2);
  BOOST_TEST(write.entries[4].index.value == 9U);
}

BOOST_AUTO_TEST_CASE(a_truncation_below_it_reaches_the_log) {
  auto write = entries_from(5, 8, 1);
  write.append(entries_from(3, 3, 2));
  BOOST_TEST(write.truncate_from->value == 3U);
  BOOST_TEST(write.entries.size() == 1U);
  write.append(entries_from(4, 4, 3));
  BOOST_TEST(write.truncate_from->value == 3U);
  BOOST_TEST(write.entries.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_reset_replaces_everything) {
  auto write = entries_from(5, 8, 1);
  LogWrite later;
  later.reset = LogReset{RaftIndex(20), Offset(9), Offset(3)};
  write.append(std::move(later));
  BOOST_TEST(write.entries.empty());
  BOOST_TEST(!write.truncate_from.has_value());
  BOOST_TEST((write.reset == LogReset{RaftIndex(20), Offset(9), Offset(3)}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
