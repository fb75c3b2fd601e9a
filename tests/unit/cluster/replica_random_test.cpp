// Drives a replica through random orders of produce, fetch, write, failed write and
// restart beside a model that is too simple to be wrong: the list of batches that the
// log holds. CALLBOARD_SEED=N repeats one run.
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <random>
#include <set>

#include "replica_harness.h"

namespace callboard::test {
namespace {

constexpr int producers = 3;
constexpr int steps_per_run = 400;

struct Written {
  BatchSpec spec;
  Offset base;
};

struct Sent {
  BatchSpec spec;
  std::int16_t acks = -1;
};

class RandomRun {
public:
  explicit RandomRun(std::uint64_t seed) : random_(seed) {
    node_.cache = std::make_shared<partition::CacheBudget>(chance(50) ? 600 : 1 << 20);
    node_.lead();
  }

  void run() {
    for (int step = 0; step < steps_per_run; ++step) {
      const auto dice = pick(100);
      if (dice < 45) {
        produce();
      } else if (dice < 65) {
        observe();
      } else if (dice < 82) {
        if (!node_.in_flight.empty()) node_.write();
      } else if (dice < 86) {
        fail_write();
      } else if (dice < 88) {
        restart();
      } else if (dice < 90) {
        move_log_start();
      } else {
        fetch();
      }
      check_high_watermark();
    }
    finish();
  }

private:
  std::uint64_t pick(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }
  bool chance(std::uint64_t percent) { return pick(100) < percent; }
  PartitionReplica& replica() { return *node_.replica; }

  // What the log holds of one producer, oldest first.
  std::vector<const Written*> of(ProducerId producer) const {
    std::vector<const Written*> batches;
    for (const auto& written : log_) {
      if (written.spec.producer == producer) batches.push_back(&written);
    }
    return batches;
  }

  // The next batch of a producer, a repeat, one too far ahead, or a new epoch.
  void produce() {
    BatchSpec spec;
    spec.producer = ProducerId(static_cast<std::int64_t>(pick(producers)));
    spec.records = static_cast<std::int32_t>(pick(3)) + 1;
    const auto before = of(spec.producer);
    if (!before.empty()) {
      const auto& newest = before.back()->spec;
      spec.epoch = newest.epoch;
      spec.sequence = newest.sequence + newest.records;
      const auto dice = pick(100);
      if (dice < 25) spec = before[before.size() - 1 - pick(std::min<std::size_t>(before.size(), 8))]->spec;
      if (dice >= 25 && dice < 30) ++spec.sequence;
      if (dice >= 30 && dice < 33) spec.epoch = static_cast<std::int16_t>(spec.epoch + 1), spec.sequence = 0;
    }
    const auto acks = static_cast<std::int16_t>(static_cast<int>(pick(3)) - 1);
    const auto waiter = ++waiters_;
    sent_[waiter] = {spec, acks};
    expect(waiter, spec, before);
    replica().produce(produce_command(waiter, acks, spec), 5000);
  }

  void expect(partition::WaiterId waiter, const BatchSpec& spec, const std::vector<const Written*>& before) {
    auto& expected = expected_[waiter];
    if (!before.empty()) {
      const auto& newest = before.back()->spec;
      if (spec.epoch < newest.epoch) {
        expected = {ErrorCode::invalid_producer_epoch, Offset{}};
        return;
      }
      // How many batches back the repeat is, newest 0; only its own epoch counts.
      for (std::size_t back = 0; back < before.size(); ++back) {
        const auto& earlier = *before[before.size() - 1 - back];
        if (earlier.spec.epoch != spec.epoch) break;
        if (earlier.spec.sequence != spec.sequence) continue;
        expected = {ErrorCode::none, earlier.base};
        may_be_too_old_[waiter] = back >= 5;
        return;
      }
      const auto next = newest.epoch == spec.epoch ? newest.sequence + newest.records : 0;
      if (spec.sequence != next) {
        expected = {ErrorCode::out_of_order_sequence_number, Offset{}};
        return;
      }
    }
    expected = {ErrorCode::none, replica().log_end()};
    log_.push_back({spec, replica().log_end()});
  }

