#pragma once

#include <cstdint>
#include <string_view>

// Topics that the cluster keeps for itself: clients see them, and may neither create,
// change, delete nor write them.
namespace callboard {

// Consumer groups and their offsets: the name that Kafka's tools expect.
inline constexpr std::string_view consumer_offsets_topic = "__consumer_offsets";

// Never changes: it decides where each group lives.
inline constexpr std::int32_t consumer_offsets_partitions = 16;

bool is_internal_topic(std::string_view name);

// The partition of `consumer_offsets_topic` whose leader coordinates this group: CRC-32C of
// its id modulo the number of partitions. Part of what is on disk, as the number is.
std::int32_t group_partition(std::string_view group);

} // namespace callboard
