#pragma once

#include "schema/log_write.h"
#include "schema/result.h"

namespace callboard::storage {

// Which entries a log has, and so where it can go on.
struct LogExtent {
  RaftIndex first; // of those kept
  RaftIndex next;
  bool written = true; // one that never was begins with any entry
};

// Whether `write` continues such a log. Error (invalid_argument): why it does not.
Status check_write(const LogWrite& write, LogExtent extent);

} // namespace callboard::storage
