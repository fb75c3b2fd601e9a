#pragma once

#include <string>

#include "schema/bytes.h"
#include "schema/metadata_record.h"
#include "schema/result.h"

// Together with translate_api.h the only place where Cap'n Proto meets plain structs.
// Nothing of Cap'n Proto shows here, so that whoever persists records needs none of it.
namespace callboard::rpc {

// The bytes of records.capnp that are persisted: one segment, canonical, without a
// segment table. Equal records give equal bytes.
std::string encode_metadata_record(const MetadataRecord& record);

// Takes any bytes. Errors: corrupt_storage (damaged, or not a record), newer_format (a
// variant that this version does not know).
Result<MetadataRecord> decode_metadata_record(ByteView bytes);

} // namespace callboard::rpc
