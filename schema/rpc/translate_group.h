#pragma once

#include <string>
#include <variant>

#include "schema/bytes.h"
#include "schema/group_record.h"
#include "schema/result.h"

// A consumer group's rows <-> the bytes that an offsets partition persists: one segment,
// canonical, without a segment table; equal rows give equal bytes. Pure; nothing of Cap'n
// Proto shows here.
namespace callboard::rpc {

using GroupRow = std::variant<GroupRecord, OffsetRecord>;

std::string encode_group_row(const GroupRecord& record);
std::string encode_group_row(const OffsetRecord& record);

// No row is larger: a group keeps at most 64 MiB of its members', and what goes with it.
inline constexpr std::size_t group_row_bytes_max = std::size_t{96} << 20;

// Takes any bytes; takes no more memory than a few times their size. The result owns its
// memory. Errors: corrupt_storage (damaged, or no row), newer_format (a variant that this
// version does not know).
Result<GroupRow> decode_group_row(ByteView bytes);

} // namespace callboard::rpc
