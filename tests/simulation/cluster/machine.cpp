#include "tests/simulation/cluster/machine.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "schema/rpc/translate.h"
#include "tests/simulation/cluster/members.h"
#include "tests/simulation/cluster/metadata.h"

namespace callboard::simulation::cluster {
namespace {

// Less than half of what a preferred leader waits for at least, as in a node: else a damaged one that hands over
// leads again each time it is looked at.
constexpr std::uint32_t heal_every_ticks = 8;
constexpr Time opening_ticks_max = 40;
constexpr std::uint32_t scrub_every_ticks = 160;
constexpr Duration tick_duration = std::chrono::milliseconds(50);
// Waiters of the metadata itself, which no client has.
constexpr partition::WaiterId own_waiters = partition::WaiterId{1} << 62U;

NodeId line(std::uint64_t number) {
  return NodeId(static_cast<NodeId::rep>(number));
}

} // namespace

Machine::Machine(ClusterSurroundings& around, std::uint64_t number, MachineStart start)
  : Host(around, number, no_node), around_(around), number_(number), address_{"10.0.0." + std::to_string(number), 9092},
    start_(std::move(start)) {}

Machine::~Machine() = default;

bool Machine::ready() const {
  return up() && metadata_ && metadata_->ready();
}

Instant Machine::now() const {
  return Instant{} +
         tick_duration * static_cast<std::int64_t>(around_.timeline.now()) / static_cast<std::int64_t>(tick_length);
}

Uuid Machine::draw_uuid() {
  Uuid drawn;
  for (auto& byte : drawn.bytes) byte = static_cast<std::uint8_t>(random_.next());
  return drawn;
}

void Machine::say(const std::string& what) const {
  if (!around_.plan.traced) return;
  std::printf("%8.2f  machine %llu, node %d  %s\n", static_cast<double>(around_.timeline.now()) / tick_length,
              static_cast<unsigned long long>(number_), id().value, what.c_str());
}

// ---- the process

void Machine::start() {
  in_service_ = true;
  begin_life();
  if (!identity_) identity_ = draw_uuid();
  membership::FormingStart start;
  start.mode = start_.mode;
  start.seeds = start_.seeds;
  start.identity = *identity_;
  start.cluster = cluster_;
  start.seed = random_.next();
  say("starts");
  members_ = std::make_unique<Members>(*this, std::move(start));
  if (cluster_) belong(*cluster_, id(), {});
}

void Machine::crash() {
  if (!up()) return;
  say("is killed");
  end_life();
  metadata_.reset();
  members_.reset();
  duties_.clear();
  stopped_groups_.clear();
  scrubbed_.clear();
}

void Machine::wipe(std::vector<std::string> seeds) {
  crash();
  start_ = {membership::FormingMode::join, std::move(seeds), start_.rack};
  say("is wiped");
  while (!disk().groups().empty()) disk().remove(disk().groups().begin()->first);
  identity_.reset();
  cluster_.reset();
  become(no_node);
}

void Machine::switch_off() {
  in_service_ = false;
  crash();
}

bool Machine::damaged() const {
  const auto& groups = const_cast<Machine*>(this)->disk().groups();
  return std::any_of(groups.begin(), groups.end(), [](const auto& stored) { return stored.second.rotten; });
}

bool Machine::recovers() const {
  const auto& groups = const_cast<Machine*>(this)->disk().groups();
  return std::any_of(groups.begin(), groups.end(), [](const auto& stored) { return stored.second.hard.recovering; });
}

bool Machine::has_stopped_replica() const {
  return !stopped_groups_.empty();
}

void Machine::belong(const Uuid& cluster, NodeId node, const std::vector<NodeRecord>& nodes) {
  cluster_ = cluster;
  become(node);
  around_.cluster.belongs(*identity_, cluster, node);
  if (!members_->belongs()) members_->belong(cluster);
  say("belongs to the cluster");
  metadata_ = std::make_unique<Metadata>(*this);
  members_->know(nodes);
}

NodeRecord Machine::own_record() const {
  return {id(), *identity_, address_, address_, start_.rack, "simulated"};
}

void Machine::tick_node() {
  members_->tick();
  if (metadata_) metadata_->tick();
  scrub();
  heal();
}

void Machine::send(const HostPort& to, Delivery deliver, Timeline::Action refused) {
  const auto other = std::find_if(around_.machines.begin(), around_.machines.end(),
                                  [&](const auto& machine) { return machine.second->address() == to; });
  if (other == around_.machines.end()) {
    if (refused) later(1, std::move(refused));
    return;
  }
  auto& receiver = *other->second;
  around_.network.send(
      line(number_), line(receiver.number()),
      [this, &receiver, life = life_, deliver = std::move(deliver), refused = std::move(refused)]() mutable {
        if (receiver.up()) {
          receiver.when_awake([&receiver, deliver = std::move(deliver)] { deliver(receiver); });
        } else if (refused) {
          around_.network.send(line(receiver.number()), line(number_), [this, life, refused = std::move(refused)] {
            if (life == life_) when_awake(refused);
          });
        }
      });
}

// ---- replicas

void Machine::host(GroupId group, const Placement& placement) {
  duties_.insert_or_assign(group, Duty{placement, {group, id()}});
  const bool stored = disk().find(group) != nullptr;
  auto& on_disk = stored ? disk().groups().at(group) : disk().create(group, {});
  begun(group, open(group, on_disk));
}

void Machine::begun(GroupId group, partition::PartitionReplica* replica) {
  if (replica == nullptr) {
    stopped(group);
    return;
  }
  members_->for_each_down([&](NodeId node) { replica->peer_down(node); });
  if (membership::stands_at_once(*replica, duties_.at(group).placement)) replica->campaign();
  route(group, *replica);
}

// What nobody reads is found damaged by the scrub; see PartitionActor::heal_scrubbed().
void Machine::scrub() {
  if (!metadata_ || ticks_ % heal_every_ticks != 0) return;
  const bool looks = ticks_ % scrub_every_ticks == 0;
  std::vector<GroupId> leads;
  std::vector<GroupId> follows;
  for (const auto& [group, replica] : replicas()) {
    const auto* stored = disk().find(group);
    if (stored == nullptr || !stored->rotten || replica->stopped()) continue;
    if (looks) scrubbed_.insert(group);
    if (!scrubbed_.contains(group)) continue;
    if (replica->leading() && metadata_->others_have_all(group)) leads.push_back(group);
    if (!replica->leading() && replica->leader() != no_node && metadata_->others_serve(group)) follows.push_back(group);
  }
  for (const auto group : leads) yield(group, no_node);
  for (const auto group : follows)
    input(group, [](auto& replica) { replica.stop({ErrorCode::corrupt_storage, "The scrub found damage."}); });
}

// A damaged replica begins anew once the others do without it, as PartitionActor does.
void Machine::heal() {
  if (!metadata_ || ticks_ % heal_every_ticks != 0) return;
  const auto damaged = stopped_groups_;
  for (const auto group : damaged) {
    const auto* stored = disk().find(group);
    const bool of_its_log = stored != nullptr && (stored->rotten || !disk().usable(group));
    if (!of_its_log || !metadata_->others_serve(group)) continue;
    say("its replica of group " + std::to_string(group.value) + " begins anew");
    std::erase(stopped_groups_, group);
    duties_.at(group).stopped = false;
    set_aside(group);
    // Opening takes its time, and the others know already that it is not out of service any more.
    after_ticks(static_cast<std::uint32_t>(around_.timeline.now() % opening_ticks_max), [this, group] {
      const auto known = duties_.find(group);
      if (known == duties_.end() || known->second.stopped || find(group) != nullptr) return;
      begun(group, open(group, disk().groups().at(group)));
      if (group == metadata_group)
        metadata_->log_begins_anew();
      else
        leave_if_unwanted(group);
    });
  }
}

bool Machine::holds(GroupId group) const {
  const auto* stored = const_cast<Machine*>(this)->disk().find(group);
  return stored != nullptr && (!stored->hard.membership.voters.empty() || stored->log.last_index().value > 0);
}

void Machine::prepare(GroupId group, partition::PartitionReplica::Start& start) {
  const auto& duty = duties_.at(group);
  start.hard = membership::hard_state_at_start(std::move(start.hard), start.log.last_index, duty.placement,
                                               static_cast<std::uint32_t>(around_.timeline.now()) + 1);
  if (group != metadata_group) return;
  // Who applies the log wants whole what is committed later.
  const auto& log = disk().find(group)->log;
  for (auto& entry : start.log.suffix) entry = *log.find(entry.index);
}

void Machine::unopened(GroupId group, const HardState& hard) {
  for (const auto member : hard.membership.members())
    if (member != id()) transmit({group, id(), member, hard.term, raft::Stopped{}});
}

void Machine::transmit(raft::Message message) {
  members_->send_raft(std::move(message));
}

void Machine::step(const std::vector<raft::Message>& messages) {
  for (const auto& message : messages) {
    trace(message.group, [&] { return describe(message); });
    if (metadata_ && std::holds_alternative<raft::Stopped>(message.body))
      metadata_->said_stopped(message.group, message.from);
    input(message.group, [&](auto& replica) { replica.step(message); });
    // No tick will: who was silent until its answer to resting is in sync again.
    if (auto* replica = find(message.group); replica != nullptr && replica->resting()) announce(message.group);
  }
}

void Machine::routed(GroupId group, partition::PartitionReplica& replica, partition::Effects& effects) {
  const auto duty = duties_.find(group);
  if (duty == duties_.end()) return;
  if (group == metadata_group) {
    if (!effects.applied.empty())
      post([this, entries = std::move(effects.applied)] {
        if (metadata_) metadata_->committed(entries);
      });
  }
  auto& settled_in = duty->second.settled_in;
  const bool settles = replica.settled() && std::exchange(settled_in, replica.term()) != replica.term();
  if (settles && group == metadata_group) post([this, term = settled_in] { metadata_->settled(term); });
  if (effects.leader_changed || effects.membership_changed || settles) announce(group);
  // A group of one has no ticks that would take the next step.
  if (settles || effects.membership_changed) post([this, group] { advance(group); });
  if (effects.leader_changed || effects.membership_changed) post([this, group] { leave_if_unwanted(group); });
  if (replica.stopped()) stopped(group);
}

void Machine::ticked(GroupId group, partition::PartitionReplica& replica) {
  if (!replica.leading()) return;
  announce(group);
  advance(group);
}

void Machine::announce(GroupId group) {
  const auto news = duties_.at(group).teller.tell(find(group));
  if (!news) return;
  post([this, news = *news] {
    members_->local_leader(news);
    metadata_->local_leader(news);
    leader_said(news);
  });
}

// Placements count once all that was committed before this start has been seen.
void Machine::advance(GroupId group) {
  auto* replica = find(group);
  if (replica == nullptr || (group != metadata_group && !(metadata_ && metadata_->ready()))) return;
  auto next = membership::membership_due(*replica, duties_.at(group).placement);
  if (!next) return;
  const auto changed = replica->change_membership(*next);
  if (changed) check_voters(group, *replica, *next);
  route(group, *replica);
}

// Who is to vote has what its leader wrote in this term, or the group would stand on fewer copies.
void Machine::check_voters(GroupId group, const partition::PartitionReplica& leader, const Membership& next) {
  if (around_.histories.at(group).ended()) return;
  const auto& now = leader.raft().committed_membership();
  for (const auto voter : next.voters) {
    if (now.is_voter(voter)) continue;
    for (const auto& [number, machine] : around_.machines) {
      if (machine->id() != voter) continue;
      const auto* stored = machine->disk().find(group);
      // It had, and has lost its log since.
      if (stored != nullptr && stored->hard.recovering && !stored->hard.brought_in) continue;
      const auto* last = stored == nullptr ? nullptr : stored->log.find(stored->log.last_index());
      if (last == nullptr || last->term < leader.term())
        around_.findings.fail("voters", "node " + std::to_string(voter.value) + " is to vote in group " +
                                            std::to_string(group.value) + " before it has caught up");
    }
  }
}

void Machine::stopped(GroupId group) {
  auto& duty = duties_.at(group);
  if (std::exchange(duty.stopped, true)) return;
  say("its replica of group " + std::to_string(group.value) + " stops");
  announce(group);
  stopped_groups_.push_back(group);
}

void Machine::place(GroupId group, const Placement& placement) {
  duties_.at(group).placement = placement;
  advance(group);
  leave_if_unwanted(group);
}

void Machine::remove(GroupId group) {
  duties_.erase(group); // it stops on purpose
  std::erase(stopped_groups_, group);
  input(group, [](auto& replica) { replica.stop({ErrorCode::unknown_topic_or_partition, "The topic was deleted."}); });
  leave(group);
}

void Machine::leader_said(const LeaderAnnouncement& announcement) {
  const auto duty = duties_.find(announcement.group);
  if (announcement.group == metadata_group || duty == duties_.end() || announcement.voters.empty()) return;
  auto& excluded = duty->second.excluded;
  if (membership::excludes(announcement, id())) excluded = std::max(excluded.value_or(RaftIndex{}), announcement.as_of);
  leave_if_unwanted(announcement.group);
}

// The controller wants no replica here, and the group has taken this one out.
void Machine::leave_if_unwanted(GroupId group) {
  const auto found = duties_.find(group);
  const auto* replica = find(group);
  if (found == duties_.end() || replica == nullptr) return;
  const auto& duty = found->second;
  if (duty.stopped || group == metadata_group || !metadata_ || !metadata_->ready()) return;
  if (membership::names(duty.placement, id()) || !membership::has_left(*replica, duty.excluded)) return;
  say("its replica of group " + std::to_string(group.value) + " has moved elsewhere");
  remove(group);
  post([this, group] { metadata_->replica_left(group); });
}

void Machine::yield(GroupId group, NodeId to) {
  auto* replica = find(group);
  if (replica == nullptr || !replica->leading()) return;
  if (to == no_node) to = membership::successor(*replica);
  if (to == no_node || to == id()) return;
  const auto handing = replica->transfer_leadership(to);
  say("hands group " + std::to_string(group.value) + " over to node " + std::to_string(to.value) +
      (handing ? std::string() : ": " + handing.error().message));
  route(group, *replica);
}

void Machine::replica_is_back(GroupId group, NodeId node) {
  auto* replica = find(group);
  if (replica == nullptr) return;
  replica->peer_up(node);
  route(group, *replica);
  if (duties_.contains(group)) announce(group);
}

void Machine::peer_changed(NodeId node, bool up) {
  for (const auto& [group, replica] : replicas()) {
    if (up)
      replica->peer_up(node);
    else
      replica->peer_down(node);
    route(group, *replica);
    if (duties_.contains(group)) announce(group);
  }
}

// ---- the metadata's own log

void Machine::propose(const std::vector<MetadataRecord>& records, partition::WaiterId waiter) {
  BatchBuilder builder(wall_now());
  for (const auto& record : records) rpc::add_metadata_record(builder, record, wall_now());
  partition::ProduceCommand command;
  command.acks = -1;
  command.waiter = own_waiters + waiter;
  command.batch = builder.finish();
  command.header = read_batch_header(command.batch.view()).value();
  auto* replica = find(metadata_group);
  if (replica == nullptr) {
    post([this, waiter] { metadata_->proposed(waiter, {ErrorCode::kafka_storage_error, "Its log cannot be read."}); });
    return;
  }
  replica->produce(std::move(command), wall_now());
  route(metadata_group, *replica);
}

bool Machine::answer_own(const partition::ProduceOutcome& outcome) {
  if (outcome.waiter < own_waiters) return false;
  post([this, waiter = outcome.waiter - own_waiters, error = Error{outcome.error, outcome.message}] {
    if (metadata_) metadata_->proposed(waiter, error);
  });
  return true;
}

} // namespace callboard::simulation::cluster
