#include "schema/log_write.h"

#include <algorithm>
#include <iterator>

namespace callboard {

std::size_t LogWrite::payload_bytes() const {
  std::size_t sum = 0;
  for (const auto& entry : entries) sum += entry.payload.size();
  return sum;
}

void LogWrite::append(LogWrite&& later) {
  if (later.reset) {
    *this = std::move(later);
    return;
  }
  if (later.truncate_from) {
    const auto from = *later.truncate_from;
    const auto covered = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.index >= from; });
    entries.erase(covered, entries.end());
    // What was to be appended here is not on disk yet: only below it is there something to
    // remove.
    if (entries.empty()) truncate_from = truncate_from ? std::min(*truncate_from, from) : from;
  }
  if (entries.empty()) {
    entries = std::move(later.entries);
  } else {
    entries.insert(entries.end(), std::make_move_iterator(later.entries.begin()),
                   std::make_move_iterator(later.entries.end()));
  }
  state.insert(state.end(), std::make_move_iterator(later.state.begin()), std::make_move_iterator(later.state.end()));
  applied = std::max(applied, later.applied);
}

} // namespace callboard
