#pragma once

#include <span>
#include <vector>

#include "schema/rpc/api.h"

// Between records that own their content and batches, for both ends of the Cap'n
// Proto door. Pure.
namespace callboard::rpc {

// One uncompressed batch of all `records`, in order; those without a timestamp get
// `now`. Error: invalid_record if there are none.
Result<SharedBytes> encode_records(std::span<const Record> records, TimestampMs now);

// The records at or after `from` of fetched batches, control batches left out. A
// compressed batch ends the list; if it is the first, the error is
// unsupported_compression_type. Other errors: corrupt_message.
struct DecodedRecords {
  std::vector<Record> records;
  Offset next; // where to fetch next
};
Result<DecodedRecords> decode_records(std::span<const SharedBytes> batches, Offset from);

// Where a reader that has seen `batches` goes on: after the last record of the last
// one; `from` if there are none.
Result<Offset> next_offset(std::span<const SharedBytes> batches, Offset from);

} // namespace callboard::rpc
