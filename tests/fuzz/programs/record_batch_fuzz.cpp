#include <cstdint>
#include <cstring>
#include <string>

#include "schema/big_endian.h"
#include "schema/crc32c.h"
#include "schema/decompress.h"
#include "schema/record_batch.h"

// Any bytes as a batch: as a producer sent it, as a consumer or compaction walks it, as
// they are and once more with a checksum that fits, behind which the mutations count.
namespace callboard {
namespace {

constexpr std::size_t decompressed_max = std::size_t{1} << 20;
constexpr std::size_t crc_at = 17;

bool headers_hold(ByteView encoded) {
  const auto headers = read_record_headers(encoded);
  if (!headers) return !headers.error().message.empty();
  for (const auto& header : *headers)
    if (header.key.size() > encoded.size()) return false;
  return true;
}

void walk(ByteView batch) {
  std::int64_t records = 0;
  const auto walked = for_each_record(batch, [&](const RecordView& record) {
    CB_ASSERT(!record.key || record.key->size() <= batch.size());
    CB_ASSERT(!record.value || record.value->size() <= batch.size());
    CB_ASSERT(headers_hold(record.headers));
    ++records;
    return true;
  });
  CB_ASSERT(walked.ok() || !walked.error().message.empty());
  if (walked) CB_ASSERT(records == read_batch_header(batch)->count || read_batch_header(batch)->count < 0);
}

// A batch of the records that came out, as who walks it makes one.
void walk_decompressed(ByteView batch, const BatchHeader& header) {
  const auto compressed = batch.first(header.total_bytes).subspan(batch_header_bytes);
  const auto plain = decompress(header.codec(), compressed, decompressed_max);
  if (!plain) return;
  CB_ASSERT(plain->size() <= decompressed_max);
  std::string whole(text_of(batch.first(batch_header_bytes)));
  whole += plain->text();
  auto* at = reinterpret_cast<std::uint8_t*>(whole.data());
  store_big_endian(at + 8, static_cast<std::int32_t>(whole.size() - 12));
  store_big_endian(at + batch_crc_from, static_cast<std::int16_t>(header.attributes & ~7));
  walk(bytes_of(whole));
}

void check(ByteView batch) {
  const auto checked = check_produced_batch(batch);
  if (checked) {
    CB_ASSERT(checked->total_bytes == batch.size());
    CB_ASSERT(checked->count >= 1 && checked->last_offset_delta == checked->count - 1);
    CB_ASSERT(batch_crc_matches(batch));
    CB_ASSERT(!checked->idempotent() || checked->last_sequence() >= 0);
  }
  walk(batch);
  const auto header = read_batch_header(batch);
  if (!header) return;
  if (header->codec() != Codec::none && header->codec() <= Codec::zstd) walk_decompressed(batch, *header);
  auto stamped = SharedBytes::copy_of(batch.first(header->total_bytes));
  const bool matched = batch_crc_matches(stamped.view());
  stamp_batch(stamped.stampable(), Offset(7), Term(3));
  CB_ASSERT(batch_crc_matches(stamped.view()) == matched);
  stamp_log_append_time({stamped.stampable(), stamped.size()}, 42);
  CB_ASSERT(batch_crc_matches(stamped.view()));
  CB_ASSERT(read_batch_header(stamped.view())->base_offset == Offset(7));
}

} // namespace
} // namespace callboard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  check(ByteView(data, size));
  if (size < batch_header_bytes) return 0;
  auto whole = SharedBytes::copy_of(ByteView(data, size));
  store_big_endian(whole.stampable() + 8, static_cast<std::int32_t>(size - 12));
  store_big_endian(whole.stampable() + crc_at, crc32c(whole.view().subspan(batch_crc_from)));
  check(whole.view());
  return 0;
}