  // Takes the effects, and checks every answer against what is on disk.
  void observe() {
    const auto effects = node_.take();
    for (const auto& outcome : effects.produced) check_answer(outcome);
    for (const auto& outcome : effects.fetched) check_fetched(outcome);
  }

  void check_answer(const partition::ProduceOutcome& outcome) {
    const auto sent = sent_.extract(outcome.waiter);
    BOOST_REQUIRE(!sent.empty()); // answered once
    const auto& [error, base] = expected_.at(outcome.waiter);
    if (outcome.error == ErrorCode::kafka_storage_error) {
      BOOST_REQUIRE(failed_.contains(outcome.waiter));
      return;
    }
    if (outcome.error == ErrorCode::duplicate_sequence_number) {
      BOOST_REQUIRE(may_be_too_old_[outcome.waiter]);
      return;
    }
    BOOST_REQUIRE_EQUAL(name_of(outcome.error), name_of(error));
    if (error != ErrorCode::none) return;
    BOOST_REQUIRE_EQUAL(outcome.base_offset.value, base.value);
    if (sent.mapped().acks != 0) BOOST_REQUIRE(on_disk(sent.mapped().spec, base));
  }

  bool on_disk(const BatchSpec& spec, Offset base) const {
    for (const auto& entry : node_.disk.entries()) {
      if (entry.type != EntryType::batch || entry.base_offset != base) continue;
      const auto header = read_batch_header(entry.payload.view());
      return header.ok() && header->producer == spec.producer && header->producer_epoch == spec.epoch &&
             header->base_sequence == spec.sequence && header->count == spec.records;
    }
    return false;
  }

  void fetch() {
    partition::FetchCommand command;
    command.waiter = ++waiters_;
    command.offset = replica().log_start().plus(static_cast<std::int64_t>(
        pick(static_cast<std::uint64_t>(replica().log_end().value - replica().log_start().value) + 1)));
    command.bytes_max = pick(1000);
    command.park_until_bytes = pick(3) * 100;
    asked_[command.waiter] = command;
    replica().fetch(command);
  }

  // What is fetched is what is on disk, in order, below the high watermark.
  void check_fetched(const partition::FetchOutcome& outcome) {
    const auto asked = asked_.extract(outcome.waiter);
    BOOST_REQUIRE(!asked.empty());
    if (outcome.error != ErrorCode::none) {
      BOOST_REQUIRE_EQUAL(name_of(outcome.error), name_of(ErrorCode::offset_out_of_range));
      return;
    }
    if (outcome.cold) BOOST_REQUIRE(outcome.cold->from < outcome.high_watermark);
    auto from = asked.mapped().offset;
    std::size_t bytes = 0;
    for (const auto& batch : outcome.batches) {
      const auto header = check_produced_batch(batch.view());
      BOOST_REQUIRE(header.ok());
      BOOST_REQUIRE(header->base_offset <= from && from < header->next_offset());
      BOOST_REQUIRE(header->next_offset() <= node_.disk.next_offset());
      from = header->next_offset();
      bytes += batch.size();
    }
    BOOST_REQUIRE(from <= outcome.high_watermark || outcome.batches.empty());
    BOOST_REQUIRE(outcome.batches.size() <= 1 || bytes <= asked.mapped().bytes_max);
  }

  void move_log_start() {
    const auto room = static_cast<std::uint64_t>(replica().high_watermark().value - replica().log_start().value);
    BOOST_REQUIRE((replica().move_log_start(replica().log_start().plus(static_cast<std::int64_t>(pick(room + 1)))) ==
                   ErrorCode::none));
  }

  void fail_write() {
    observe();
    if (node_.in_flight.empty()) return;
    forget_unwritten();
    node_.fail(ErrorCode::storage_full);
  }

  // Only what the disk has remains; everyone who still waits may be told so.
  void forget_unwritten() {
    while (!log_.empty() && log_.back().base >= node_.disk.next_offset()) log_.pop_back();
    for (const auto& [waiter, sent] : sent_) failed_.insert(waiter);
  }

