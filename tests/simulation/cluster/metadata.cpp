#include "tests/simulation/cluster/metadata.h"

#include <algorithm>
#include <utility>

#include "cluster/metadata/topic_changes.h"
#include "schema/rpc/translate.h"
#include "tests/simulation/cluster/members.h"

namespace callboard::simulation::cluster {
namespace {

constexpr NodeId founder{1};
const Placement nowhere{{}, {}, false};
constexpr Duration tick_duration = std::chrono::milliseconds(50);

metadata::ControllerSettings settings(const Scenario& plan) {
  metadata::ControllerSettings out;
  out.replace_after = tick_duration * plan.replace_after_ticks;
  out.preferred_leader_after = tick_duration * plan.preferred_after_ticks;
  out.topics_per_step = 2; // small, so that rounds have several steps
  out.moves_max = 4;
  return out;
}

} // namespace

Metadata::Metadata(Machine& machine)
  : machine_(machine), controller_(leaders_, settings(machine.around().plan)), alive_{machine.id()} {
  for (const auto& [group, stored] : machine_.disk().groups()) stored_.insert(group);
  // What its constructor leads to arrives once it is there.
  const auto* kept = machine_.disk().find(metadata_group);
  const bool founds = machine_.id() == founder && (kept == nullptr || kept->hard.membership.voters.empty());
  const auto placement = founds ? Placement{{founder}, {}, true} : nowhere;
  machine_.around().group_founded(metadata_group, {{founder}, {}, true});
  machine_.post([this, placement] {
    machine_.host(metadata_group, placement);
    replay();
  });
}

Leader Metadata::leader_of(GroupId group) const {
  const auto found = partitions_.find(group);
  return found == partitions_.end() ? Leader{} : Leader{found->second.term, found->second.leader};
}

// ---- the log

// What was committed when it was opened; what follows comes through committed().
void Metadata::replay() {
  const auto* replica = machine_.find(metadata_group);
  if (replica == nullptr) return; // damaged: it never gets ready
  // What is committed is only known once a majority has met, and it meets through links.
  const auto& log = machine_.disk().find(metadata_group)->log;
  std::vector<NodeRecord> found;
  const auto last = replica->raft().commit_index();
  for (auto index = log.first_index(); index <= log.last_index(); index = index.next()) {
    const auto* entry = log.find(index);
    if (index <= last) {
      apply(*entry);
      continue;
    }
    if (entry->type != EntryType::batch) continue;
    static_cast<void>(for_each_record(entry->payload.view(), [&](const RecordView& record) {
      const auto decoded = rpc::decode_metadata_record(record);
      if (const auto* node = decoded ? std::get_if<NodeRecord>(&*decoded) : nullptr) found.push_back(*node);
      return true;
    }));
  }
  machine_.members()->know(found);
  replaying_ = false;
  for (const auto& [name, record] : image_.topics()) run_topic(record);
  for (const auto& [name, record] : image_.topics()) tell_early_leaders(record);
  std::vector<NodeRecord> nodes;
  for (const auto& [id, node] : image_.nodes()) nodes.push_back(node);
  tell_nodes(std::move(nodes));
  if (leads())
    take_office();
  else
    serve();
  register_self();
}

void Metadata::log_begins_anew() {
  if (replaying_) replay();
}

const LeaderAnnouncement* Metadata::told(GroupId group) const {
  return group == metadata_group ? &controllers_ : leaders_.find(group);
}

std::function<bool(NodeId)> Metadata::in_service(GroupId group, const LeaderAnnouncement& known) const {
  return [this, group, &known](NodeId node) {
    const auto doubts = doubts_.find(group);
    return alive_.contains(node) && (doubts == doubts_.end() || !doubts->second.about(node, known));
  };
}

void Metadata::said_stopped(GroupId group, NodeId node) {
  if (const auto* known = told(group)) doubts_[group].said_stopped(node, *known);
}

bool Metadata::others_have_all(GroupId group) const {
  const auto* known = told(group);
  return known != nullptr && membership::others_have_all(*known, machine_.id(), in_service(group, *known));
}

bool Metadata::others_serve(GroupId group) const {
  const auto* known = told(group);
  return known != nullptr && membership::others_serve(*known, machine_.id(), in_service(group, *known));
}

void Metadata::committed(const std::vector<LogEntry>& entries) {
  for (const auto& entry : entries)
    if (entry.index > applied_) apply(entry);
  answer_seen();
}

void Metadata::apply(const LogEntry& entry) {
  if (entry.index != applied_.next()) machine_.around().findings.fail("images", "an entry of the metadata is left out");
  applied_ = entry.index;
  if (entry.type != EntryType::batch) return;
  const auto walked = for_each_record(entry.payload.view(), [&](const RecordView& record) {
    const auto decoded = rpc::decode_metadata_record(record);
    if (decoded) apply_record(entry.index, *decoded);
    return decoded.ok();
  });
  if (!walked) machine_.around().findings.fail("images", "an entry of the metadata cannot be read");
  machine_.around().cluster.seen(machine_.id(), entry.index, image_);
}

void Metadata::apply_record(RaftIndex index, const MetadataRecord& record) {
  machine_.around().cluster.applied(machine_.id(), index, record, image_);
  const auto* topic = std::get_if<TopicRecord>(&record);
  if (topic != nullptr)
    for (std::size_t i = 0; i < topic->groups.size(); ++i)
      machine_.around().group_founded(topic->groups[i], topic->placement(i));
  const auto* removed = std::get_if<TopicRemovedRecord>(&record);
  if (const auto* gone = removed == nullptr ? nullptr : image_.topic(removed->id))
    for (const auto group : gone->groups) machine_.around().group_ended(group);
  if (replaying_) {
    image_.apply(record);
    return;
  }
  if (removed != nullptr) end_topic(removed->id);
  controller_.applying(image_, record);
  image_.apply(record);
  if (topic != nullptr) {
    run_topic(*topic);
    tell_early_leaders(*topic);
  } else if (const auto* node = std::get_if<NodeRecord>(&record)) {
    tell_nodes({*node});
  } else if (std::holds_alternative<ControllersRecord>(record)) {
    place_metadata();
  } else if (const auto* placed = std::get_if<PlacementRecord>(&record)) {
    if (image_.partition_of(placed->group)) run_partition(placed->group, placed->placement);
  }
}

void Metadata::run_topic(const TopicRecord& record) {
  for (std::size_t i = 0; i < record.groups.size(); ++i) run_partition(record.groups[i], record.placement(i));
}

void Metadata::run_partition(GroupId group, const Placement& placement) {
  auto& known = partitions_[group];
  known.replicas = placement.voters;
  if (placement.voters.size() == 1 && placement.original && known.leader == no_node)
    known.leader = placement.voters.front();
  if (known.local) {
    if (machine_.hosts(group)) machine_.place(group, placement);
  } else if (may_start(group, placement)) {
    known.local = true;
    machine_.host(group, placement);
    // A leader may have said before that it has none here, for this placement is an old one.
    if (const auto* told = leaders_.find(group)) machine_.leader_said(*told);
  }
}

// What is stored runs at once. What is not may have been and be gone: before all that was committed is seen
// here, the placement may be one that has long been left.
bool Metadata::may_start(GroupId group, const Placement& placement) const {
  if (stored_.contains(group) && machine_.holds(group)) return true;
  return ready_ && membership::names(placement, machine_.id());
}

void Metadata::end_topic(const Uuid& id) {
  const auto* topic = image_.topic(id);
  if (topic == nullptr) return;
  for (const auto group : topic->groups) {
    const auto found = partitions_.find(group);
    if (found == partitions_.end()) continue;
    if (found->second.local && machine_.hosts(group)) machine_.remove(group);
    partitions_.erase(found);
    leaders_.forget(group);
  }
}

// It may be wanted again by now.
void Metadata::replica_left(GroupId group) {
  stored_.erase(group);
  const auto found = partitions_.find(group);
  if (found == partitions_.end()) return;
  found->second.local = false;
  if (const auto placement = image_.placement_of(group)) run_partition(group, *placement);
}

void Metadata::tell_nodes(std::vector<NodeRecord> nodes) {
  machine_.post([this, nodes = std::move(nodes)] { machine_.members()->know(nodes); });
}

void Metadata::place_metadata() {
  if (!leads() || !image_.controllers()) return;
  machine_.post([this, placement = *image_.controllers()] { machine_.place(metadata_group, placement); });
}

// ---- who leads

void Metadata::local_leader(const LeaderAnnouncement& announcement) {
  if (announcement.group != metadata_group) {
    note_leader(announcement);
    answer_seen();
    run_controller();
    return;
  }
  if (announcement.term < term_) return;
  term_ = announcement.term;
  leader_ = announcement.leader;
  const bool news = leaders_.learn(announcement);
  if (announcement.newer_than(controllers_)) controllers_ = announcement;
  if (leader_ != machine_.id()) machine_.place(metadata_group, nowhere); // whoever leads next says where
  if (replaying_) return;
  if (news && leads()) controller_.heard(image_, announcement, machine_.now());
  serve();
  run_controller();
}

void Metadata::settled(Term term) {
  settled_term_ = term;
  if (term >= term_) {
    term_ = term;
    leader_ = machine_.id();
  }
  if (!replaying_) take_office();
}

void Metadata::take_office() {
  controller_.begin(image_, alive_, machine_.now());
  controller_steps_ = false;
  place_metadata();
  serve();
  run_controller();
}

void Metadata::note_leader(const LeaderAnnouncement& announcement) {
  const auto found = partitions_.find(announcement.group);
  if (found == partitions_.end() || !leaders_.learn(announcement)) return;
  found->second.term = announcement.term;
  found->second.leader = announcement.leader;
  if (leads()) controller_.heard(image_, announcement, machine_.now());
}

void Metadata::leaders(std::vector<LeaderAnnouncement> announcements) {
  for (auto& announcement : announcements) {
    if (announcement.group == metadata_group && announcement.newer_than(controllers_)) controllers_ = announcement;
    if (announcement.group == metadata_group || partitions_.contains(announcement.group)) {
      note_leader(announcement);
      machine_.leader_said(announcement);
      continue;
    }
    early_leaders_.keep(announcement);
  }
  answer_seen();
  run_controller();
}

void Metadata::tell_early_leaders(const TopicRecord& topic) {
  auto early = early_leaders_.take(topic.groups);
  if (!early.empty()) leaders(std::move(early));
}

void Metadata::liveness(NodeId node, bool up) {
  if (up) {
    alive_.insert(node);
    if (leads()) controller_.node_up(image_, node);
  } else {
    alive_.erase(node);
    if (leads()) controller_.node_down(image_, node, machine_.now());
  }
  run_controller();
}

} // namespace callboard::simulation::cluster
