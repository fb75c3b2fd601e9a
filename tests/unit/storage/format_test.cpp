// Golden bytes of everything that storage writes itself: what is on a disk somewhere
// must be read by every later version.
#include <cstdio>

#include "fixture.h"
#include "storage/gap.h"
#include "storage/keys.h"
#include "storage/segment_mark.h"
#include "storage/sidecar.h"

namespace callboard::storage {
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

std::string bytes_from(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

LogEntry example_entry() {
  LogEntry entry;
  entry.index = RaftIndex(0x1122);
  entry.term = Term(7);
  entry.type = EntryType::membership;
  entry.base_offset = Offset(0x0A0B0C);
  entry.offset_count = 0;
  entry.max_timestamp = no_timestamp;
  entry.payload = SharedBytes::copy_of(std::string_view("voters"));
  return entry;
}

BOOST_AUTO_TEST_SUITE(formats)

BOOST_AUTO_TEST_CASE(an_entry) {
  const auto entry = example_entry();
  std::vector<std::uint8_t> bytes(entry_header_bytes + entry.payload.size());
  put_entry(bytes.data(), GroupId(3), entry);
  BOOST_TEST(hex(bytes) == "0103000036edc86c0600000007000000000000000c0b0a0000000000ffffffffffffffff766f74657273");
  const auto header = read_entry_header(bytes.data());
  BOOST_TEST(header.entry.term == entry.term);
  BOOST_TEST(header.entry.base_offset == entry.base_offset);
  BOOST_TEST(header.payload_bytes == 6U);
  BOOST_TEST(header.crc == entry_crc(GroupId(3), entry.index, bytes));
  BOOST_TEST(header.crc != entry_crc(GroupId(3), entry.index.next(), bytes));
  BOOST_TEST(header.crc != entry_crc(GroupId(4), entry.index, bytes));
}

BOOST_AUTO_TEST_CASE(a_gap) {
  LogEntry batch;
  batch.index = RaftIndex(0x1122);
  batch.term = Term(7);
  batch.base_offset = Offset(0x0A0B0C);
  batch.offset_count = 3;
  auto gap = gap_of(batch);
  auto next = batch;
  next.index = batch.index.next();
  next.base_offset = batch.next_offset();
  BOOST_TEST(join_gaps(gap, gap_of(next)));
  std::vector<std::uint8_t> bytes(entry_header_bytes + gap.payload.size());
  put_entry(bytes.data(), GroupId(3), gap);
  BOOST_TEST(hex(bytes) == "02060000b92239410400000007000000060000000c0b0a0000000000ffffffffffffffff02000000");
}

BOOST_AUTO_TEST_CASE(an_entry_leaves_to_a_batch_what_the_batch_covers) {
  BOOST_TEST(covered_payload(EntryType::batch, 100) == 21U);
  BOOST_TEST(covered_payload(EntryType::batch, batch_header_bytes - 1) == batch_header_bytes - 1);
  BOOST_TEST(covered_payload(EntryType::noop, 100) == 100U);
}

BOOST_AUTO_TEST_CASE(an_index_row) {
  const auto bytes = encode_index_row(0x0102, {RaftIndex(5), 1'700'000'000'000, 65536});
  BOOST_TEST(hex(bytes) == "05000000000000000068e5cf8b0100000000010000000000c6c745a6");
  const auto row = decode_index_row(0x0102, bytes);
  BOOST_REQUIRE(row);
  BOOST_TEST(row->index == RaftIndex(5));
  BOOST_TEST(row->max_timestamp_before == 1'700'000'000'000);
  BOOST_TEST(row->payload_bytes_before == 65536U);
  BOOST_TEST(!decode_index_row(0x0103, bytes));
}

BOOST_AUTO_TEST_CASE(a_segment_header) {
  const auto bytes = encode_segment_header({segment_format, GroupId(1), SegmentId(2), RaftIndex(3), Offset(4)});
  BOOST_TEST(hex(bytes_of(bytes)) == "010000000100000000000000020000000000000003000000000000000400000000000000");
  BOOST_TEST(decode_segment_header(bytes_of(bytes))->base_offset == Offset(4));
}

BOOST_AUTO_TEST_CASE(a_sealed_row) {
  const auto row = seal_row("=key", bytes_of("value"));
  BOOST_TEST(hex(bytes_of(row)) == "76616c7565e00153d2");
  BOOST_TEST(text_of(*open_row("=key", bytes_of(row))) == "value");
  BOOST_TEST(!open_row("=kez", bytes_of(row)));
  BOOST_TEST(!open_row("=key", bytes_of(row).first(3)));
}

BOOST_AUTO_TEST_CASE(a_group_record) {
  GroupRecord record;
  record.group = GroupId(9);
  record.hard = {Term(2), NodeId(1), {{NodeId(1), NodeId(2)}, {NodeId(1)}, {NodeId(3)}}, RaftIndex(7), 8, true};
  const SegmentInfo closed{SegmentId(1), RaftIndex(1), Offset(0), true, 10, 20, 30, 40, 50};
  record.manifest = {{closed}, SegmentId(2), Offset(5), RaftIndex(6), {Offset(8), Offset(7), 60}};
  const auto bytes = encode_group_record(record);
  BOOST_TEST(hex(bytes_of(bytes)) ==
             "040200000001000000020000000100000002000000010000000100000001000000030000000700000000000000"
             "05000000000000000200000000000000010600000000000000010000000100000000000000010000000000000000"
             "00000000000000010a0000000000000014000000000000001e0000000000000028000000000000003200000000000000"
             "080000000000000007000000000000003c0000000000000008000000013d3b3079");
  const auto read = must(decode_group_record(GroupId(9), bytes_of(bytes)));
  BOOST_TEST((read.hard == record.hard && read.manifest == record.manifest));
  BOOST_TEST(decode_group_record(GroupId(8), bytes_of(bytes)).error().code == ErrorCode::corrupt_storage);
}

// Version 3 knew no lives.
BOOST_AUTO_TEST_CASE(a_group_record_of_version_3) {
  const auto sealed =
      bytes_from("030200000001000000020000000100000002000000010000000100000001000000030000000700000000000000"
                 "05000000000000000200000000000000010600000000000000010000000100000000000000010000000000000000"
                 "00000000000000010a0000000000000014000000000000001e0000000000000028000000000000003200000000000000"
                 "080000000000000007000000000000003c000000000000003fb97e7a");
  const auto read = must(decode_group_record(GroupId(9), bytes_of(sealed)));
  BOOST_TEST(read.manifest.compacted.time == 60);
  BOOST_TEST(read.hard.life == 0U);
  BOOST_TEST(!read.hard.recovering);
}

// Version 2 knew no compaction.
BOOST_AUTO_TEST_CASE(a_group_record_of_version_2) {
  const auto sealed =
      bytes_from("020200000001000000020000000100000002000000010000000100000001000000030000000700000000000000"
                 "05000000000000000200000000000000010600000000000000010000000100000000000000010000000000000000"
                 "00000000000000010a0000000000000014000000000000001e0000000000000028000000000000005d14ca1c");
  const auto read = must(decode_group_record(GroupId(9), bytes_of(sealed)));
  const SegmentInfo closed{SegmentId(1), RaftIndex(1), Offset(0), true, 10, 20, 30, 40};
  const Manifest expected{{closed}, SegmentId(2), Offset(5), RaftIndex(6)};
  BOOST_TEST((read.manifest == expected));
}

// Version 1 knew voters alone.
BOOST_AUTO_TEST_CASE(a_group_record_of_version_1) {
  const std::string body("\x01\x02\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\0\0\x05\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"
                         "\0\0\0\0\0\0\0\0\0\0\0\0\0",
                         50);
  const auto sealed = seal_row(text_of(IntegerKey(9).view()), bytes_of(body));
  const auto read = must(decode_group_record(GroupId(9), bytes_of(sealed)));
  const HardState expected{Term(2), NodeId(1), {{NodeId(1), NodeId(2)}}};
  BOOST_TEST((read.hard == expected));
  BOOST_TEST(read.manifest.log_start == Offset(5));
}

BOOST_AUTO_TEST_CASE(a_sidecar) {
  const Sidecar sidecar{GroupId(1), SegmentId(2), sidecar_chunk_bytes + 1, {0x11223344, 0x55667788}};
  const auto bytes = encode_sidecar(sidecar);
  BOOST_TEST(hex(bytes_of(bytes)) ==
             "4342534d0100000001000000000000000200000000000000010010000000000000001000020000004433221188776655"
             "e69987b0");
  BOOST_TEST((must(decode_sidecar(bytes_of(bytes), "x")) == sidecar));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 4);
    BOOST_TEST(!decode_sidecar(bytes_of(broken), "x").ok());
    BOOST_TEST(!decode_sidecar(bytes_of(bytes).first(i), "x").ok());
  }
}

