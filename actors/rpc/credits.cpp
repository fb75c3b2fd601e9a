#include "actors/rpc/credits.h"

#include "schema/assert.h"

namespace callboard::rpc {

kj::Promise<kj::Own<Credits::Grant>> Credits::take(std::size_t amount) {
  if (waiting_.empty() && fits(amount)) return spend(amount);
  auto waiter = kj::newPromiseAndFulfiller<kj::Own<Grant>>();
  waiting_.push_back({amount, kj::mv(waiter.fulfiller)});
  return kj::mv(waiter.promise);
}

kj::Own<Credits::Grant> Credits::spend(std::size_t amount) {
  spent_ += amount;
  return kj::heap<Grant>(kj::addRef(*this), amount);
}

kj::Promise<void> Credits::room() {
  if (waiting_.empty() && left() > 0) return kj::READY_NOW;
  return take(1).ignoreResult();
}

void Credits::give_back(std::size_t amount) {
  CB_ASSERT(amount <= spent_);
  spent_ -= amount;
  while (!waiting_.empty()) {
    Waiter& next = waiting_.front();
    if (next.fulfiller->isWaiting()) { // the others were cancelled
      if (!fits(next.amount)) return;
      next.fulfiller->fulfill(spend(next.amount));
    }
    waiting_.pop_front();
  }
}

} // namespace callboard::rpc
