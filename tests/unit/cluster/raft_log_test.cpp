#include "cluster/raft/raft_log.h"

#include <boost/test/unit_test.hpp>

namespace callboard::raft {
namespace {

LogEntry entry(std::uint64_t index, std::int32_t term, std::size_t bytes = 10) {
  LogEntry made;
  made.index = RaftIndex(index);
  made.term = Term(term);
  made.base_offset = Offset(static_cast<std::int64_t>(index) - 1);
  made.offset_count = 1;
  made.payload = SharedBytes::copy_of(std::string(bytes, 'x'));
  return made;
}

RaftLog log_of(const std::vector<std::int32_t>& terms) {
  RaftLog log({RaftIndex(1), RaftIndex{}, Term{}, Offset{}, {}, {}});
  for (std::size_t i = 0; i < terms.size(); ++i) log.append(entry(i + 1, terms[i]));
  return log;
}

BOOST_AUTO_TEST_SUITE(raft_log)

BOOST_AUTO_TEST_CASE(knows_the_term_of_every_entry) {
  const auto log = log_of({1, 1, 4});
  BOOST_TEST((log.term_at(RaftIndex(0)) == Term(0)));
  BOOST_TEST((log.term_at(RaftIndex(2)) == Term(1)));
  BOOST_TEST((log.term_at(RaftIndex(3)) == Term(4)));
  BOOST_TEST(!log.term_at(RaftIndex(4)));
}

BOOST_AUTO_TEST_CASE(logs_that_differ_meet_a_term_at_a_time) {
  const auto log = log_of({1, 1, 4, 4, 6});
  BOOST_TEST(log.meeting_point(RaftIndex(9), Term(6)).value == 5u);
  BOOST_TEST(log.meeting_point(RaftIndex(4), Term(9)).value == 4u);
  BOOST_TEST(log.meeting_point(RaftIndex(5), Term(5)).value == 4u);
  BOOST_TEST(log.meeting_point(RaftIndex(5), Term(3)).value == 2u);
  BOOST_TEST(log.meeting_point(RaftIndex(5), Term(0)).value == 0u);
}

BOOST_AUTO_TEST_CASE(a_truncated_tail_takes_its_terms_and_offsets_along) {
  auto log = log_of({1, 2, 2, 3});
  log.stored(RaftIndex(4));
  log.truncate_from(RaftIndex(3));
  BOOST_TEST(log.last_index().value == 2u);
  BOOST_TEST(log.last_term().value == 2);
  BOOST_TEST(log.stored_index().value == 2u);
  BOOST_TEST(log.next_offset().value == 2);
  log.append(entry(3, 5));
  BOOST_TEST((log.term_at(RaftIndex(3)) == Term(5)));
}

BOOST_AUTO_TEST_CASE(reads_by_bytes_but_at_least_one) {
  const auto log = log_of({1, 1, 1});
  BOOST_TEST(log.read(RaftIndex(1), 25).size() == 2u);
  BOOST_TEST(log.read(RaftIndex(2), 1).size() == 1u);
  BOOST_TEST(log.read(RaftIndex(4), 100).empty());
}

BOOST_AUTO_TEST_CASE(forgets_what_nobody_needs_and_keeps_what_is_not_stored) {
  auto log = log_of({1, 1, 1, 1});
  log.stored(RaftIndex(3));
  log.shrink(RaftIndex(1), RaftIndex(2), 1000);
  BOOST_TEST(!log.readable(RaftIndex(1)));
  BOOST_TEST(log.readable(RaftIndex(2)));
  log.shrink(RaftIndex(1), RaftIndex(2), 0); // 3 is not committed: kept, without payload
  BOOST_TEST(!log.readable(RaftIndex(3)));
  BOOST_TEST((log.next_offset_at(RaftIndex(2)) == Offset(2)));
  BOOST_TEST(log.readable(RaftIndex(4)));
  BOOST_TEST(log.unstored().size() == 1u);
  BOOST_TEST(log.memory_bytes() == 10u);
}

BOOST_AUTO_TEST_CASE(remembers_the_term_before_its_first_entry) {
  auto log = log_of({1, 2, 3, 3});
  log.stored(RaftIndex(4));
  log.remove_prefix(RaftIndex(3));
  BOOST_TEST((log.term_at(RaftIndex(2)) == Term(2)));
  BOOST_TEST(!log.term_at(RaftIndex(1)));
  log.reset(RaftIndex(20), Term(7), Offset(50));
  BOOST_TEST((log.term_at(RaftIndex(20)) == Term(7)));
  BOOST_TEST(log.first_index().value == 21u);
  BOOST_TEST(log.stored_index().value == 0u); // nothing of it is on disk yet
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::raft
