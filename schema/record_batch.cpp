#include "schema/record_batch.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "schema/big_endian.h"
#include "schema/crc32c.h"

namespace callboard {
namespace {

// Where the fields of the header lie.
constexpr std::size_t base_offset_at = 0;
constexpr std::size_t length_at = 8;
constexpr std::size_t leader_epoch_at = 12;
constexpr std::size_t magic_at = 16;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = batch_crc_from;
constexpr std::size_t last_offset_delta_at = 23;
constexpr std::size_t base_timestamp_at = 27;
constexpr std::size_t max_timestamp_at = 35;
constexpr std::size_t producer_id_at = 43;
constexpr std::size_t producer_epoch_at = 51;
constexpr std::size_t base_sequence_at = 53;
constexpr std::size_t count_at = 57;

constexpr std::size_t bytes_before_length_counts = 12;
constexpr std::int8_t current_magic = 2;
constexpr std::int16_t log_append_time_bit = 8;
// Length, attributes, timestamp, offset, key length, value length, header count.
constexpr std::size_t record_bytes_min = 7;

Error corrupt(const char* sentence) {
  return {ErrorCode::corrupt_message, sentence};
}
Error invalid(const char* sentence) {
  return {ErrorCode::invalid_record, sentence};
}

// What a client claims may leave 64 bits; it wraps instead of overflowing.
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// Reads what lies behind a batch's header. A read that does not fit returns false.
class RecordReader {
public:
  explicit RecordReader(ByteView bytes) : left_(bytes) {}

  ByteView left() const { return left_; }

  // Zigzag, 7 bits a byte, lowest first; at most 64 bits.
  bool varlong(std::int64_t& value) {
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < left_.size() && i < 10; ++i) {
      raw |= static_cast<std::uint64_t>(left_[i] & 127) << (7 * i);
      if (left_[i] > 127) continue;
      left_ = left_.subspan(i + 1);
      value = static_cast<std::int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
      return true;
    }
    return false;
  }
  bool varint(std::int32_t& value) {
    std::int64_t wide = 0;
    if (!varlong(wide) || wide != static_cast<std::int32_t>(wide)) return false;
    value = static_cast<std::int32_t>(wide);
    return true;
  }
  bool bytes(std::int32_t count, ByteView& value) {
    if (count < 0 || static_cast<std::size_t>(count) > left_.size()) return false;
    value = left_.first(static_cast<std::size_t>(count));
    left_ = left_.subspan(value.size());
    return true;
  }
  // A length and as many bytes; length -1 is null.
  bool nullable_bytes(std::optional<ByteView>& value) {
    std::int32_t count = 0;
    if (!varint(count)) return false;
    value.reset();
    return count == -1 || bytes(count, value.emplace());
  }

private:
  ByteView left_;
};

void append_varlong(std::string& out, std::int64_t value) {
  auto raw = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; raw > 127; raw >>= 7) out.push_back(static_cast<char>(raw | 128));
  out.push_back(static_cast<char>(raw));
}

void append_nullable(std::string& out, std::optional<ByteView> bytes) {
  if (!bytes) return append_varlong(out, -1);
  append_varlong(out, static_cast<std::int64_t>(bytes->size()));
  out.append(text_of(*bytes));
}

// One record behind its length, which is `body`.
bool read_record(const BatchHeader& header, ByteView body, RecordView& record) {
  RecordReader in(body);
  ByteView attributes;
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  if (!in.bytes(1, attributes) || !in.varlong(timestamp_delta) || !in.varint(offset_delta)) return false;
  if (offset_delta < 0 || offset_delta > header.last_offset_delta) return false;
  if (!in.nullable_bytes(record.key) || !in.nullable_bytes(record.value)) return false;
  record.offset = Offset(wrapping_sum(header.base_offset.value, offset_delta));
  record.timestamp =
      header.log_append_time() ? header.max_timestamp : wrapping_sum(header.base_timestamp, timestamp_delta);
  record.headers = in.left();
  return !record.headers.empty();
}

// What the header claims about producer and count; `records` are the bytes behind it.
std::optional<Error> check_claims(const BatchHeader& header, ByteView records) {
  if (header.control()) return invalid("A producer sent a control batch, which only brokers write.");
  if (header.log_append_time())
    return Error{
        ErrorCode::invalid_timestamp,
        "The batch claims to have been stamped by a broker: producers leave the timestamp type at CreateTime."};
  if (header.count < 1 || header.count - 1 != header.last_offset_delta)
    return invalid("The batch's record count and its last offset delta disagree, or it has no record.");
  if (header.codec() > Codec::zstd)
    return Error{ErrorCode::unsupported_compression_type, "The batch is compressed by an unknown codec."};
  if (header.codec() == Codec::none && static_cast<std::size_t>(header.count) > records.size() / record_bytes_min)
    return invalid("The batch claims more records than its bytes can hold.");
  if (header.idempotent() && (header.producer_epoch < 0 || header.base_sequence < 0))
    return invalid("The batch has a producer id, but its producer epoch or base sequence is negative.");
  if (header.transactional() && !header.idempotent())
    return invalid("The batch is transactional, but has no producer id.");
  return std::nullopt;
}

} // namespace

