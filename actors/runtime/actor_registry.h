#pragma once

#include <caf/actor_addr.hpp>
#include <caf/weak_intrusive_ptr.hpp>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/runtime/actor_stats.h"

namespace callboard {

// Every living actor of the node. Adding and removing take a lock, once in an actor's
// life; nothing on a message's way does.
class ActorRegistry {
public:
  struct Row {
    ActorEntry entry;
    caf::actor_addr address; // weak: being listed keeps nobody alive
  };

  void add(ActorEntry entry, caf::actor_addr address);
  void remove(std::uint64_t id);

  std::size_t size() const;
  // Copies the rows that `wanted` accepts.
  std::vector<Row> select(const std::function<bool(const ActorEntry&)>& wanted) const;

private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Row> rows_;
};

} // namespace callboard