BOOST_AUTO_TEST_CASE(a_segment_mark) {
  SegmentMark mark{2, {7, 20, {}}};
  mark.tree.main = {0, 1, 0, 1, 0, 3, 19};
  const auto bytes = encode_mark(mark);
  BOOST_TEST(hex(bytes_of(bytes)) ==
             "0100000000000000020000000000000007000000000000001400000000000000000000000000010000000000"
             "000000000100000000000000000000000000000003000000000000001300000000000000ad2e062c");
  const auto read = decode_mark(bytes_of(bytes));
  BOOST_REQUIRE(read);
  BOOST_TEST(read->tree.transaction == 7U);
  BOOST_TEST(read->tree.main.root == 19U);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 4);
    BOOST_TEST(!decode_mark(bytes_of(broken)));
  }
}

BOOST_AUTO_TEST_CASE(a_torn_mark_leaves_the_one_before_it) {
  TemporaryDirectory directory;
  const auto path = directory.path() + "/1.mark";
  BOOST_TEST(!load_mark(path));
  for (std::uint64_t transaction = 1; transaction <= 5; ++transaction) {
    must(store_mark(path, {0, {transaction, 20, {}}}));
    BOOST_TEST(load_mark(path)->tree.transaction == transaction);
  }
  auto content = read_file(path);
  content[10] = '!'; // of the newest, in the first slot
  write_file(path, content);
  BOOST_TEST(load_mark(path)->tree.transaction == 4U);
  must(store_mark(path, {0, {6, 20, {}}}));
  BOOST_TEST(load_mark(path)->tree.transaction == 6U);
}

BOOST_AUTO_TEST_CASE(random_bytes_are_no_group_record) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    const auto key = std::string(text_of(IntegerKey(1).view()));
    static_cast<void>(decode_group_record(GroupId(1), bytes_of(seal_row(key, bytes_of(bytes)))));
    static_cast<void>(decode_segment_header(bytes_of(bytes)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
