#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/powercut/ledger.h"
#include "tests/powercut/recorder.h"

namespace callboard::powercut {

// Faults put under (not into) the storage layer, each of which the check must find.
enum class Sabotage : std::uint8_t {
  none,
  reply_before_flush, // appends are acknowledged before write() is called
  roll_without_sync,  // syncs of a segment are lost while a log rolls away from it
  vote_not_synced,    // syncs of node-state are lost while a vote is committed
};

// How often a workload did what the cuts are for.
struct Coverage {
  int appends = 0;
  int rolls = 0;
  int truncations = 0;
  int truncations_across_a_roll = 0;
  int segments_dropped_by_retention = 0;
  int segments_compacted = 0;
  int votes = 0;
  int deletions = 0;
  int restarts = 0;

  Coverage& operator+=(const Coverage& other);
};

// One node's life, recorded: what its files went through and what was promised.
struct History {
  std::uint64_t seed = 0;
  std::vector<Operation> operations;
  Position first = 0; // the operations before are the directory as it was found
  Ledger ledger;
  Coverage coverage;
};

// Runs random calls against NodeState and PartitionLog in `directory`, which exists and
// is empty: several groups, appends of all sizes, small segments, rolls, background
// steps, truncation also across rolls, retention, compaction, votes, deletion of groups, reopening
// with and without an orderly close. Throws std::runtime_error with storage's sentence
// if a call fails, or if the recorder missed a change.
History run_workload(const std::string& directory, std::uint64_t seed, Sabotage sabotage);

} // namespace callboard::powercut
