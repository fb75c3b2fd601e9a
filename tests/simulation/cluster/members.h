#pragma once

#include <map>
#include <set>
#include <vector>

#include "cluster/membership/failure_detector.h"
#include "cluster/membership/stopped_replicas.h"
#include "tests/simulation/cluster/machine.h"

namespace callboard::simulation::cluster {

// What a node knows of the others, and its links to them: the membership actor and the link
// actors of the real node. A link is up from the first answer of the node at its other end until
// that is silent for too long, refuses, or is another process; what is sent meanwhile arrives, or
// the link breaks.
class Members {
public:
  Members(Machine& machine, membership::FormingStart forming);

  bool belongs() const { return forming_.done(); }
  void belong(const Uuid& cluster) { forming_.belongs(cluster); }
  void tick();
  void know(const std::vector<NodeRecord>& nodes);
  void send_raft(raft::Message message);
  void local_leader(const LeaderAnnouncement& announcement);
  // Asks the node's controller; answered with network_exception if that is not known any more.
  void ask(NodeId node, const ControllerCommand& command, Answer answer);
  bool linked(NodeId node) const { return links_.contains(node); }
  bool is_up(NodeId node) const { return up_.contains(node) ? up_.at(node) : true; }
  template <class Visit>
  void for_each_down(Visit visit) const {
    for (const auto& [node, up] : up_)
      if (!up) visit(node);
  }
  const std::string& waits_for() const { return forming_.waits_for(); }

private:
  struct Asked {
    ControllerCommand command;
    Answer answer;
    std::uint32_t sent = 0;
    std::uint32_t since = 0;
  };
  struct Link {
    HostPort address;
    Uuid identity;
    bool up = false;
    std::uint64_t incarnation = 0;
    std::uint64_t session = 1;
    std::uint32_t answered = 0; // tick
    bool lost = false;          // it broke and has not come up since
    // Announcements that are not known to have arrived: sent again until they are.
    std::map<GroupId, LeaderAnnouncement> to_tell{};
    std::uint64_t told = 0; // batches
    std::uint32_t told_at = 0;
    std::map<std::uint64_t, Asked> asked{};
  };
  struct Beat {
    Uuid cluster;
    NodeId from;
    NodeId to;
    Uuid identity;
    HostPort reply_to;
    std::uint64_t incarnation = 0;
    std::uint64_t session = 0;
    bool established = false;
    std::vector<GroupId> stopped{};
  };

  // ---- forming
  void run_forming();
  void resolve();
  void probe(const membership::Call& call);
  void join(const membership::Call& call);
  void find_again();
  JoinRequest join_request() const;
  void hear_join_request(const JoinRequest& request, const HostPort& reply_to,
                         std::function<void(Machine&, const Result<JoinAnswer>&)> hear);

  // ---- links
  void tick_link(NodeId node, Link& link);
  void send_beat(NodeId node, Link& link);
  void hear(const Beat& beat);
  void hear_answer(NodeId node, std::uint64_t session, std::uint64_t incarnation);
  void came_up(NodeId node, Link& link, std::uint64_t incarnation);
  void break_link(NodeId node, Link& link, bool refused);
  void tell(NodeId node, Link& link);
  void send_command(NodeId node, Link& link, std::uint64_t number, Asked& asked);
  void hear_command(NodeId from, std::uint64_t incarnation, const HostPort& reply_to, std::uint64_t number,
                    const ControllerCommand& command);
  // `deliver` runs there if it is the node that is meant, of this cluster.
  void send_to(NodeId node, const Link& link, std::function<void(Machine&)> deliver);
  void tell_changes();

  Machine& machine_;
  membership::Forming forming_;
  membership::FailureDetector detector_;
  std::map<NodeId, NodeRecord> nodes_;
  std::map<NodeId, Link> links_;
  std::map<NodeId, bool> up_; // as its replicas were told
  membership::StoppedReplicas stopped_;
  std::map<NodeId, std::uint64_t> incarnations_;
  std::map<GroupId, LeaderAnnouncement> leading_;
  std::uint64_t numbers_ = 0;
  // Commands of others, by who asked: nullopt while it is carried out.
  std::map<std::tuple<NodeId, std::uint64_t, std::uint64_t>, std::optional<ControllerOutcome>> carried_out_;
};

} // namespace callboard::simulation::cluster
