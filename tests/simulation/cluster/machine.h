#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/membership/forming.h"
#include "cluster/membership/group_duties.h"
#include "schema/controller_command.h"
#include "tests/simulation/cluster/history.h"
#include "tests/simulation/cluster/scenario.h"
#include "tests/simulation/host.h"

namespace callboard::simulation::cluster {

class Machine;
class Members;
class Metadata;

// What all machines of a run share.
struct ClusterSurroundings : HostSurroundings {
  const Scenario& plan;
  ClusterHistory& cluster;
  std::map<std::uint64_t, std::unique_ptr<Machine>>& machines; // by number
  // A group is heard of for the first time.
  std::function<void(GroupId, const Placement&)> group_founded;
  // Its topic is deleted.
  std::function<void(GroupId)> group_ended;
};

// How a machine is started for the first time.
struct MachineStart {
  membership::FormingMode mode = membership::FormingMode::alone;
  std::vector<std::string> seeds; // HOST:PORT
  std::string rack;
};

using Answer = std::function<void(const ControllerOutcome&)>;

// A machine with a data directory, and the process of a node on it, which comes and goes: the
// replicas of Host, what the membership actor and the metadata actor of the real node do
// (Members, Metadata), and what each partition's actor does beside driving its replica. Parts of
// a process talk to each other by messages that arrive a moment later, as actors do.
class Machine final : public Host {
public:
  Machine(ClusterSurroundings& around, std::uint64_t number, MachineStart start);
  ~Machine() override;

  std::uint64_t number() const { return number_; }
  const HostPort& address() const { return address_; }
  std::uint64_t incarnation() const { return life_; }
  const std::optional<Uuid>& cluster() const { return cluster_; }
  const Uuid& identity() const { return *identity_; }
  Members* members() const { return members_.get(); }
  Metadata* metadata() const { return metadata_.get(); }
  bool ready() const;

  void start();
  void crash();
  // Its directory is empty, what runs there ends; next time it joins by one of `seeds`.
  void wipe(std::vector<std::string> seeds);
  // It is stopped and stays so.
  void switch_off();
  bool in_service() const { return in_service_; }
  bool damaged() const;
  bool recovers() const;
  bool has_stopped_replica() const;

  // ---- for its parts

  // In the order in which it was said, a moment later.
  void post(Timeline::Action action) { later(0, std::move(action)); }
  void after_ticks(std::uint32_t count, Timeline::Action action) { later(count * tick_length, std::move(action)); }
  using Delivery = std::function<void(Machine&)>;
  // Over the network; `refused` if nobody runs there.
  void send(const HostPort& to, Delivery deliver, Timeline::Action refused = {});
  void belong(const Uuid& cluster, NodeId node, const std::vector<NodeRecord>& nodes);
  NodeRecord own_record() const;
  std::uint32_t ticks() const { return ticks_; }
  Instant now() const;
  using Host::wall_now;
  Uuid draw_uuid();
  const ClusterSurroundings& around() const { return around_; }
  void say(const std::string& what) const;

  // A replica of the group, on what is stored of it.
  void host(GroupId group, const Placement& placement);
  bool hosts(GroupId group) const { return duties_.contains(group); }
  // It was out of service on `node`, and has begun anew.
  void replica_is_back(GroupId group, NodeId node);
  // Something of it is on disk that may count.
  bool holds(GroupId group) const;
  void place(GroupId group, const Placement& placement);
  // Not wanted any more: its topic is gone.
  void remove(GroupId group);
  // Nobody knows the group.
  void destroy(GroupId group) { leave(group); }
  // Its leader says who its members are.
  void leader_said(const LeaderAnnouncement& announcement);
  void yield(GroupId group, NodeId to);
  void peer_changed(NodeId node, bool up);
  void step(const std::vector<raft::Message>& messages);
  // Proposes records to the metadata's group; answered through Metadata.
  void propose(const std::vector<MetadataRecord>& records, partition::WaiterId waiter);
  const std::vector<GroupId>& stopped_groups() const { return stopped_groups_; }

private:
  struct Duty {
    Placement placement;
    membership::LeaderTeller teller;
    bool stopped = false;
    Term settled_in{};
    std::optional<RaftIndex> excluded{}; // as of, as a leader said
  };

  void transmit(raft::Message message) override;
  void routed(GroupId group, partition::PartitionReplica& replica, partition::Effects& effects) override;
  void prepare(GroupId group, partition::PartitionReplica::Start& start) override;
  void unopened(GroupId group, const HardState& hard) override;
  void tick_node() override;
  bool keeps(GroupId) const override { return false; }
  void ticked(GroupId group, partition::PartitionReplica& replica) override;
  bool answer_own(const partition::ProduceOutcome& outcome) override;
  void announce(GroupId group);
  void advance(GroupId group);
  void leave_if_unwanted(GroupId group);
  void check_voters(GroupId group, const partition::PartitionReplica& leader, const Membership& next);
  void stopped(GroupId group);
  void begun(GroupId group, partition::PartitionReplica* replica);
  void scrub();
  void heal();

  ClusterSurroundings& around_;
  std::uint64_t number_;
  HostPort address_;
  MachineStart start_;
  bool in_service_ = false;
  // The directory.
  std::optional<Uuid> identity_;
  std::optional<Uuid> cluster_;
  // The process.
  std::unique_ptr<Members> members_;
  std::unique_ptr<Metadata> metadata_;
  std::map<GroupId, Duty> duties_;
  std::set<GroupId> scrubbed_;          // found damaged since the start
  std::vector<GroupId> stopped_groups_; // replicas out of service although the node lives
};

} // namespace callboard::simulation::cluster
