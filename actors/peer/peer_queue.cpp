#include "actors/peer/peer_queue.h"

#include <utility>

namespace callboard {
namespace {

bool carries_data(const raft::Message& message) {
  const auto* append = std::get_if<raft::Append>(&message.body);
  return (append != nullptr && !append->entries.empty()) ||
         std::holds_alternative<raft::InstallSnapshot>(message.body) ||
         std::holds_alternative<raft::StatePart>(message.body);
}

} // namespace

bool PeerQueue::push(raft::Message message) {
  const auto bytes = raft::bytes_of(message);
  const auto room = bytes_max_ + (carries_data(message) ? 0 : control_bytes_);
  if (bytes > raft::message_bytes_max || bytes_ + bytes > room) return false;
  bytes_ += bytes;
  waiting_.push_back(std::move(message));
  return true;
}

PeerQueue::Taken PeerQueue::take(std::size_t bytes_max) {
  Taken taken;
  while (!waiting_.empty()) {
    const auto bytes = raft::bytes_of(waiting_.front());
    if (!taken.messages.empty() && taken.bytes + bytes > bytes_max) break;
    taken.bytes += bytes;
    taken.messages.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  bytes_ -= taken.bytes;
  return taken;
}

void PeerQueue::clear() {
  waiting_.clear();
  bytes_ = 0;
}

} // namespace callboard
