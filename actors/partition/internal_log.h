#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <vector>

#include "schema/log_entry.h"

// What an internal partition tells beside what is in messages.h.
namespace callboard {

// The end of the log as it was opened: not known to be committed, another leader may undo
// it. Told once, before InternalLogOpened.
struct UncommittedFound {
  std::vector<LogEntry> entries;
};

// Answers ReplayLog: the log has been trimmed, it begins with this entry. What lay before is in
// the state on disk, or it would still be there.
struct LogTrimmed {
  RaftIndex first;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogTrimmed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::UncommittedFound)
