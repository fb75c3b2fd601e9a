#include "schema/internal_topics.h"

#include "schema/crc32c.h"

namespace callboard {

bool is_internal_topic(std::string_view name) {
  return name == consumer_offsets_topic || name == "__transaction_state";
}

std::int32_t group_partition(std::string_view group) {
  return static_cast<std::int32_t>(crc32c(bytes_of(group)) % consumer_offsets_partitions);
}

} // namespace callboard
