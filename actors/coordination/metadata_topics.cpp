// MetadataActor: what the image says is made so.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/coordination/coordinator_actor.h"
#include "actors/coordination/metadata_actor.h"
#include "actors/node/topic_defaults.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "actors/storage/state_messages.h"
#include "cluster/membership/group_duties.h"
#include "schema/internal_topics.h"

namespace callboard {
namespace {

constexpr std::uint64_t offsets_segment_bytes = std::uint64_t{16} << 20;
// Logs that are opened one after the other, not to keep the writers from what clients want.
constexpr std::size_t touched_at_once = 64;
constexpr auto touch_interval = std::chrono::milliseconds(20);

storage::RetentionLimits limits_of(const metadata::TopicConfig& config) {
  if (!config.cleanup_delete) return {-1, -1};
  return {config.retention_ms, config.retention_bytes};
}

storage::CompactionLimits compaction_of(const metadata::TopicConfig& config) {
  storage::CompactionLimits limits;
  limits.enabled = config.cleanup_compact;
  limits.dirty_ratio_min = config.min_cleanable_dirty_ratio;
  limits.lag_ms_min = config.min_compaction_lag_ms;
  limits.lag_ms_max = config.max_compaction_lag_ms;
  limits.delete_retention_ms = config.delete_retention_ms;
  return limits;
}

storage::LogOptions log_options_of(const metadata::TopicConfig& config) {
  storage::LogOptions options;
  options.durability =
      config.durability == metadata::Durability::fsync ? storage::Durability::fsync : storage::Durability::interval;
  options.segment_bytes = static_cast<std::uint64_t>(config.segment_bytes);
  options.segment_ms = config.segment_ms;
  // A segment that is still written to is never compacted.
  if (config.cleanup_compact) options.segment_ms = std::min(config.segment_ms, config.max_compaction_lag_ms);
  return options;
}

partition::ReplicaOptions replica_options_of(const metadata::TopicConfig& config) {
  partition::ReplicaOptions options;
  options.message_bytes_max = static_cast<std::int32_t>(config.max_message_bytes);
  options.log_append_time = config.log_append_time;
  options.min_insync_replicas = static_cast<std::int32_t>(config.min_insync_replicas);
  options.compacted = config.cleanup_compact;
  options.deletable = config.cleanup_delete;
  options.delete_retention_ms = config.delete_retention_ms;
  return options;
}

// Of the topic's partitions, at any time of their life.
ConfigurePartition settings_of(const TopicRecord& record, const metadata::TopicConfig& config) {
  ConfigurePartition out{replica_options_of(config), log_options_of(config), limits_of(config), compaction_of(config)};
  if (record.name != consumer_offsets_topic) return out;
  // What consumer groups write is small and does not stay: their coordinator trims it.
  out.replica.compacted = false;
  out.log.segment_bytes = offsets_segment_bytes;
  out.retention = {-1, -1};
  out.compaction = {};
  return out;
}

} // namespace

// ---- topics

// Starts the partitions that this node is to have; those that run already are told what
// changed. Until the image is known to be up to date (registered_), it may name replicas
// that have long moved: only what is stored here is started, and follows no placement.
TopicRef MetadataActor::run_topic(const TopicRecord& record) {
  const auto config = config_of(record);
  for (std::size_t i = 0; i < record.groups.size(); ++i) {
    const auto known = partitions_.find(record.groups[i]);
    if (known != partitions_.end() && known->second.local) send(known->second.actor, settings_of(record, config));
    run_partition(record, i, &config);
  }
  return topic_ref(record);
}

metadata::TopicConfig MetadataActor::config_of(const TopicRecord& record) const {
  auto config = metadata::parse_topic_config(record.configs, defaults().config);
  if (config) return *config;
  log::error("topic {}: {}; its defaults apply", record.name, config.error().message);
  return defaults().config;
}

// `config`: its topic's, or null if it is to be read.
void MetadataActor::run_partition(const TopicRecord& record, std::size_t index, const metadata::TopicConfig* config) {
  const auto group = record.groups[index];
  const auto placement = record.placement(index);
  auto& known = partitions_[group];
  known.group = group;
  known.replicas = placement.voters;
  // Its only voter leads, opened or not.
  if (placement.voters == std::vector{node_.identity.node} && placement.original && known.leader == no_node)
    known.leader = node_.identity.node;
  const bool here = membership::names(placement, node_.identity.node);
  const auto stored = stored_.find(group);
  const bool was_member = stored != stored_.end() && !stored->second.hard.membership.voters.empty();
  if (known.local && known.actor) {
    if (registered_) send(known.actor, PlacePartition{placement});
  } else if (registered_ ? here || stored != stored_.end() : was_member) {
    // What is stored without being wanted stays until the group has taken it out.
    start_partition(known, record, index, config != nullptr ? *config : config_of(record));
  } else {
    known.local = false;
    known.actor = hosts_.elsewhere;
    if (record.name == consumer_offsets_topic) known.coordinator = hosts_.elsewhere;
  }
}

// To be announced, together with others.
void MetadataActor::follow_placement(GroupId group) {
  const auto found = image_.partition_of(group);
  if (!found) return; // its topic is no more
  run_partition(*image_.topic(found->topic), static_cast<std::size_t>(found->partition), nullptr);
  placed_.push_back(partitions_.at(group));
}

TopicRef MetadataActor::topic_ref(const TopicRecord& record) const {
  TopicRef topic;
  topic.record = std::make_shared<const TopicRecord>(
      TopicRecord{record.id, record.name, record.groups, record.configs, {}, record.default_factor});
  topic.partitions.reserve(record.groups.size());
  for (const auto group : record.groups) topic.partitions.push_back(partitions_.at(group));
  return topic;
}

// From now on placements are followed, and replicas begun that are new here.
void MetadataActor::run_placed() {
  for (const auto& [name, record] : image_.topics())
    for (std::size_t i = 0; i < record.groups.size(); ++i) {
      const auto& known = partitions_.at(record.groups[i]);
      const bool runs = known.local;
      run_partition(record, i, nullptr);
      if (known.local && !runs) placed_.push_back(known);
    }
  announce_placed();
}

// Its group has taken it out and its files are gone. It may be wanted here again by now.
void MetadataActor::on_replica_gone(GroupId group) {
  stored_.erase(group);
  const auto found = partitions_.find(group);
  if (found == partitions_.end()) return;
  std::erase(coordinators_, found->second.coordinator);
  found->second.local = false;
  follow_placement(group);
  announce_placed();
}

void MetadataActor::start_partition(PartitionRef& partition, const TopicRecord& record, std::size_t index,
                                    const metadata::TopicConfig& config) {
  const auto group = partition.group;
  const auto pick = [&](const auto& from) { return from[group.value % from.size()]; };
  auto& loop = *pick(hosts_.loops);
  PartitionWiring wiring;
  wiring.group = group;
  wiring.self = node_.identity.node;
  wiring.name = fmt::format("{}/{}", record.name, index);
  wiring.writer = pick(hosts_.writers);
  wiring.reader = pick(hosts_.readers);
  wiring.catch_up = hosts_.catch_up;
  wiring.agents = hosts_.agents;
  wiring.announce_to.push_back(caf::actor(this));
  wiring.announce_to.push_back(node_.membership);
  wiring.loop = &loop;
  wiring.placement = record.placement(index);
  wiring.placed = registered_;
  wiring.seed = node_.hello.incarnation ^ (group.value * 0x9E3779B97F4A7C15ULL);
  wiring.cache_budget = hosts_.cache_budget;
  const auto settings = settings_of(record, config);
  wiring.replica = settings.replica;
  wiring.log = settings.log;
  wiring.retention = settings.retention;
  wiring.compaction = settings.compaction;
  // Of a group with other members the term may be one that no leader will ever have.
  if (const auto stored = stored_.find(group); stored != stored_.end() && partition.leader == node_.identity.node)
    partition.term = stored->second.hard.term;
  if (record.name == consumer_offsets_topic) {
    partition.coordinator = start_coordinator(wiring, loop);
    wiring.applier = partition.coordinator;
    wiring.state = hosts_.state;
    wiring.announce_to.push_back(partition.coordinator);
    coordinators_.push_back(partition.coordinator);
  }
  const bool fresh = !stored_.contains(group);
  partition.local = true;
  partition.actor = spawn_on<PartitionActor>(loop.loop, node_.registry, std::move(wiring));
  // A leader may have said before that it has none here, for this placement is an old one.
  if (const auto* told = leaders_.find(group); told != nullptr && membership::excludes(*told, node_.identity.node))
    send(partition.actor, LeftGroup{told->as_of});
  if (partition.coordinator)
    send(partition.coordinator, CoordinatedPartition{partition.actor});
  else
    touch_when_due(group, partition.actor, config);
  if (!several_nodes()) return;
  if (fresh)
    begun_.push_back(group);
  else
    touch_soon(group);
}

caf::actor MetadataActor::start_coordinator(const PartitionWiring& partition, LoopContext& loop) {
  CoordinatorWiring wiring;
  wiring.group = partition.group;
  wiring.self = partition.self;
  wiring.name = "coordinator of " + partition.name;
  wiring.directory = node_.config.data;
  wiring.loop = &loop;
  wiring.state = hosts_.state;
  return spawn_on<CoordinatorActor>(loop.loop, node_.registry, std::move(wiring));
}

// A log that nobody touches keeps its retention and is compacted all the same.
void MetadataActor::touch_when_due(GroupId group, const caf::actor& partition, const metadata::TopicConfig& config) {
  const auto stored = stored_.find(group);
  if (stored == stored_.end()) return;
  const auto now = wall_now();
  const auto retention = storage::plan_retention(stored->second.manifest, std::nullopt, limits_of(config), now);
  const auto compaction = storage::plan_compaction(stored->second.manifest, compaction_of(config), now);
  if (retention.log_start || compaction.upto) {
    send(partition, TouchPartition{});
    return;
  }
  for (const auto& at : {retention.next_check, compaction.next_check}) {
    if (at) delayed_send(partition, std::chrono::milliseconds(std::max<std::int64_t>(*at - now, 0)), TouchPartition{});
  }
}

// In a cluster of several nodes a group needs its replicas open to elect a leader, and a
// leader to be found by clients of other nodes and to be moved by the controller.
void MetadataActor::touch_soon(GroupId group) {
  to_touch_.push_back(group);
  if (!std::exchange(touch_armed_, true)) send(this, TouchMore{});
}

// A cluster has become one of several nodes.
void MetadataActor::touch_all() {
  for (const auto& [group, partition] : partitions_)
    if (partition.local) touch_soon(group);
}

void MetadataActor::touch_now(GroupId group) {
  const auto partition = partitions_.find(group);
  if (partition != partitions_.end() && partition->second.local) send(partition->second.actor, TouchPartition{});
}

void MetadataActor::touch_more() {
  touch_armed_ = false;
  for (std::size_t i = 0; i < touched_at_once && !to_touch_.empty(); ++i) {
    touch_now(to_touch_.back());
    to_touch_.pop_back();
  }
  if (to_touch_.empty()) return;
  touch_armed_ = true;
  delayed_send(this, touch_interval, TouchMore{});
}

void MetadataActor::end_topic(const Uuid& id) {
  const auto* topic = image_.topic(id);
  if (topic == nullptr) return;
  for (auto group : topic->groups) {
    const auto found = partitions_.find(group);
    if (found == partitions_.end()) continue;
    if (found->second.local) send(found->second.actor, RemovePartition{});
    partitions_.erase(found);
    leaders_.forget(group);
  }
  for (const auto& coordinator : coordinators_) send(coordinator, TopicRemoved{id, topic->name});
}

// Groups whose topic was deleted just before a crash, or while this node was away. Not before
// all that is committed has been seen: the end of the own log may hold the topic's record.
void MetadataActor::collect_garbage() {
  for (const auto& [group, record] : stored_)
    if (group != metadata_group && !image_.partition_of(group)) {
      send(hosts_.writers[group.value % hosts_.writers.size()], DestroyLog{group});
      send(hosts_.state, DropState{group, node_.config.data, nullptr});
    }
  stored_.clear();
}

void MetadataActor::announce(std::vector<TopicRef> added, std::vector<Uuid> removed) {
  const auto token = next_token_++;
  announcements_[token].loops = hosts_.agents.size();
  announcements_[token].begun = std::exchange(begun_, {});
  const auto placed = std::exchange(placed_, {});
  for (const auto& agent : hosts_.agents) send(agent, DirectoryChange{caf::actor(this), token, added, removed, placed});
}

void MetadataActor::announce_placed() {
  if (!placed_.empty()) announce({}, {});
}

void MetadataActor::on_directory_updated(const DirectoryUpdated& message) {
  const auto found = announcements_.find(message.token);
  if (found == announcements_.end() || --found->second.loops > 0) return;
  // Who is to lead stands for election now: where a leader is heard of, its node knows the topic.
  for (const auto group : found->second.begun) touch_now(group);
  announcements_.erase(found);
  answer_seen();
}

void MetadataActor::note_leader(const LeaderAnnouncement& announcement) {
  const auto found = partitions_.find(announcement.group);
  if (found == partitions_.end() || !leaders_.learn(announcement)) return;
  found->second.term = announcement.term;
  found->second.leader = announcement.leader;
  if (leads()) controller_.heard(image_, announcement, monotonic_now());
}

// A leader may be heard of before the record of its topic has come: it is not told again.
void MetadataActor::on_leaders(LeadersAnnounced& message) {
  LeadersAnnounced known;
  for (auto& announcement : message.announcements) {
    if (announcement.group == metadata_group || partitions_.contains(announcement.group)) {
      note_leader(announcement);
      known.announcements.push_back(std::move(announcement));
      continue;
    }
    early_leaders_.keep(announcement);
  }
  if (known.announcements.empty()) return;
  for (const auto& agent : hosts_.agents) send(agent, known);
}

void MetadataActor::tell_early_leaders(const TopicRecord& topic) {
  LeadersAnnounced early{early_leaders_.take(topic.groups)};
  if (!early.announcements.empty()) on_leaders(early);
}

metadata::TopicDefaults MetadataActor::defaults() const {
  metadata::TopicDefaults out;
  out.partitions = node_.config.default_partitions;
  out.config = default_topic_config(node_.config);
  return out;
}

// ---- nodes

bool MetadataActor::several_nodes() const {
  return image_.nodes().size() > 1;
}

void MetadataActor::tell_nodes() {
  NodesKnown message;
  for (const auto& [id, node] : image_.nodes()) message.nodes.push_back(node);
  send(node_.membership, std::move(message));
}

// Every node has the metadata: those that do not vote on it learn it.
void MetadataActor::place_metadata() {
  if (!leads()) return;
  if (const auto& wanted = image_.controllers()) send(log_, PlacePartition{*wanted, term_});
}

metadata::Liveness MetadataActor::liveness() const {
  return controller_.liveness();
}

void MetadataActor::on_liveness(const PeerLiveness& peer) {
  const auto now = monotonic_now();
  if (peer.up) {
    alive_.insert(peer.node);
    if (leads()) controller_.node_up(image_, peer.node);
  } else {
    alive_.erase(peer.node);
    if (leads()) controller_.node_down(image_, peer.node, now);
  }
  run_controller();
}

MetadataActor::Plan MetadataActor::plan(const NodeRegistration& registration) {
  return metadata::plan_registration_records(image_, registration.node, liveness());
}

// The group is led here, or its leader is asked through the link to its node.
void MetadataActor::transfer_leadership(const LeadershipTransfer& transfer) {
  const auto partition = partitions_.find(transfer.group);
  if (partition == partitions_.end()) return;
  const auto leader = partition->second.leader;
  if (leader == node_.identity.node) {
    if (partition->second.local) send(partition->second.actor, YieldLeadership{transfer.to});
    return;
  }
  const auto& links = hosts_.loops.front()->links;
  const auto link = links.find(leader);
  if (leads() && link != links.end())
    send(link->second, CommandToPeer{caf::actor(this), next_token_++, on_wire(transfer)});
}

} // namespace callboard
