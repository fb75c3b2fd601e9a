#pragma once

#include <functional>

#include "schema/record_batch.h"

namespace callboard {

// for_each_record() that also opens compressed batches, of up to 64 MiB (decompress.h). What
// is visited is gone when `visit` returns. Errors: corrupt_message, message_too_large.
Status for_each_record_inside(ByteView batch, const std::function<bool(const RecordView&)>& visit);

// A batch after some of its records were removed. Offsets and their number stay as they
// were: base offset, last offset delta, producer and sequences are the original's.
struct FilteredBatch {
  enum class Kind : std::uint8_t {
    whole, // nothing was removed; `batch` is empty
    part,  // the rest, compressed by the same codec; max timestamp is theirs
    empty, // a header without records, as Kafka keeps one
  };
  Kind kind = Kind::whole;
  SharedBytes batch;
  std::int32_t kept = 0;
};

// What is left of `batch` when only those records stay for which `keep` says so. It is
// asked once for each, in order. A control batch stays whole, unasked. Errors
// as above.
Result<FilteredBatch> filter_records(ByteView batch, const std::function<bool(const RecordView&)>& keep);

// `header` without records.
SharedBytes empty_batch(const BatchHeader& header);

} // namespace callboard
