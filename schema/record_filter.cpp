#include "schema/record_filter.h"

#include <algorithm>
#include <string>

#include "schema/compress.h"
#include "schema/decompress.h"

namespace callboard {
namespace {

constexpr std::int16_t codec_bits = 7;

// Records that were once whole in their producer's memory; more is a bomb.
constexpr std::size_t records_bytes_max = std::size_t{64} << 20;

// The records of a batch, decompressed into `memory` if need be.
Result<ByteView> records_of(const BatchHeader& header, ByteView batch, SharedBytes& memory) {
  const auto stored = batch.first(header.total_bytes).subspan(batch_header_bytes);
  if (header.codec() == Codec::none || header.count == 0) return stored;
  auto plain = decompress(header.codec(), stored, records_bytes_max);
  if (!plain) return plain.error();
  memory = std::move(*plain);
  return memory.view();
}

} // namespace

Status for_each_record_inside(ByteView batch, const std::function<bool(const RecordView&)>& visit) {
  const auto header = read_batch_header(batch);
  if (!header) return header.error();
  SharedBytes memory;
  const auto records = records_of(*header, batch, memory);
  if (!records) return records.error();
  return for_each_record(*header, *records, visit);
}

Result<FilteredBatch> filter_records(ByteView batch, const std::function<bool(const RecordView&)>& keep) {
  auto header = read_batch_header(batch);
  if (!header) return header.error();
  FilteredBatch filtered;
  filtered.kept = header->count;
  if (header->control()) return filtered;
  SharedBytes memory;
  const auto records = records_of(*header, batch, memory);
  if (!records) return records.error();
  std::string rest;
  bool whole = true;
  std::int32_t kept = 0;
  auto newest = no_timestamp;
  const auto walked = for_each_record(*header, *records, [&](const RecordView& record) {
    if (keep(record)) {
      ++kept;
      newest = std::max(newest, record.timestamp);
      if (!whole) rest.append(text_of(record.raw));
    } else if (std::exchange(whole, false)) {
      rest.assign(text_of(*records), 0, static_cast<std::size_t>(record.raw.data() - records->data()));
    }
    return true;
  });
  if (!walked) return walked.error();
  filtered.kept = kept;
  if (whole) return filtered;
  if (kept == 0) {
    filtered.kind = FilteredBatch::Kind::empty;
    filtered.batch = empty_batch(*header);
    return filtered;
  }
  filtered.kind = FilteredBatch::Kind::part;
  header->count = kept;
  if (!header->log_append_time()) header->max_timestamp = newest;
  filtered.batch = build_batch(*header, bytes_of(compress(header->codec(), bytes_of(rest))));
  return filtered;
}

SharedBytes empty_batch(const BatchHeader& header) {
  auto empty = header;
  empty.attributes = static_cast<std::int16_t>(header.attributes & ~codec_bits);
  empty.count = 0;
  empty.base_timestamp = empty.max_timestamp = no_timestamp;
  return build_batch(empty, {});
}

} // namespace callboard
