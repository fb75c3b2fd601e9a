#pragma once

#include <deque>

#include "tests/simulation/brokers.h"

namespace callboard::simulation {

// A producer of one group as Kafka's clients are: up to five batches on their way, sent
// again in order until each is acknowledged. Idempotent ones never give up; now and then
// they begin a new epoch. What they are told is judged where it is said, by GroupHistory.
class Producer {
public:
  struct Habits {
    bool idempotent = true;
    std::int16_t acks = -1;
    std::size_t in_flight_max = 5;
    std::size_t value_bytes_max = 100;
    double rate = 0.1; // of a new batch in a tick
  };

  Producer(ClientSurroundings& around, GroupId group, std::int64_t number, Habits habits);

  // Something to do, perhaps; once a tick.
  void tick();
  // No more new batches.
  void finish() { finishing_ = true; }
  bool idle() const { return waiting_.empty(); }
  // One more batch, whatever the rate says.
  void produce();

private:
  struct Batch {
    BatchName name;
    std::size_t value_bytes = 0;
    bool acknowledged = false;
  };

  SharedBytes encode(const Batch& batch) const;
  void send(const Batch& batch);
  void send_again();
  void answered(std::int64_t id, const partition::ProduceOutcome& outcome);
  void delivered(Batch& batch);
  Batch* find(std::int64_t id);
  NodeId choose_node();

  ClientSurroundings& around_;
  GroupId group_;
  std::int64_t number_;
  Habits habits_;
  Random random_;
  std::deque<Batch> waiting_; // oldest first
  std::int64_t batches_ = 0;
  std::int16_t epoch_ = 0;
  std::int32_t sequence_ = 0;
  bool known_ = false; // a batch of this epoch was acknowledged
  bool finishing_ = false;
  std::uint32_t silent_ticks_ = 0; // since something was sent or answered
  bool refused_ = false;           // something has to be sent again
};

} // namespace callboard::simulation
