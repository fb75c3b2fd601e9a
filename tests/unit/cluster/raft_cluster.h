#pragma once

#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cluster/raft/raft.h"

namespace callboard::raft {

// What one node's disk holds of the group.
struct RaftDisk {
  HardState hard;
  RaftIndex first{1};
  Term base_term; // of the entry before the first
  Offset base_offset;
  std::vector<LogEntry> entries;

  RaftIndex last() const { return RaftIndex(first.value + entries.size() - 1); }
  Term last_term() const { return entries.empty() ? base_term : entries.back().term; }
  Offset next_offset() const { return entries.empty() ? base_offset : entries.back().next_offset(); }

  void write(const LogWrite& write, Term reset_term) {
    if (write.reset) {
      entries.clear();
      first = write.reset->first_index;
      base_term = reset_term;
      base_offset = write.reset->next_offset;
    }
    if (write.truncate_from) {
      BOOST_REQUIRE(*write.truncate_from >= first);
      while (!entries.empty() && last() >= *write.truncate_from) entries.pop_back();
    }
    for (const auto& entry : write.entries) {
      BOOST_REQUIRE_EQUAL(entry.index.value, last().value + 1);
      BOOST_REQUIRE_EQUAL(entry.base_offset.value, next_offset().value);
      entries.push_back(entry);
    }
  }

  void remove_prefix(RaftIndex new_first) {
    while (first < new_first && !entries.empty()) {
      base_term = entries.front().term;
      base_offset = entries.front().next_offset();
      entries.erase(entries.begin());
      first = first.next();
    }
  }

  std::vector<LogEntry> read(RaftIndex from, std::size_t count) const {
    std::vector<LogEntry> out;
    for (const auto& entry : entries) {
      if (entry.index >= from && out.size() < count) out.push_back(entry);
    }
    return out;
  }
};

// Some Rafts, their disks, and a network, all in one place; what happens when is up to
// the caller. Checks with every step that no term has two leaders, that what was
// committed once is committed everywhere the same, and that leaders have all of it.
class RaftCluster {
public:
  struct Storing {
    std::uint64_t sequence = 0;
    std::optional<HardState> hard;
    std::vector<Message> after_hard;
    LogWrite write;
    Term reset_term;
    std::vector<Message> after_write;
  };
  struct Node {
    RaftDisk disk;
    std::deque<Storing> storing;
    std::unique_ptr<Raft> raft; // null: down
    RaftIndex commit;           // of this life
  };

  Config config;
  std::map<NodeId, Node> nodes;
  std::vector<Message> network;
  std::set<NodeId> full; // their disks, as run() has it

  RaftCluster(std::uint64_t seed, int count, int voters) : random_(seed), seed_(seed) {
    config.message_bytes_max = 64;
    config.inflight_bytes_max = 400;
    config.memory_bytes_max = 200;
    Membership founding;
    for (int id = 1; id <= voters; ++id) founding.voters.emplace_back(id);
    for (int id = 1; id <= count; ++id) nodes[NodeId(id)].disk.hard.membership = founding;
    for (int id = 1; id <= count; ++id) start(NodeId(id));
  }

  Raft& at(int id) { return *nodes.at(NodeId(id)).raft; }
  bool up(NodeId id) { return nodes.at(id).raft != nullptr; }
  std::mt19937_64& random() { return random_; }
  std::uint64_t pick(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }

  void start(NodeId id) {
    auto& node = nodes.at(id);
    Start start;
    start.group = GroupId(1);
    start.self = id;
    start.hard = node.disk.hard;
    start.first_index = node.disk.first;
    start.last_index = node.disk.last();
    start.last_term = node.disk.last_term();
    start.commit_index = node.disk.first.prev();
    start.next_offset = node.disk.next_offset();
    start.suffix = node.disk.entries;
    if (start.first_index.value > 1) start.terms = {{node.disk.base_term, node.disk.first.prev()}};
    start.config = config;
    start.seed = seed_ + ++lives_ * 1000;
    node.raft = std::make_unique<Raft>(std::move(start));
    node.commit = {};
  }

  // The process ends; what was not stored is lost.
  void crash(NodeId id) {
    nodes.at(id).raft.reset();
    nodes.at(id).storing.clear();
  }

