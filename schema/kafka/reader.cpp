#include "schema/kafka/reader.h"

#include <limits>

#include "schema/kafka/wire.h"

namespace callboard::kafka {
namespace {

// In every version, though the compact form has room for more: Kafka's own limit.
constexpr std::int32_t string_bytes_max = std::numeric_limits<std::int16_t>::max();
constexpr const char* misses_a_null = "holds null where this version does not allow it";

} // namespace

bool Reader::read(bool& value) {
  std::int8_t raw = 0;
  if (!read(raw)) return false;
  value = raw != 0;
  return true;
}

bool Reader::read(double& value) {
  std::uint64_t raw = 0;
  if (!read(raw)) return false;
  value = std::bit_cast<double>(raw);
  return true;
}

bool Reader::read(ErrorCode& value) {
  std::int16_t raw = 0;
  if (!read(raw)) return false;
  // The node's own codes mean nothing when a peer sends them.
  value = raw < own_error_codes_from ? static_cast<ErrorCode>(raw) : ErrorCode::unknown_server_error;
  return true;
}

bool Reader::read(Uuid& value) {
  if (left() < value.bytes.size()) return fail("ends too early");
  std::memcpy(value.bytes.data(), at_, value.bytes.size());
  at_ += value.bytes.size();
  return true;
}

bool Reader::read(std::optional<std::string>& value, bool nullable) {
  std::int32_t length = 0;
  if (!read_string_length(length)) return false;
  if (length < 0) {
    value.reset();
    return nullable || fail(misses_a_null);
  }
  value.emplace(reinterpret_cast<const char*>(at_), static_cast<std::size_t>(length));
  at_ += length;
  return true;
}

bool Reader::read(std::string& value) {
  std::int32_t length = 0;
  if (!read_string_length(length)) return false;
  if (length < 0) return fail(misses_a_null);
  value.assign(reinterpret_cast<const char*>(at_), static_cast<std::size_t>(length));
  at_ += length;
  return true;
}

bool Reader::read_records(std::optional<SharedBytes>& value, bool nullable) {
  std::int32_t length = 0;
  if (!read_length(length)) return false;
  if (length < 0) {
    value.reset();
    return nullable || fail(misses_a_null);
  }
  if (static_cast<std::size_t>(length) > left()) return fail("ends inside bytes");
  value = frame_.slice(position(), static_cast<std::size_t>(length));
  at_ += length;
  return true;
}

bool Reader::read_uvarint(std::uint32_t& value) {
  std::uint64_t wide = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (at_ == end_) return fail("ends too early");
    const auto byte = *at_++;
    wide |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte > 127) continue;
    value = static_cast<std::uint32_t>(wide);
    return wide <= std::numeric_limits<std::uint32_t>::max() || fail("holds a varint of more than 32 bits");
  }
  return fail("holds a varint of more than 5 bytes");
}

bool Reader::read_count(std::int32_t& count, std::size_t wire_bytes_min, std::size_t element_bytes, bool nullable) {
  if (!read_length(count)) return false;
  if (count < 0) return nullable || fail(misses_a_null);
  const auto elements = static_cast<std::size_t>(count);
  if (elements > left() / wire_bytes_min) return fail("claims more array elements than fit into it");
  array_bytes_ += elements * element_bytes;
  return array_bytes_ <= decoded_bytes_max(frame_.size()) || fail("holds more array elements than this broker accepts");
}

bool Reader::skip(std::size_t bytes) {
  if (bytes > left()) return fail("ends too early");
  at_ += bytes;
  return true;
}

const std::uint8_t* Reader::enter(std::size_t bytes) {
  CB_ASSERT(bytes <= left());
  return std::exchange(end_, at_ + bytes);
}

bool Reader::leave(const std::uint8_t* outer_end) {
  if (at_ != end_) return fail("has a tagged field longer than its content");
  end_ = outer_end;
  return true;
}

bool Reader::fail(const char* reason) {
  if (ok()) reason_ = reason;
  at_ = end_;
  return false;
}

bool Reader::blame(const char* field) {
  if (field_ == nullptr) field_ = field;
  return false;
}

Error Reader::error(const char* what) const {
  CB_ASSERT(!ok());
  std::string message = std::string("The Kafka frame with a ") + what + " of version " + std::to_string(version_);
  message += std::string(" ") + reason_;
  if (field_ != nullptr) message += std::string(", at the field ") + field_;
  return {ErrorCode::corrupt_message, message + "."};
}

bool Reader::read_string_length(std::int32_t& length) {
  if (flexible_) {
    if (!read_compact_length(length)) return false;
  } else {
    std::int16_t narrow = 0;
    if (!read(narrow)) return false;
    length = narrow;
  }
  if (length < -1) return fail("holds a negative length");
  if (length > string_bytes_max) return fail("holds a string of more than 32,767 bytes");
  return length < 0 || static_cast<std::size_t>(length) <= left() || fail("ends inside a string");
}

bool Reader::read_length(std::int32_t& length) {
  if (flexible_) return read_compact_length(length);
  return read(length) && (length >= -1 || fail("holds a negative length"));
}

bool Reader::read_compact_length(std::int32_t& length) {
  std::uint32_t plus_one = 0;
  if (!read_uvarint(plus_one)) return false;
  if (plus_one > std::uint32_t{1} << 31) return fail("holds a length of more than 31 bits");
  length = static_cast<std::int32_t>(static_cast<std::int64_t>(plus_one) - 1);
  return true;
}

} // namespace callboard::kafka
