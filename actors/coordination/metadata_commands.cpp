// MetadataActor: commands, from whoever asks to who is told what came of them.
#include <fmt/format.h>

#include <algorithm>

#include "actors/coordination/metadata_actor.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "actors/runtime/random.h"
#include "schema/record_batch.h"
#include "schema/rpc/translate.h"
#include "schema/rpc/translate_controller.h"

namespace callboard {
namespace {

// Without a limit a client could fill the queue of commands.
constexpr std::size_t commands_max = 10'000;
// Nobody waits longer for an answer.
constexpr auto command_within = std::chrono::seconds(30);
// How long a new topic waits for its leaders before it is told without them.
constexpr auto leaders_within = std::chrono::seconds(5);
constexpr auto look_interval = std::chrono::milliseconds(500);
constexpr std::uint16_t command_kind = 1;

Error no_controller() {
  return {ErrorCode::request_timed_out,
          "No node controls the cluster: a majority of those that decide about it cannot be reached. Try again once "
          "they are up (callboard cluster status)."};
}

} // namespace

void MetadataActor::accept(Command command) {
  if (const auto* transfer = std::get_if<LeadershipTransfer>(&command.what)) {
    transfer_leadership(*transfer);
    answer(command, {});
    return;
  }
  if (std::holds_alternative<ClusterStatusQuery>(command.what)) {
    tell_status(std::move(command));
    return;
  }
  command.at = monotonic_now();
  if (commands_.size() + handed_over_.size() >= commands_max) {
    answer(command, {ErrorCode::request_timed_out, "Too many changes wait; try again."});
    return;
  }
  commands_.push_back(std::move(command));
  if (replaying_) return;
  serve_commands();
  run_controller();
}

// Here, or by the node that leads; while nobody does, they wait.
void MetadataActor::serve_commands() {
  if (leads()) {
    execute_next();
    return;
  }
  if (executing_ || leader_ == no_node || leader_ == node_.identity.node) return;
  const auto& links = hosts_.loops.front()->links;
  const auto link = links.find(leader_);
  if (link == links.end()) return;
  for (auto& command : std::exchange(commands_, {}))
    if (command.from) hand_over(std::move(command), link->second);
}

void MetadataActor::look_after_commands() {
  const auto now = monotonic_now();
  const auto late = [&](const Command& command) { return now - command.at > command_within; };
  while (!executing_ && !commands_.empty() && late(commands_.front())) {
    const auto error = no_controller();
    if (commands_.front().from)
      answer(commands_.front(), {error.code, error.message});
    else
      controller_steps_ = false;
    commands_.pop_front();
  }
  serve_commands();
  answer_seen();
  if (leads()) controller_.tick(image_, now);
  run_controller();
  delayed_send(this, look_interval, LookAfterCommands{});
}

// ---- by this node

void MetadataActor::execute_next() {
  while (!executing_ && !commands_.empty()) {
    executing_ = true;
    auto& command = commands_.front();
    partition_outcomes_.clear();
    auto planned = command.from ? std::visit([this](auto& what) { return plan(what); }, command.what) : plan_own_step();
    if (!planned) {
      finish_command({planned.error().code, planned.error().message});
      continue;
    }
    executed_ = std::move(*planned);
    if (executed_.empty() || validates_only(command.what))
      finish_command({});
    else
      propose(executed_);
  }
}

bool MetadataActor::validates_only(const ControllerCommand& command) {
  return std::visit(
      [](const auto& what) {
        if constexpr (requires { what.validate_only; })
          return what.validate_only;
        else
          return false;
      },
      command);
}

MetadataActor::Plan MetadataActor::plan(const TopicCreation& creation) {
  if (creation.mentioned && deletions_.blocks(creation.command.name, wall_now()))
    return Error{ErrorCode::unknown_topic_or_partition,
                 "The topic was deleted a moment ago; create it on purpose if it is to come back."};
  auto record = metadata::plan_create_topic(image_, creation.command, defaults(), liveness(), random_uuid());
  if (!record) return record.error();
  return Records{std::move(*record)};
}

MetadataActor::Plan MetadataActor::plan(TopicDeletion& deletion) {
  const auto planned = deletion.name ? metadata::plan_delete_topic(image_, *deletion.name)
                                     : metadata::plan_delete_topic(image_, deletion.id);
  if (!planned) return planned.error();
  deletion.id = planned->removed.id;
  deletion.name = planned->removed.name;
  return planned->records();
}

MetadataActor::Plan MetadataActor::plan(const TopicAlteration& alteration) {
  return changed(metadata::plan_alter_topic(image_, alteration.command, defaults()));
}

MetadataActor::Plan MetadataActor::plan(const PartitionAddition& addition) {
  return changed(metadata::plan_add_partitions(image_, addition.command, defaults(), liveness()));
}

// A record that says nothing new is not written.
MetadataActor::Plan MetadataActor::changed(const Result<TopicRecord>& planned) const {
  if (!planned) return planned.error();
  if (*planned == *image_.topic(planned->id)) return Records{};
  return Records{*planned};
}

MetadataActor::Plan MetadataActor::plan(const ProducerIdAllocation&) {
  if (producer_next_ < producer_end_) return Records{};
  return Records{metadata::plan_producer_ids(image_)};
}

void MetadataActor::propose(const Records& records) {
  const auto now = wall_now();
  BatchBuilder builder(now);
  for (const auto& record : records) rpc::add_metadata_record(builder, record, now);
  ProduceToPartition message;
  message.from = caf::actor(this);
  message.token = propose_token_ = next_token_++;
  message.command.acks = -1;
  message.command.batch = builder.finish();
  message.command.header = read_batch_header(message.command.batch.view()).value();
  send(log_, std::move(message));
}

// By now the records have been applied: who applies the log hears of an entry before who
// wrote it does.
void MetadataActor::on_proposed(const ProduceAnswers& message) {
  for (const auto& produced : message.answers) {
    if (!executing_ || produced.token != propose_token_) continue;
    ControllerOutcome outcome;
    outcome.error = produced.error == ErrorCode::not_leader_or_follower ? ErrorCode::not_controller : produced.error;
    outcome.message = produced.message;
    finish_command(std::move(outcome));
  }
  serve_commands();
  run_controller();
}

// The first of the queue has an outcome.
void MetadataActor::finish_command(ControllerOutcome outcome) {
  auto command = std::move(commands_.front());
  commands_.pop_front();
  executing_ = false;
  auto written = std::exchange(executed_, {});
  if (!command.from) {
    controller_steps_ = false;
    if (outcome.error != ErrorCode::none) controller_.refused();
    return;
  }
  outcome.index = applied_;
  if (outcome.error == ErrorCode::none) add_to_outcome(command.what, written, outcome);
  when_seen(std::move(command), std::move(outcome));
}

void MetadataActor::add_to_outcome(const ControllerCommand& command, Records& written, ControllerOutcome& outcome) {
  if (std::holds_alternative<ProducerIdAllocation>(command)) {
    if (!written.empty()) {
      producer_end_ = image_.next_producer();
      producer_next_ = producer_end_.plus(-metadata::producer_ids_per_block);
    }
    outcome.producer_id = producer_next_;
    producer_next_ = producer_next_.next();
  }
  outcome.partitions = std::exchange(partition_outcomes_, {});
  if (!written.empty()) outcome.record = std::move(written.front());
  if (const auto* registration = std::get_if<NodeRegistration>(&command)) {
    if (const auto* known = image_.node(registration->node.identity)) outcome.record = *known;
    for (const auto& [id, node] : image_.nodes()) outcome.nodes.push_back(node);
  }
}

// What the controller wants by itself waits its turn among the commands and is decided when
// that has come: by then the image has what the commands before it changed.
void MetadataActor::run_controller() {
  if (!leads() || controller_steps_ || !controller_.has_work(monotonic_now())) return;
  controller_steps_ = true;
  commands_.push_back({});
  commands_.back().at = monotonic_now();
  execute_next();
}

MetadataActor::Plan MetadataActor::plan_own_step() {
  Records records;
  while (leads() && records.empty() && controller_.has_work(monotonic_now())) {
    auto step = controller_.step(image_, monotonic_now());
    for (const auto& wanted : step.transfers) transfer_leadership({wanted.group, wanted.to});
    records = std::move(step.records);
  }
  return records;
}

// ---- by another node

void MetadataActor::hand_over(Command command, const caf::actor& link) {
  const auto token = next_token_++;
  send(link, CommandToPeer{caf::actor(this), token, on_wire(command.what)});
  // Its name, to be told when it is gone.
  if (auto* deletion = std::get_if<TopicDeletion>(&command.what))
    if (const auto* topic = deletion->name ? image_.topic(*deletion->name) : image_.topic(deletion->id)) {
      deletion->name = topic->name;
      deletion->id = topic->id;
    }
  handed_over_.emplace(token, std::move(command));
}

void MetadataActor::on_handed_over(PeerCommandAnswered& message) {
  auto node = handed_over_.extract(message.token);
  if (node.empty()) return;
  ControllerOutcome outcome{message.outcome.error, std::move(message.outcome.message)};
  if (outcome.error == ErrorCode::none) {
    auto decoded = rpc::decode_controller_outcome(message.outcome.body.view());
    if (decoded)
      outcome = std::move(*decoded);
    else
      outcome = {decoded.error().code, decoded.error().message};
  }
  if (std::holds_alternative<ClusterStatusQuery>(node.mapped().what))
    pass_on_status(std::move(node.mapped()), std::move(outcome));
  else
    when_seen(std::move(node.mapped()), std::move(outcome));
}

PeerCommand MetadataActor::on_wire(const ControllerCommand& command) {
  return {command_kind, SharedBytes::copy_of(rpc::encode_controller_command(command))};
}

// ---- for another node

void MetadataActor::on_command_from_peer(CommandFromPeer& message) {
  const auto refuse = [&](const Error& error) {
    send(message.from, PeerCommandAnswered{message.token, {error.code, error.message, {}, {}}});
  };
  if (message.command.kind != command_kind)
    return refuse({ErrorCode::unsupported_version, "This node runs a version that does not know such commands."});
  auto decoded = rpc::decode_controller_command(message.command.body.view());
  if (!decoded) return refuse(decoded.error());
  const auto* transfer = std::get_if<LeadershipTransfer>(&*decoded);
  if (transfer == nullptr && !leads())
    return refuse(
        {ErrorCode::not_controller, fmt::format("Node {} does not control the cluster.", node_.identity.node.value)});
  const auto token = next_token_++;
  for_peers_.emplace(token, Asker{std::move(message.from), message.token});
  accept({caf::actor(this), token, true, std::move(*decoded)});
}

// This actor asked itself, for another node or for its own registration.
void MetadataActor::on_answered(const ControllerAnswered& message) {
  if (message.token == registration_token) return on_registered(message);
  const auto asker = for_peers_.extract(message.token);
  if (asker.empty()) return;
  PeerCommandAnswered answer{asker.mapped().token, {}};
  answer.outcome.body = SharedBytes::copy_of(rpc::encode_controller_outcome(message.outcome));
  answer.outcome.index = message.outcome.index;
  send(asker.mapped().from, std::move(answer));
}

// ---- answers

// A change is told once this node's partitions and loops know of it, and a new partition
// once somebody leads it.
void MetadataActor::when_seen(Command command, ControllerOutcome outcome) {
  if (outcome.error != ErrorCode::none) {
    answer(command, std::move(outcome));
    return;
  }
  unseen_.push_back({std::move(command), std::move(outcome), monotonic_now()});
  answer_seen();
}

bool MetadataActor::is_seen(Unseen& unseen) {
  if (applied_ < unseen.outcome.index) return false;
  if (!unseen.announced_before) unseen.announced_before = next_token_;
  if (!announcements_.empty() && announcements_.begin()->first < *unseen.announced_before) return false;
  const auto& what = unseen.command.what;
  if (std::holds_alternative<LeaderElection>(what)) return is_elected(unseen);
  const auto* topic = unseen.outcome.record ? std::get_if<TopicRecord>(&*unseen.outcome.record) : nullptr;
  const bool adds = std::holds_alternative<TopicCreation>(what) || std::holds_alternative<PartitionAddition>(what);
  if (topic == nullptr || !adds || validates_only(what)) return true;
  const auto led = [&](GroupId group) {
    const auto partition = partitions_.find(group);
    return partition == partitions_.end() || partition->second.leader != no_node;
  };
  return unseen.awaited.all_seen(topic->groups, led) || monotonic_now() - unseen.since > leaders_within;
}

void MetadataActor::answer_seen() {
  std::erase_if(unseen_, [this](Unseen& unseen) {
    if (!is_seen(unseen)) return false;
    answer(unseen.command, std::move(unseen.outcome));
    return true;
  });
}

void MetadataActor::answer(Command& command, ControllerOutcome outcome) {
  if (command.generic) {
    send(command.from, ControllerAnswered{command.token, std::move(outcome)});
    return;
  }
  if (std::holds_alternative<TopicCreation>(command.what)) {
    TopicCreated created{command.token, outcome.error, std::move(outcome.message), {}};
    if (outcome.record)
      if (auto* topic = std::get_if<TopicRecord>(&*outcome.record)) created.topic = std::move(*topic);
    send(command.from, std::move(created));
  } else if (const auto* deletion = std::get_if<TopicDeletion>(&command.what)) {
    TopicDeleted deleted{command.token, outcome.error, std::move(outcome.message), {}, {}};
    if (outcome.error == ErrorCode::none) {
      deleted.name = deletion->name.value_or("");
      deleted.id = deletion->id;
    }
    send(command.from, std::move(deleted));
  } else if (std::holds_alternative<ProducerIdAllocation>(command.what)) {
    send(command.from, ProducerIdAllocated{command.token, outcome.error, outcome.producer_id});
  } else {
    send(command.from, TopicChanged{command.token, outcome.error, std::move(outcome.message)});
  }
}

} // namespace callboard
