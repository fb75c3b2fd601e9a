#include "tests/simulation/chaos.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cluster/membership/group_duties.h"
#include "cluster/partition/derived_state.h"

namespace callboard::simulation {
namespace {

constexpr Time down_max = 60 * tick_length;
constexpr Time reign_max = 2 * tick_length;
constexpr Time short_down_max = 15 * tick_length;
constexpr Time cut_max = 80 * tick_length;
constexpr Time pause_max = 40 * tick_length;
constexpr Time disk_trouble_max = 50 * tick_length;
constexpr std::uint32_t clock_jump_max = 30; // ticks that come at once
constexpr TimestampMs wall_jump_max = 10LL * 3600 * 1000;
constexpr std::size_t voters_of_rotten = 3;

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

} // namespace

Chaos::Chaos(Surroundings& around) : around_(around), random_(around.scenario.seed, "chaos") {}

void Chaos::tick() {
  break_nodes();
  break_disks();
  end_reigns();
  administer();
}

void Chaos::break_nodes() {
  if (now(Fault::crash)) {
    around_.findings.struck(Fault::crash);
    crash_some_node();
  }
  if (now(Fault::crash_all)) {
    around_.findings.struck(Fault::crash_all);
    crash_all_nodes();
  }
  if (now(Fault::power_cut)) cut_power();
  if (now(Fault::cut)) cut(false);
  if (now(Fault::one_way_cut)) cut(true);
  if (now(Fault::pause)) some_node().pause(random_.below(pause_max));
  if (now(Fault::clock_jump)) {
    auto& node = some_node();
    const auto hours = static_cast<TimestampMs>(random_.below(2 * wall_jump_max)) - wall_jump_max;
    node.jump_clock(static_cast<std::uint32_t>(random_.below(clock_jump_max)), hours);
  }
}

void Chaos::break_disks() {
  if (now(Fault::slow_disk)) {
    auto& disk = some_node().disk();
    around_.findings.struck(Fault::slow_disk);
    disk.set_slow(true);
    around_.timeline.after(random_.below(disk_trouble_max), [&disk] { disk.set_slow(false); });
  }
  if (now(Fault::full_disk)) {
    auto& disk = some_node().disk();
    disk.set_full(true);
    around_.timeline.after(random_.below(disk_trouble_max), [&disk] { disk.set_full(false); });
  }
  if (now(Fault::broken_disk)) {
    auto& disk = some_node().disk();
    random_.chance(0.8) ? disk.break_next_write() : disk.break_next_hard_states();
  }
  if (now(Fault::rot)) rot();
  if (now(Fault::altered)) alter();
}

// Soon after it was elected, often before the others have what it brought.
void Chaos::end_reigns() {
  const auto share = around_.scenario.rate(Fault::short_reign);
  if (share == 0) return;
  for (const auto& [group, leader] : around_.leaders) {
    auto& decided = reigns_[group];
    if (leader.node == no_node || leader.term <= decided) continue;
    decided = leader.term;
    if (!random_.chance(share)) continue;
    around_.findings.struck(Fault::short_reign);
    auto& node = *around_.nodes.at(leader.node);
    around_.timeline.after(random_.below(reign_max), [this, &node] {
      if (!ended_) crash(node, random_.below(short_down_max));
    });
  }
}

void Chaos::administer() {
  if (now(Fault::membership)) change_membership();
  if (now(Fault::transfer)) transfer();
  if (now(Fault::retention)) move_log_start();
}

Node& Chaos::some_node() {
  return *std::next(around_.nodes.begin(), static_cast<std::ptrdiff_t>(random_.below(around_.nodes.size())))->second;
}

GroupId Chaos::some_group() {
  return GroupId(random_.between(1, around_.scenario.groups));
}

Node* Chaos::leader_of(GroupId group) {
  const auto leader = around_.leaders[group].node;
  return leader == no_node ? nullptr : around_.nodes.at(leader).get();
}

void Chaos::crash(Node& node, Time duration) {
  if (!node.up()) return;
  node.crash();
  around_.timeline.after(duration + 1, [&node] {
    if (!node.up()) node.start();
  });
}

// Where commits are torn, at any moment, so that some are under way; else between ticks,
// when they are not.
void Chaos::crash_some_node() {
  if (around_.scenario.rate(Fault::torn_commit) > 0) {
    crash_within_tick({some_node().id()});
    return;
  }
  const auto duration = random_.below(down_max);
  crash(some_node(), duration);
}

void Chaos::crash_all_nodes() {
  if (around_.scenario.rate(Fault::torn_commit) > 0) {
    std::vector<NodeId> all;
    for (const auto& [id, node] : around_.nodes) all.push_back(id);
    crash_within_tick(all);
    return;
  }
  for (auto& [id, node] : around_.nodes) crash(*node, random_.below(down_max));
}

// A node's, or everybody's. What was acknowledged stays with some voter: nobody promises more
// of what is not flushed.
void Chaos::cut_power() {
  std::vector<NodeId> nodes;
  const bool all = random_.chance(0.3);
  const auto one = some_node().id();
  for (const auto& [id, node] : around_.nodes) {
    if (node->up() && (all || id == one)) nodes.push_back(id);
  }
  for (const auto id : nodes) crash(*around_.nodes.at(id), random_.below(down_max));
  for (const auto& [group, history] : around_.histories) {
    const auto& membership = history.membership();
    if (membership.voters.size() < voters_of_rotten || membership.joint() || is_incomplete(group)) continue;
    if (all && !is_known_to_all(group, membership)) continue;
    const auto keeper = all ? newest_log(group, membership.voters) : no_node;
    for (const auto id : nodes) {
      auto& disk = around_.nodes.at(id)->disk();
      if (disk.find(group) == nullptr) continue;
      around_.findings.struck(Fault::power_cut);
      disk.cut_power(group, id != keeper);
    }
  }
}

// Else those who are to elect may be known to one alone whose log is not the newest.
bool Chaos::is_known_to_all(GroupId group, const Membership& membership) const {
  const auto members = membership.members();
  return std::all_of(members.begin(), members.end(), [&](NodeId node) {
    const auto* stored = around_.nodes.at(node)->disk().find(group);
    if (stored == nullptr || stored->hard.membership != membership) return false;
    const auto& log = stored->log;
    for (auto index = std::max(stored->hard.membership_index.next(), log.first_index()); index <= log.last_index();
         index = index.next()) {
      const auto* entry = log.find(index);
      if (entry != nullptr && entry->type == EntryType::membership) return false;
    }
    return true;
  });
}

// Some replica lacks what it was counted on for.
bool Chaos::is_incomplete(GroupId group) const {
  return std::any_of(around_.nodes.begin(), around_.nodes.end(), [&](const auto& node) {
    const auto* stored = node.second->disk().find(group);
    return stored != nullptr &&
           (stored->rotten || stored->altered || stored->hard.recovering || !node.second->disk().usable(group));
  });
}

NodeId Chaos::newest_log(GroupId group, const std::vector<NodeId>& voters) const {
  auto newest = no_node;
  std::pair<Term, RaftIndex> most;
  for (const auto id : voters) {
    const auto* stored = around_.nodes.at(id)->disk().find(group);
    if (stored == nullptr) continue;
    const auto recovered = stored->log.recover();
    const std::pair has{recovered.last_term, recovered.last_index};
    if (newest != no_node && has <= most) continue;
    newest = id;
    most = has;
  }
  return newest;
}

void Chaos::crash_within_tick(const std::vector<NodeId>& nodes) {
  around_.timeline.after(random_.below(tick_length), [this, nodes] {
    if (ended_) return;
    for (const auto node : nodes) crash(*around_.nodes.at(node), random_.below(down_max));
  });
}

// One node from all, one from another, or some from the rest.
void Chaos::cut(bool one_way) {
  around_.findings.struck(one_way ? Fault::one_way_cut : Fault::cut);
  const auto duration = random_.below(cut_max);
  const auto kind = random_.below(3);
  const auto one = some_node().id();
  const auto other = some_node().id();
  const auto sides = random_.next();
  const bool outwards = random_.chance(0.5);
  const auto on_this_side = [&](NodeId node) {
    return kind == 2 ? (sides >> static_cast<unsigned>(node.value) & 1U) == 1 : node == one;
  };
  for (const auto& [from, sender] : around_.nodes) {
    for (const auto& [to, receiver] : around_.nodes) {
      if (kind == 1 && to != other) continue;
      if (on_this_side(from) && !on_this_side(to)) {
        if (!one_way || outwards) cut(from, to, duration);
        if (!one_way || !outwards) cut(to, from, duration);
      }
    }
  }
}

void Chaos::cut(NodeId from, NodeId to, Time duration) {
  around_.network.cut(from, to);
  around_.timeline.after(duration, [this, from, to] {
    if (!ended_) around_.network.mend(from, to);
  });
}

// Never two of a group: nobody promises to survive that.
void Chaos::rot() {
  const auto group = some_group();
  auto& node = some_node();
  const auto& membership = around_.histories.at(group).membership();
  const bool enough = membership.voters.size() >= voters_of_rotten && !membership.joint();
  if (is_incomplete(group) || !enough || !membership.contains(node.id())) return;
  node.disk().groups().at(group).rotten = true;
  around_.findings.struck(Fault::rot);
}

// Some replica's digest would repeat another's after a restart: it could not help to tell who is right.
bool Chaos::repeats_another(GroupId group) const {
  return std::any_of(around_.nodes.begin(), around_.nodes.end(), [&](const auto& node) {
    const auto* stored = node.second->disk().find(group);
    if (stored == nullptr) return false;
    const auto recovered = stored->log.recover();
    const auto state = partition::load_state(recovered.state, recovered.applied);
    const auto* replica = node.second->find(group);
    return (state && state->digest.learned().value > 0) ||
           (replica != nullptr && replica->digest().learned().value > 0);
  });
}

// A leader's first entry becomes one that moves the log start to 0, so to nowhere: nothing
// that clients see depends on it. Committed and with everybody, so that it is not sent on; not
// applied by the state on disk, so that it is read again.
void Chaos::alter() {
  const auto group = some_group();
  auto& node = some_node();
  const auto& history = around_.histories.at(group);
  const auto& membership = history.membership();
  const bool changes = around_.scenario.rate(Fault::membership) > 0;
  if (changes || is_incomplete(group) || repeats_another(group) || !membership.contains(node.id()) || !node.up())
    return;
  auto& stored = node.disk().groups().at(group);
  const auto everybody_has = [&](const LogEntry& entry) {
    return std::all_of(around_.nodes.begin(), around_.nodes.end(), [&](const auto& other) {
      const auto* log = other.second->disk().find(group);
      const auto* has = log == nullptr ? &entry : log->log.find(entry.index);
      return has != nullptr && has->term == entry.term;
    });
  };
  crash(node, random_.below(short_down_max)); // what was being written may be there after it
  const auto recovered = stored.log.recover();
  std::vector<LogEntry> suffix;
  RaftIndex at;
  for (const auto& entry : recovered.suffix) {
    const bool fit = at.value == 0 && entry.type == EntryType::noop && entry.index <= history.committed_index() &&
                     everybody_has(entry);
    if (fit) at = entry.index;
    if (at.value == 0) continue;
    suffix.push_back(*stored.log.find(entry.index));
    if (!fit) continue;
    suffix.back().type = EntryType::log_start;
    suffix.back().payload = SharedBytes::copy_of(std::string(sizeof(Offset::rep), '\0'));
  }
  if (at.value == 0) return;
  LogWrite write;
  write.truncate_from = at;
  write.entries = std::move(suffix);
  if (!stored.log.write(write)) return;
  stored.altered = true;
  around_.findings.struck(Fault::altered);
}

void Chaos::change_membership() {
  const auto group = some_group();
  auto* leader = leader_of(group);
  const auto before = around_.histories.at(group).membership();
  auto target = changed(before);
  if (leader == nullptr || !leader->change_membership(group, target)) return;
  around_.findings.struck(Fault::membership);
  const auto share = around_.scenario.rate(Fault::parting);
  if (share > 0 && random_.chance(share)) part(leader->id(), before.voters, target.voters);
  for (const auto member : target.members()) {
    auto& node = *around_.nodes.at(member);
    if (node.disk().find(group) == nullptr) node.host(group, membership::hard_state_at_start({}, {}, {}, 1));
  }
}

// The leader and the new voters from the others: each side could be a majority of its own.
void Chaos::part(NodeId leader, const std::vector<NodeId>& before, const std::vector<NodeId>& after) {
  around_.findings.struck(Fault::parting);
  const auto duration = random_.below(cut_max);
  const auto with_leader = [&](NodeId node) {
    return node == leader || (contains(after, node) && !contains(before, node));
  };
  for (const auto& [from, sender] : around_.nodes) {
    for (const auto& [to, receiver] : around_.nodes) {
      if (with_leader(from) != with_leader(to)) cut(from, to, duration);
    }
  }
}

Membership Chaos::changed(Membership membership) {
  membership.outgoing.clear();
  const auto node = some_node().id();
  auto& voters = membership.voters;
  auto& learners = membership.learners;
  if (!membership.contains(node)) {
    learners.push_back(node);
  } else if (contains(learners, node)) {
    std::erase(learners, node);
    const auto what = random_.below(4);
    if (what > 0) voters.push_back(node);
    if (what > 1) voters.erase(voters.begin() + static_cast<std::ptrdiff_t>(random_.below(voters.size() - 1)));
  } else if (voters.size() > 1) {
    std::erase(voters, node);
    if (random_.chance(0.3)) learners.push_back(node);
  }
  return membership;
}

void Chaos::transfer() {
  const auto group = some_group();
  auto* leader = leader_of(group);
  auto voters = around_.histories.at(group).membership().voters;
  const auto to = random_.pick(voters);
  if (leader == nullptr) return;
  around_.findings.struck(Fault::transfer);
  leader->transfer_leadership(group, to);
}

void Chaos::move_log_start() {
  const auto group = some_group();
  // Now and then everything that is committed goes.
  const auto part = std::min(random_.fraction() / 0.8, 1.0);
  auto* leader = leader_of(group);
  const auto* replica = leader == nullptr ? nullptr : leader->find(group);
  if (replica == nullptr) return;
  around_.findings.struck(Fault::retention);
  const auto kept = static_cast<double>(replica->high_watermark().value - replica->log_start().value);
  leader->move_log_start(group, replica->log_start().plus(static_cast<std::int64_t>(kept * part)));
}

void Chaos::end() {
  ended_ = true;
  around_.network.calm();
  around_.network.mend_all();
  for (auto& [id, node] : around_.nodes) {
    node->disk().repair();
    const bool broken = std::any_of(node->replicas().begin(), node->replicas().end(),
                                    [](const auto& replica) { return replica.second->stopped(); });
    if (broken) node->crash();
    if (!node->up()) node->start();
  }
}

std::string Chaos::break_minority() {
  ended_ = true;
  around_.findings.struck(Fault::lasting);
  const auto kind = random_.below(6);
  const auto minority = random_.between(1, (around_.scenario.nodes - 1) / 2);
  const auto first = random_.below(around_.scenario.nodes);
  std::vector<NodeId> broken;
  for (std::uint64_t i = 0; i < minority; ++i) {
    broken.emplace_back(static_cast<NodeId::rep>((first + i) % around_.scenario.nodes + 1));
  }
  if (kind == 0) {
    for (const auto node : broken) around_.nodes.at(node)->crash();
    return "a minority is down";
  }
  if (kind == 5) {
    stop_leaders();
    return "the leader of every group has stopped, its node lives";
  }
  for (const auto one : broken) {
    for (const auto& [other, node] : around_.nodes) {
      if (contains(broken, other) || (kind == 4 && other != around_.nodes.rbegin()->first)) continue;
      if (kind != 2) around_.network.cut(one, other);
      if (kind != 1) around_.network.cut(other, one);
    }
  }
  constexpr std::array<std::string_view, 5> names{"", "a minority is not heard", "a minority hears nobody",
                                                  "a minority is cut off", "a minority and one other are cut apart"};
  return std::string(names[kind]);
}

void Chaos::stop_leaders() {
  for (auto& [group, history] : around_.histories) {
    if (auto* leader = leader_of(group)) leader->stop_replica(group, {ErrorCode::storage_io, "Stopped."});
  }
}

} // namespace callboard::simulation
