#include "cluster/partition/term_history.h"

#include <boost/test/unit_test.hpp>

namespace callboard::partition {
namespace {

BOOST_AUTO_TEST_SUITE(term_history)

BOOST_AUTO_TEST_CASE(knows_the_term_of_each_record) {
  TermHistory terms;
  terms.append(Term(1), RaftIndex(1), Offset(0));
  terms.append(Term(1), RaftIndex(2), Offset(10)); // not its first entry
  terms.append(Term(3), RaftIndex(3), Offset(20)); // never got a batch
  terms.append(Term(4), RaftIndex(4), Offset(20));
  BOOST_TEST(terms.term_at(Offset(0)).value == 1);
  BOOST_TEST(terms.term_at(Offset(19)).value == 1);
  BOOST_TEST(terms.term_at(Offset(20)).value == 4);
  BOOST_TEST(TermHistory().term_at(Offset(0)).value == -1);
}

BOOST_AUTO_TEST_CASE(rows_follow_commit_truncation_and_the_log_start) {
  TermHistory terms;
  terms.append(Term(1), RaftIndex(1), Offset(0));
  terms.append(Term(2), RaftIndex(5), Offset(20));
  terms.append(Term(3), RaftIndex(9), Offset(40));
  terms.append(Term(4), RaftIndex(12), Offset(60));
  terms.apply(RaftIndex(10));
  BOOST_TEST(terms.take_rows().size() == 3u);
  terms.truncate_from(RaftIndex(12));
  BOOST_TEST(terms.size() == 3u);
  terms.trim(Offset(39));
  BOOST_TEST(!terms.rows_pending());
  terms.trim(Offset(40)); // the second stays to say what came before the third
  const auto rows = terms.take_rows();
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST(!rows[0].value.has_value());
  BOOST_TEST(terms.size() == 2u);
}

BOOST_AUTO_TEST_CASE(says_where_a_term_ended) {
  TermHistory terms;
  BOOST_TEST((terms.end_of(Term(1), Offset(0)) == std::pair(Term(-1), Offset(-1))));
  terms.append(Term(2), RaftIndex(5), Offset(20));
  terms.append(Term(4), RaftIndex(9), Offset(40));
  BOOST_TEST((terms.end_of(Term(1), Offset(50)) == std::pair(Term(1), Offset(20))));
  BOOST_TEST((terms.end_of(Term(2), Offset(50)) == std::pair(Term(2), Offset(40))));
  BOOST_TEST((terms.end_of(Term(3), Offset(50)) == std::pair(Term(2), Offset(40))));
  BOOST_TEST((terms.end_of(Term(4), Offset(50)) == std::pair(Term(4), Offset(50))));
  BOOST_TEST((terms.end_of(Term(5), Offset(50)) == std::pair(Term(-1), Offset(-1))));
}

BOOST_AUTO_TEST_CASE(rows_come_back_in_any_order) {
  TermHistory terms;
  terms.append(Term(1), RaftIndex(1), Offset(0));
  terms.append(Term(2), RaftIndex(5), Offset(20));
  terms.append(Term(0x0a0b), RaftIndex(9), Offset(40));
  terms.apply(RaftIndex(9));
  auto rows = terms.take_rows();
  BOOST_TEST((rows[2].key == std::string("t\x00\x00\x0a\x0b", 5)));
  BOOST_TEST(
      (*rows[2].value == std::string("\x01\x00\x00\x00\x00\x00\x00\x00\x28\x00\x00\x00\x00\x00\x00\x00\x09", 17)));

  TermHistory again;
  again.apply(RaftIndex(9));
  std::swap(rows[0], rows[2]);
  for (const auto& row : rows) BOOST_TEST(again.load(row));
  BOOST_TEST(again.term_at(Offset(25)).value == 2);
  BOOST_TEST(!again.load(rows[0]));                                              // twice
  BOOST_TEST(!again.load({rows[0].key, std::nullopt}));                          // no value
  BOOST_TEST(!again.load({rows[0].key, "\x01"}));                                // cut
  BOOST_TEST(!again.load({"t", rows[0].value}));                                 // no term
  BOOST_TEST(!again.load({std::string("t\x00\x00\x00\x03", 5), rows[2].value})); // goes back
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::partition
