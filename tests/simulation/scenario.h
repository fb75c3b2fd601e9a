#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/partition/partition_replica.h"

namespace callboard::simulation {

// Everything that is made to happen. Of messages: the share of them. Of events: how many
// in a thousand ticks. `drift`: by which part clocks may differ at most.
enum class Fault : std::uint8_t {
  loss,        // of messages
  duplication, // of messages
  reordering,  // of messages
  delay,       // of messages, by many ticks
  cut,         // between nodes, both ways
  one_way_cut, // between nodes, one way
  crash,       // of one node
  crash_all,   // of all at once
  pause,       // of a process, as if it were suspended
  drift,       // of clocks
  clock_jump,  // of one node's clock
  slow_disk,   // for a while
  full_disk,   // for a while
  broken_disk, // a write fails
  torn_commit, // a commit under way in a crash: the share that is on disk all the same
  rot,         // of one replica's log
  membership,  // a change of a group's members
  transfer,    // of a group's leadership
  retention,   // a log start moves
  lasting,     // the chance that at the end a minority stays broken
  short_reign, // the share of new leaders that crash soon
  parting,     // the share of changes of members in whose midst the network parts
  power_cut,   // of one node or all: logs go back to what was flushed last
  altered,     // in one replica's log an entry is another than it was, and its checksums are right
};
inline constexpr std::size_t fault_count = 24;
using FaultCounts = std::array<std::uint64_t, fault_count>; // by Fault

std::string_view name_of(Fault fault);

// What is broken on purpose, to show that it would be found.
enum class Sabotage : std::uint8_t {
  none,
  vote_not_persisted,
  earlier_term_committed_by_count,
  acknowledged_before_the_write,
  producer_state_not_undone,
  duplicate_acknowledged_early,
  membership_without_joint,
  stopped_replica_not_announced,
  snapshot_without_state,
  recovering_votes,
  earlier_lives_counted,
  digest_not_compared,
  leadership_assumed,
};

std::string_view name_of(Sabotage sabotage);
std::optional<Sabotage> sabotage_by_name(std::string_view name);

// One run: drawn from its seed, then perhaps made smaller by hand or by reduce().
struct Scenario {
  std::uint64_t seed = 0;
  std::uint32_t ticks = 0; // of faults; then they end
  std::uint32_t nodes = 3;
  std::uint32_t replicas = 3; // of each group at first
  std::uint32_t groups = 1;
  std::uint32_t clients = 1; // groups that are written to and read from
  std::array<double, fault_count> rates{};
  raft::Config raft;
  std::uint64_t segment_bytes = 0;
  std::size_t cache_bytes = 0; // of a node's tail caches
  Sabotage sabotage = Sabotage::none;
  GroupId traced; // printed, see trace.h; 0: none

  static Scenario draw(std::uint64_t seed);

  double rate(Fault fault) const { return rates[static_cast<std::size_t>(fault)]; }
  void switch_off(Fault fault) { rates[static_cast<std::size_t>(fault)] = 0; }
  // For people: sizes and every rate.
  std::string describe() const;
  // What runs it again.
  std::string command_line() const;
};

} // namespace callboard::simulation
