#include "actors/partition/promised_messages.h"

#include <utility>

namespace callboard {

void PromisedMessages::add(partition::Effects& effects) {
  if (effects.hard_state) hard_given_ = effects.sequence;
  if (!effects.write.empty()) write_given_ = effects.sequence;
  if (!effects.after_hard_state.empty()) waiting_.push_back({hard_given_, 0, std::move(effects.after_hard_state)});
  if (!effects.after_write.empty()) waiting_.push_back({hard_given_, write_given_, std::move(effects.after_write)});
}

void PromisedMessages::drop_unwritten() {
  std::erase_if(waiting_, [this](const Promise& promise) { return promise.write_sequence > written_; });
}

std::vector<raft::Message> PromisedMessages::take() {
  std::vector<raft::Message> out;
  while (!waiting_.empty()) {
    auto& promise = waiting_.front();
    if (promise.hard_sequence > hard_stored_ || promise.write_sequence > written_) break;
    if (out.empty())
      out = std::move(promise.messages);
    else
      std::move(promise.messages.begin(), promise.messages.end(), std::back_inserter(out));
    waiting_.pop_front();
  }
  return out;
}

} // namespace callboard
