#include "cluster/partition/tail_cache.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace callboard::partition {
namespace {

// What the cache wants to hold is reviewed each time so many times that went through it.
constexpr std::size_t review_after = 16;

} // namespace

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
  forget_old_readers(size);
  while (batches_.size() > 1 && bytes_ > wanted_) evict_front();
}

void TailCache::truncate(Offset from) {
  while (!batches_.empty() && batches_.back().base >= from) {
    give_back(batches_.back().bytes.size());
    batches_.pop_back();
  }
}

void TailCache::drop_below(Offset upto) {
  while (!batches_.empty() && batches_.front().next <= upto) evict_front();
}

void TailCache::clear() {
  give_back(bytes_);
  std::deque<Cached>().swap(batches_);
  wanted_ = tail_cache_bytes_min;
  deepest_ = appended_ = 0;
}

bool TailCache::read(Offset from, Offset upper, std::size_t bytes_max, bool at_least_one,
                     std::vector<SharedBytes>& out) {
  learn(from);
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

// How far `from` is behind is reckoned from the bytes an offset takes on average. Who is
// further back than the whole budget reaches is not helped by a larger cache.
void TailCache::learn(Offset from) {
  if (batches_.empty()) return;
  const auto end = batches_.back().next;
  const auto held = static_cast<double>(end.value - batches_.front().base.value);
  const auto behind = static_cast<double>(end.value - from.value) * static_cast<double>(bytes_) / held;
  if (behind <= 0 || behind > static_cast<double>(budget_->limit)) return;
  deepest_ = std::max(deepest_, static_cast<std::size_t>(behind));
  wanted_ = std::clamp(2 * deepest_, wanted_, std::max(wanted_, budget_->limit));
}

void TailCache::forget_old_readers(std::size_t appended) {
  appended_ += appended;
  if (appended_ < review_after * wanted_) return;
  wanted_ = std::max(2 * deepest_, tail_cache_bytes_min);
  deepest_ = appended_ = 0;
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
