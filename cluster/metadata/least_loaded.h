#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace callboard::metadata {

// Items in the order of their load. Among equals a caller's seed says where to begin, so
// that equals do not always follow each other in the same order: with the order of ids,
// nodes 1, 2 and 3 would share all their partitions and fall back on each other alone.
//
//   load 4 | 2 7 9      load 5 | 1 3      seed 1:  7 9 2  then  3 1
template <class Item>
class LeastLoaded {
public:
  void put(Item item, std::uint64_t load) {
    auto& equals = by_load_[load];
    equals.insert(std::lower_bound(equals.begin(), equals.end(), item), item);
  }
  void take(Item item, std::uint64_t load) {
    const auto found = by_load_.find(load);
    auto& equals = found->second;
    equals.erase(std::lower_bound(equals.begin(), equals.end(), item));
    if (equals.empty()) by_load_.erase(found);
  }
  bool empty() const { return by_load_.empty(); }
  std::uint64_t least() const { return by_load_.begin()->first; }

  // The first one that `usable` takes.
  template <class Usable>
  std::optional<Item> first(std::uint64_t seed, Usable usable) const {
    for (const auto& [load, equals] : by_load_)
      for (std::size_t i = 0; i < equals.size(); ++i) {
        const Item item = equals[(seed + i) % equals.size()];
        if (usable(item)) return item;
      }
    return std::nullopt;
  }

private:
  std::map<std::uint64_t, std::vector<Item>> by_load_; // each sorted, none empty
};

} // namespace callboard::metadata
