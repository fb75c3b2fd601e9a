#include "schema/rpc/record_codec.h"

#include <boost/test/unit_test.hpp>

#include "schema/big_endian.h"
#include "schema/crc32c.h"

namespace callboard::rpc {
namespace {

constexpr TimestampMs now = 1'700'000'000'000;

SharedBytes batch_at(std::int64_t offset, std::initializer_list<Record> records, std::int16_t attributes = 0) {
  auto batch = *encode_records(std::vector<Record>(records), now);
  store_big_endian(batch.stampable() + 21, attributes);
  store_big_endian(batch.stampable() + 17, crc32c(batch.view().subspan(21)));
  stamp_batch(batch.stampable(), Offset(offset), Term(1));
  return batch;
}

Record record(std::string value) {
  return {.key = {}, .value = std::move(value)};
}

BOOST_AUTO_TEST_SUITE(rpc_record_codec)

BOOST_AUTO_TEST_CASE(records_read_back_with_keys_headers_times_and_nulls) {
  const Record full{.key = "k", .value = "", .headers = {{"trace", "1"}, {"none", std::nullopt}}, .timestamp = now + 7};
  const Record bare;
  const std::vector batches{batch_at(40, {full, bare})};
  const auto decoded = decode_records(batches, Offset(40));
  BOOST_REQUIRE(decoded.ok());
  BOOST_REQUIRE(decoded->records.size() == 2U);
  const auto& first = decoded->records[0];
  BOOST_CHECK(first.key == "k" && first.value == "" && first.timestamp == now + 7 && first.offset == Offset(40));
  BOOST_REQUIRE(first.headers.size() == 2U);
  BOOST_CHECK(first.headers[0].key == "trace" && first.headers[0].value == "1" && !first.headers[1].value);
  const auto& second = decoded->records[1];
  BOOST_CHECK(!second.key && !second.value && second.timestamp == now && second.offset == Offset(41));
  BOOST_CHECK(decoded->next == Offset(42));
}

BOOST_AUTO_TEST_CASE(what_is_encoded_passes_the_check_of_a_produce) {
  const std::vector records{record("a"), record("b")};
  const auto header = check_produced_batch(encode_records(records, now)->view());
  BOOST_REQUIRE(header.ok());
  BOOST_TEST(header->count == 2);
}

BOOST_AUTO_TEST_CASE(no_records_are_no_batch) {
  BOOST_CHECK(encode_records({}, now).error().code == ErrorCode::invalid_record);
}

BOOST_AUTO_TEST_CASE(times_before_1970_are_refused) {
  const std::vector records{Record{.key = {}, .value = "x", .timestamp = -5}};
  BOOST_CHECK(encode_records(records, now).error().code == ErrorCode::invalid_timestamp);
}

BOOST_AUTO_TEST_CASE(records_before_the_offset_asked_for_are_left_out) {
  const std::vector batches{batch_at(10, {record("a"), record("b"), record("c")}), batch_at(13, {record("d")})};
  const auto decoded = decode_records(batches, Offset(12));
  BOOST_REQUIRE(decoded->records.size() == 2U);
  BOOST_CHECK(decoded->records[0].value == "c" && decoded->next == Offset(14));
}

BOOST_AUTO_TEST_CASE(control_batches_are_passed_over) {
  const std::vector batches{batch_at(0, {record("marker")}, 32), batch_at(1, {record("x")})};
  const auto decoded = decode_records(batches, Offset(0));
  BOOST_REQUIRE(decoded->records.size() == 1U);
  BOOST_CHECK(decoded->records[0].offset == Offset(1));
}

BOOST_AUTO_TEST_CASE(a_compressed_batch_ends_the_records_and_is_an_error_when_it_comes_first) {
  const auto plain = batch_at(0, {record("x")});
  const auto compressed = batch_at(1, {record("y")}, 4);
  const auto before = decode_records(std::vector{plain, compressed}, Offset(0));
  BOOST_REQUIRE(before.ok());
  BOOST_CHECK(before->records.size() == 1 && before->next == Offset(1));
  const auto at = decode_records(std::vector{compressed}, Offset(1));
  BOOST_CHECK(at.error().code == ErrorCode::unsupported_compression_type);
}

BOOST_AUTO_TEST_CASE(damaged_batches_are_an_error) {
  const std::vector batches{SharedBytes::copy_of("not a batch")};
  BOOST_CHECK(decode_records(batches, Offset(0)).error().code == ErrorCode::corrupt_message);
  BOOST_CHECK(next_offset(batches, Offset(0)).error().code == ErrorCode::corrupt_message);
}

BOOST_AUTO_TEST_CASE(a_reader_goes_on_behind_the_last_batch_and_never_back) {
  const std::vector batches{batch_at(10, {record("a"), record("b")})};
  BOOST_CHECK(*next_offset(batches, Offset(10)) == Offset(12));
  BOOST_CHECK(*next_offset(batches, Offset(30)) == Offset(30));
  BOOST_CHECK(*next_offset({}, Offset(5)) == Offset(5));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