std::int32_t BatchHeader::last_sequence() const {
  const auto sum = static_cast<std::uint32_t>(base_sequence) + static_cast<std::uint32_t>(last_offset_delta);
  return static_cast<std::int32_t>(sum & std::numeric_limits<std::int32_t>::max());
}

std::optional<std::int8_t> magic_of(ByteView data) {
  if (data.size() <= magic_at) return std::nullopt;
  return static_cast<std::int8_t>(data[magic_at]);
}

Result<BatchHeader> read_batch_header(ByteView data) {
  auto header = read_cut_batch_header(data);
  if (header && header->total_bytes > data.size()) return corrupt("The record batch is cut off.");
  return header;
}

Result<BatchHeader> read_cut_batch_header(ByteView data) {
  if (data.size() < batch_header_bytes) return corrupt("The record batch ends inside its header.");
  const auto* at = data.data();
  const auto length = load_big_endian<std::int32_t>(at + length_at);
  const auto total = std::int64_t{length} + std::int64_t{bytes_before_length_counts};
  if (total < std::int64_t{batch_header_bytes})
    return corrupt("The record batch claims to be smaller than its header.");
  BatchHeader header;
  header.base_offset = Offset(load_big_endian<std::int64_t>(at + base_offset_at));
  header.total_bytes = static_cast<std::size_t>(total);
  header.leader_epoch = Term(load_big_endian<std::int32_t>(at + leader_epoch_at));
  header.crc = load_big_endian<std::uint32_t>(at + crc_at);
  header.attributes = load_big_endian<std::int16_t>(at + attributes_at);
  header.last_offset_delta = load_big_endian<std::int32_t>(at + last_offset_delta_at);
  header.base_timestamp = load_big_endian<std::int64_t>(at + base_timestamp_at);
  header.max_timestamp = load_big_endian<std::int64_t>(at + max_timestamp_at);
  header.producer = ProducerId(load_big_endian<std::int64_t>(at + producer_id_at));
  header.producer_epoch = load_big_endian<std::int16_t>(at + producer_epoch_at);
  header.base_sequence = load_big_endian<std::int32_t>(at + base_sequence_at);
  header.count = load_big_endian<std::int32_t>(at + count_at);
  return header;
}

std::uint32_t batch_crc(ByteView batch) {
  return load_big_endian<std::uint32_t>(batch.data() + crc_at);
}

bool batch_crc_matches(ByteView batch) {
  return crc32c(batch.subspan(batch_crc_from)) == batch_crc(batch);
}

Result<BatchHeader> check_produced_batch(ByteView data) {
  const auto magic = magic_of(data);
  if (!magic) return corrupt("The record batch ends before its magic byte.");
  if (*magic == 0 || *magic == 1)
    return Error{ErrorCode::unsupported_for_message_format,
                 "The records are in message format 0 or 1: use a client that writes format 2 (Kafka 0.11 and later)."};
  if (*magic != current_magic) return corrupt("The record batch has an unknown magic byte.");
  auto header = read_batch_header(data);
  if (!header) return header;
  if (header->total_bytes < data.size()) return invalid("There is more than one batch for a partition in the request.");
  if (auto error = check_claims(*header, data.subspan(batch_header_bytes))) return *error;
  if (!batch_crc_matches(data))
    return corrupt("The record batch does not match its checksum: it was damaged on its way.");
  return header;
}

void stamp_batch(std::uint8_t* batch, Offset base_offset, Term leader_epoch) {
  store_big_endian(batch + base_offset_at, base_offset.value);
  store_big_endian(batch + leader_epoch_at, leader_epoch.value);
}

void stamp_log_append_time(std::span<std::uint8_t> batch, TimestampMs now) {
  CB_ASSERT(batch.size() >= batch_header_bytes);
  auto* at = batch.data();
  const auto attributes = load_big_endian<std::int16_t>(at + attributes_at);
  store_big_endian(at + attributes_at, static_cast<std::int16_t>(attributes | log_append_time_bit));
  store_big_endian(at + max_timestamp_at, now);
  store_big_endian(at + crc_at, crc32c(batch.subspan(batch_crc_from)));
}

