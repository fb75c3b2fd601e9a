#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "schema/raft_message.h"
#include "storage/memory_log.h"
#include "tests/simulation/applied_state.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/timeline.h"

namespace callboard::simulation {

// What one replica gave to be stored at once: see raft::Effects.
struct Staged {
  GroupId group;
  std::uint64_t sequence = 0;
  std::optional<HardState> hard{};
  std::vector<raft::Message> after_hard_state{};
  LogWrite write{};
  std::uint64_t generation = 0;
  std::vector<raft::Message> after_write{};
};

// Who stages, and hears what came of it.
class DiskClient {
public:
  virtual void hard_state_stored(GroupId group, std::uint64_t sequence) = 0;
  virtual void written(GroupId group, std::uint64_t sequence) = 0;
  virtual void write_failed(GroupId group, std::uint64_t generation, const Error& error) = 0;
  virtual void unusable(GroupId group, const Error& error) = 0;
  // Their promise holds now.
  virtual void release(std::vector<raft::Message> messages) = 0;

protected:
  ~DiskClient() = default;
};

// One group on one node's disk.
struct StoredGroup {
  HardState hard;
  storage::MemoryLog log;
  AppliedState state{}; // as flushed
  bool rotten = false;  // the log is found damaged when it is read next
  // What a power cut leaves; empty: nothing was flushed yet.
  std::optional<storage::MemoryLog> flushed{};
  RaftIndex lost_upto{}; // what it once had, and was counted on for
  bool altered = false;  // it has an entry that nobody wrote
};

// A node's disk: the hard states of all its groups in one file, a log for each; what is
// staged while a commit is under way goes into the next (ARCHITECTURE.md, decision 7),
// hard states first. Outlives its node's processes: a crash loses what is staged, and of
// a commit under way whatever had not reached the disk, each log's part as a whole.
class Disk {
public:
  Disk(Timeline& timeline, const Scenario& scenario, Findings& findings, NodeId node);

  void attach(DiskClient& client) { client_ = &client; }
  std::map<GroupId, StoredGroup>& groups() { return groups_; }
  const StoredGroup* find(GroupId group) const;
  StoredGroup& create(GroupId group, HardState hard);
  // With whatever of it is on its way.
  void remove(GroupId group);
  // The log begins anew, in a new life of the replica: its process lets go of it first.
  void set_aside(GroupId group);
  // While no process runs: the log as it was flushed last, or all of it if nothing is lost.
  void cut_power(GroupId group, bool loses);
  bool usable(GroupId group) const { return !unusable_.contains(group); }

  void stage(Staged staged);
  void set_log_start(GroupId group, Offset log_start);
  // False: there is no room.
  bool keep_state(GroupId group, const AppliedState& state);
  void crash();
  // The process stops, or goes on: a commit under way is answered later.
  void pause_until(Time time) { paused_until_ = time; }

  void set_slow(bool slow) { slow_ = slow; }
  void set_full(bool full) { full_ = full; }
  // The next commit of a log fails, or that of hard states.
  void break_next_write() { break_write_ = true; }
  void break_next_hard_states() { break_hard_states_ = true; }
  bool is_to_break() const { return break_write_ || break_hard_states_; }
  void repair();

private:
  void begin_commit();
  void finish_commit();
  void store_hard_states(std::vector<Staged>& batch);
  void store_hard_state(const Staged& staged);
  void store_writes(std::vector<Staged>& batch);
  Status store_write(GroupId group, const LogWrite& write);
  void fail(const Staged& last, const Error& error);
  void forget_staged(GroupId group);
  void lose(StoredGroup& stored, storage::MemoryLog left);
  static std::map<GroupId, LogWrite> merged_writes(std::vector<Staged>& batch);

  Timeline& timeline_;
  const Scenario& scenario_;
  Findings& findings_;
  Random random_;
  DiskClient* client_ = nullptr;
  std::map<GroupId, StoredGroup> groups_;
  std::vector<Staged> staged_;
  std::vector<Staged> committing_;
  std::map<GroupId, std::uint64_t> failed_generation_; // of this process
  std::set<GroupId> unusable_;
  std::uint64_t process_ = 0; // commits of an earlier one are answered to nobody
  Time paused_until_ = 0;
  bool slow_ = false;
  bool full_ = false;
  bool break_write_ = false;
  bool break_hard_states_ = false;
};

} // namespace callboard::simulation
