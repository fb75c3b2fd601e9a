#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace callboard::net {

enum class Protocol : std::uint8_t { kafka, capnp, http, tls, unknown };

// How many bytes decide. Every protocol served here sends at least as many at once.
inline constexpr std::size_t sniffed_bytes = 8;

// What a connection speaks, by its first bytes (decision 14): one port serves all.
//   16 03                   a TLS record
//   "GET ", "POST ", ...    HTTP
//   00 00 00 00             Cap'n Proto, one segment
//   bytes 4-7 a known Kafka API key and a plausible version, below a size that such a
//   frame can have          Kafka
//   a small count in little-endian     Cap'n Proto with more segments
Protocol recognise(std::span<const std::uint8_t, sniffed_bytes> first);

} // namespace callboard::net