Status for_each_record(ByteView batch, const std::function<bool(const RecordView&)>& visit) {
  const auto header = read_batch_header(batch);
  if (!header) return header.error();
  if (header->codec() != Codec::none)
    return Error{ErrorCode::unsupported_compression_type, "The records of a compressed batch cannot be walked."};
  return for_each_record(*header, batch.first(header->total_bytes).subspan(batch_header_bytes), visit);
}

Status for_each_record(const BatchHeader& header, ByteView records,
                       const std::function<bool(const RecordView&)>& visit) {
  RecordReader in(records);
  RecordView record;
  for (std::int32_t i = 0; i < header.count; ++i) {
    const auto from_here = in.left();
    std::int32_t length = 0;
    ByteView body;
    if (!in.varint(length) || !in.bytes(length, body) || !read_record(header, body, record))
      return corrupt("The batch holds a record whose lengths or offset do not fit.");
    record.raw = from_here.first(from_here.size() - in.left().size());
    if (!visit(record)) return ok_status();
  }
  if (!in.left().empty()) return corrupt("The batch holds more bytes than its records.");
  return ok_status();
}

Result<std::vector<RecordHeader>> read_record_headers(ByteView headers) {
  const auto misfit = [] { return corrupt("A record's headers do not fit into it."); };
  constexpr std::size_t header_bytes_min = 2;
  RecordReader in(headers);
  std::int32_t count = 0;
  if (!in.varint(count) || count < 0) return misfit();
  if (static_cast<std::size_t>(count) > in.left().size() / header_bytes_min) return misfit();
  std::vector<RecordHeader> read(static_cast<std::size_t>(count));
  for (auto& header : read) {
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    if (!in.nullable_bytes(key) || !key || !in.nullable_bytes(value)) return misfit();
    header.key = text_of(*key);
    if (value) header.value = text_of(*value);
  }
  if (!in.left().empty()) return misfit();
  return read;
}

void BatchBuilder::producer(ProducerId id, std::int16_t epoch, std::int32_t base_sequence) {
  producer_ = id;
  producer_epoch_ = epoch;
  base_sequence_ = base_sequence;
}

void BatchBuilder::add(std::optional<ByteView> key, std::optional<ByteView> value, TimestampMs timestamp,
                       std::span<const RecordHeader> headers) {
  body_.assign(1, '\0'); // attributes, of which a record has none
  append_varlong(body_, wrapping_difference(timestamp, base_timestamp_));
  append_varlong(body_, count_);
  append_nullable(body_, key);
  append_nullable(body_, value);
  append_varlong(body_, static_cast<std::int64_t>(headers.size()));
  for (const auto& header : headers) {
    append_nullable(body_, bytes_of(header.key));
    append_nullable(body_, header.value ? std::optional(bytes_of(*header.value)) : std::nullopt);
  }
  append_varlong(records_, static_cast<std::int64_t>(body_.size()));
  records_ += body_;
  max_timestamp_ = count_ == 0 ? timestamp : std::max(max_timestamp_, timestamp);
  ++count_;
}

SharedBytes BatchBuilder::finish() {
  CB_ASSERT(count_ > 0);
  BatchHeader header;
  header.leader_epoch = Term(-1);
  header.last_offset_delta = count_ - 1;
  header.base_timestamp = base_timestamp_;
  header.max_timestamp = max_timestamp_;
  header.producer = producer_;
  header.producer_epoch = producer_epoch_;
  header.base_sequence = base_sequence_;
  header.count = count_;
  auto batch = build_batch(header, bytes_of(records_));
  count_ = 0;
  records_.clear();
  return batch;
}

SharedBytes build_batch(const BatchHeader& header, ByteView records) {
  const auto total = batch_header_bytes + records.size();
  CB_ASSERT(total <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
  ByteBuffer buffer(total);
  auto* at = buffer.data();
  store_big_endian(at + base_offset_at, header.base_offset.value);
  store_big_endian(at + length_at, static_cast<std::int32_t>(total - bytes_before_length_counts));
  store_big_endian(at + leader_epoch_at, header.leader_epoch.value);
  store_big_endian(at + magic_at, current_magic);
  store_big_endian(at + attributes_at, header.attributes);
  store_big_endian(at + last_offset_delta_at, header.last_offset_delta);
  store_big_endian(at + base_timestamp_at, header.base_timestamp);
  store_big_endian(at + max_timestamp_at, header.max_timestamp);
  store_big_endian(at + producer_id_at, header.producer.value);
  store_big_endian(at + producer_epoch_at, header.producer_epoch);
  store_big_endian(at + base_sequence_at, header.base_sequence);
  store_big_endian(at + count_at, header.count);
  if (!records.empty()) std::memcpy(at + batch_header_bytes, records.data(), records.size());
  store_big_endian(at + crc_at, crc32c({at + batch_crc_from, total - batch_crc_from}));
  return buffer.freeze(total);
}

} // namespace callboard
