#include "tests/simulation/producer.h"

#include <algorithm>
#include <string>
#include <utility>

namespace callboard::simulation {
namespace {

constexpr std::uint32_t retry_ticks = 3;    // after an error
constexpr std::uint32_t timeout_ticks = 35; // without an answer
constexpr double new_epoch = 0.02;
constexpr std::int32_t records_max = 3;
constexpr double guess = 0.1; // how often a node is asked that need not lead

} // namespace

Producer::Producer(ClientSurroundings& around, GroupId group, std::int64_t number, Habits habits)
  : around_(around), group_(group), number_(number), habits_(habits),
    random_(around.seed, "producer", static_cast<std::uint64_t>(number)) {}

void Producer::tick() {
  ++silent_ticks_;
  if (!waiting_.empty() && silent_ticks_ >= (refused_ ? retry_ticks : timeout_ticks)) send_again();
  if (!finishing_ && random_.chance(habits_.rate)) produce();
}

void Producer::produce() {
  // A broker that does not know a producer takes any sequence, so its first batch travels
  // alone.
  if (waiting_.size() >= (known_ ? habits_.in_flight_max : 1)) return;
  if (habits_.idempotent && waiting_.empty() && random_.chance(new_epoch)) {
    ++epoch_;
    sequence_ = 0;
    known_ = false;
  }
  Batch batch;
  batch.name.id = number_ * 1'000'000 + ++batches_;
  batch.name.count = static_cast<std::int32_t>(random_.between(1, records_max));
  batch.value_bytes = random_.between(1, habits_.value_bytes_max);
  if (habits_.idempotent) {
    batch.name.producer = ProducerId(number_);
    batch.name.epoch = epoch_;
    batch.name.sequence = sequence_;
    sequence_ += batch.name.count;
  } else {
    batch.name.epoch = batch.name.sequence = -1;
  }
  waiting_.push_back(batch);
  send(batch);
}

SharedBytes Producer::encode(const Batch& batch) const {
  BatchBuilder builder(batch.name.id);
  if (habits_.idempotent) builder.producer(batch.name.producer, batch.name.epoch, batch.name.sequence);
  const std::string value(batch.value_bytes, static_cast<char>('a' + batch.name.id % 26));
  for (std::int32_t i = 0; i < batch.name.count; ++i) builder.add(std::nullopt, bytes_of(value), batch.name.id);
  return builder.finish();
}

void Producer::send(const Batch& batch) {
  silent_ticks_ = 0;
  partition::ProduceCommand command;
  command.acks = habits_.acks;
  command.batch = encode(batch);
  auto header = check_produced_batch(command.batch.view());
  CB_ASSERT(header.ok());
  command.header = *header;
  const auto to = choose_node();
  around_.network.send_to_node(to, [this, to, id = batch.name.id, command = std::move(command)] {
    // Whoever gets it may stamp it: a request that was delayed is another copy.
    auto own = command;
    own.batch = SharedBytes::copy_of(command.batch.view());
    around_.brokers.produce(to, group_, std::move(own),
                            [this, id](const partition::ProduceOutcome& outcome) { answered(id, outcome); });
  });
}

NodeId Producer::choose_node() {
  const auto leader = around_.brokers.leader(group_);
  if (leader.node != no_node && !random_.chance(guess)) return leader.node;
  return around_.brokers.anyone(random_);
}

void Producer::send_again() {
  refused_ = false;
  silent_ticks_ = 0;
  for (const auto& batch : waiting_) {
    if (!batch.acknowledged) send(batch);
  }
}

void Producer::answered(std::int64_t id, const partition::ProduceOutcome& outcome) {
  auto* batch = find(id);
  if (batch == nullptr) return;
  const bool written_before = outcome.error == ErrorCode::duplicate_sequence_number;
  if (outcome.error == ErrorCode::none || written_before) {
    delivered(*batch);
    return;
  }
  const bool fenced = outcome.error == ErrorCode::invalid_producer_epoch;
  const bool refused_for_good = fenced || outcome.error == ErrorCode::message_too_large ||
                                outcome.error == ErrorCode::invalid_record ||
                                outcome.error == ErrorCode::corrupt_message;
  if (refused_for_good) {
    around_.findings.fail("producers", "a batch is refused for good: " + outcome.message);
  } else if (!refused_) {
    refused_ = true;
    silent_ticks_ = 0;
  }
}

void Producer::delivered(Batch& batch) {
  batch.acknowledged = true;
  known_ = habits_.idempotent || known_;
  silent_ticks_ = 0;
  while (!waiting_.empty() && waiting_.front().acknowledged) waiting_.pop_front();
}

Producer::Batch* Producer::find(std::int64_t id) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Batch& it) { return it.name.id == id; });
  return found == waiting_.end() ? nullptr : &*found;
}

} // namespace callboard::simulation
