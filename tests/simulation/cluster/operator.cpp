#include "tests/simulation/cluster/operator.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/cluster/metadata.h"
#include "tests/simulation/cluster/world.h"

namespace callboard::simulation::cluster {
namespace {

constexpr std::uint32_t tidy_every_ticks = 40;
constexpr std::uint32_t drain_patience_ticks = 500; // of tidying

std::string text(NodeId node) {
  return "node " + std::to_string(node.value);
}

// An order is carried out within, or not at all.
constexpr std::uint32_t order_ticks = 200;

} // namespace

Operator::Operator(World& world, std::uint64_t seed) : world_(world), random_(seed, "operator") {}

bool Operator::now(Event event) {
  return random_.chance(world_.plan().rate(event) / 1000);
}

void Operator::tick() {
  operate_topics();
  operate_nodes();
}

// ---- orders

bool Operator::send(const std::string& what, ControllerCommand command, Done done) {
  std::vector<Machine*> ready;
  for (auto& [number, machine] : world_.machines())
    if (machine->ready()) ready.push_back(machine.get());
  if (ready.empty()) return false;
  auto& machine = *random_.pick(ready);
  machine.say("is asked: " + what);
  auto order = std::make_shared<Order>(Order{what, machine.number(), machine.incarnation(), world_.ticks()});
  orders_.push_back(order);
  machine.metadata()->accept(
      std::move(command), [this, order, &machine, done = std::move(done)](const ControllerOutcome& outcome) {
        machine.say("answers: " + order->what + ": " + (outcome.error == ErrorCode::none ? "done" : outcome.message));
        order->answered = true;
        judge(order->what, outcome);
        if (done) done(outcome);
      });
  return true;
}

void Operator::order(Event event, const std::string& what, ControllerCommand command, Done done) {
  if (send(what, std::move(command), std::move(done))) world_.struck(event);
}

// Whoever is refused is told why.
void Operator::judge(const std::string& what, const ControllerOutcome& outcome) {
  world_.findings().note(outcome.error, outcome.index.value);
  const auto reasoned = [](ErrorCode error, const std::string& message) {
    return error == ErrorCode::none || !message.empty();
  };
  bool all = reasoned(outcome.error, outcome.message);
  for (const auto& partition : outcome.partitions) all &= reasoned(partition.error, partition.message);
  if (!all) world_.findings().fail("commands", what + ": is refused without a reason");
}

std::string Operator::unanswered() const {
  for (const auto& order : orders_) {
    if (order->answered) continue;
    const auto& machine = *world_.machines().at(order->machine);
    if (machine.up() && machine.incarnation() == order->incarnation)
      return "\"" + order->what + "\" was not answered since tick " + std::to_string(order->at);
  }
  return {};
}

// ---- topics

const TopicRecord* Operator::some_topic() {
  auto* machine = world_.best_informed();
  if (machine == nullptr || machine->metadata()->image().topics().empty()) return nullptr;
  const auto& topics = machine->metadata()->image().topics();
  return &std::next(topics.begin(), static_cast<std::ptrdiff_t>(random_.below(topics.size())))->second;
}

void Operator::operate_topics() {
  if (now(Event::create)) create();
  if (now(Event::alter))
    if (const auto* topic = some_topic()) alter(*topic);
  if (now(Event::move))
    if (const auto* topic = some_topic()) move(*topic);
  if (now(Event::extend))
    if (const auto* topic = some_topic(); topic != nullptr && topic->groups.size() < 6 && may_place())
      order(Event::extend, "a partition more for " + topic->name,
            PartitionAddition{{topic->name, static_cast<std::int32_t>(topic->groups.size() + 1), {}}});
  if (now(Event::remove))
    if (const auto* topic = some_topic()) order(Event::remove, "delete " + topic->name, TopicDeletion{topic->name, {}});
  if (now(Event::elect)) order(Event::elect, "elect preferred leaders", LeaderElection{{}, true});
}

// A partition of three of which one is dead can be made, and has a leader; but a disk that was lost a moment ago, and
// that the controller still counts on, would be the second. One may be lost for good at a time.
bool Operator::may_place() {
  if (!world_.losses_noticed()) return false;
  placed_at_ = world_.ticks();
  return true;
}

bool Operator::places() const {
  return placed_at_ && world_.ticks() - *placed_at_ < order_ticks;
}

bool Operator::drains() const {
  return (drained_at_ && world_.ticks() - *drained_at_ < order_ticks) || !nodes(NodeStatus::draining).empty();
}

void Operator::create() {
  auto* machine = world_.best_informed();
  if (machine == nullptr || machine->metadata()->image().topics().size() >= world_.plan().topics_max) return;
  if (!may_place()) return;
  metadata::CreateTopicCommand command;
  command.name = "topic-" + std::to_string(++topics_);
  command.partitions = static_cast<std::int32_t>(random_.between(1, 4));
  // A single copy promises nothing that the loss of a disk would leave.
  command.replication_factor = random_.chance(0.7) ? -1 : 3;
  const auto what = "create " + command.name;
  order(Event::create, what, TopicCreation{std::move(command)});
}

void Operator::alter(const TopicRecord& topic) {
  metadata::AlterTopicCommand command;
  command.name = topic.name;
  command.changes.push_back(
      {"retention.bytes", metadata::ConfigOperation::set, std::to_string(random_.between(1'000'000, 9'000'000))});
  order(Event::alter, "alter " + topic.name, TopicAlteration{std::move(command)});
}

// As many replicas as now, somewhere; or back to where they are.
void Operator::move(const TopicRecord& topic) {
  const auto index = random_.below(topic.groups.size());
  metadata::PartitionMove moved{static_cast<std::int32_t>(index), std::nullopt};
  if (!random_.chance(0.1)) {
    auto candidates = nodes(NodeStatus::active);
    for (auto i = candidates.size(); i > 1; --i) std::swap(candidates[i - 1], candidates[random_.below(i)]);
    candidates.resize(std::min(candidates.size(), topic.placement(index).voters.size()));
    if (candidates.empty()) return;
    moved.replicas = candidates;
  }
  metadata::MoveTopicCommand command{topic.name, {moved}, false};
  order(Event::move, "move " + topic.name + "/" + std::to_string(index), TopicMoving{std::move(command)});
}

// ---- nodes

std::vector<NodeId> Operator::nodes(NodeStatus status) const {
  std::vector<NodeId> found;
  if (auto* machine = world_.best_informed())
    for (const auto& [id, node] : machine->metadata()->image().nodes())
      if (node.status == status) found.push_back(id);
  return found;
}

void Operator::operate_nodes() {
  if (now(Event::drain)) drain();
  if (now(Event::rebalance)) order(Event::rebalance, "rebalance", Rebalance{random_.chance(0.2)});
  if (now(Event::retire))
    if (auto draining = nodes(NodeStatus::draining); !draining.empty()) {
      world_.struck(Event::retire);
      retire(random_.pick(draining));
    }
}

void Operator::drain() {
  auto draining = nodes(NodeStatus::draining);
  if (!draining.empty() && random_.chance(0.5)) {
    const auto node = random_.pick(draining);
    order(Event::drain, "do not drain " + text(node), NodeDrain{node, true});
    return;
  }
  auto active = nodes(NodeStatus::active);
  if (active.size() < 2) return;
  // Fewer nodes may mean a single copy, and damage that nobody has noticed yet may be in it.
  for (const auto& [number, machine] : world_.machines())
    if (machine->damaged()) return;
  const auto node = random_.pick(active);
  drained_at_ = world_.ticks();
  order(Event::drain, "drain " + text(node), NodeDrain{node, false});
}

// Its machine is switched off some time after; until then it must not come back.
void Operator::retire(NodeId node) {
  send("remove " + text(node), NodeRemoval{node}, [this, node](const ControllerOutcome& outcome) {
    if (outcome.error != ErrorCode::none) return;
    auto* machine = world_.machine_of(node);
    if (machine == nullptr) return;
    world_.timeline().after(random_.below(100 * tick_length), [machine, node] {
      if (machine->id() == node) machine->switch_off();
    });
  });
}

// ---- once faults have ended

void Operator::tidy(std::uint32_t since_ticks) {
  if (world_.ticks() - tidied_ < tidy_every_ticks) return;
  tidied_ = world_.ticks();
  auto* controller = world_.controller();
  if (controller == nullptr) return;
  const auto& image = controller->metadata()->image();
  std::size_t active_alive = 0;
  for (const auto& [id, node] : image.nodes())
    if (node.status == NodeStatus::active && world_.machine_of(id) != nullptr) ++active_alive;
  for (const auto& [id, node] : image.nodes()) {
    if (node.status == NodeStatus::removed) continue;
    if (world_.machine_of(id) == nullptr) {
      // Nobody brings that directory back. It is removed once its replicas are elsewhere.
      if (controller->metadata()->controller().plan_remove(image, id)) retire(id);
    } else if (node.status == NodeStatus::draining && (active_alive < 3 || since_ticks > drain_patience_ticks)) {
      send("do not drain " + text(id), NodeDrain{id, true}, {});
    }
  }
  for (auto& [number, machine] : world_.machines()) {
    const auto* node = machine->up() ? image.node(machine->identity()) : nullptr;
    if (node != nullptr && node->status == NodeStatus::removed) machine->switch_off();
  }
  // With fewer nodes than copies a dead one cannot be replaced.
  const bool short_of_nodes = active_alive < 3 && image.nodes().size() >= 3;
  for (auto& [number, machine] : world_.machines()) {
    if (!short_of_nodes) break;
    if (machine->in_service()) continue;
    machine->wipe(world_.addresses());
    machine->start();
    break;
  }
}

} // namespace callboard::simulation::cluster