  void restart() {
    observe();
    // The process may end after the disk has a write and before the replica hears.
    for (auto unanswered = pick(3); unanswered > 0 && !node_.in_flight.empty(); --unanswered) node_.write(false);
    forget_unwritten();
    sent_.clear();
    asked_.clear();
    const auto committed = replica().high_watermark();
    node_.lead();
    BOOST_REQUIRE(replica().high_watermark() >= committed);
    BOOST_REQUIRE_EQUAL(replica().high_watermark().value, node_.disk.next_offset().value);
    high_watermark_ = replica().high_watermark();
  }

  void check_high_watermark() {
    BOOST_REQUIRE(replica().high_watermark() >= high_watermark_);
    BOOST_REQUIRE(replica().high_watermark() <= node_.disk.next_offset());
    BOOST_REQUIRE(replica().log_start() <= replica().high_watermark());
    BOOST_REQUIRE(replica().high_watermark() <= replica().log_end());
    high_watermark_ = replica().high_watermark();
  }

  // Everything reaches the disk: every ack is answered, nobody is parked who has enough,
  // and the disk holds what the model says, each batch once.
  void finish() {
    for (observe(); !node_.in_flight.empty(); observe()) node_.write();
    BOOST_REQUIRE(sent_.empty());
    BOOST_REQUIRE_EQUAL(replica().waiting_acks(), 0u);
    BOOST_REQUIRE_EQUAL(replica().high_watermark().value, replica().log_end().value);
    for (const auto& [waiter, fetch] : asked_) BOOST_REQUIRE(bytes_from(fetch.offset) < fetch.park_until_bytes);
    BOOST_REQUIRE_EQUAL(replica().parked_fetches(), asked_.size());
    auto expected = log_.begin();
    for (const auto& entry : node_.disk.entries()) {
      if (entry.type != EntryType::batch) continue;
      BOOST_REQUIRE(expected != log_.end());
      BOOST_REQUIRE_EQUAL(entry.base_offset.value, expected->base.value);
      BOOST_REQUIRE(on_disk(expected->spec, expected->base));
      ++expected;
    }
    BOOST_REQUIRE(expected == log_.end());
    check_state_comes_back();
  }

  std::size_t bytes_from(Offset offset) const {
    std::size_t bytes = 0;
    for (const auto& entry : node_.disk.entries()) {
      if (entry.type == EntryType::batch && entry.next_offset() > offset) bytes += entry.payload.size();
    }
    return bytes;
  }

  // State from rows and replay is what the one that lived through it all has.
  void check_state_comes_back() {
    const auto ask = [&] {
      for (int producer = 0; producer < producers; ++producer) {
        const auto before = of(ProducerId(producer));
        if (before.empty()) continue;
        const auto waiter = ++waiters_;
        sent_[waiter] = {before.back()->spec, -1};
        expected_[waiter] = {ErrorCode::none, before.back()->base};
        replica().produce(produce_command(waiter, -1, before.back()->spec), 5000);
      }
      observe();
      BOOST_REQUIRE(sent_.empty());
    };
    ask();
    asked_.clear();
    node_.lead();
    ask();
  }

  std::mt19937_64 random_;
  ReplicaHarness node_;
  std::vector<Written> log_;
  partition::WaiterId waiters_ = 0;
  std::map<partition::WaiterId, Sent> sent_;
  std::map<partition::WaiterId, std::pair<ErrorCode, Offset>> expected_;
  std::map<partition::WaiterId, bool> may_be_too_old_;
  std::set<partition::WaiterId> failed_;
  std::map<partition::WaiterId, partition::FetchCommand> asked_;
  Offset high_watermark_;
};

BOOST_AUTO_TEST_CASE(a_replica_keeps_its_promises_in_any_order_of_events) {
  std::uint64_t first = std::random_device()();
  std::uint64_t runs = 300;
  if (const auto* seed = std::getenv("CALLBOARD_SEED")) {
    first = std::stoull(seed);
    runs = 1;
  }
  BOOST_TEST_MESSAGE("seeds " << first << " to " << first + runs - 1);
  for (auto seed = first; seed < first + runs; ++seed) {
    BOOST_TEST_CONTEXT("CALLBOARD_SEED=" << seed) {
      RandomRun(seed).run();
    }
  }
}

} // namespace
} // namespace callboard::test
