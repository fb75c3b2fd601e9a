#include "actors/coordination/metadata_actor.h"

#include <fmt/format.h>

#include "actors/coordination/coordinator_actor.h"
#include "actors/node/topic_defaults.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "actors/runtime/random_uuid.h"
#include "schema/internal_topics.h"
#include "schema/record_batch.h"
#include "schema/rpc/translate.h"

namespace callboard {
namespace {

const std::string log_name = "__cluster_metadata/0";
// Without a limit a client could fill the queue of commands.
constexpr std::size_t commands_max = 10'000;
// What consumer groups write is small and does not stay.
constexpr std::uint64_t offsets_segment_bytes = std::uint64_t{16} << 20;

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

} // namespace

MetadataActor::MetadataActor(caf::actor_config& config, NodeContext& node, PartitionHosts hosts, StoredGroups stored,
                             std::function<void(Status)> on_ready)
  : HostedActor(config, node.registry, ActorKind::metadata, "metadata"), node_(node), hosts_(std::move(hosts)),
    stored_(std::move(stored)), on_ready_(std::move(on_ready)) {}

caf::behavior MetadataActor::make_behavior() {
  PartitionWiring wiring;
  wiring.group = metadata_group;
  wiring.self = node_.identity.node;
  wiring.name = log_name;
  wiring.writer = hosts_.writers.front();
  wiring.reader = hosts_.readers.front();
  wiring.applier = caf::actor(this);
  wiring.cache_budget = hosts_.cache_budget;
  wiring.retention = {-1, -1}; // the log is the state
  log_ = spawn_on<PartitionActor>(hosts_.loops.front()->loop, node_.registry, std::move(wiring));
  send(log_, TouchPartition{});
  return {
      handler([this](const InternalLogOpened& message) { on_log_opened(message); }),
      handler([this](const EntriesReplayed& message) { on_replayed(message); }),
      handler([this](const EntriesCommitted& message) { on_committed(message); }),
      handler([this](const InternalLogUnusable& message) { give_up(message.error); }),
      handler([this](CreateTopic& message) { accept(std::move(message)); }),
      handler([this](DeleteTopic& message) { accept(std::move(message)); }),
      handler([this](AlterTopic& message) { accept(std::move(message)); }),
      handler([this](AddPartitions& message) { accept(std::move(message)); }),
      handler([this](AllocateProducerId& message) { accept(std::move(message)); }),
      handler([this](const ProduceAnswers& message) { on_proposed(message); }),
      handler([this](const DirectoryUpdated& message) { on_directory_updated(message); }),
      status_handler(),
  };
}

std::string MetadataActor::describe() const {
  return fmt::format("{}{} topics, {} partitions, log applied to {}, {} commands wait", replaying_ ? "starting: " : "",
                     image_.topics().size(), partitions_.size(), applied_.value, commands_.size());
}

// ---- the log

void MetadataActor::on_log_opened(const InternalLogOpened& message) {
  replay_view_ = message.view;
  replay_last_ = message.last;
  applied_ = message.first.prev();
  replay_next();
}

void MetadataActor::replay_next() {
  if (applied_ >= replay_last_) {
    finish_replay();
    return;
  }
  send(hosts_.readers.front(), ReplayEntries{caf::actor(this), replay_view_, applied_.next(), replay_last_});
}

void MetadataActor::on_replayed(const EntriesReplayed& message) {
  if (!replaying_) return;
  if (message.entries.empty()) {
    give_up({ErrorCode::corrupt_storage, "The metadata log ends before its last entry."});
    return;
  }
  for (const auto& entry : message.entries) apply(entry);
  if (replaying_) replay_next();
}

void MetadataActor::on_committed(const EntriesCommitted& message) {
  for (const auto& entry : message.entries) {
    if (replaying_)
      early_.push_back(entry);
    else if (entry.index > applied_)
      apply(entry);
  }
}

void MetadataActor::apply(const LogEntry& entry) {
  applied_ = entry.index;
  if (entry.type != EntryType::batch) return;
  const auto walked = for_each_record(entry.payload.view(), [&](const RecordView& record) {
    if (!record.value) return true;
    const auto decoded = rpc::decode_metadata_record(*record.value);
    if (decoded)
      apply_record(*decoded, record.timestamp);
    else
      give_up(decoded.error());
    return decoded.ok();
  });
  if (!walked) give_up(walked.error());
}

void MetadataActor::apply_record(const MetadataRecord& record, TimestampMs at) {
  const auto* removed = std::get_if<TopicRemovedRecord>(&record);
  if (removed != nullptr)
    if (const auto* topic = image_.topic(removed->id)) deletions_.deleted(topic->name, at);
  if (replaying_) {
    image_.apply(record);
    return;
  }
  if (removed != nullptr) end_topic(removed->id);
  image_.apply(record);
  if (const auto* topic = std::get_if<TopicRecord>(&record)) {
    announce({run_topic(*topic)}, {}, [this] { complete(); });
  } else if (removed != nullptr) {
    announce({}, {removed->id}, [this] { complete(); });
  } else {
    complete();
  }
}

void MetadataActor::finish_replay() {
  // What was committed while the replay went on lies behind it, without a gap.
  for (const auto& entry : std::exchange(early_, {}))
    if (entry.index > applied_) apply(entry);
  replaying_ = false;
  replay_view_ = nullptr;
  producer_next_ = producer_end_ = image_.next_producer();
  std::vector<TopicRef> topics;
  topics.reserve(image_.topics().size());
  for (const auto& [name, record] : image_.topics()) topics.push_back(run_topic(record));
  collect_garbage();
  stored_.clear();
  announce(std::move(topics), {}, [this] {
    if (auto on_ready = std::exchange(on_ready_, nullptr)) on_ready(ok_status());
    execute_next();
  });
}

void MetadataActor::give_up(const Error& error) {
  log::error("the cluster's metadata cannot be read: {}", error.message);
  if (auto on_ready = std::exchange(on_ready_, nullptr)) on_ready(error);
  if (executing_) refuse({ErrorCode::kafka_storage_error, error.message});
}

// ---- commands

void MetadataActor::accept(Command command) {
  if (commands_.size() >= commands_max) {
    std::visit(
        [this](auto& c) {
          refuse(c, {ErrorCode::request_timed_out, "Too many changes wait; try again."});
        },
        command);
    return;
  }
  commands_.push_back(std::move(command));
  if (!replaying_) execute_next();
}

void MetadataActor::execute_next() {
  while (!executing_ && !commands_.empty()) {
    executing_ = true;
    std::visit([this](auto& command) { execute(command); }, commands_.front());
  }
}

void MetadataActor::execute(CreateTopic& command) {
  if (command.mentioned && deletions_.blocks(command.command.name, wall_now())) {
    refuse({ErrorCode::unknown_topic_or_partition,
            "The topic was deleted a moment ago; create it on purpose if it is to come back."});
    return;
  }
  auto record = metadata::plan_create_topic(image_, command.command, defaults(), random_uuid());
  if (!record) {
    refuse(record.error());
    return;
  }
  if (command.validate_only) {
    send(command.from, TopicCreated{command.token, ErrorCode::none, {}, std::move(*record)});
    done_at_once();
    return;
  }
  created_name_ = record->name;
  propose(*record);
}

void MetadataActor::execute(DeleteTopic& command) {
  const auto record = command.name ? metadata::plan_delete_topic(image_, *command.name)
                                   : metadata::plan_delete_topic(image_, command.id);
  if (!record) {
    refuse(record.error());
    return;
  }
  command.id = record->id;
  command.name = image_.topic(record->id)->name;
  propose(*record);
}

void MetadataActor::execute(AlterTopic& command) {
  execute_change(command, metadata::plan_alter_topic(image_, command.command, defaults()));
}

void MetadataActor::execute(AddPartitions& command) {
  execute_change(command, metadata::plan_add_partitions(image_, command.command, defaults()));
}

template <class Change>
void MetadataActor::execute_change(const Change& command, const Result<TopicRecord>& planned) {
  if (!planned) {
    refuse(planned.error());
    return;
  }
  if (command.validate_only || *planned == *image_.topic(planned->id)) {
    complete(command);
    done_at_once();
    return;
  }
  propose(*planned);
}

// The command was answered without a record.
void MetadataActor::done_at_once() {
  commands_.pop_front();
  executing_ = false;
}

void MetadataActor::execute(AllocateProducerId& command) {
  if (producer_next_ < producer_end_) {
    give_out_producer_id(command);
    done_at_once();
    return;
  }
  propose(metadata::plan_producer_ids(image_));
}

void MetadataActor::propose(const MetadataRecord& record) {
  const auto now = wall_now();
  BatchBuilder builder(now);
  const auto encoded = rpc::encode_metadata_record(record);
  builder.add(std::nullopt, bytes_of(encoded), now);
  ProduceToPartition message;
  message.from = caf::actor(this);
  message.command.acks = -1;
  message.command.batch = builder.finish();
  message.command.header = read_batch_header(message.command.batch.view()).value();
  send(log_, std::move(message));
}

void MetadataActor::on_proposed(const ProduceAnswers& message) {
  // Success shows when the entry is applied; here only refusals count.
  for (const auto& answer : message.answers)
    if (answer.error != ErrorCode::none && executing_) refuse({answer.error, answer.message});
  execute_next();
}

void MetadataActor::refuse(const Error& error) {
  std::visit([&](auto& command) { refuse(command, error); }, commands_.front());
  commands_.pop_front();
  executing_ = false;
}

void MetadataActor::refuse(const CreateTopic& command, const Error& error) {
  send(command.from, TopicCreated{command.token, error.code, error.message, {}});
}

void MetadataActor::refuse(const DeleteTopic& command, const Error& error) {
  send(command.from, TopicDeleted{command.token, error.code, error.message, {}, {}});
}

void MetadataActor::refuse(const AlterTopic& command, const Error& error) {
  send(command.from, TopicChanged{command.token, error.code, error.message});
}

void MetadataActor::refuse(const AddPartitions& command, const Error& error) {
  send(command.from, TopicChanged{command.token, error.code, error.message});
}

void MetadataActor::refuse(const AllocateProducerId& command, const Error& error) {
  send(command.from, ProducerIdAllocated{command.token, error.code, no_producer});
}

void MetadataActor::complete() {
  if (!executing_) return;
  std::visit([this](const auto& command) { complete(command); }, commands_.front());
  commands_.pop_front();
  executing_ = false;
  execute_next();
}

void MetadataActor::complete(const CreateTopic& command) {
  TopicCreated answer{command.token, ErrorCode::none, {}, {}};
  if (const auto* topic = image_.topic(created_name_)) answer.topic = *topic;
  send(command.from, std::move(answer));
}

void MetadataActor::complete(const DeleteTopic& command) {
  send(command.from, TopicDeleted{command.token, ErrorCode::none, {}, *command.name, command.id});
}

void MetadataActor::complete(const AlterTopic& command) {
  send(command.from, TopicChanged{command.token, ErrorCode::none, {}});
}

void MetadataActor::complete(const AddPartitions& command) {
  send(command.from, TopicChanged{command.token, ErrorCode::none, {}});
}

void MetadataActor::complete(const AllocateProducerId& command) {
  producer_end_ = image_.next_producer();
  producer_next_ = producer_end_.plus(-metadata::producer_ids_per_block);
  give_out_producer_id(command);
}

void MetadataActor::give_out_producer_id(const AllocateProducerId& command) {
  send(command.from, ProducerIdAllocated{command.token, ErrorCode::none, producer_next_});
  producer_next_ = producer_next_.next();
}

// ---- making it so

// Starts its partitions; those that run already are told their configuration.
TopicRef MetadataActor::run_topic(const TopicRecord& record) {
  TopicRef topic;
  topic.record = std::make_shared<const TopicRecord>(record);
  auto config = metadata::parse_topic_config(record.configs, defaults().config);
  if (!config) log::error("topic {}: {}; its defaults apply", record.name, config.error().message);
  const auto used = config ? *config : defaults().config;
  for (std::size_t i = 0; i < record.groups.size(); ++i) {
    const auto group = record.groups[i];
    auto& known = partitions_[group];
    if (known.actor)
      send(known.actor,
           ConfigurePartition{replica_options_of(used), log_options_of(used), limits_of(used), compaction_of(used)});
    else
      known = start_partition(record, i, used);
    topic.partitions.push_back(known);
  }
  return topic;
}

PartitionRef MetadataActor::start_partition(const TopicRecord& record, std::size_t index,
                                            const metadata::TopicConfig& config) {
  const auto group = record.groups[index];
  const auto pick = [&](const auto& from) { return from[group.value % from.size()]; };
  PartitionWiring wiring;
  wiring.group = group;
  wiring.self = node_.identity.node;
  wiring.name = fmt::format("{}/{}", record.name, index);
  wiring.writer = pick(hosts_.writers);
  wiring.reader = pick(hosts_.readers);
  wiring.announce_to = hosts_.agents;
  wiring.cache_budget = hosts_.cache_budget;
  wiring.replica = replica_options_of(config);
  wiring.log = log_options_of(config);
  wiring.retention = limits_of(config);
  wiring.compaction = compaction_of(config);
  auto& loop = *pick(hosts_.loops);
  PartitionRef partition;
  partition.group = group;
  const auto stored = stored_.find(group);
  partition.term = stored == stored_.end() ? Term{0} : stored->second.hard.term;
  partition.leader = node_.identity.node;
  if (record.name == consumer_offsets_topic) {
    partition.coordinator = start_coordinator(wiring, loop);
    wiring.applier = partition.coordinator;
    wiring.announce_to.push_back(partition.coordinator);
    wiring.retention = {-1, -1}; // trimmed by its coordinator
    wiring.compaction = {};
    wiring.replica.compacted = false;
    wiring.log.segment_bytes = offsets_segment_bytes;
    coordinators_.push_back(partition.coordinator);
  }
  partition.actor = spawn_on<PartitionActor>(loop.loop, node_.registry, std::move(wiring));
  if (partition.coordinator)
    send(partition.coordinator, CoordinatedPartition{partition.actor});
  else
    touch_when_due(group, partition.actor, config);
  return partition;
}

caf::actor MetadataActor::start_coordinator(const PartitionWiring& partition, LoopContext& loop) {
  CoordinatorWiring wiring;
  wiring.group = partition.group;
  wiring.self = partition.self;
  wiring.name = "coordinator of " + partition.name;
  wiring.directory = node_.config.data;
  wiring.loop = &loop;
  wiring.reader = partition.reader;
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

void MetadataActor::end_topic(const Uuid& id) {
  const auto* topic = image_.topic(id);
  if (topic == nullptr) return;
  for (auto group : topic->groups) {
    const auto found = partitions_.find(group);
    if (found == partitions_.end()) continue;
    send(found->second.actor, RemovePartition{});
    partitions_.erase(found);
  }
  for (const auto& coordinator : coordinators_) send(coordinator, TopicRemoved{id, topic->name});
}

// Groups whose topic was deleted just before a crash.
void MetadataActor::collect_garbage() {
  for (const auto& [group, record] : stored_)
    if (group != metadata_group && !image_.partition_of(group))
      send(hosts_.writers[group.value % hosts_.writers.size()], DestroyLog{group});
}

void MetadataActor::announce(std::vector<TopicRef> added, std::vector<Uuid> removed, std::function<void()> then) {
  const auto token = next_token_++;
  announcements_[token] = {hosts_.agents.size(), std::move(then)};
  for (const auto& agent : hosts_.agents) send(agent, DirectoryChange{caf::actor(this), token, added, removed});
}

void MetadataActor::on_directory_updated(const DirectoryUpdated& message) {
  const auto found = announcements_.find(message.token);
  if (found == announcements_.end() || --found->second.missing > 0) return;
  const auto then = std::move(found->second.then);
  announcements_.erase(found);
  then();
}

metadata::TopicDefaults MetadataActor::defaults() const {
  metadata::TopicDefaults out;
  out.partitions = node_.config.default_partitions;
  out.node = node_.identity.node;
  out.config = default_topic_config(node_.config);
  return out;
}

} // namespace callboard
