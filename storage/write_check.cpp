#include "storage/write_check.h"

#include <string>

#include "storage/keys.h"

namespace callboard::storage {
namespace {

Error no_good(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string text(RaftIndex index) {
  return std::to_string(index.value);
}

} // namespace

Status check_write(const LogWrite& write, LogExtent extent) {
  if (write.reset) extent = {write.reset->first_index, write.reset->first_index};
  auto index = extent.next;
  if (write.truncate_from) {
    index = *write.truncate_from;
    if (index < extent.first || index > extent.next) {
      return no_good("the log has the raft indexes " + text(extent.first) + " to " + text(extent.next.prev()) +
                     ", nothing to truncate from " + text(index));
    }
  }
  if (!extent.written && !write.entries.empty()) index = write.entries.front().index;
  for (const auto& entry : write.entries) {
    if (entry.index != index) return no_good("raft index " + text(index) + " was expected, not " + text(entry.index));
    index = entry.next_index();
  }
  for (const auto& row : write.state) {
    if (row.key.size() > replica_key_bytes_max) return no_good("a state key is longer than 510 bytes");
  }
  return ok_status();
}

} // namespace callboard::storage
