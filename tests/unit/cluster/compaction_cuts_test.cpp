#include "cluster/partition/compaction_cuts.h"

#include <boost/test/unit_test.hpp>

#include "cluster/partition/partition_replica.h"
#include "replica_harness.h"
#include "schema/compress.h"

namespace callboard::partition {
namespace {

std::string hex(ByteView bytes) {
  std::string out;
  char digits[3];
  for (const auto byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(compaction_cuts)

BOOST_AUTO_TEST_CASE(the_bytes_of_a_cut) {
  const CompactionCut cut{Offset(0x0102), Offset(0x0A), 0x0B0C};
  const auto bytes = encode_cut(cut);
  BOOST_TEST(hex(bytes.view()) == "010000000000000102000000000000000a0000000000000b0c");
  BOOST_TEST((decode_cut(bytes.view()).value() == cut));
  for (std::size_t size = 0; size < bytes.size(); ++size) BOOST_TEST(!decode_cut(bytes.view().first(size)).ok());
  auto newer = SharedBytes::copy_of(bytes.view());
  newer.stampable()[0] = 2;
  BOOST_TEST(!decode_cut(newer.view()).ok());
  BOOST_TEST(!decode_cut(encode_cut({Offset(5), Offset(6), 0}).view()).ok());
}

BOOST_AUTO_TEST_CASE(the_bytes_of_their_row) {
  CompactionCuts cuts;
  cuts.apply({Offset(10), Offset(0), 1000});
  cuts.apply({Offset(20), Offset(0), 2000});
  const auto value = cuts.row_value();
  BOOST_TEST(hex(bytes_of(value)) == "01"
                                     "0000000000000014000000000000000000000000000007d0"
                                     "02"
                                     "000000000000000a00000000000003e8"
                                     "000000000000001400000000000007d0");
  const auto loaded = CompactionCuts::load(value);
  BOOST_REQUIRE(loaded);
  BOOST_TEST(loaded->row_value() == value);
  for (std::size_t size = 0; size < value.size(); ++size) BOOST_TEST(!CompactionCuts::load(value.substr(0, size)));
}

BOOST_AUTO_TEST_CASE(tombstones_go_once_their_cut_is_old_enough) {
  CompactionCuts cuts;
  cuts.apply(cuts.next(Offset(10), 1000, 500));
  cuts.apply(cuts.next(Offset(20), 1400, 500));
  BOOST_TEST((cuts.last().tombstones_below == Offset(0)));
  auto next = cuts.next(Offset(30), 1500, 500);
  BOOST_TEST((next.tombstones_below == Offset(10)));
  cuts.apply(next);
  next = cuts.next(Offset(30), 1899, 500);
  BOOST_TEST((next.tombstones_below == Offset(10)));
  next = cuts.next(Offset(0), 2000, 500); // as far as the last one at least
  BOOST_TEST((next.upto == Offset(30)));
  BOOST_TEST((next.tombstones_below == Offset(30)));
  BOOST_TEST((cuts.next(Offset(40), 1500, 0).tombstones_below == Offset(30)));
}

BOOST_AUTO_TEST_CASE(what_is_remembered_is_bounded) {
  CompactionCuts cuts;
  for (int i = 1; i <= 1000; ++i) cuts.apply({Offset(i), Offset(0), 1000 * i});
  BOOST_TEST(cuts.row_value().size() <= 26 + 16 * CompactionCuts::remembered_max);
  // None goes earlier than it may.
  const auto next = cuts.next(Offset(1000), 500'000, 0);
  BOOST_TEST((next.tombstones_below <= Offset(500)));
  BOOST_TEST((cuts.next(Offset(1000), 1'000'000, 0).tombstones_below == Offset(1000)));
}

BOOST_AUTO_TEST_CASE(a_compacted_partition_takes_no_record_without_key) {
  test::ReplicaHarness node;
  node.options.compacted = true;
  node.start();
  node.lead();
  const auto produce = [&](std::optional<ByteView> key, Codec codec) {
    BatchBuilder builder(1000);
    builder.add(bytes_of("k"), bytes_of("v"), 1000);
    builder.add(key, bytes_of("v"), 1000);
    const auto plain = builder.finish();
    auto header = read_batch_header(plain.view()).value();
    header.attributes = static_cast<std::int16_t>(codec);
    ProduceCommand command;
    command.batch = build_batch(header, bytes_of(compress(codec, plain.view().subspan(batch_header_bytes))));
    command.header = check_produced_batch(command.batch.view()).value();
    node.replica->produce(std::move(command), 1000);
    return node.settle_writes().produced.at(0).error;
  };
  for (const auto codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    BOOST_TEST((produce(std::nullopt, codec) == ErrorCode::invalid_record));
    BOOST_TEST((produce(bytes_of("x"), codec) == ErrorCode::none));
    BOOST_TEST((produce(ByteView(), codec) == ErrorCode::none)); // an empty key is one
  }
  // With effect at once.
  node.options.compacted = false;
  node.replica->set_options(node.options);
  BOOST_TEST((produce(std::nullopt, Codec::none) == ErrorCode::none));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::partition
