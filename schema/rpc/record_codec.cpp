#include "schema/rpc/record_codec.h"

#include <algorithm>

namespace callboard::rpc {
namespace {

std::optional<ByteView> view_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return bytes_of(*text);
}

std::optional<std::string> copy_of(const std::optional<ByteView>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(text_of(*bytes));
}

// Appends the records of one batch that lie at or after `from`.
Status append_records(ByteView batch, Offset from, std::vector<Record>& out) {
  std::optional<Error> failed;
  auto walked = for_each_record(batch, [&](const RecordView& view) {
    if (view.offset < from) return true;
    auto headers = read_record_headers(view.headers);
    if (!headers) {
      failed = headers.error();
      return false;
    }
    out.push_back({copy_of(view.key), copy_of(view.value), std::move(*headers), view.timestamp, view.offset});
    return true;
  });
  if (failed) return *failed;
  return walked;
}

} // namespace

std::int16_t kafka_acks(Acks acks) {
  switch (acks) {
  case Acks::all: return -1;
  case Acks::leader: return 1;
  case Acks::none: return 0;
  }
  return -1;
}

Result<SharedBytes> encode_records(std::span<const Record> records, TimestampMs now) {
  if (records.empty()) return Error{ErrorCode::invalid_record, "a produce needs at least one record, it has none"};
  const auto time_of = [now](const Record& r) { return r.timestamp == no_timestamp ? now : r.timestamp; };
  BatchBuilder builder(time_of(records.front()));
  for (const auto& record : records) {
    if (time_of(record) < 0) return Error{ErrorCode::invalid_timestamp, "a record's timestamp lies before 1970"};
    builder.add(view_of(record.key), view_of(record.value), time_of(record), record.headers);
  }
  return builder.finish();
}

Result<DecodedRecords> decode_records(std::span<const SharedBytes> batches, Offset from) {
  DecodedRecords out{{}, from};
  for (const auto& batch : batches) {
    const auto header = read_batch_header(batch.view());
    if (!header) return header.error();
    if (!header->control()) {
      auto appended = append_records(batch.view(), from, out.records);
      const bool compressed = !appended && appended.error().code == ErrorCode::unsupported_compression_type;
      if (compressed && out.next > from) return out;
      if (!appended) return appended.error();
    }
    out.next = std::max(out.next, header->next_offset());
  }
  return out;
}

Result<Offset> next_offset(std::span<const SharedBytes> batches, Offset from) {
  if (batches.empty()) return from;
  const auto header = read_batch_header(batches.back().view());
  if (!header) return header.error();
  return std::max(from, header->next_offset());
}

} // namespace callboard::rpc
