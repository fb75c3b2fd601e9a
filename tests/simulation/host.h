#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/applied_state.h"
#include "tests/simulation/brokers.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/trace.h"

namespace callboard::simulation {

// What all hosts of a run share: the world between them, and who watches.
struct HostSurroundings {
  Timeline& timeline;
  Network& network;
  const Scenario& scenario;
  Findings& findings;
  std::map<GroupId, GroupHistory>& histories;
  std::map<GroupId, partition::ReplicaOptions>& options;
};

// A process with the replicas of one node, which comes and goes, and its disk, which stays.
// Routes what the replicas want between them, the disk and clients, as the actors of the
// real node do. What goes to other nodes, and what time does beside ticking the replicas, is
// for who derives from it.
class Host : public DiskClient {
public:
  using Produced = Brokers::Produced;
  using Fetched = Brokers::Fetched;

  virtual ~Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  NodeId id() const { return id_; }
  bool up() const { return up_; }
  Disk& disk() { return disk_; }
  const Disk& disk() const { return disk_; }
  const std::map<GroupId, std::unique_ptr<partition::PartitionReplica>>& replicas() const { return replicas_; }
  partition::PartitionReplica* find(GroupId group);
  // nullptr: the group has none.
  const AppliedState* state_of(GroupId group) const;

  void pause(Time duration);

  // Inputs to replicas; what follows from them is routed at once.
  void receive(raft::Message message);
  void produce(GroupId group, partition::ProduceCommand command, Produced answer);
  void fetch(GroupId group, partition::FetchCommand command, Fetched answer);
  void stop_replica(GroupId group, const Error& error);

  void hard_state_stored(GroupId group, std::uint64_t sequence) override;
  void written(GroupId group, std::uint64_t sequence) override;
  void write_failed(GroupId group, std::uint64_t generation, const Error& error) override;
  void unusable(GroupId group, const Error& error) override;
  void release(std::vector<raft::Message> messages) override;

protected:
  using Replicas = std::map<GroupId, std::unique_ptr<partition::PartitionReplica>>;
  using Input = std::function<void(partition::PartitionReplica&)>;
  struct Waiter {
    GroupId group;
    std::uint32_t deadline = 0;
    BatchName batch{};
    std::int16_t acks = 0;
    Produced produced{};
    Fetched fetched{};
  };

  // `number` tells hosts apart for as long as the run lasts; `id` is the node that it is.
  Host(HostSurroundings around, std::uint64_t number, NodeId id);

  // ---- what the node around the replicas does

  virtual void transmit(raft::Message message) = 0;
  // What it wrote and says to others is on its way, nothing is answered yet.
  virtual void routed(GroupId group, partition::PartitionReplica& replica, partition::Effects& effects) = 0;
  // A replica is about to be opened.
  virtual void prepare(GroupId, partition::PartitionReplica::Start&) {}
  // A log that cannot be opened has no replica that could say so.
  virtual void unopened(GroupId group, const HardState& hard) = 0;
  // Whether the group's log is applied to a state of its own.
  virtual bool keeps(GroupId group) const { return keeps_state(world_.scenario, group); }
  // Once a tick, before the replicas'; and after that of each.
  virtual void tick_node() = 0;
  virtual void ticked(GroupId, partition::PartitionReplica&) {}
  // An answer to a waiter that is not a client's.
  virtual bool answer_own(const partition::ProduceOutcome&) { return false; }

  void begin_life();
  void end_life();
  void become(NodeId id) { id_ = id; }
  // Null: its log cannot be opened.
  partition::PartitionReplica* open(GroupId group, StoredGroup& stored);
  // The replica ends, and what it stored is gone.
  void leave(GroupId group);
  // The replica ends, and begins another life with an empty log once it is opened.
  void set_aside(GroupId group);
  // Now, or when the process goes on; never in another life.
  void when_awake(Timeline::Action action);
  // In this life, when the process is awake.
  void later(Time delay, Timeline::Action action);
  void tick();
  void input(GroupId group, const Input& give);
  void route(GroupId group, partition::PartitionReplica& replica);
  TimestampMs wall_now() const;
  void trace(GroupId group, const std::function<std::string()>& what) const;

  HostSurroundings world_;
  Random random_;
  double clock_rate_ = 1;
  TimestampMs wall_offset_ = 0;
  std::uint64_t life_ = 0;
  std::uint32_t ticks_ = 0; // of this life

private:
  void close(GroupId group);
  void plan_tick();
  void expire_waiters();
  void store(GroupId group, partition::Effects& effects);
  void trace_effects(GroupId group, const partition::PartitionReplica& replica, const partition::Effects& effects);
  void answer(const partition::ProduceOutcome& outcome, partition::PartitionReplica& replica);
  void answer(GroupId group, partition::FetchOutcome outcome);
  void read_cold(GroupId group, partition::FetchOutcome& outcome);
  void read_entries(GroupId group, const raft::ReadRequest& read);
  bool readable(GroupId group);
  std::optional<Waiter> take_waiter(partition::WaiterId id);
  // host_state.cpp
  void open_state(GroupId group, const StoredGroup& stored, RaftIndex committed);
  void apply(GroupId group, const std::vector<LogEntry>& entries);
  void flush_states();
  void set_log_start(GroupId group, Offset log_start);
  void read_state(GroupId group, const partition::StateRead& read);
  void store_state(GroupId group, partition::StateStep step);

  NodeId id_;
  Disk disk_;
  bool up_ = false;
  Time paused_until_ = 0;
  std::shared_ptr<partition::CacheBudget> cache_budget_;
  Replicas replicas_;
  std::map<GroupId, GroupState> states_;
  std::map<partition::WaiterId, Waiter> waiters_;
  partition::WaiterId last_waiter_ = 0;
  std::string traced_; // as last printed
};

} // namespace callboard::simulation
