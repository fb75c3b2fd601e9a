#pragma once

#include <cstddef>
#include <deque>
#include <kj/async.h>
#include <kj/refcount.h>

namespace callboard::rpc {

// A bounded amount (bytes, calls) that a connection may have under way at once. What
// takes credits holds a Grant; dropping it gives them back and lets the next one in.
// First come, first served. Belongs to one KJ loop.
class Credits final : public kj::Refcounted {
public:
  class Grant {
  public:
    Grant(kj::Own<Credits> from, std::size_t amount) : from_(kj::mv(from)), amount_(amount) {}
    ~Grant() noexcept { from_->give_back(amount_); }
    KJ_DISALLOW_COPY(Grant);

  private:
    kj::Own<Credits> from_;
    std::size_t amount_;
  };

  explicit Credits(std::size_t limit) : limit_(limit) {}

  // Waits until `amount` fits. One that is larger than the limit gets in alone.
  kj::Promise<kj::Own<Grant>> take(std::size_t amount);
  // At once, also past the limit: for what is already there and has to be counted.
  kj::Own<Grant> spend(std::size_t amount);
  // Waits until something is left.
  kj::Promise<void> room();

  std::size_t spent() const { return spent_; }
  std::size_t left() const { return spent_ < limit_ ? limit_ - spent_ : 0; }

private:
  struct Waiter {
    std::size_t amount;
    kj::Own<kj::PromiseFulfiller<kj::Own<Grant>>> fulfiller;
  };
  bool fits(std::size_t amount) const { return spent_ == 0 || (amount <= limit_ && spent_ <= limit_ - amount); }
  void give_back(std::size_t amount);

  std::size_t limit_;
  std::size_t spent_ = 0;
  std::deque<Waiter> waiting_;
};

} // namespace callboard::rpc
