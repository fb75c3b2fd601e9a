#include "tests/simulation/simulation.h"

#include <algorithm>
#include <utility>

#include "cluster/raft/sabotage.h"

namespace callboard::simulation {
namespace {

constexpr std::uint32_t recovery_ticks_max = 800;
constexpr std::uint32_t look_ticks = 5; // between two looks whether all is well
constexpr std::uint32_t settle_ticks = 60;
constexpr std::uint64_t events_max = 20'000'000;
constexpr std::int64_t probe_numbers = 100'000;

// The others are broken outside of the replica.
raft::Sabotage inside(Sabotage sabotage) {
  switch (sabotage) {
  case Sabotage::earlier_term_committed_by_count: return raft::Sabotage::earlier_term_committed_by_count;
  case Sabotage::membership_without_joint: return raft::Sabotage::membership_without_joint;
  case Sabotage::producer_state_not_undone: return raft::Sabotage::producer_state_not_undone;
  case Sabotage::duplicate_acknowledged_early: return raft::Sabotage::duplicate_acknowledged_early;
  case Sabotage::recovering_votes: return raft::Sabotage::recovering_votes;
  case Sabotage::earlier_lives_counted: return raft::Sabotage::earlier_lives_counted;
  case Sabotage::digest_not_compared: return raft::Sabotage::digest_not_compared;
  case Sabotage::leadership_assumed: return raft::Sabotage::leadership_assumed;
  case Sabotage::none:
  case Sabotage::vote_not_persisted:
  case Sabotage::acknowledged_before_the_write:
  case Sabotage::stopped_replica_not_announced:
  case Sabotage::snapshot_without_state: break;
  }
  return raft::Sabotage::none;
}

std::string text(GroupId group) {
  return "group " + std::to_string(group.value);
}
std::string text(NodeId node) {
  return "node " + std::to_string(node.value);
}

} // namespace

Simulation::Simulation(const Scenario& scenario)
  : scenario_(scenario), network_(timeline_, scenario_, findings_), around_{{timeline_, network_, scenario_, findings_,
                                                                             histories_, options_},
                                                                            leaders_,
                                                                            nodes_},
    for_clients_{network_, findings_, histories_, *this, scenario_.seed}, chaos_(around_) {
  std::vector<NodeId> ids;
  for (std::uint32_t i = 1; i <= scenario_.nodes; ++i) ids.emplace_back(static_cast<NodeId::rep>(i));
  for (const auto id : ids) {
    auto peers = ids;
    std::erase(peers, id);
    nodes_.emplace(id, std::make_unique<Node>(around_, id, std::move(peers)));
  }
  found_groups();
  make_clients();
}

NodeId Simulation::anyone(Random& random) {
  return NodeId(static_cast<NodeId::rep>(random.between(1, scenario_.nodes)));
}

void Simulation::produce(NodeId to, GroupId group, partition::ProduceCommand command, Produced answer) {
  nodes_.at(to)->produce(group, std::move(command), std::move(answer));
}

void Simulation::fetch(NodeId from, GroupId group, const partition::FetchCommand& command, Fetched answer) {
  nodes_.at(from)->fetch(group, command, std::move(answer));
}

void Simulation::found_groups() {
  Random random(scenario_.seed, "groups");
  for (std::uint32_t i = 1; i <= scenario_.groups; ++i) {
    const GroupId group(i);
    HardState hard;
    for (std::uint32_t k = 0; k < scenario_.replicas; ++k) {
      hard.membership.voters.emplace_back(static_cast<NodeId::rep>((i + k) % scenario_.nodes + 1));
    }
    std::sort(hard.membership.voters.begin(), hard.membership.voters.end());
    auto& options = options_[group];
    options.log_append_time = random.chance(0.2);
    options.min_insync_replicas = random.chance(0.3) ? 2 : 1;
    auto& history =
        histories_
            .emplace(std::piecewise_construct, std::forward_as_tuple(group),
                     std::forward_as_tuple(group, findings_,
                                           [this, group](NodeId node) { return nodes_.at(node)->disk().find(group); }))
            .first->second;
    history.found(hard.membership);
    for (const auto node : hard.membership.voters) nodes_.at(node)->disk().create(group, hard);
  }
}

void Simulation::make_clients() {
  Random random(scenario_.seed, "clients");
  std::int64_t number = 0;
  for (std::uint32_t i = 1; i <= scenario_.clients; ++i) {
    const GroupId group(i);
    for (auto count = random.between(1, 3); count > 0; --count) {
      Producer::Habits habits;
      habits.idempotent = random.chance(0.8);
      habits.acks = habits.idempotent || random.chance(0.5) ? -1 : 1;
      habits.in_flight_max = random.between(1, 5);
      habits.value_bytes_max = static_cast<std::size_t>(random.between_magnitudes(10, 1500));
      habits.rate = random.between_magnitudes(0.01, 0.5);
      producers_.push_back(std::make_unique<Producer>(for_clients_, group, ++number, habits));
    }
    consumers_.push_back(std::make_unique<Consumer>(for_clients_, group, i));
  }
  for (const auto& [group, history] : histories_) {
    const auto probe = probe_numbers + static_cast<std::int64_t>(group.value);
    probes_[group] = std::make_unique<Producer>(for_clients_, group, probe, Producer::Habits{true, -1, 1, 20, 0});
  }
}

Outcome Simulation::run() {
  raft::active_sabotage = inside(scenario_.sabotage);
  phase_ = "faults";
  faults_ = true;
  for (auto& [id, node] : nodes_) node->start();
  run_ticks(scenario_.ticks);
  faults_ = false;
  recover("recovery");
  endure_broken_minority();
  for (auto& producer : producers_) producer->finish();
  recover("end");
  if (!findings_.failed()) compare_replicas();

  Outcome outcome{findings_.failed(),
                  findings_.rule(),
                  findings_.what(),
                  phase_,
                  ticks_,
                  findings_.digest(),
                  timeline_.events(),
                  0,
                  0,
                  recovery_ticks_,
                  findings_.strikes(),
                  findings_.states_replaced(),
                  findings_.heals()};
  for (const auto& [group, history] : histories_) outcome.acknowledged += history.acknowledgements();
  for (const auto& consumer : consumers_) outcome.consumed += consumer->batches();
  return outcome;
}

void Simulation::run_ticks(std::uint32_t ticks) {
  for (std::uint32_t i = 0; i < ticks && !findings_.failed(); ++i) tick();
}

void Simulation::tick() {
  ++ticks_;
  if (faults_) chaos_.tick();
  for (auto& producer : producers_) producer->tick();
  for (auto& [group, probe] : probes_) probe->tick();
  for (auto& consumer : consumers_) consumer->tick();
  timeline_.run_until(timeline_.now() + tick_length, [this] { return findings_.failed(); });
  check_states();
  if (timeline_.events() > events_max) findings_.fail("liveness", "there is no end of messages");
}

// Who may serve from a state has all of it.
void Simulation::check_states() {
  for (auto& [id, node] : nodes_) {
    for (const auto& [group, replica] : node->replicas()) {
      auto& history = histories_.at(group);
      const auto* state = node->state_of(group);
      const bool newest = replica->settled() && replica->raft().commit_index() == history.committed_index();
      if (state != nullptr && newest) history.check_state(id, *state);
    }
  }
}

template <class Done>
void Simulation::run_until(const std::string& what, Done done) {
  const auto begun = ticks_;
  std::string missing = "nothing was looked at";
  while (!findings_.failed() && !missing.empty()) {
    run_ticks(look_ticks);
    missing = done();
    if (ticks_ - begun > recovery_ticks_max && !missing.empty()) findings_.fail("liveness", what + ": " + missing);
  }
  recovery_ticks_ = std::max(recovery_ticks_, ticks_ - begun);
}

// Every group serves, everybody has everything, every client has what it waited for.
void Simulation::recover(const std::string& phase) {
  if (findings_.failed()) return;
  phase_ = phase;
  chaos_.end();
  for (auto& [group, probe] : probes_) probe->produce();
  run_until("faults have ended", [this]() -> std::string {
    for (const auto& [group, history] : histories_) {
      if (!can_serve(group)) continue;
      if (auto why = unwell(group); !why.empty()) return text(group) + ", " + why;
    }
    return {};
  });
}

std::string Simulation::unwell(GroupId group) {
  if (!probes_.at(group)->idle()) return "a batch is not acknowledged";
  const auto* leader = leading_replica(group);
  if (leader == nullptr || !leader->settled()) return "nobody leads";
  if (phase_ == "minority") return {};
  if (auto missing = behind(group, *leader); !missing.empty()) return missing;
  if (phase_ != "end" || group.value > scenario_.clients) return {};
  if (!consumers_[group.value - 1]->caught_up()) return "a consumer has not read all";
  return {};
}

std::string Simulation::behind(GroupId group, const partition::PartitionReplica& leader) {
  const auto last = leader.raft().last_index();
  if (phase_ == "end" && leader.raft().commit_index() != last) return "not all is committed";
  for (const auto member : leader.membership().members()) {
    if (nodes_.at(member)->heals(group)) return text(member) + " is damaged and begins anew";
    if (!healthy(group, member)) continue;
    const auto& raft = nodes_.at(member)->find(group)->raft();
    const auto lag = phase_ == "end" ? 0U : 20U;
    if (raft.stored_index().plus(lag) < last || raft.commit_index().plus(lag) < last) {
      return text(member) + " has not caught up";
    }
    if (raft.recovering()) return text(member) + " still recovers";
  }
  return {};
}

partition::PartitionReplica* Simulation::leading_replica(GroupId group) {
  partition::PartitionReplica* found = nullptr;
  for (auto& [id, node] : nodes_) {
    auto* replica = node->find(group);
    if (replica == nullptr || !replica->leading()) continue;
    if (found == nullptr || found->term() < replica->term()) found = replica;
  }
  return found;
}

bool Simulation::healthy(GroupId group, NodeId node) const {
  auto& host = *nodes_.at(node);
  const auto* replica = host.find(group);
  return host.up() && replica != nullptr && !replica->stopped();
}

bool Simulation::reachable(GroupId group, NodeId from, NodeId to) const {
  // Who recovers counts again soon, if nobody is away for long.
  const auto* replica = nodes_.at(to)->find(group);
  if (phase_ == "minority" && replica != nullptr && replica->raft().recovering()) return false;
  return from == to || (healthy(group, to) && !network_.is_cut(from, to) && !network_.is_cut(to, from));
}

// Somebody can lead, by the committed membership and by those that whoever may be elected
// has in its log above.
bool Simulation::can_serve(GroupId group) const {
  const auto& history = histories_.at(group);
  for (const auto& [id, node] : nodes_) {
    if (!healthy(group, id)) continue;
    const auto& raft = node->find(group)->raft();
    if (raft.last_index() >= history.committed_index() && !has_majority(group, raft.membership())) return false;
  }
  return has_majority(group, history.membership());
}

// Of those whom one of them can talk to.
bool Simulation::has_majority(GroupId group, const Membership& membership) const {
  const auto copies = static_cast<std::size_t>(options_.at(group).min_insync_replicas);
  const auto leads = [&](NodeId leader, const std::vector<NodeId>& voters) {
    const auto reached = [&](NodeId voter) { return reachable(group, leader, voter); };
    const auto count = static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), reached));
    return count >= std::max(voters.size() / 2 + 1, copies);
  };
  return std::any_of(membership.voters.begin(), membership.voters.end(), [&](NodeId leader) {
    return healthy(group, leader) && leads(leader, membership.voters) &&
           (!membership.joint() || leads(leader, membership.outgoing));
  });
}