  // Of a node that is down: its log ends behind `last`, whatever it acknowledged.
  void lose(NodeId id, RaftIndex last) {
    auto& disk = nodes.at(id).disk;
    lost_[id] = std::max(lost_[id], disk.last());
    while (disk.last() > last) disk.entries.pop_back();
    ++disk.hard.life;
    disk.hard.recovering = true;
  }

  // Takes effects, and checks what must hold.
  void observe(NodeId id) {
    auto& node = nodes.at(id);
    auto effects = node.raft->take_effects();
    for (auto& message : effects.messages) network.push_back(std::move(message));
    for (const auto& read : effects.reads) {
      node.raft->entries_read(read.to, read.from, node.disk.read(read.from, pick(4)));
    }
    for (const auto to : effects.snapshots) node.raft->send_snapshot(to, snapshot_of(node));
    if (effects.hard_state || !effects.write.empty()) {
      BOOST_REQUIRE(effects.sequence > 0);
      const Term reset_term = node.raft->term_at(node.raft->first_index().prev()).value_or(Term{});
      node.storing.push_back({effects.sequence, effects.hard_state, std::move(effects.after_hard_state),
                              std::move(effects.write), reset_term, std::move(effects.after_write)});
    } else {
      BOOST_REQUIRE(effects.after_hard_state.empty() && effects.after_write.empty());
    }
    check(id);
    if (!effects.reads.empty() || !effects.snapshots.empty()) observe(id);
  }

  // The oldest storage effect reaches the disk.
  void store(NodeId id) {
    auto& node = nodes.at(id);
    if (node.storing.empty()) return;
    auto stored = std::move(node.storing.front());
    node.storing.pop_front();
    if (stored.hard) {
      node.disk.hard = *stored.hard;
      node.raft->hard_state_stored(stored.sequence);
    }
    if (!stored.write.empty()) {
      node.disk.write(stored.write, stored.reset_term);
      node.raft->entries_stored(stored.sequence);
    }
    for (auto* messages : {&stored.after_hard, &stored.after_write}) {
      for (auto& message : *messages) network.push_back(std::move(message));
    }
    observe(id);
  }

  // The disk is full: the oldest write and all behind it are lost, hard states are not.
  void lose_writes(NodeId id) {
    auto& node = nodes.at(id);
    bool lost = false;
    for (auto& storing : node.storing) {
      lost |= !storing.write.empty();
      storing.write = {};
      storing.after_write.clear();
    }
    if (!lost) return;
    node.raft->write_lost();
    observe(id);
  }

  void deliver(std::size_t at) {
    auto message = network[at];
    network.erase(network.begin() + static_cast<std::ptrdiff_t>(at));
    const auto to = message.to;
    if (!up(to)) return;
    nodes.at(to).raft->step(std::move(message));
    observe(to);
  }

  void tick(NodeId id) {
    nodes.at(id).raft->tick();
    observe(id);
  }

  bool propose(NodeId id, std::size_t count) {
    auto& raft = *nodes.at(id).raft;
    std::vector<LogEntry> entries(count);
    auto offset = raft.next_offset();
    for (auto& entry : entries) {
      entry.base_offset = offset;
      entry.offset_count = 1;
      entry.payload = SharedBytes::copy_of("proposal " + std::to_string(++proposals_));
      offset = offset.next();
    }
    const bool taken = raft.propose(entries);
    observe(id);
    return taken;
  }

  NodeId leader() {
    Term newest;
    auto found = no_node;
    for (auto& [id, node] : nodes) {
      if (!node.raft || !node.raft->leads() || node.raft->term() < newest) continue;
      newest = node.raft->term();
      found = id;
    }
    return found;
  }

