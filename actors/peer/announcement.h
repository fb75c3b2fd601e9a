#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/host_port.h"
#include "schema/uuid.h"

namespace callboard {

// What a node of a name to discover says to its local network, in one datagram. It proves
// nothing: who is dialled at `address` has to.
//
//   "CBDISC" | version u8 = 1 | flags u8, 1: looking | identity 16 | name u8 + bytes |
//   host u8 + bytes | port u16, big-endian
struct Announcement {
  std::string name;
  Uuid identity;
  HostPort address;
  bool looking = false; // belongs to no cluster yet: whoever hears it should answer

  bool operator==(const Announcement&) const = default;
};

inline constexpr std::size_t announcement_bytes_max = 512;

// Name and host have at most 255 bytes.
std::vector<std::uint8_t> encode(const Announcement& announcement);
// nullopt: anything but what encode() writes.
std::optional<Announcement> decode_announcement(ByteView datagram);

} // namespace callboard