void Simulation::endure_broken_minority() {
  Random random(scenario_.seed, "lasting");
  if (findings_.failed() || !random.chance(scenario_.rate(Fault::lasting))) return;
  phase_ = "minority";
  run_ticks(static_cast<std::uint32_t>(random.below(settle_ticks)));
  const auto what = chaos_.break_minority();
  for (auto& [group, probe] : probes_) probe->produce();
  run_until(what, [this]() -> std::string {
    for (const auto& [group, history] : histories_) {
      if (!can_serve(group)) continue;
      if (auto why = unwell(group); !why.empty()) return text(group) + ", " + why;
    }
    return {};
  });
}

// One was altered, and another had its state from somebody: nobody knows from whom the right one is.
bool Simulation::cannot_be_told(GroupId group) {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    const auto* replica = node.second->find(group);
    return replica != nullptr && replica->digest().learned().value > 0;
  });
}

// Those that caught up: with what was committed, and with each other.
void Simulation::compare_replicas() {
  for (const auto& [group, history] : histories_) {
    const auto members = history.membership().members();
    for (const auto member : members) {
      if (!healthy(group, member) || !can_serve(group)) continue;
      auto& node = *nodes_.at(member);
      if (node.disk().find(group)->altered && cannot_be_told(group)) continue;
      histories_.at(group).compare(member, *node.find(group), node.disk().find(group)->log);
      if (const auto* state = node.state_of(group)) histories_.at(group).check_state(member, *state);
    }
  }
}

} // namespace callboard::simulation
