#include "cluster/partition/tail_cache.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace callboard::partition {

TailCache::TailCache(std::shared_ptr<CacheBudget> budget) : budget_(std::move(budget)) {
  CB_ASSERT(budget_ != nullptr);
}

TailCache::~TailCache() {
  give_back(bytes_);
}

void TailCache::append(Offset base, Offset next, SharedBytes batch) {
  CB_ASSERT(base < next && (batches_.empty() || batches_.back().next == base));
  const auto size = batch.size();
  bytes_ += size;
  auto used = budget_->used.fetch_add(size, std::memory_order_relaxed) + size;
  batches_.push_back({base, next, std::move(batch)});
  const auto overdraft_max = budget_->limit + budget_->limit / 4;
  while (!batches_.empty() && used > (batches_.size() > 1 ? budget_->limit : overdraft_max)) {
    used -= batches_.front().bytes.size();
    evict_front();
  }
}

void TailCache::truncate(Offset from) {
  while (!batches_.empty() && batches_.back().base >= from) {
    give_back(batches_.back().bytes.size());
    batches_.pop_back();
  }
}

void TailCache::clear() {
  give_back(bytes_);
  std::deque<Cached>().swap(batches_);
}

bool TailCache::read(Offset from, Offset upper, std::size_t bytes_max, bool at_least_one,
                     std::vector<SharedBytes>& out) const {
  if (!holds(from)) return false;
  std::size_t sum = 0;
  for (auto it = find(from); it != batches_.end() && it->next <= upper; ++it) {
    sum += it->bytes.size();
    if (sum > bytes_max && !(at_least_one && out.empty())) break;
    out.push_back(it->bytes);
  }
  return true;
}

std::optional<std::size_t> TailCache::available(Offset from, Offset upper, std::size_t enough) const {
  if (!holds(from)) return std::nullopt;
  std::size_t sum = 0;
  for (auto it = find(from); it != batches_.end() && it->next <= upper && sum < enough; ++it) sum += it->bytes.size();
  return sum;
}

TailCache::Position TailCache::find(Offset from) const {
  return std::partition_point(batches_.begin(), batches_.end(), [&](const Cached& it) { return it.next <= from; });
}

void TailCache::give_back(std::size_t bytes) {
  bytes_ -= bytes;
  budget_->used.fetch_sub(bytes, std::memory_order_relaxed);
}

void TailCache::evict_front() {
  give_back(batches_.front().bytes.size());
  batches_.pop_front();
}

} // namespace callboard::partition
