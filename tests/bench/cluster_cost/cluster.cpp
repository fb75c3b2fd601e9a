#include "tests/bench/cluster_cost/cluster.h"

#include <algorithm>
#include <string>
#include <utility>

#include "schema/assert.h"

namespace callboard::bench {
namespace {

constexpr Duration pass_length = std::chrono::milliseconds(5);
constexpr std::uint64_t passes_per_tick = 10;
constexpr std::uint64_t passes_per_look = 100;
constexpr Duration preferred_leaders_after = std::chrono::seconds(11);
constexpr int passes_max = 100'000;
constexpr int settling_max = 10;
constexpr int partitions_per_topic = 100;
constexpr int topics_at_once = 10;
constexpr int racks = 5;

NodeRecord record_of(NodeId node) {
  NodeRecord record;
  record.id = node;
  record.identity.bytes[0] = 1;
  record.identity.bytes[14] = static_cast<std::uint8_t>(node.value >> 8);
  record.identity.bytes[15] = static_cast<std::uint8_t>(node.value);
  record.peer = record.client = {"broker-" + std::to_string(node.value) + ".example.org", 9092};
  record.rack = "rack-" + std::to_string(node.value % racks);
  record.version = "1.0.0";
  return record;
}

} // namespace

Cluster::Cluster(int nodes, int partitions) {
  add(true);
  run();
  nodes_.begin()->second->metadata().accept(NodeRegistration{record_of(last_)});
  nodes_.begin()->second->metadata().registered();
  run();
  for (int i = 1; i < nodes; ++i) {
    join();
    run();
  }
  for (int i = 0; i < partitions / partitions_per_topic; ++i) {
    create_topic("a-topic-of-usual-length-" + std::to_string(i), partitions_per_topic);
    if (i % topics_at_once == topics_at_once - 1) run();
  }
  settle();
}

Node& Cluster::controller() {
  const auto found =
      std::find_if(nodes_.begin(), nodes_.end(), [](auto& node) { return node.second->metadata().leads(); });
  CB_ASSERT(found != nodes_.end());
  return *found->second;
}

void Cluster::add(bool founds) {
  last_ = last_.next();
  nodes_.emplace(last_, std::make_unique<Node>(last_)).first->second->start(founds);
}

// It asks to belong, is told of the others, gets the metadata, and says who it is: once it has seen that,
// it has seen everything.
NodeId Cluster::join() {
  auto& leader = controller();
  add(false);
  const auto joined = last_;
  auto& node = *nodes_.at(joined);
  auto registration = record_of(joined);
  registration.id = no_node;
  leader.metadata().accept(NodeRegistration{registration});
  std::vector<NodeRecord> known{record_of(joined)};
  for (const auto& [id, record] : leader.metadata().image().nodes()) known.push_back(record);
  node.know(known);
  run_until([&] { return node.metadata().image().node(joined) != nullptr; });
  leader.metadata().accept(NodeRegistration{record_of(joined)});
  run_until([&] { return node.metadata().is_registered(); });
  return joined;
}

void Cluster::create_topic(const std::string& name, int partitions) {
  metadata::CreateTopicCommand command;
  command.name = name;
  command.partitions = partitions;
  controller().metadata().accept(TopicCreation{command});
}

void Cluster::alter_topic(const std::string& name, const std::string& config, const std::string& value) {
  controller().metadata().accept(
      TopicAlteration{{name, false, {{config, metadata::ConfigOperation::set, value}}}, false});
}

void Cluster::kill(NodeId dead) {
  // What it takes to free its memory is not the others' cost.
  dead_.push_back(std::move(nodes_.extract(dead).mapped()));
  under_way_.erase(dead);
  for (auto& [id, node] : nodes_) node->refused(dead);
}

void Cluster::wait(Duration duration) {
  now_ = now_ + duration;
  passes_ = (passes_ / passes_per_look + 1) * passes_per_look - 1;
}

void Cluster::run() {
  run_until([] { return false; });
}

void Cluster::run_until(const std::function<bool()>& done) {
  for (int i = 0; i < passes_max; ++i)
    if (done() || !pass()) return;
  CB_ASSERT(!"the cluster does not come to rest");
}

void Cluster::settle() {
  run();
  for (int i = 0; i < settling_max; ++i) {
    const auto before = calls();
    wait(preferred_leaders_after);
    run();
    if (calls() == before) return;
  }
}

// Whether anything is left for the next ones.
bool Cluster::pass() {
  now_ = now_ + pass_length;
  const bool ticks = ++passes_ % passes_per_tick == 0;
  deliver();
  bool waits = false;
  for (auto& [id, node] : nodes_) {
    if (ticks) node->tick();
    if (passes_ % passes_per_look == 0) node->metadata().look(now_);
    node->finish(now_);
    connect(*node);
    for (auto& call : node->take_calls()) under_way_[call.to].push_back(std::move(call));
    waits = waits || node->need_ticks();
  }
  if (hand_over() || !under_way_.empty()) return true;
  if (waits) {
    const auto skipped = passes_per_tick - 1 - passes_ % passes_per_tick;
    passes_ += skipped;
    now_ = now_ + pass_length * static_cast<std::int64_t>(skipped);
  }
  return waits;
}

void Cluster::deliver() {
  for (auto& [to, calls] : std::exchange(under_way_, {}))
    for (auto& call : calls) nodes_.at(to)->receive(call);
}

void Cluster::connect(Node& node) {
  for (const auto other : node.take_unlinked()) {
    if (nodes_.contains(other))
      node.linked(other);
    else
      node.refused(other);
  }
}

// Leaders are asked without a call. Whether there were any.
bool Cluster::hand_over() {
  bool any = false;
  for (auto& [id, node] : nodes_)
    for (const auto& transfer : node->metadata().take_transfers()) {
      const auto leader = nodes_.find(node->metadata().leader_of(transfer.group));
      if (leader == nodes_.end()) continue;
      leader->second->replicas().hand_over(transfer.group, transfer.to);
      any = true;
    }
  return any;
}

std::uint64_t Cluster::calls() {
  std::uint64_t sum = 0;
  for (auto& [id, node] : nodes_) sum += node->costs().calls;
  return sum;
}

bool Cluster::well() {
  const auto partitions = controller().metadata().image().partitions();
  std::size_t led = 0;
  for (auto& [id, node] : nodes_) {
    if (node->metadata().image().partitions() != partitions || node->metadata().partitions_led() != partitions)
      return false;
    led += node->replicas().led();
  }
  return led == partitions;
}

} // namespace callboard::bench
