#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <iterator>
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
    if (write.reset) {
      entries_.clear();
      rows_.clear();
      first_index_ = write.reset->first_index;
      first_offset_ = write.reset->next_offset;
      log_start = write.reset->log_start;
    }
    if (write.truncate_from) {
      BOOST_REQUIRE(*write.truncate_from >= first_index_);
      while (!entries_.empty() && last_index() >= *write.truncate_from) entries_.pop_back();
    }
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
    BOOST_REQUIRE(write.applied <= last_index() || rows_.contains("c"));
    applied_ = std::max(applied_, write.applied);
  }

  RecoveredLog recover() const {
    RecoveredLog log;
    log.first_index = first_index_;
    log.first_offset = first_offset_;
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

  // What the log start has left behind may go, a batch at a time.
  void trim() {
    while (!entries_.empty() && entries_.front().next_offset() <= log_start && first_index_ <= applied_) {
      first_index_ = first_index_.next();
      first_offset_ = entries_.front().next_offset();
      entries_.erase(entries_.begin());
    }
  }
  // [from, last], at most so many bytes of payload, but one entry.
  std::vector<LogEntry> read(RaftIndex from, RaftIndex last, std::size_t bytes_max) const {
    std::vector<LogEntry> out;
    std::size_t bytes = 0;
    for (const auto& entry : entries_) {
      if (entry.index < from || entry.index > last) continue;
      bytes += entry.payload.size();
      if (bytes > bytes_max && !out.empty()) break;
      out.push_back(entry);
    }
    return out;
  }

  const std::vector<LogEntry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& rows() const { return rows_; }
  RaftIndex applied() const { return applied_; }
  RaftIndex first_index() const { return first_index_; }
  Offset first_offset() const { return first_offset_; }
  RaftIndex last_index() const { return RaftIndex(first_index_.value + entries_.size() - 1); }
  Offset next_offset() const { return entries_.empty() ? first_offset_ : entries_.back().next_offset(); }

private:
  RaftIndex first_index_{1};
  Offset first_offset_;
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

// A replica, its disk, and what is on its way between the two.
class ReplicaHarness {
public:
  struct InFlight {
    std::uint64_t sequence = 0;
    std::uint64_t generation = 0;
    LogWrite write;
    std::vector<raft::Message> then;
  };
  struct HardInFlight {
    std::uint64_t sequence = 0;
    HardState hard;
    std::vector<raft::Message> then;
  };

  NodeId self{1};
  bool in_group = false;
  raft::Config raft;
  partition::ReplicaOptions options;
  bool deliver_applied = false;
  bool keeps_state = false;
  std::shared_ptr<partition::CacheBudget> cache = std::make_shared<partition::CacheBudget>(std::size_t{1} << 20);
  FakeDisk disk;
  std::deque<HardInFlight> hard_in_flight;
  std::deque<InFlight> in_flight;
  std::deque<raft::ReadRequest> reads;
  std::vector<raft::Message> outbox; // may leave
  std::optional<PartitionReplica> replica;

  ReplicaHarness() { disk.hard.membership.voters = {NodeId(1)}; }

  // Starts, or starts again with what the disk has.
  void start() {
    in_flight.clear();
    hard_in_flight.clear();
    reads.clear();
    outbox.clear();
    replica.emplace(PartitionReplica::Start{self, disk.hard, disk.recover(), options, cache, deliver_applied,
                                            GroupId(1), raft, 0, keeps_state});
  }

  Effects take() {
    auto effects = replica->take_effects();
    if (effects.hard_state) hard_in_flight.push_back({effects.sequence, *effects.hard_state, effects.after_hard_state});
    if (!effects.write.empty())
      in_flight.push_back({effects.sequence, effects.write_generation, effects.write, effects.after_write});
    BOOST_REQUIRE(effects.hard_state || effects.after_hard_state.empty());
    BOOST_REQUIRE(!effects.write.empty() || effects.after_write.empty());
    if (effects.log_start) disk.log_start = std::max(disk.log_start, *effects.log_start);
    reads.insert(reads.end(), effects.reads.begin(), effects.reads.end());
    outbox.insert(outbox.end(), effects.messages.begin(), effects.messages.end());
    return effects;
  }

  // Every term and vote on its way is on disk.
  void store_hard_state() {
    BOOST_REQUIRE(!hard_in_flight.empty());
    for (auto& stored : std::exchange(hard_in_flight, {})) {
      disk.hard = stored.hard;
      release(stored.then);
      replica->hard_state_stored(stored.sequence);
    }
  }

  // The oldest write on its way reaches the disk; answered if `answer`.
  void write(bool answer = true) {
    BOOST_REQUIRE(!in_flight.empty());
    const auto written = std::move(in_flight.front());
    in_flight.pop_front();
    BOOST_REQUIRE(hard_in_flight.empty() || hard_in_flight.front().sequence > written.sequence);
    disk.write(written.write);
    if (!answer) return;
    release(written.then);
    replica->written(written.sequence);
  }

  // The next storage effect in order; false if none is on its way.
  bool store_next() {
    if (!hard_in_flight.empty()) {
      store_hard_state();
    } else if (!in_flight.empty()) {
      write();
    } else if (!reads.empty()) {
      read();
    } else {
      return false;
    }
    return true;
  }

  void read() {
    BOOST_REQUIRE(!reads.empty());
    const auto wanted = reads.front();
    reads.pop_front();
    replica->entries_read(wanted.to, wanted.from, disk.read(wanted.from, wanted.last, wanted.bytes_max));
  }

  void trim() {
    disk.trim();
    replica->prefix_removed(disk.first_index(), disk.first_offset());
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
  void release(const std::vector<raft::Message>& messages) {
    outbox.insert(outbox.end(), messages.begin(), messages.end());
  }
};

} // namespace callboard::test
