#include "tests/simulation/applied_state.h"

#include "schema/big_endian.h"

namespace callboard::simulation {
namespace {

constexpr std::int64_t row_count = 23;
constexpr std::size_t part_rows = 4;
constexpr std::size_t base_timestamp_at = 27; // of a batch; names it, see BatchName

} // namespace

void AppliedState::apply(const LogEntry& entry) {
  if (entry.index <= applied) return;
  applied = entry.index;
  next_offset = entry.next_offset();
  if (entry.type != EntryType::batch) return;
  const auto id = load_big_endian<std::int64_t>(entry.payload.data() + base_timestamp_at);
  auto key = std::to_string(100 + id % row_count);
  if (id % 7 == 0)
    rows.erase(key);
  else
    rows[std::move(key)] = std::to_string(id) + "@" + std::to_string(entry.base_offset.value);
}

raft::StatePart AppliedState::part(const std::string& after) const {
  raft::StatePart part{after, applied, next_offset, {}, false};
  for (auto row = rows.upper_bound(after); row != rows.end(); ++row) {
    if (part.rows.size() == part_rows) {
      part.more = true;
      break;
    }
    part.rows.push_back({row->first, row->second});
  }
  return part;
}

} // namespace callboard::simulation
