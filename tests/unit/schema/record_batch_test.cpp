#include "schema/record_batch.h"

#include <limits>

#include <boost/test/unit_test.hpp>

#include "schema/big_endian.h"
#include "schema/crc32c.h"
#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"

namespace callboard {
namespace {

constexpr TimestampMs start = 1'700'000'000'000;

SharedBytes two_records() {
  BatchBuilder builder(start);
  const RecordHeader headers[] = {{"trace", "a1"}, {"empty", std::nullopt}};
  builder.add(bytes_of("key"), bytes_of("value"), start + 5, headers);
  builder.add(std::nullopt, std::nullopt, start + 2);
  return builder.finish();
}

// A copy of `batch` with one field replaced; the checksum made to match again.
template <class T>
SharedBytes with(const SharedBytes& batch, std::size_t at, T value, bool renew_crc = true) {
  auto changed = SharedBytes::copy_of(batch.view());
  store_big_endian(changed.stampable() + at, value);
  if (renew_crc) store_big_endian(changed.stampable() + 17, crc32c(changed.view().subspan(21)));
  return changed;
}

ErrorCode refusal(const SharedBytes& batch) {
  const auto checked = check_produced_batch(batch.view());
  return checked ? ErrorCode::none : checked.error().code;
}

ErrorCode walk(const SharedBytes& batch) {
  const auto walked = for_each_record(batch.view(), [](const RecordView&) { return true; });
  return walked ? ErrorCode::none : walked.error().code;
}

} // namespace

BOOST_AUTO_TEST_SUITE(record_batch)

// Written down by hand after Kafka's documentation of the format.
BOOST_AUTO_TEST_CASE(has_kafkas_bytes) {
  BatchBuilder builder(1000);
  builder.add(bytes_of("k"), bytes_of("v"), 1001, std::vector<RecordHeader>{{"h", "x"}});
  const auto batch = builder.finish();
  const auto golden = from_hex("0000000000000000 0000003e ffffffff 02 937ddad7" // offset, length, epoch, magic, CRC
                               "0000 00000000 00000000000003e8 00000000000003e9"
                               "ffffffffffffffff ffff ffffffff 00000001"
                               "18 00 02 00 02 6b 02 76 02 02 68 02 78");
  BOOST_TEST(to_hex(batch.view()) == to_hex(golden.view()));
  BOOST_TEST(refusal(golden) == ErrorCode::none);
}

BOOST_AUTO_TEST_CASE(what_was_built_is_read_back) {
  const auto batch = two_records();
  const auto header = check_produced_batch(batch.view());
  BOOST_REQUIRE(header.ok());
  BOOST_TEST(header->total_bytes == batch.size());
  BOOST_TEST(header->count == 2);
  BOOST_TEST(header->max_timestamp == start + 5);
  BOOST_TEST(!header->idempotent());

  std::vector<RecordView> records;
  const auto walked = for_each_record(batch.view(), [&](const RecordView& record) {
    records.push_back(record);
    return true;
  });
  BOOST_REQUIRE(walked.ok());
  BOOST_REQUIRE(records.size() == 2u);
  BOOST_TEST(text_of(*records[0].key) == "key");
  BOOST_TEST(text_of(*records[0].value) == "value");
  BOOST_TEST(records[0].timestamp == start + 5);
  BOOST_TEST(records[1].offset.value == 1);
  BOOST_TEST(!records[1].key.has_value());
  BOOST_TEST(!records[1].value.has_value());
  const auto headers = read_record_headers(records[0].headers);
  BOOST_REQUIRE(headers.ok());
  BOOST_TEST((*headers == std::vector<RecordHeader>{{"trace", "a1"}, {"empty", std::nullopt}}));
}

BOOST_AUTO_TEST_CASE(walking_ends_when_the_visitor_has_enough) {
  int seen = 0;
  BOOST_TEST(for_each_record(two_records().view(), [&](const RecordView&) { return ++seen < 1; }).ok());
  BOOST_TEST(seen == 1);
}

BOOST_AUTO_TEST_CASE(timestamps_at_the_ends_of_the_range_survive) {
  constexpr auto lowest = std::numeric_limits<TimestampMs>::min();
  constexpr auto highest = std::numeric_limits<TimestampMs>::max();
  BatchBuilder builder(highest);
  builder.add(std::nullopt, std::nullopt, lowest);
  TimestampMs read = 0;
  const auto walked = for_each_record(builder.finish().view(), [&](const RecordView& record) {
    read = record.timestamp;
    return true;
  });
  BOOST_TEST(walked.ok());
  BOOST_TEST(read == lowest);
}

BOOST_AUTO_TEST_CASE(a_builder_can_be_used_again) {
  BatchBuilder builder(start);
  builder.add(bytes_of("a"), std::nullopt, start);
  const auto first = builder.finish();
  builder.add(bytes_of("a"), std::nullopt, start);
  BOOST_TEST(to_hex(builder.finish().view()) == to_hex(first.view()));
}

BOOST_AUTO_TEST_CASE(stamping_keeps_the_checksum_valid) {
  auto batch = two_records();
  stamp_batch(batch.stampable(), Offset(41), Term(7));
  const auto header = check_produced_batch(batch.view());
  BOOST_REQUIRE(header.ok());
  BOOST_TEST(header->base_offset.value == 41);
  BOOST_TEST(header->leader_epoch.value == 7);
  BOOST_TEST(header->next_offset().value == 43);
}

BOOST_AUTO_TEST_CASE(log_append_time_renews_checksum_and_every_timestamp) {
  auto batch = two_records();
  stamp_log_append_time({batch.stampable(), batch.size()}, start + 99);
  const auto header = read_batch_header(batch.view());
  BOOST_REQUIRE(header.ok());
  BOOST_TEST(header->log_append_time());
  BOOST_TEST(header->max_timestamp == start + 99);
  BOOST_TEST(header->crc == crc32c(batch.view().subspan(21)));
  const auto walked = for_each_record(batch.view(), [](const RecordView& r) { return r.timestamp == start + 99; });
  BOOST_TEST(walked.ok());
}

BOOST_AUTO_TEST_CASE(sequences_wrap_from_the_largest_to_zero) {
  BatchHeader header;
  header.base_sequence = std::numeric_limits<std::int32_t>::max() - 1;
  header.last_offset_delta = 1;
  BOOST_TEST(header.last_sequence() == std::numeric_limits<std::int32_t>::max());
  header.last_offset_delta = 2;
  BOOST_TEST(header.last_sequence() == 0);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_corrupt) {
  const auto batch = two_records();
  for (std::size_t size = 0; size < batch.size(); ++size) {
    const auto cut = SharedBytes::copy_of(batch.view().first(size));
    BOOST_TEST(refusal(cut) == ErrorCode::corrupt_message);
    BOOST_TEST(walk(cut) == ErrorCode::corrupt_message);
  }
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_that_the_checksum_covers_is_noticed) {
  const auto batch = two_records();
  for (std::size_t at = 21; at < batch.size(); ++at) {
    const auto flipped = static_cast<std::uint8_t>(batch.data()[at] ^ 0x10);
    BOOST_TEST(refusal(with(batch, at, flipped, false)) != ErrorCode::none);
  }
}

BOOST_AUTO_TEST_CASE(claims_that_cannot_be_are_refused) {
  const auto batch = two_records();
  BOOST_TEST(refusal(with(batch, 8, std::int32_t{-1})) == ErrorCode::corrupt_message);
  BOOST_TEST(refusal(with(batch, 8, std::numeric_limits<std::int32_t>::max())) == ErrorCode::corrupt_message);
  BOOST_TEST(refusal(with(batch, 16, std::int8_t{0})) == ErrorCode::unsupported_for_message_format);
  BOOST_TEST(refusal(with(batch, 16, std::int8_t{1})) == ErrorCode::unsupported_for_message_format);
  BOOST_TEST(refusal(with(batch, 16, std::int8_t{3})) == ErrorCode::corrupt_message);
  BOOST_TEST(refusal(with(batch, 21, std::int16_t{5})) == ErrorCode::unsupported_compression_type);
  BOOST_TEST(refusal(with(batch, 21, std::int16_t{8})) == ErrorCode::invalid_timestamp);
  BOOST_TEST(refusal(with(batch, 21, std::int16_t{16})) == ErrorCode::invalid_record);
  BOOST_TEST(refusal(with(batch, 21, std::int16_t{32})) == ErrorCode::invalid_record);
  BOOST_TEST(refusal(with(batch, 57, std::int32_t{3})) == ErrorCode::invalid_record);
  BOOST_TEST(refusal(with(batch, 57, std::int32_t{-1})) == ErrorCode::invalid_record);
  BOOST_TEST(refusal(with(batch, 23, std::numeric_limits<std::int32_t>::max())) == ErrorCode::invalid_record);
  BOOST_TEST(refusal(with(batch, 43, std::int64_t{9})) == ErrorCode::invalid_record);
}

BOOST_AUTO_TEST_CASE(a_count_beyond_the_bytes_is_refused) {
  auto batch = with(two_records(), 57, std::numeric_limits<std::int32_t>::max());
  batch = with(batch, 23, std::numeric_limits<std::int32_t>::max() - 1);
  BOOST_TEST(refusal(batch) == ErrorCode::invalid_record);
  BOOST_TEST(walk(batch) == ErrorCode::corrupt_message);
}

BOOST_AUTO_TEST_CASE(a_second_batch_is_refused) {
  const auto batch = two_records();
  const auto twice = std::string(batch.text()) + std::string(batch.text());
  BOOST_TEST(refusal(SharedBytes::copy_of(twice)) == ErrorCode::invalid_record);
}

BOOST_AUTO_TEST_CASE(compressed_records_pass_the_check_but_are_not_walked) {
  const auto batch = with(two_records(), 21, static_cast<std::int16_t>(Codec::lz4));
  BOOST_TEST(refusal(batch) == ErrorCode::none);
  BOOST_TEST(walk(batch) == ErrorCode::unsupported_compression_type);
}

BOOST_AUTO_TEST_CASE(hostile_record_lengths_are_corrupt) {
  const auto batch = two_records();
  for (std::size_t at = batch_header_bytes; at < batch.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      const auto walked = walk(with(batch, at, static_cast<std::uint8_t>(value), false));
      BOOST_TEST((walked == ErrorCode::none || walked == ErrorCode::corrupt_message));
    }
  }
}

BOOST_AUTO_TEST_CASE(hostile_record_headers_are_corrupt) {
  for (const char* bytes : {"", "01", "feffffff0f", "02", "0201", "020261", "0202 61 03", "02026104", "0000"})
    BOOST_TEST(!read_record_headers(from_hex(bytes).view()).ok(), bytes);
  BOOST_TEST(read_record_headers(from_hex("00").view()).ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
