// Metadata: commands, from whoever asks to who is told what came of them.
#include <algorithm>
#include <utility>

#include "cluster/metadata/topic_changes.h"
#include "tests/simulation/cluster/members.h"
#include "tests/simulation/cluster/metadata.h"

namespace callboard::simulation::cluster {
namespace {

constexpr std::uint32_t look_ticks = 10;
constexpr std::uint32_t command_ticks = 600;
constexpr std::uint32_t leaders_ticks = 100;
constexpr std::uint32_t registration_ticks = 4;

template <class Command>
bool is(const ControllerCommand& command) {
  return std::holds_alternative<Command>(command);
}

} // namespace

void Metadata::tick() {
  if (machine_.ticks() % look_ticks != 0) return;
  while (!executing_ && !commands_.empty() && machine_.ticks() - commands_.front().at > command_ticks) {
    if (commands_.front().answer)
      commands_.front().answer({ErrorCode::request_timed_out, "No node controls the cluster."});
    commands_.pop_front();
  }
  serve();
  answer_seen();
  if (leads()) controller_.tick(image_, machine_.now());
  run_controller();
}

// Says who this node is. What comes of it is seen here before the node is ready.
void Metadata::register_self() {
  accept(NodeRegistration{machine_.own_record()}, [this](const ControllerOutcome& outcome) {
    if (outcome.error == ErrorCode::none) {
      for (const auto group : std::exchange(stored_, {}))
        if (group != metadata_group && (!image_.partition_of(group) || !machine_.holds(group))) machine_.destroy(group);
      ready_ = true;
      for (const auto& [name, topic] : image_.topics()) run_topic(topic);
      machine_.say("is ready");
      return;
    }
    machine_.say("cannot say who it is: " + outcome.message);
    if (outcome.error == ErrorCode::invalid_request) {
      machine_.around().findings.fail("forming", "a node is not let in again: " + outcome.message);
      return;
    }
    machine_.after_ticks(registration_ticks, [this] { register_self(); });
  });
}

void Metadata::accept(ControllerCommand command, Answer answer) {
  if (const auto* handing = std::get_if<LeadershipTransfer>(&command)) {
    transfer(*handing);
    answer({});
    return;
  }
  commands_.push_back({std::move(answer), std::move(command), machine_.ticks()});
  if (replaying_) return;
  serve();
  run_controller();
}

void Metadata::hear_command(const ControllerCommand& command, Answer answer) {
  if (!is<LeadershipTransfer>(command) && !leads()) {
    answer({ErrorCode::not_controller, "This node does not control the cluster."});
    return;
  }
  accept(command, std::move(answer));
}

// Here, or by the node that leads; while nobody does, they wait.
void Metadata::serve() {
  if (replaying_) return;
  if (leads()) {
    execute_next();
    return;
  }
  if (executing_ || leader_ == no_node || leader_ == machine_.id() || !machine_.members()->linked(leader_)) return;
  for (auto& command : std::exchange(commands_, {})) {
    if (!command.answer) continue;
    ++handed_over_;
    const auto what = command.what;
    machine_.members()->ask(leader_, what, [this, command = std::move(command)](const ControllerOutcome& outcome) {
      --handed_over_;
      when_seen(command, outcome);
    });
  }
}

void Metadata::execute_next() {
  while (!executing_ && !commands_.empty()) {
    executing_ = true;
    auto& command = commands_.front();
    outcomes_.clear();
    auto planned = command.answer ? plan(command.what) : Plan(controller_step());
    if (!planned) {
      finish(planned.error());
      continue;
    }
    executed_ = std::move(*planned);
    if (executed_.empty()) {
      finish({ErrorCode::none, ""});
      continue;
    }
    act();
    machine_.propose(executed_, ++proposal_);
  }
}

void Metadata::act() const {
  machine_.around().cluster.acted(machine_.id(), term_);
}

Metadata::Plan Metadata::plan(ControllerCommand& command) {
  const auto& liveness = controller_.liveness();
  metadata::TopicDefaults defaults;
  const auto records = [](auto&& planned) -> Plan {
    if (!planned) return planned.error();
    return Records{std::move(*planned)};
  };
  const auto of_node = [&](const Result<NodeRecord>& planned) -> Plan {
    if (!planned) return planned.error();
    const auto* known = image_.node(planned->id);
    if (known != nullptr && *known == *planned) return Records{};
    return Records{*planned};
  };
  if (const auto* creation = std::get_if<TopicCreation>(&command))
    return records(metadata::plan_create_topic(image_, creation->command, defaults, liveness, machine_.draw_uuid()));
  if (const auto* deletion = std::get_if<TopicDeletion>(&command)) {
    const auto planned = metadata::plan_delete_topic(image_, *deletion->name);
    return planned ? Plan(planned->records()) : planned.error();
  }
  if (const auto* alteration = std::get_if<TopicAlteration>(&command))
    return changed(metadata::plan_alter_topic(image_, alteration->command, defaults));
  if (const auto* addition = std::get_if<PartitionAddition>(&command))
    return changed(metadata::plan_add_partitions(image_, addition->command, defaults, liveness));
  if (const auto* registration = std::get_if<NodeRegistration>(&command))
    return metadata::plan_registration_records(image_, registration->node, liveness);
  if (const auto* drain = std::get_if<NodeDrain>(&command))
    return of_node(drain->cancel ? metadata::plan_cancel_drain(image_, drain->node)
                                 : metadata::plan_drain(image_, drain->node));
  if (const auto* removal = std::get_if<NodeRemoval>(&command)) return controller_.plan_remove(image_, removal->node);
  if (const auto* moving = std::get_if<TopicMoving>(&command)) return move(*moving);
  if (const auto* election = std::get_if<LeaderElection>(&command)) return elect(*election);
  if (const auto* rebalance = std::get_if<Rebalance>(&command)) {
    if (!rebalance->cancel)
      controller_.rebalance();
    else if (!controller_.cancel_rebalance())
      return Error{ErrorCode::invalid_request, "No rebalance is under way."};
  }
  return Records{};
}

Metadata::Plan Metadata::changed(const Result<TopicRecord>& planned) const {
  if (!planned) return planned.error();
  if (*planned == *image_.topic(planned->id)) return Records{};
  return Records{*planned};
}

Metadata::Plan Metadata::move(const TopicMoving& moving) {
  auto planned = metadata::plan_topic_move(image_, leaders_, controller_.liveness(), moving.command);
  if (!planned) return planned.error();
  for (std::size_t i = 0; i < planned->outcomes.size(); ++i) {
    PartitionOutcome outcome{moving.command.name, moving.command.moves[i].partition};
    if (!planned->outcomes[i]) {
      outcome.error = planned->outcomes[i].error().code;
      outcome.message = planned->outcomes[i].error().message;
    }
    outcomes_.push_back(std::move(outcome));
  }
  return std::move(planned->records);
}

Metadata::Plan Metadata::elect(const LeaderElection& election) {
  for (const auto& [name, topic] : image_.topics()) {
    if (!election.all) break;
    for (std::size_t i = 0; i < topic.groups.size(); ++i) {
      if (preferred_leads(topic.groups[i])) continue;
      PartitionOutcome outcome{name, static_cast<std::int32_t>(i)};
      const auto planned = metadata::plan_preferred_leader(image_, leaders_, controller_.liveness(), topic.groups[i]);
      if (planned)
        transfer({topic.groups[i], planned->to});
      else
        outcome = {name, static_cast<std::int32_t>(i), planned.error().code, planned.error().message};
      outcomes_.push_back(std::move(outcome));
    }
  }
  return Records{};
}

bool Metadata::preferred_leads(GroupId group) const {
  const auto known = partitions_.find(group);
  return known != partitions_.end() && !known->second.replicas.empty() &&
         known->second.leader == known->second.replicas.front();
}

void Metadata::proposed(std::uint64_t number, const Error& error) {
  if (executing_ && number == proposal_)
    finish(error.code == ErrorCode::not_leader_or_follower ? Error{ErrorCode::not_controller, error.message} : error);
  serve();
  run_controller();
}

// The first of the queue has an outcome.
void Metadata::finish(const Error& error) {
  auto command = std::move(commands_.front());
  commands_.pop_front();
  executing_ = false;
  auto written = std::exchange(executed_, {});
  if (!command.answer) {
    controller_steps_ = false;
    if (error.code != ErrorCode::none) controller_.refused();
    return;
  }
  ControllerOutcome outcome{error.code, error.message, applied_};
  if (error.code == ErrorCode::none) {
    outcome.partitions = std::exchange(outcomes_, {});
    if (!written.empty()) outcome.record = std::move(written.front());
    if (const auto* registration = std::get_if<NodeRegistration>(&command.what)) {
      if (const auto* known = image_.node(registration->node.identity)) outcome.record = *known;
      for (const auto& [id, node] : image_.nodes()) outcome.nodes.push_back(node);
    }
  }
  when_seen(std::move(command), std::move(outcome));
}

void Metadata::run_controller() {
  while (leads() && !replaying_ && !controller_steps_ && controller_.has_work(machine_.now())) {
    controller_steps_ = true;
    commands_.push_back({{}, {}, machine_.ticks()});
    execute_next();
  }
}

// Decided when its turn comes: what is ahead of it changes the image.
Metadata::Records Metadata::controller_step() {
  auto step = controller_.step(image_, machine_.now());
  if (!step.transfers.empty()) act();
  for (const auto& wanted : step.transfers) transfer({wanted.group, wanted.to});
  return std::move(step.records);
}

void Metadata::transfer(const LeadershipTransfer& transfer) {
  const auto partition = partitions_.find(transfer.group);
  if (partition == partitions_.end()) return;
  const auto leader = partition->second.leader;
  if (leader == machine_.id())
    machine_.post([this, transfer] { machine_.yield(transfer.group, transfer.to); });
  else if (leads() && machine_.members()->linked(leader))
    machine_.members()->ask(leader, transfer, [](const ControllerOutcome&) {});
}

// ---- answers

void Metadata::when_seen(Command command, ControllerOutcome outcome) {
  if (outcome.error != ErrorCode::none) {
    machine_.post([answer = std::move(command.answer), outcome = std::move(outcome)] { answer(outcome); });
    return;
  }
  unseen_.push_back({std::move(command), std::move(outcome), machine_.ticks()});
  answer_seen();
}

bool Metadata::is_seen(Unseen& unseen) const {
  if (applied_ < unseen.outcome.index) return false;
  const bool late = machine_.ticks() - unseen.since > leaders_ticks;
  if (is<LeaderElection>(unseen.command.what)) {
    for (auto& outcome : unseen.outcome.partitions) {
      const auto* topic = image_.topic(outcome.topic);
      const auto index = static_cast<std::size_t>(outcome.partition);
      const bool elected = topic != nullptr && index < topic->groups.size() && preferred_leads(topic->groups[index]);
      if (outcome.error != ErrorCode::none || elected) continue;
      if (!late) return false;
      outcome.error = ErrorCode::request_timed_out;
      outcome.message = "Its leader was asked to hand over and has not done so yet.";
    }
    return true;
  }
  const auto* topic = unseen.outcome.record ? std::get_if<TopicRecord>(&*unseen.outcome.record) : nullptr;
  if (topic == nullptr || !(is<TopicCreation>(unseen.command.what) || is<PartitionAddition>(unseen.command.what)))
    return true;
  return late || unseen.awaited.all_seen(topic->groups, [&](GroupId group) {
    const auto partition = partitions_.find(group);
    return partition == partitions_.end() || partition->second.leader != no_node;
  });
}

void Metadata::answer_seen() {
  for (std::size_t i = 0; i < unseen_.size();) {
    if (!is_seen(unseen_[i])) {
      ++i;
      continue;
    }
    auto seen = std::move(unseen_[i]);
    unseen_.erase(unseen_.begin() + static_cast<std::ptrdiff_t>(i));
    machine_.post([answer = std::move(seen.command.answer), outcome = std::move(seen.outcome)] { answer(outcome); });
  }
}

} // namespace callboard::simulation::cluster
