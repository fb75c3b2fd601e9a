#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/result.h"
#include "schema/time.h"

// Kafka's record batch, magic 2 (KIP-98): the unit that is sent, stored, replicated
// and fetched. All integers are big-endian.
//
//   0 base offset i64 | 8 length i32 | 12 leader epoch i32 | 16 magic i8 | 17 crc u32
//   21 attributes i16 | 23 last offset delta i32 | 27 base timestamp i64
//   35 max timestamp i64 | 43 producer id i64 | 51 producer epoch i16
//   53 base sequence i32 | 57 record count i32 | 61 records
//
// The CRC covers bytes 21 to the end, so that a broker may stamp 0-15.
namespace callboard {

enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

inline constexpr std::size_t batch_header_bytes = 61;
// A batch's CRC covers everything from this byte on.
inline constexpr std::size_t batch_crc_from = 21;
// The CRC-32C that its header carries; `batch` has at least batch_crc_from bytes.
std::uint32_t batch_crc(ByteView batch);
// False if that is not the CRC of its bytes. `batch` has at least a header's bytes.
bool batch_crc_matches(ByteView batch);

// The header of one batch, decoded; `count` is the number of records as claimed.
struct BatchHeader {
  Offset base_offset;
  std::size_t total_bytes = 0; // of the whole batch, 61 and more
  Term leader_epoch;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  TimestampMs base_timestamp = no_timestamp;
  TimestampMs max_timestamp = no_timestamp;
  ProducerId producer = no_producer;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t count = 0;

  Codec codec() const { return static_cast<Codec>(attributes & 7); }
  bool log_append_time() const { return (attributes & 8) != 0; }
  bool transactional() const { return (attributes & 16) != 0; }
  bool control() const { return (attributes & 32) != 0; }
  Offset last_offset() const { return base_offset.plus(last_offset_delta); }
  Offset next_offset() const { return base_offset.plus(last_offset_delta + std::int64_t{1}); }
  bool idempotent() const { return producer.value >= 0; }
  // The last sequence number of the batch; wraps from 2^31-1 to 0.
  std::int32_t last_sequence() const;
};

// The magic of the first message or batch in `data` (same place in all formats);
// nullopt if it is too short to have one.
std::optional<std::int8_t> magic_of(ByteView data);

// Decodes the header at the start of `data` without checking more than that it is
// there and lies within `data`. Error: corrupt_message.
Result<BatchHeader> read_batch_header(ByteView data);

// The same for a batch that was cut behind its header.
Result<BatchHeader> read_cut_batch_header(ByteView data);

// What a broker checks of a batch that a producer sent, without walking records:
// exactly one batch that fills `data`, magic 2, known codec, count = last offset
// delta + 1 >= 1, sane sequence, CRC-32C, not control. Errors: corrupt_message
// (size, CRC), unsupported_for_message_format (magic 0, 1), invalid_record (count,
// deltas, control, more than one batch), unsupported_compression_type,
// invalid_timestamp (LogAppendTime, which is the broker's to set).
Result<BatchHeader> check_produced_batch(ByteView data);

// Writes base offset and leader epoch; the CRC stays valid.
void stamp_batch(std::uint8_t* batch, Offset base_offset, Term leader_epoch);

// message.timestamp.type=LogAppendTime: sets attribute bit 3 and the max timestamp
// and renews the CRC. `batch` spans the whole batch.
void stamp_log_append_time(std::span<std::uint8_t> batch, TimestampMs now);

// One record of an uncompressed batch. Views into the batch.
struct RecordView {
  Offset offset;
  TimestampMs timestamp = no_timestamp;
  std::optional<ByteView> key;   // nullopt: null
  std::optional<ByteView> value; // nullopt: null, a tombstone
  ByteView headers;              // count (zigzag varint) and the encoded headers
  ByteView raw;                  // all of it, its length included
};

// Calls `visit` for each record until it returns false. Works on uncompressed
// batches; a compressed one is unsupported_compression_type. Every length and offset
// is checked: corrupt_message at the first that does not fit.
Status for_each_record(ByteView batch, const std::function<bool(const RecordView&)>& visit);
// The same for `records`, what lies behind `header` once it is decompressed.
Status for_each_record(const BatchHeader& header, ByteView records,
                       const std::function<bool(const RecordView&)>& visit);

// A key may repeat; a value may be null.
struct RecordHeader {
  std::string key;
  std::optional<std::string> value;

  bool operator==(const RecordHeader&) const = default;
};

// The headers of a record. Error: corrupt_message.
Result<std::vector<RecordHeader>> read_record_headers(ByteView headers);

// A batch of `header` and what lies behind it, compressed as the header says; length and
// CRC are computed.
SharedBytes build_batch(const BatchHeader& header, ByteView records);

// Builds an uncompressed batch from records: for internal partitions, the Cap'n
// Proto door, tests. Offsets start at 0, the broker stamps the rest.
class BatchBuilder {
public:
  explicit BatchBuilder(TimestampMs base_timestamp) : base_timestamp_(base_timestamp), max_timestamp_(base_timestamp) {}
  void producer(ProducerId id, std::int16_t epoch, std::int32_t base_sequence);
  void add(std::optional<ByteView> key, std::optional<ByteView> value, TimestampMs timestamp,
           std::span<const RecordHeader> headers = {});
  std::int32_t count() const { return count_; }
  std::size_t bytes() const { return batch_header_bytes + records_.size(); }
  // The encoded batch; needs at least one record. The builder has none afterwards.
  SharedBytes finish();

private:
  TimestampMs base_timestamp_;
  TimestampMs max_timestamp_;
  ProducerId producer_ = no_producer;
  std::int16_t producer_epoch_ = -1;
  std::int32_t base_sequence_ = -1;
  std::int32_t count_ = 0;
  std::string records_;
  std::string body_; // of the record being added; kept for its memory
};

} // namespace callboard
