#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "cluster/partition/partition_replica.h"

namespace callboard {

// Messages to other replicas that promise what is still on its way to the disk. They leave
// in the order in which they were taken, each once its own part is stored, so that nothing
// leaves past something that is not (raft::Effects).
class PromisedMessages {
public:
  // Takes the messages out of `effects`; those of a write go with its sequence.
  void add(partition::Effects& effects);
  void hard_state_stored(std::uint64_t sequence) { hard_stored_ = sequence; }
  void written(std::uint64_t sequence) { written_ = sequence; }
  // What is not stored yet never will be: what promised it does not leave.
  void drop_unwritten();

  // What may leave now.
  std::vector<raft::Message> take();
  bool empty() const { return waiting_.empty(); }

private:
  struct Promise {
    std::uint64_t hard_sequence = 0; // 0: needs none
    std::uint64_t write_sequence = 0;
    std::vector<raft::Message> messages;
  };
  std::deque<Promise> waiting_;
  std::uint64_t hard_given_ = 0;
  std::uint64_t write_given_ = 0;
  std::uint64_t hard_stored_ = 0;
  std::uint64_t written_ = 0;
};

} // namespace callboard
