#pragma once

#include <deque>
#include <vector>

#include "schema/raft_message.h"

namespace callboard {

// What waits to be sent to one node, in order and bounded: Raft sends again what is lost.
// Messages that carry data are dropped first, so that votes and replies, of which some
// room is kept, get through to a node that falls behind.
//
//   |<------------- bytes_max: everything ------------->|<-- control_bytes: no data -->|
//
// A value; bytes as raft::bytes_of() counts them.
class PeerQueue {
public:
  PeerQueue(std::size_t bytes_max, std::size_t control_bytes) : bytes_max_(bytes_max), control_bytes_(control_bytes) {}

  // False: there is no room, or none will ever be for one so large; it is dropped.
  bool push(raft::Message message);
  // From the front, as many as `bytes_max` holds, one at least.
  struct Taken {
    std::vector<raft::Message> messages;
    std::size_t bytes = 0;
  };
  Taken take(std::size_t bytes_max);
  void clear();

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }

private:
  std::size_t bytes_max_;
  std::size_t control_bytes_;
  std::deque<raft::Message> waiting_;
  std::size_t bytes_ = 0;
};

} // namespace callboard
