#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <string>

namespace callboard {

// The one status request that every actor answers, whatever it is.
struct StatusQuery {
  caf::actor reply_to;
  std::uint64_t token = 0; // comes back in the answer
};

struct StatusAnswer {
  std::uint64_t token = 0;
  std::uint64_t actor_id = 0;
  std::string text; // what it is at, one line for a person
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StatusQuery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StatusAnswer)