  // Everything sent and stored, without loss, for so many ticks.
  void run(int ticks, const std::set<NodeId>& cut_off = {}) {
    for (int i = 0; i < ticks; ++i) {
      for (auto& [id, node] : nodes) {
        if (node.raft) tick(id);
      }
      settle(cut_off);
    }
  }
  void settle(const std::set<NodeId>& cut_off = {}) {
    for (int rounds = 0, busy = 1; busy != 0; ++rounds) {
      BOOST_REQUIRE(rounds < 10'000); // or they talk without end
      busy = !network.empty();
      for (auto left = network.size(); left > 0; --left) {
        const auto& message = network.front();
        if (cut_off.contains(message.from) || cut_off.contains(message.to)) {
          network.erase(network.begin());
        } else {
          deliver(0);
        }
      }
      for (auto& [id, node] : nodes) {
        if (node.raft && full.contains(id)) lose_writes(id);
        for (; node.raft && !node.storing.empty(); busy = 1) store(id);
      }
    }
  }

  RaftIndex committed() const { return RaftIndex(committed_.empty() ? 0 : committed_.rbegin()->first); }

private:
  std::shared_ptr<const Snapshot> snapshot_of(Node& node) {
    Snapshot snapshot;
    snapshot.index = node.disk.first.prev();
    snapshot.term = node.disk.base_term;
    snapshot.next_offset = node.disk.base_offset;
    snapshot.applied = node.raft->commit_index();
    snapshot.membership = node.raft->committed_membership();
    snapshot.membership_index = node.raft->committed_membership_index();
    return std::make_shared<const Snapshot>(snapshot);
  }

  void check(NodeId id) {
    auto& node = nodes.at(id);
    const auto& raft = *node.raft;
    if (raft.leads() && leaders_.emplace(raft.term(), id).second) check_completeness(raft);
    if (raft.leads()) BOOST_REQUIRE_EQUAL(leaders_.at(raft.term()).value, id.value);
    BOOST_REQUIRE(raft.commit_index() >= node.commit);
    BOOST_REQUIRE(raft.commit_index() <= raft.last_index() && raft.stored_index() <= raft.last_index());
    for (auto index = node.commit.next(); index <= raft.commit_index(); index = index.next())
      check_committed(node, index);
    if (raft.leads() && raft.commit_index() > node.commit) check_durable(raft);
    node.commit = raft.commit_index();
  }

  void check_completeness(const Raft& leader) const {
    for (const auto& [index, content] : committed_) {
      if (RaftIndex(index) < leader.first_index()) continue;
      BOOST_REQUIRE(leader.term_at(RaftIndex(index)) == content.first);
    }
  }

  // One index, one entry, forever.
  void check_committed(const Node& node, RaftIndex index) {
    const auto* entry = find_entry(node, index);
    // Below the log, or its write was lost and the disk still has what it replaces.
    if (entry == nullptr || node.raft->term_at(index) != entry->term) return;
    const std::pair content{entry->term, std::string(entry->payload.text())};
    const auto known = committed_.emplace(index.value, content).first;
    BOOST_REQUIRE_MESSAGE(known->second == content, "index " << index.value << " was committed twice");
  }

  static const LogEntry* find_entry(const Node& node, RaftIndex index) {
    for (auto storing = node.storing.rbegin(); storing != node.storing.rend(); ++storing) {
      for (const auto& entry : storing->write.entries) {
        if (entry.index == index) return &entry;
      }
      if (storing->write.reset) return nullptr;
    }
    const bool on_disk = index >= node.disk.first && index <= node.disk.last();
    return on_disk ? &node.disk.entries[index.value - node.disk.first.value] : nullptr;
  }

  // What a leader has just committed survives if every node loses its memory now.
  void check_durable(const Raft& leader) const {
    const auto index = leader.commit_index();
    std::size_t copies = 0;
    for (const auto voter : leader.voters()) {
      const auto& disk = nodes.at(voter).disk;
      const bool holds = index >= disk.first && index <= disk.last() &&
                         disk.entries[index.value - disk.first.value].term == leader.term_at(index);
      const auto lost = lost_.find(voter);
      copies += holds || index < disk.first || (lost != lost_.end() && index <= lost->second);
    }
    BOOST_REQUIRE(copies > leader.voters().size() / 2);
  }

  std::mt19937_64 random_;
  std::uint64_t seed_;
  std::uint64_t lives_ = 0;
  std::uint64_t proposals_ = 0;
  std::map<NodeId, RaftIndex> lost_; // what a node once had
  std::map<Term, NodeId> leaders_;
  std::map<std::uint64_t, std::pair<Term, std::string>> committed_; // by index
};

// Three voters that never rest, the first of them leads.
inline RaftCluster led_by_the_first() {
  RaftCluster cluster(1, 3, 3);
  cluster.config.rest_ticks = 0;
  cluster.at(1).campaign();
  cluster.observe(NodeId{1});
  cluster.run(3);
  BOOST_REQUIRE((cluster.leader() == NodeId{1}));
  return cluster;
}

} // namespace callboard::raft
