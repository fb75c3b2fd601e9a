#include "actors/runtime/actor_registry.h"

namespace callboard {

void ActorRegistry::add(ActorEntry entry, caf::actor_addr address) {
  std::lock_guard guard(mutex_);
  const auto id = entry.id;
  rows_.insert_or_assign(id, Row{std::move(entry), std::move(address)});
}

void ActorRegistry::remove(std::uint64_t id) {
  // The weak address is dropped outside the lock: it may be the last one.
  Row removed;
  {
    std::lock_guard guard(mutex_);
    const auto found = rows_.find(id);
    if (found == rows_.end()) return;
    removed = std::move(found->second);
    rows_.erase(found);
  }
}

std::size_t ActorRegistry::size() const {
  std::lock_guard guard(mutex_);
  return rows_.size();
}

std::vector<ActorRegistry::Row> ActorRegistry::select(const std::function<bool(const ActorEntry&)>& wanted) const {
  std::vector<Row> out;
  std::lock_guard guard(mutex_);
  for (const auto& [id, row] : rows_)
    if (wanted(row.entry)) out.push_back(row);
  return out;
}

} // namespace callboard
