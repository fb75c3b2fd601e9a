#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace callboard::storage {

inline constexpr std::uint64_t sidecar_chunk_bytes = 1 << 20;

// What a closed segment must look like, in a file SEGMENT.sum beside it:
//   magic "CBSM" | version u32 | group u64 | segment u64 | file bytes u64 | chunk bytes u32
//   count u32 | CRC-32C of each chunk, count x u32 | CRC-32C of all before u32
struct Sidecar {
  GroupId group;
  SegmentId segment;
  std::uint64_t file_bytes = 0;
  std::vector<std::uint32_t> chunk_crcs;

  bool operator==(const Sidecar&) const = default;
};

std::string encode_sidecar(const Sidecar& sidecar);
// Errors: corrupt_storage, newer_format; `path` for the sentence.
Result<Sidecar> decode_sidecar(ByteView bytes, const std::string& path);
Result<Sidecar> load_sidecar(const std::string& path);
// All of it or nothing, durable.
Status store_sidecar(const std::string& path, const Sidecar& sidecar);

} // namespace callboard::storage
