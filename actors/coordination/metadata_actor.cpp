#include "actors/coordination/metadata_actor.h"

#include <fmt/format.h>

#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "schema/record_batch.h"
#include "schema/rpc/translate.h"

namespace callboard {
namespace {

const std::string log_name = "__cluster_metadata/0";
constexpr auto registration_retry = std::chrono::milliseconds(200);
constexpr auto replay_retry = std::chrono::milliseconds(10);
// Nodes are numbered from here; the first one founds the cluster.
constexpr NodeId founder{1};

} // namespace

MetadataActor::MetadataActor(caf::actor_config& config, NodeContext& node, PartitionHosts hosts, StoredGroups stored,
                             std::function<void(Status)> on_ready)
  : HostedActor(config, node.registry, ActorKind::metadata, "metadata"), node_(node), hosts_(std::move(hosts)),
    stored_(std::move(stored)), on_ready_(std::move(on_ready)), alive_{node.identity.node} {}

caf::behavior MetadataActor::make_behavior() {
  const auto self = node_.identity.node;
  PartitionWiring wiring;
  wiring.group = metadata_group;
  wiring.self = self;
  wiring.name = log_name;
  wiring.writer = hosts_.writers.front();
  wiring.reader = hosts_.readers.front();
  wiring.catch_up = hosts_.catch_up;
  wiring.agents = hosts_.agents;
  wiring.announce_to.push_back(caf::actor(this));
  wiring.announce_to.push_back(node_.membership); // whose copy is damaged hears of it only so
  wiring.applier = caf::actor(this);
  wiring.shows_uncommitted = true;
  wiring.loop = hosts_.loops.front();
  wiring.seed = node_.hello.incarnation ^ metadata_group.value;
  // Any other node is brought in by whoever leads; who they are to be is the controller's to say.
  wiring.placement = self == founder ? Placement{{self}, {}, true} : Placement{{}, {}, false};
  wiring.placed = false;
  wiring.cache_budget = hosts_.cache_budget;
  wiring.retention = {-1, -1}; // the log is the state, the newest record of each key
  wiring.log.segment_bytes = static_cast<std::uint64_t>(node_.config.metadata_segment_bytes);
  wiring.replica.compacted = true;
  wiring.compaction.enabled = true;
  log_ = spawn_on<PartitionActor>(hosts_.loops.front()->loop, node_.registry, std::move(wiring));
  for (const auto& agent : hosts_.agents) send(agent, ReplicaHere{metadata_group, log_});
  send(log_, TouchPartition{});
  send(this, LookAfterCommands{});
  return {
      handler([this](const UncommittedFound& message) { on_uncommitted(message); }),
      handler([this](const InternalLogOpened& message) { on_log_opened(message); }),
      handler([this](const EntriesReplayed& message) { on_replayed(message); }),
      handler([this](const LogChanged&) { delayed_send(this, replay_retry, ReplayAgain{}); }),
      handler([this](const ReplayAgain&) {
        if (replaying_) replay_next();
      }),
      handler([this](const EntriesCommitted& message) { on_committed(message); }),
      handler([this](const InternalLogUnusable& message) { give_up(message.error); }),
      handler([this](const LeaderAnnouncement& message) { on_leader(message); }),
      handler([this](LeadersAnnounced& message) {
        on_leaders(message);
        answer_seen();
        run_controller();
      }),
      handler([this](const LeaderSettled& message) { on_settled(message); }),
      handler([this](CreateTopic& message) {
        accept({std::move(message.from), message.token, false,
                TopicCreation{std::move(message.command), message.validate_only, message.mentioned}});
      }),
      handler([this](DeleteTopic& message) {
        accept({std::move(message.from), message.token, false, TopicDeletion{std::move(message.name), message.id}});
      }),
      handler([this](AlterTopic& message) {
        accept({std::move(message.from), message.token, false,
                TopicAlteration{std::move(message.command), message.validate_only}});
      }),
      handler([this](AddPartitions& message) {
        accept({std::move(message.from), message.token, false,
                PartitionAddition{std::move(message.command), message.validate_only}});
      }),
      handler([this](AllocateProducerId& message) {
        accept({std::move(message.from), message.token, false, ProducerIdAllocation{}});
      }),
      handler([this](AskController& message) {
        accept({std::move(message.from), message.token, true, std::move(message.command)});
      }),
      handler([this](const ListMoves& message) { on_list_moves(message); }),
      handler([this](const HandOver& message) { hand_over_leadership(message); }),
      handler([this](const ProduceAnswers& message) { on_proposed(message); }),
      handler([this](PeerCommandAnswered& message) { on_handed_over(message); }),
      handler([this](CommandFromPeer& message) { on_command_from_peer(message); }),
      handler([this](const ControllerAnswered& message) { on_answered(message); }),
      handler([this](const RegisterAgain&) { register_self(); }),
      handler([this](const DirectoryUpdated& message) { on_directory_updated(message); }),
      handler([this](const LookAfterCommands&) { look_after_commands(); }),
      handler([this](const TouchMore&) { touch_more(); }),
      handler([this](const ReplicaGone& message) { on_replica_gone(message.group); }),
      handler([this](const PeerLiveness& peer) { on_liveness(peer); }),
      status_handler(),
  };
}

std::string MetadataActor::describe() const {
  return fmt::format(
      "{}{}, {} topics, {} partitions, {} nodes, log applied to {}, {} commands wait", replaying_ ? "starting: " : "",
      leads()
          ? "controls the cluster"
          : (leader_ == no_node ? "without a controller" : fmt::format("node {} controls the cluster", leader_.value)),
      image_.topics().size(), partitions_.size(), image_.nodes().size(), applied_.value,
      commands_.size() + handed_over_.size());
}

// ---- the log

// What is committed is only known once a majority has met, and it meets through links. So
// the nodes are looked for where the end of the log says, be it undone or not: who is there
// shows who it is.
void MetadataActor::on_uncommitted(const UncommittedFound& message) {
  NodesKnown found;
  for (const auto& entry : message.entries) {
    if (entry.type != EntryType::batch) continue;
    (void)for_each_record(entry.payload.view(), [&](const RecordView& record) {
      const auto decoded = rpc::decode_metadata_record(record);
      if (decoded)
        if (const auto* node = std::get_if<NodeRecord>(&*decoded)) found.nodes.push_back(*node);
      return true;
    });
  }
  if (!found.nodes.empty()) send(node_.membership, std::move(found));
}

void MetadataActor::on_log_opened(const InternalLogOpened& message) {
  unusable_ = false;
  if (!replaying_) return; // it begins anew from the others; what is known here stays known
  replay_last_ = message.last;
  applied_ = message.first.prev();
  replay_next();
}

void MetadataActor::replay_next() {
  if (applied_ >= replay_last_) {
    finish_replay();
    return;
  }
  send(log_, ReplayLog{caf::actor(this), applied_.next(), replay_last_});
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
  if (unusable_) return;
  for (const auto& entry : message.entries) {
    if (replaying_)
      early_.push_back(entry);
    else if (entry.index > applied_ && !unusable_)
      apply(entry);
  }
  if (!replaying_) answer_seen();
}

void MetadataActor::apply(const LogEntry& entry) {
  const auto before = std::exchange(applied_, entry.index);
  if (entry.type != EntryType::batch) return;
  const auto walked = for_each_record(entry.payload.view(), [&](const RecordView& record) {
    const auto decoded = rpc::decode_metadata_record(record);
    if (decoded)
      apply_record(*decoded, record.timestamp);
    else
      give_up(decoded.error());
    return decoded.ok();
  });
  announce_placed();
  if (!walked) give_up(walked.error());
  if (unusable_) applied_ = before; // to be applied from another's log
}

void MetadataActor::apply_record(const MetadataRecord& record, TimestampMs at) {
  const auto* removed = std::get_if<TopicRemovedRecord>(&record);
  if (removed != nullptr) deletions_.deleted(removed->name, at);
  if (replaying_) {
    image_.apply(record);
    return;
  }
  if (removed != nullptr) end_topic(removed->id);
  controller_.applying(image_, record);
  const bool was_alone = !several_nodes();
  image_.apply(record);
  if (const auto* topic = std::get_if<TopicRecord>(&record)) {
    announce({run_topic(*topic)}, {});
    tell_early_leaders(*topic);
  } else if (removed != nullptr) {
    announce({}, {removed->id});
  } else if (const auto* node = std::get_if<NodeRecord>(&record)) {
    send(node_.membership, NodesKnown{{*node}});
    if (was_alone && several_nodes()) touch_all();
  } else if (std::holds_alternative<ControllersRecord>(record)) {
    place_metadata();
  } else if (const auto* placed = std::get_if<PlacementRecord>(&record)) {
    follow_placement(placed->group);
  }
}

// ---- becoming ready

void MetadataActor::finish_replay() {
  // What was committed while the replay went on lies behind it, without a gap.
  for (const auto& entry : std::exchange(early_, {}))
    if (entry.index > applied_) apply(entry);
  if (unusable_) return;
  replaying_ = false;
  producer_next_ = producer_end_ = image_.next_producer();
  std::vector<TopicRef> topics;
  topics.reserve(image_.topics().size());
  for (const auto& [name, record] : image_.topics()) topics.push_back(run_topic(record));
  announce(std::move(topics), {});
  for (const auto& [name, record] : image_.topics()) tell_early_leaders(record);
  tell_nodes();
  if (leads())
    take_office();
  else
    serve_commands();
  register_self();
}

// Says who this node is. What comes of it is seen here before the node is ready, and with
// it everything that was committed before.
void MetadataActor::register_self() {
  accept({caf::actor(this), registration_token, true, NodeRegistration{node_.own_record()}});
}

void MetadataActor::on_registered(const ControllerAnswered& message) {
  if (message.outcome.error == ErrorCode::none) {
    registered_ = true;
    run_placed();
    collect_garbage();
    if (auto on_ready = std::exchange(on_ready_, nullptr)) on_ready(ok_status());
    return;
  }
  if (message.outcome.error == ErrorCode::invalid_request) {
    // It does not belong to this cluster, and will not by trying again.
    if (auto on_ready = std::exchange(on_ready_, nullptr))
      on_ready(Error{message.outcome.error, message.outcome.message});
    return;
  }
  log::info("this node cannot say yet who it is: {}", message.outcome.message);
  delayed_send(this, registration_retry, RegisterAgain{});
}

void MetadataActor::give_up(const Error& error) {
  unusable_ = true;
  early_.clear(); // the others' log brings it again
  log::error("the cluster's metadata cannot be read: {}", error.message);
  // With another image than the others it must not decide anything.
  // What another version wrote is not damaged, and stays.
  const auto code = error.code == ErrorCode::newer_format ? error.code : ErrorCode::corrupt_storage;
  send(log_, DamageFound{Error{code, error.message}});
  // The others may have it: then it begins anew from them, and this node gets ready after all.
  const auto stored = stored_.find(metadata_group);
  const bool alone = stored == stored_.end() || stored->second.hard.membership.members().size() < 2;
  if (alone)
    if (auto on_ready = std::exchange(on_ready_, nullptr)) on_ready(error);
  if (executing_) finish_command({ErrorCode::kafka_storage_error, error.message});
}

void MetadataActor::on_leader(const LeaderAnnouncement& message) {
  if (message.group != metadata_group) {
    note_leader(message);
    answer_seen();
    run_controller();
    return;
  }
  if (message.term < term_) return;
  term_ = message.term;
  leader_ = message.leader;
  const bool news = leaders_.learn(message);
  if (replaying_) return;
  if (news && leads()) controller_.heard(image_, message, monotonic_now());
  serve_commands();
  run_controller();
}

// What was committed before has been applied, or waits in early_ for the end of the replay.
void MetadataActor::on_settled(const LeaderSettled& message) {
  settled_term_ = message.term;
  if (message.term >= term_) {
    term_ = message.term;
    leader_ = node_.identity.node;
  }
  if (!replaying_) take_office();
}

void MetadataActor::take_office() {
  controller_.begin(image_, alive_, monotonic_now());
  controller_steps_ = false;
  place_metadata();
  serve_commands();
  run_controller();
}

} // namespace callboard
