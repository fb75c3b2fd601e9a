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

inline constexpr std::size_t tail_cache_bytes_min = 1 << 20;

// The newest batches of one partition, by reference, so that consumers at the tail
// never touch the disk. Contiguous up to the log's end.
//
// It holds twice what its readers lag behind, at least tail_cache_bytes_min: bytes that
// nobody comes for would only push what is in use out of the processor's caches (some
// 20 % of the CPU of a produce under load).
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
  // Drops batches that end at or below `upto` (compacted: on disk there is less of them).
  void drop_below(Offset upto);
  void clear();

  // Batches from the one that holds `from`, below `upper`, at most `bytes_max` in sum
  // (the first one whole if `at_least_one`). False if `from` lies before the cache.
  // Either way it has learned how far back its readers are.
  bool read(Offset from, Offset upper, std::size_t bytes_max, bool at_least_one, std::vector<SharedBytes>& out);
  // Bytes of whole batches in [from, upper), counted up to `enough`; nullopt if `from` lies before
  // the cache.
  std::optional<std::size_t> available(Offset from, Offset upper, std::size_t enough) const;

  std::size_t bytes() const { return bytes_; }
  // What it holds on to as long as the node's budget allows.
  std::size_t wanted() const { return wanted_; }
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
  void learn(Offset from);
  void forget_old_readers(std::size_t appended);
  void give_back(std::size_t bytes);
  void evict_front();

  std::shared_ptr<CacheBudget> budget_;
  std::deque<Cached> batches_;
  std::size_t bytes_ = 0;
  std::size_t wanted_ = tail_cache_bytes_min;
  std::size_t deepest_ = 0;  // bytes that a reader was behind, since wanted_ was last reviewed
  std::size_t appended_ = 0; // bytes since then
};

} // namespace callboard::partition
