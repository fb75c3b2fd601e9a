// Three replicas in random orders of produce, delivery, loss, writes, failed writes, log
// start moves and restarts. What was acknowledged with acks=all is there in the end, once
// and in order, and all logs are the same. CALLBOARD_SEED=N repeats one run.
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <random>
#include <set>

#include "replica_harness.h"

namespace callboard::test {
namespace {

constexpr int members = 3;
constexpr int producers = 2;
constexpr int steps_per_run = 2000;

class RandomGroup {
public:
  explicit RandomGroup(std::uint64_t seed) : random_(seed) {
    Membership founding;
    for (int id = 1; id <= members; ++id) founding.voters.emplace_back(id);
    for (int id = 1; id <= members; ++id) {
      auto& node = nodes_[NodeId(id)];
      node.self = NodeId(id);
      node.in_group = true;
      node.disk.hard.membership = founding;
      node.raft.memory_bytes_max = 300;
      node.raft.message_bytes_max = 200;
      node.start();
    }
  }

  void run() {
    for (int step = 0; step < steps_per_run; ++step) act();
    heal();
    check_logs();
  }

private:
  struct Sent {
    BatchSpec spec;
    NodeId to;
  };

  std::uint64_t pick(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }

  void act() {
    const NodeId id(static_cast<std::int32_t>(1 + pick(members)));
    auto& node = nodes_.at(id);
    const auto dice = pick(1000);
    if (dice < 450) {
      pass_message();
    } else if (dice < 650) {
      node.store_next();
    } else if (dice < 800) {
      node.replica->tick();
    } else if (dice < 960) {
      produce(id);
    } else if (dice < 970) {
      lose_writes(node);
    } else if (dice < 980) {
      restart(id);
    } else if (dice < 990) {
      move_log_start(node);
    } else if (node.in_flight.empty()) {
      node.trim();
    }
    observe(id);
  }

  // The next batch of a producer, or a repeat of what it got no answer for.
  void produce(NodeId id) {
    auto& node = nodes_.at(id);
    if (!node.replica->leading() && pick(10) > 0) return;
    const auto producer = pick(producers);
    auto& next = sequences_[producer];
    BatchSpec spec;
    spec.producer = ProducerId(static_cast<std::int64_t>(producer));
    spec.records = 1 + static_cast<std::int32_t>(pick(3));
    spec.sequence = next;
    if (auto& open = unanswered_[producer]) {
      spec = *open;
    } else {
      open = spec;
      next += spec.records;
    }
    sent_[++waiters_] = {spec, id};
    node.replica->produce(produce_command(waiters_, -1, spec), 5000);
  }

  void observe(NodeId id) {
    auto& node = nodes_.at(id);
    const auto effects = node.take();
    for (auto& message : node.outbox) network_.push_back(std::move(message));
    node.outbox.clear();
    for (const auto& outcome : effects.produced) {
      const auto sent = sent_.extract(outcome.waiter);
      BOOST_REQUIRE(!sent.empty()); // answered once
      BOOST_REQUIRE(outcome.error != ErrorCode::out_of_order_sequence_number);
      if (outcome.error != ErrorCode::none) continue;
      acknowledge(sent.mapped().spec, outcome.base_offset);
    }
    BOOST_REQUIRE(!node.replica->stopped());
    auto& seen = high_watermarks_[id];
    BOOST_REQUIRE(node.replica->high_watermark() >= seen);
    BOOST_REQUIRE(node.replica->high_watermark() <= node.replica->log_end());
    seen = node.replica->high_watermark();
  }

  void acknowledge(const BatchSpec& spec, Offset base) {
    const auto known = acknowledged_.emplace(std::pair(spec.producer, spec.sequence), base).first;
    BOOST_REQUIRE_EQUAL(known->second.value, base.value);
    auto& open = unanswered_[static_cast<std::uint64_t>(spec.producer.value)];
    if (open && open->sequence == spec.sequence) open.reset();
  }

  void pass_message() {
    if (network_.empty()) return;
    const auto at = pick(std::min<std::size_t>(network_.size(), 6));
    auto message = network_[at];
    if (pick(100) >= 3) network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
    if (pick(100) < 5) return;
    deliver(std::move(message));
  }
  void deliver(raft::Message message) {
    const auto to = message.to;
    nodes_.at(to).replica->step(std::move(message));
    observe(to);
  }

