#pragma once

#include <string>

#include "schema/bytes.h"
#include "schema/metadata_record.h"
#include "schema/record_batch.h"
#include "schema/result.h"

// Together with translate_api.h the only place where Cap'n Proto meets plain structs.
// Nothing of Cap'n Proto shows here, so that whoever persists records needs none of it.
namespace callboard::rpc {

// The bytes of records.capnp that are persisted: one segment, canonical, without a
// segment table. Equal records give equal bytes.
std::string encode_metadata_record(const MetadataRecord& record);

// As a record of the metadata's log, with a key: the newest of each key, in the log's order, say
// all there is to say, so that the log can be compacted. That a topic is gone is said by a value
// that stays, no tombstone: a replica that was away for long has to hear of it, too. Placements
// of its partitions are tombstones then, for who misses one misses nothing.
void add_metadata_record(BatchBuilder& batch, const MetadataRecord& record, TimestampMs at);

// Takes any bytes. Errors: corrupt_storage (damaged, or not a record), newer_format (a
// variant that this version does not know).
Result<MetadataRecord> decode_metadata_record(ByteView bytes);
// Out of the log, where newer_format is also one without a key: compaction would drop it.
Result<MetadataRecord> decode_metadata_record(const RecordView& record);

} // namespace callboard::rpc
