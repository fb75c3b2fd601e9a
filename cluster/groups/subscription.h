#pragma once

#include <functional>
#include <string_view>

#include "schema/bytes.h"

namespace callboard::groups {

// The protocol type of Kafka's consumers, whose metadata is a subscription.
inline constexpr std::string_view consumer_protocol_type = "consumer";

// Calls `f` with the topics of a ConsumerProtocolSubscription of any version (they only grow
// at their end): i16 version | i32 count | count x (i16 length | name). False: it is none;
// what it named until there was given to `f`. Takes any bytes and no memory.
bool for_each_topic(ByteView subscription, const std::function<void(std::string_view topic)>& f);

} // namespace callboard::groups
