#pragma once

#include <string_view>

namespace callboard {

// Topics that the broker keeps for itself, under Kafka's names. Clients read them in
// Metadata (is_internal) but do not create, change or delete them.
inline bool is_internal_topic(std::string_view name) {
  return name == "__consumer_offsets" || name == "__transaction_state";
}

} // namespace callboard
