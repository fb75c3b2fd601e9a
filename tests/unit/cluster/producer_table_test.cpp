#include "cluster/partition/producer_table.h"

#include <boost/test/unit_test.hpp>

namespace callboard::partition {
namespace {

using Verdict = SequenceCheck::Verdict;

BatchHeader batch(std::int64_t producer, std::int16_t epoch, std::int32_t sequence, std::int32_t records = 1) {
  BatchHeader header;
  header.producer = ProducerId(producer);
  header.producer_epoch = epoch;
  header.base_sequence = sequence;
  header.count = records;
  header.last_offset_delta = records - 1;
  return header;
}

// A row's bytes, for people.
std::string hex(const std::string& bytes) {
  constexpr auto digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(producer_table)

BOOST_AUTO_TEST_CASE(truncation_undoes_the_overlay_and_nothing_else) {
  ProducerTable table;
  table.append(batch(7, 0, 0), RaftIndex(1), Offset(0));
  table.apply(RaftIndex(1));
  table.append(batch(7, 0, 1), RaftIndex(2), Offset(1));
  table.append(batch(7, 1, 0), RaftIndex(3), Offset(2));
  table.append(batch(8, 0, 0), RaftIndex(4), Offset(3));
  BOOST_TEST((table.check(batch(7, 0, 2)).verdict == Verdict::stale_epoch));
  table.truncate_from(RaftIndex(3));
  BOOST_TEST(table.size() == 1u);
  BOOST_TEST((table.check(batch(7, 0, 2)).verdict == Verdict::accept));
  BOOST_TEST((table.check(batch(7, 0, 1)).verdict == Verdict::duplicate));
  table.truncate_from(RaftIndex(2));
  BOOST_TEST((table.check(batch(7, 0, 1)).verdict == Verdict::accept));
  BOOST_TEST((table.check(batch(7, 0, 0)).verdict == Verdict::duplicate));
}

BOOST_AUTO_TEST_CASE(producers_are_described_by_their_newest_batch) {
  ProducerTable table;
  table.append(batch(9, 0, 0), RaftIndex(1), Offset(0));
  auto newest = batch(7, 2, 5, 3);
  newest.max_timestamp = 1234;
  table.append(newest, RaftIndex(2), Offset(1));
  table.apply(RaftIndex(1));
  const auto described = table.describe();
  BOOST_REQUIRE(described.size() == 2u);
  BOOST_TEST((described[0] == ProducerStatus{ProducerId(7), 2, 7, 1234}));
  BOOST_TEST((described[1].producer == ProducerId(9)));
}

BOOST_AUTO_TEST_CASE(five_applied_batches_are_known) {
  ProducerTable table;
  for (std::int32_t i = 0; i < 8; ++i) {
    table.append(batch(7, 0, i * 10, 10), RaftIndex(i + 1u), Offset(i * 10));
    table.apply(RaftIndex(i + 1u));
  }
  for (std::int32_t i = 3; i < 8; ++i) {
    const auto check = table.check(batch(7, 0, i * 10, 10));
    BOOST_TEST((check.verdict == Verdict::duplicate));
    BOOST_TEST(check.base_offset.value == i * 10);
    BOOST_TEST(check.index.value == i + 1u);
  }
  BOOST_TEST((table.check(batch(7, 0, 20, 10)).verdict == Verdict::old_duplicate));
  BOOST_TEST((table.check(batch(7, 0, 70, 5)).verdict == Verdict::old_duplicate));
  BOOST_TEST((table.check(batch(7, 0, 70, 20)).verdict == Verdict::out_of_order));
}

BOOST_AUTO_TEST_CASE(rows_are_as_of_the_applied_index_and_come_back) {
  ProducerTable table;
  table.append(batch(7, 3, 0, 2), RaftIndex(5), Offset(10));
  table.append(batch(7, 3, 2), RaftIndex(6), Offset(12));
  table.apply(RaftIndex(5));
  BOOST_TEST(table.rows_pending());
  const auto rows = table.take_rows();
  BOOST_TEST(!table.rows_pending());
  BOOST_REQUIRE(rows.size() == 1u);

  ProducerTable again;
  again.apply(RaftIndex(5));
  BOOST_TEST(again.load(rows[0]));
  BOOST_TEST((again.check(batch(7, 3, 0, 2)).verdict == Verdict::duplicate));
  BOOST_TEST((again.check(batch(7, 3, 2)).verdict == Verdict::accept));
  BOOST_TEST(!again.load(rows[0])); // the same producer twice
}

BOOST_AUTO_TEST_CASE(a_row_has_these_bytes) {
  ProducerTable table;
  auto header = batch(7, 3, 0, 2);
  header.attributes = 8; // log append time
  header.max_timestamp = 0x0102;
  table.append(header, RaftIndex(5), Offset(10));
  table.apply(RaftIndex(5));
  const auto rows = table.take_rows();
  BOOST_TEST(hex(rows[0].key) == "70"
                                 "0000000000000007");
  BOOST_TEST(hex(*rows[0].value) == "01"
                                    "0003"
                                    "01"
                                    "00000000"
                                    "00000001"
                                    "0000000000000005"
                                    "000000000000000a"
                                    "0000000000000102");
}

BOOST_AUTO_TEST_CASE(damaged_rows_are_refused) {
  ProducerTable table;
  table.append(batch(7, 3, 0, 2), RaftIndex(5), Offset(10));
  table.apply(RaftIndex(5));
  const auto good = table.take_rows().front();
  const auto refused = [](const StateRow& row, RaftIndex applied = RaftIndex(5)) {
    ProducerTable fresh;
    fresh.apply(applied);
    return !fresh.load(row);
  };
  BOOST_TEST(!refused(good));
  BOOST_TEST(refused(good, RaftIndex(4))); // of the future
  BOOST_TEST(refused({good.key, std::nullopt}));
  BOOST_TEST(refused({"", good.value}));
  BOOST_TEST(refused({good.key + "x", good.value}));
  for (std::size_t cut = 0; cut < good.value->size(); ++cut) {
    BOOST_TEST(refused({good.key, good.value->substr(0, cut)}));
  }
  BOOST_TEST(refused({good.key, *good.value + "x"}));
  auto newer = good;
  newer.value->front() = 2;
  BOOST_TEST(refused(newer));
}

BOOST_AUTO_TEST_CASE(rows_of_a_lost_write_are_pending_again) {
  ProducerTable table;
  table.append(batch(7, 0, 0), RaftIndex(1), Offset(0));
  table.apply(RaftIndex(1));
  const auto rows = table.take_rows();
  table.rows_lost();
  BOOST_TEST(table.rows_pending());
  BOOST_TEST((table.take_rows() == rows));
  table.rows_written();
  table.rows_lost();
  BOOST_TEST(!table.rows_pending());
}

BOOST_AUTO_TEST_CASE(the_producers_silent_for_longest_are_forgotten) {
  ProducerTable table(32);
  std::uint64_t index = 0;
  const auto write = [&](std::int64_t producer, std::int32_t sequence) {
    ++index;
    table.append(batch(producer, 0, sequence), RaftIndex(index), Offset(static_cast<std::int64_t>(index)));
    table.apply(RaftIndex(index));
  };
  for (std::int64_t producer = 0; producer < 32; ++producer) write(producer, 0);
  write(0, 1); // not silent
  table.take_rows();
  BOOST_TEST(table.size() == 32u);
  write(100, 0);
  BOOST_TEST(table.size() == 31u);
  BOOST_TEST((table.check(batch(0, 0, 5)).verdict == Verdict::out_of_order));
  BOOST_TEST((table.check(batch(1, 0, 5)).verdict == Verdict::accept));
  BOOST_TEST((table.check(batch(2, 0, 5)).verdict == Verdict::accept));
  BOOST_TEST((table.check(batch(3, 0, 5)).verdict == Verdict::out_of_order));
  const auto rows = table.take_rows();
  BOOST_REQUIRE(rows.size() == 3u);
  BOOST_TEST(!rows[0].value.has_value());
  BOOST_TEST(!rows[1].value.has_value());
  BOOST_TEST(rows[2].value.has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::partition
