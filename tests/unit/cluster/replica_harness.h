#pragma once

#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/partition/partition_replica.h"

namespace callboard::test {

using partition::Effects;
using partition::PartitionReplica;

// What a log keeps of one group, in memory: what was written is there after a restart,
// what was not is gone.
class FakeDisk {
public:
  HardState hard;
  Offset log_start;

  void write(const LogWrite& write) {
    BOOST_REQUIRE(!write.truncate_from);
    for (const auto& entry : write.entries) {
      BOOST_REQUIRE_EQUAL(entry.index.value, last_index().value + 1);
      BOOST_REQUIRE_EQUAL(entry.base_offset.value, next_offset().value);
      entries_.push_back(entry);
    }
    for (const auto& row : write.state) {
      if (row.value) {
        rows_[row.key] = *row.value;
      } else {
        rows_.erase(row.key);
      }
    }
    BOOST_REQUIRE(write.state.empty() || write.applied.value > 0);
    BOOST_REQUIRE(write.applied <= last_index());
    applied_ = std::max(applied_, write.applied);
  }

  RecoveredLog recover() const {
    RecoveredLog log;
    log.last_index = last_index();
    log.last_term = entries_.empty() ? Term{} : entries_.back().term;
    log.log_start = log_start;
    log.next_offset = next_offset();
    log.applied = applied_;
    for (const auto& [key, value] : rows_) log.state.push_back({key, value});
    for (const auto& entry : entries_) {
      if (entry.index <= applied_) continue;
      log.suffix.push_back(entry);
      if (entry.type == EntryType::batch) {
        log.suffix.back().payload = SharedBytes::copy_of(entry.payload.view().first(batch_header_bytes));
      }
    }
    return log;
  }

  const std::vector<LogEntry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& rows() const { return rows_; }
  RaftIndex applied() const { return applied_; }
  RaftIndex last_index() const { return RaftIndex(entries_.size()); }
  Offset next_offset() const { return entries_.empty() ? Offset{} : entries_.back().next_offset(); }

private:
  std::vector<LogEntry> entries_;
  std::map<std::string, std::string> rows_;
  RaftIndex applied_;
};

// A batch as a producer makes it.
struct BatchSpec {
  std::int32_t records = 1;
  ProducerId producer = no_producer;
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;
  TimestampMs timestamp = 1000;
  std::size_t value_bytes = 10;
};

inline partition::ProduceCommand produce_command(partition::WaiterId waiter, std::int16_t acks, const BatchSpec& spec) {
  BatchBuilder builder(spec.timestamp);
  if (spec.producer != no_producer) builder.producer(spec.producer, spec.epoch, spec.sequence);
  const std::string value(spec.value_bytes, 'v');
  for (std::int32_t i = 0; i < spec.records; ++i) builder.add(std::nullopt, bytes_of(value), spec.timestamp);
  partition::ProduceCommand command;
  command.waiter = waiter;
  command.acks = acks;
  command.batch = builder.finish();
  auto header = check_produced_batch(command.batch.view());
  BOOST_REQUIRE_MESSAGE(header.ok(), (header.ok() ? "" : header.error().message));
  command.header = *header;
  return command;
}

// A replica, its disk, and the writes on their way between the two.
class ReplicaHarness {
public:
  struct InFlight {
    std::uint64_t generation = 0;
    LogWrite write;
  };

  partition::ReplicaOptions options;
  bool deliver_applied = false;
  std::shared_ptr<partition::CacheBudget> cache = std::make_shared<partition::CacheBudget>(std::size_t{1} << 20);
  FakeDisk disk;
  std::deque<InFlight> in_flight;
  std::optional<PartitionReplica> replica;

  ReplicaHarness() { disk.hard.voters = {NodeId(1)}; }

  // Starts, or starts again with what the disk has.
  void start() {
    in_flight.clear();
    hard_state_.reset();
    replica.emplace(PartitionReplica::Start{NodeId(1), disk.hard, disk.recover(), options, cache, deliver_applied});
  }

  Effects take() {
    auto effects = replica->take_effects();
    if (effects.hard_state) hard_state_ = effects.hard_state;
    if (!effects.write.empty()) in_flight.push_back({effects.write_generation, effects.write});
    if (effects.log_start) disk.log_start = std::max(disk.log_start, *effects.log_start);
    return effects;
  }

  void store_hard_state() {
    BOOST_REQUIRE(hard_state_.has_value());
    disk.hard = *hard_state_;
    replica->hard_state_stored(disk.hard.term);
  }

  // The oldest write on its way reaches the disk; answered if `answer`.
  void write(bool answer = true) {
    BOOST_REQUIRE(!in_flight.empty());
    const auto written = std::move(in_flight.front());
    in_flight.pop_front();
    disk.write(written.write);
    if (answer) replica->written(written.write.entries.back().index, written.write.entries.back().term);
  }

  // The oldest write fails; what follows of its generation is refused by the writer.
  void fail(ErrorCode code) {
    BOOST_REQUIRE(!in_flight.empty());
    const auto generation = in_flight.front().generation;
    while (!in_flight.empty() && in_flight.front().generation == generation) {
      in_flight.pop_front();
      replica->write_failed(generation, {code, "No space left on the disk."});
    }
  }

  // From the start to a leader that has settled.
  Effects lead() {
    start();
    replica->campaign();
    take();
    store_hard_state();
    take();
    write();
    BOOST_REQUIRE(replica->settled());
    return take();
  }

  // Everything on its way reaches the disk.
  Effects settle_writes() {
    Effects all;
    for (auto effects = take();; effects = take()) {
      std::move(effects.produced.begin(), effects.produced.end(), std::back_inserter(all.produced));
      std::move(effects.fetched.begin(), effects.fetched.end(), std::back_inserter(all.fetched));
      std::move(effects.applied.begin(), effects.applied.end(), std::back_inserter(all.applied));
      if (effects.log_start) all.log_start = effects.log_start;
      if (in_flight.empty()) return all;
      write();
    }
  }

private:
  std::optional<HardState> hard_state_;
};

} // namespace callboard::test
