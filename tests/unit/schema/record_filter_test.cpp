#include "schema/record_filter.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "printing.h"
#include "schema/compress.h"

namespace callboard {
namespace {

// Records "k0" to "k4" at offsets 100 to 104, timestamps 1000 to 1004.
SharedBytes batch_of_five(Codec codec) {
  BatchBuilder builder(1000);
  builder.producer(ProducerId(7), 2, 40);
  for (int i = 0; i < 5; ++i) builder.add(bytes_of("k" + std::to_string(i)), bytes_of(std::string(50, 'v')), 1000 + i);
  const auto plain = builder.finish();
  auto header = read_batch_header(plain.view()).value();
  header.attributes = static_cast<std::int16_t>(codec);
  header.base_offset = Offset(100);
  header.leader_epoch = Term(3);
  return build_batch(header, bytes_of(compress(codec, plain.view().subspan(batch_header_bytes))));
}

std::vector<std::string> keys_in(ByteView batch) {
  std::vector<std::string> keys;
  const auto walked = for_each_record_inside(batch, [&](const RecordView& record) {
    keys.push_back(std::string(text_of(*record.key)) + "@" + std::to_string(record.offset.value));
    return true;
  });
  BOOST_TEST(walked.ok());
  return keys;
}

BOOST_AUTO_TEST_SUITE(record_filter)

BOOST_AUTO_TEST_CASE(what_stays_keeps_its_place) {
  for (const auto codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    const auto batch = batch_of_five(codec);
    const auto filtered = filter_records(batch.view(), [](const RecordView& record) {
                            return text_of(*record.key) == "k1" || text_of(*record.key) == "k3";
                          }).value();
    BOOST_TEST((filtered.kind == FilteredBatch::Kind::part));
    BOOST_TEST(filtered.kept == 2);
    BOOST_TEST(batch_crc_matches(filtered.batch.view()));
    const auto header = read_batch_header(filtered.batch.view()).value();
    BOOST_TEST(header.total_bytes == filtered.batch.size());
    BOOST_TEST((header.codec() == codec));
    BOOST_TEST((header.base_offset == Offset(100)));
    BOOST_TEST((header.next_offset() == Offset(105)));
    BOOST_TEST((header.leader_epoch == Term(3)));
    BOOST_TEST((header.producer == ProducerId(7)));
    BOOST_TEST(header.last_sequence() == 44);
    BOOST_TEST(header.base_timestamp == 1000);
    BOOST_TEST(header.max_timestamp == 1003);
    BOOST_TEST(header.count == 2);
    BOOST_TEST(keys_in(filtered.batch.view()) == (std::vector<std::string>{"k1@101", "k3@103"}),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(nothing_removed_leaves_the_batch_alone) {
  const auto batch = batch_of_five(Codec::lz4);
  const auto filtered = filter_records(batch.view(), [](const RecordView&) { return true; }).value();
  BOOST_TEST((filtered.kind == FilteredBatch::Kind::whole));
  BOOST_TEST(filtered.kept == 5);
}

BOOST_AUTO_TEST_CASE(without_records_the_header_still_tells_offsets_and_sequences) {
  const auto batch = batch_of_five(Codec::zstd);
  const auto filtered = filter_records(batch.view(), [](const RecordView&) { return false; }).value();
  BOOST_TEST((filtered.kind == FilteredBatch::Kind::empty));
  BOOST_TEST(filtered.batch.size() == batch_header_bytes);
  BOOST_TEST(batch_crc_matches(filtered.batch.view()));
  const auto header = read_batch_header(filtered.batch.view()).value();
  BOOST_TEST((header.codec() == Codec::none));
  BOOST_TEST((header.next_offset() == Offset(105)));
  BOOST_TEST(header.last_sequence() == 44);
  BOOST_TEST(header.max_timestamp == no_timestamp);
  BOOST_TEST(keys_in(filtered.batch.view()).empty());
  const auto again = filter_records(filtered.batch.view(), [](const RecordView&) { return true; }).value();
  BOOST_TEST((again.kind == FilteredBatch::Kind::whole));
  BOOST_TEST(again.kept == 0);
}

BOOST_AUTO_TEST_CASE(with_log_append_time_the_timestamp_is_everyones) {
  const auto batch = batch_of_five(Codec::none);
  auto stamped = SharedBytes::copy_of(batch.view());
  stamp_log_append_time({stamped.stampable(), stamped.size()}, 9000);
  const auto filtered =
      filter_records(stamped.view(), [](const RecordView& record) { return record.offset == Offset(100); }).value();
  BOOST_TEST(read_batch_header(filtered.batch.view())->max_timestamp == 9000);
}

BOOST_AUTO_TEST_CASE(records_that_are_none_are_an_error) {
  auto header = read_batch_header(batch_of_five(Codec::none).view()).value();
  const auto broken = build_batch(header, bytes_of("no records at all"));
  BOOST_TEST(filter_records(broken.view(), [](const RecordView&) { return true; }).error().code ==
             ErrorCode::corrupt_message);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
