#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>

#include "schema/big_endian.h"
#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/result.h"
#include "schema/uuid.h"

namespace callboard::kafka {

// A position in a frame from outside. Every read checks what is left; the first one
// that does not fit fails the reader for good, and what is read then is worthless.
// Holds no more than pointers: the frame must outlive it.
class Reader {
public:
  Reader(const SharedBytes& frame, std::int16_t version, bool flexible)
    : frame_(frame), at_(frame.data()), end_(frame.data() + frame.size()), version_(version), flexible_(flexible) {}

  std::int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }
  bool ok() const { return reason_ == nullptr; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  // The bytes not read yet, sharing the frame's memory.
  SharedBytes rest() const { return frame_.slice(position(), left()); }

  template <std::integral T>
  bool read(T& value) {
    if (left() < sizeof value) return fail("ends too early");
    value = load_big_endian<T>(at_);
    at_ += sizeof value;
    return true;
  }
  bool read(bool& value);
  bool read(double& value);
  bool read(ErrorCode& value);
  bool read(Uuid& value);
  // nullopt is a failure unless `nullable`.
  bool read(std::optional<std::string>& value, bool nullable);
  bool read(std::string& value);
  // Bytes behind a 32-bit or compact length, as a slice of the frame.
  bool read_records(std::optional<SharedBytes>& value, bool nullable);
  bool read_uvarint(std::uint32_t& value);
  // An array's count, at most what fits into the bytes left; -1 for null. Charges
  // the memory that it will take.
  bool read_count(std::int32_t& count, std::size_t wire_bytes_min, std::size_t element_bytes, bool nullable);
  bool skip(std::size_t bytes);

  // Narrows the reader to the next `bytes`; returns the end to give back to leave().
  // enter() must have been told no more than left().
  const std::uint8_t* enter(std::size_t bytes);
  // Fails unless everything inside was read.
  bool leave(const std::uint8_t* outer_end);

  // Returns false. The first reason stays; it completes "the frame ...".
  bool fail(const char* reason);
  // Returns false. Names the field that reading broke at; the innermost one stays.
  bool blame(const char* field);
  // Of a failed reader, for the message or header `what`.
  Error error(const char* what) const;

private:
  std::size_t position() const { return static_cast<std::size_t>(at_ - frame_.data()); }
  // The length of a string: int16 or compact; -1 for null.
  bool read_string_length(std::int32_t& length);
  // The length of an array or of bytes: int32 or compact; -1 for null.
  bool read_length(std::int32_t& length);
  bool read_compact_length(std::int32_t& length);

  const SharedBytes& frame_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::int16_t version_;
  bool flexible_;
  const char* reason_ = nullptr;
  const char* field_ = nullptr;
  std::size_t array_bytes_ = 0; // taken by arrays so far
};

} // namespace callboard::kafka