  static void lose_writes(ReplicaHarness& node) {
    if (!node.in_flight.empty()) node.fail(ErrorCode::storage_full);
  }

  void restart(NodeId id) {
    auto& node = nodes_.at(id);
    for (auto stored = pick(3); stored > 0; --stored) node.store_next();
    observe(id);
    std::erase_if(sent_, [&](const auto& sent) { return sent.second.to == id; });
    node.start();
    high_watermarks_[id] = {};
  }

  void move_log_start(ReplicaHarness& node) {
    const auto room = node.replica->high_watermark().value - node.replica->log_start().value;
    if (room <= 0) return;
    const auto by = static_cast<std::int64_t>(pick(static_cast<std::uint64_t>(room) + 1));
    static_cast<void>(node.replica->move_log_start(node.replica->log_start().plus(by)));
  }

  void heal() {
    for (int round = 0; round < 100; ++round) {
      for (auto& [id, node] : nodes_) {
        node.replica->tick();
        observe(id);
      }
      for (bool moved = true; moved;) {
        moved = false;
        while (!network_.empty()) {
          auto message = std::move(network_.front());
          network_.erase(network_.begin());
          deliver(std::move(message));
          moved = true;
        }
        for (auto& [id, node] : nodes_) {
          while (node.store_next()) {
            observe(id);
            moved = true;
          }
        }
      }
    }
    BOOST_REQUIRE(sent_.empty());
  }

  void check_logs() const {
    const auto& first = nodes_.begin()->second;
    for (const auto& [id, node] : nodes_) {
      BOOST_REQUIRE_EQUAL(node.replica->high_watermark().value, first.replica->high_watermark().value);
      BOOST_REQUIRE_EQUAL(node.replica->log_end().value, node.replica->high_watermark().value);
      BOOST_REQUIRE_EQUAL(node.replica->log_start().value, first.replica->log_start().value);
      BOOST_REQUIRE_EQUAL(node.disk.last_index().value, first.disk.last_index().value);
      for (const auto& entry : node.disk.entries()) check_same(entry, first.disk);
      check_batches(node.disk);
    }
  }

  static void check_same(const LogEntry& entry, const FakeDisk& disk) {
    if (entry.index < disk.first_index()) return;
    const auto& other = disk.entries()[entry.index.value - disk.first_index().value];
    BOOST_REQUIRE(entry.index == other.index && entry.term == other.term && entry.base_offset == other.base_offset);
    BOOST_REQUIRE(entry.payload.text() == other.payload.text());
  }

  void check_batches(const FakeDisk& disk) const {
    std::set<std::pair<ProducerId, std::int32_t>> seen;
    for (const auto& entry : disk.entries()) {
      if (entry.type != EntryType::batch) continue;
      const auto header = read_batch_header(entry.payload.view());
      const std::pair batch(header->producer, header->base_sequence);
      BOOST_REQUIRE(seen.insert(batch).second); // once
      const auto known = acknowledged_.find(batch);
      if (known != acknowledged_.end()) BOOST_REQUIRE_EQUAL(known->second.value, entry.base_offset.value);
    }
    for (const auto& [batch, base] : acknowledged_) BOOST_REQUIRE(base < disk.first_offset() || seen.contains(batch));
  }

  std::mt19937_64 random_;
  std::map<NodeId, ReplicaHarness> nodes_;
  std::vector<raft::Message> network_;
  std::map<std::uint64_t, std::int32_t> sequences_;
  std::map<std::uint64_t, std::optional<BatchSpec>> unanswered_;
  partition::WaiterId waiters_ = 0;
  std::map<partition::WaiterId, Sent> sent_;
  std::map<std::pair<ProducerId, std::int32_t>, Offset> acknowledged_;
  std::map<NodeId, Offset> high_watermarks_;
};

BOOST_AUTO_TEST_CASE(a_group_keeps_its_promises_in_any_order_of_events) {
  std::uint64_t first = 1;
  std::uint64_t runs = 300;
  if (const auto* seed = std::getenv("CALLBOARD_SEED")) {
    first = std::stoull(seed);
    runs = 1;
  }
  if (const auto* count = std::getenv("CALLBOARD_RUNS")) runs = std::stoull(count);
  for (auto seed = first; seed < first + runs; ++seed) {
    BOOST_TEST_CONTEXT("CALLBOARD_SEED=" << seed) {
      RandomGroup(seed).run();
    }
  }
}

} // namespace
} // namespace callboard::test
