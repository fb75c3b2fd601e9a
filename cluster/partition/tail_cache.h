#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"

namespace callboard::partition {

// The bytes that all tail caches of a node may hold together; shared by replicas on
// several threads.
struct CacheBudget {
  explicit CacheBudget(std::size_t bytes_max) : limit(bytes_max) {}
  const std::size_t limit;
  std::atomic<std::size_t> used{0};
};

// The newest batches of one partition, by reference, so that consumers at the tail
// never touch the disk. Contiguous up to the log's end.
//
// While the node's budget is overspent, the cache that appends evicts its own oldest
// batches, down to one: the newest stays until the overdraft reaches a quarter of the
// budget, so that a partition which wakes up is not starved by those that filled the
// cache first and shrink only when they append again.
class TailCache {
public:
  explicit TailCache(std::shared_ptr<CacheBudget> budget);
  ~TailCache();
  TailCache(const TailCache&) = delete;
  TailCache& operator=(const TailCache&) = delete;

  // `base` is where the last one ended, unless the cache is empty.
  void append(Offset base, Offset next, SharedBytes batch);
  // Drops batches whose base offset is >= `from` (undone appends).
  void truncate(Offset from);
  void clear();

  // Batches from the one that holds `from`, below `upper`, at most `bytes_max` in sum
  // (the first one whole if `at_least_one`). False if `from` lies before the cache.
  bool read(Offset from, Offset upper, std::size_t bytes_max, bool at_least_one, std::vector<SharedBytes>& out) const;
  // Bytes of whole batches in [from, upper), counted up to `enough`; nullopt if `from` lies before
  // the cache.
  std::optional<std::size_t> available(Offset from, Offset upper, std::size_t enough) const;

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return batches_.empty(); }

private:
  struct Cached {
    Offset base;
    Offset next;
    SharedBytes bytes;
  };
  using Position = std::deque<Cached>::const_iterator;
  bool holds(Offset from) const { return !batches_.empty() && batches_.front().base <= from; }
  // The batch that holds `from`.
  Position find(Offset from) const;
  void give_back(std::size_t bytes);
  void evict_front();

  std::shared_ptr<CacheBudget> budget_;
  std::deque<Cached> batches_;
  std::size_t bytes_ = 0;
};

} // namespace callboard::partition
