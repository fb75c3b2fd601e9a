#include "tests/simulation/forming/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace callboard::simulation::forming {
namespace {

// From the end of the chaos until everybody must belong. Another node at an address counts
// after 120 ticks, what was lost is asked again after 20, a request to join after 100.
constexpr Tick recovery_ticks = 800;
constexpr Tick resolve_every = 40;
constexpr Tick announce_every = 20;
const std::string shared_name = "callboard:9092";

std::string seed_name(std::size_t node) {
  return "node" + std::to_string(node) + ".example:9092";
}

// The same to a person.
std::string spelled_anew(std::string name, Random& random) {
  for (char& c : name) {
    if (c >= 'a' && c <= 'z' && random.chance(0.2)) c = static_cast<char>(c - 'a' + 'A');
  }
  if (random.chance(0.2)) name = " " + name;
  if (const auto colon = name.rfind(':'); random.chance(0.2)) name.insert(colon, ".");
  return name;
}

} // namespace

World::World(Scenario scenario)
  : scenario_(std::move(scenario)), random_(scenario_.seed, "world"), nodes_(scenario_.nodes + scenario_.late) {
  membership::active_sabotage = scenario_.sabotage;
  name_nodes();
  for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].starts_at = scenario_.starts[i];
}

void World::name_nodes() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& node = nodes_[i];
    node.address = {"10.0.0." + std::to_string(i + 1), 9092};
    node.seed = i < scenario_.nodes;
    node.joins = !node.seed && (scenario_.told == Told::discovered || random_.chance(0.5));
    if (scenario_.told == Told::one_name) {
      node.names = {spelled_anew(shared_name, random_)};
    } else if (scenario_.told != Told::discovered || node.joins) {
      const auto count = scenario_.told == Told::balanced ? 2 : scenario_.nodes;
      for (std::size_t j = 0; j < count; ++j) node.names.push_back(spelled_anew(seed_name(j), random_));
      for (auto j = node.names.size(); j > 1; --j) std::swap(node.names[j - 1], node.names[random_.below(j)]);
    }
  }
}

Uuid World::new_identity(std::size_t node) {
  Uuid drawn;
  for (auto& byte : drawn.bytes) byte = static_cast<std::uint8_t>(random_.next());
  if (!scenario_.identities.empty()) drawn.bytes[0] = static_cast<std::uint8_t>(scenario_.identities[node]);
  ++drawn_;
  return drawn;
}

void World::start(std::size_t id) {
  auto& node = nodes_[id];
  node.starts_at.reset();
  node.life = ++lives_;
  if (!node.identity || (!scenario_.identities_kept && !node.cluster)) node.identity = new_identity(id);
  membership::FormingStart start;
  start.mode = membership::FormingMode::seeds;
  if (scenario_.told == Told::discovered) start.mode = membership::FormingMode::discover;
  if (node.joins) start.mode = membership::FormingMode::join;
  start.identity = *node.identity;
  start.cluster = node.cluster;
  start.seeds = node.names;
  start.name = "stage";
  if (scenario_.told == Told::one_name) start.expect = scenario_.nodes;
  if (scenario_.told == Told::discovered) start.expect = scenario_.expect;
  start.seed = random_.next();
  node.forming = std::make_unique<membership::Forming>(std::move(start));
  trace(id, "starts as " + node.identity->hex().substr(0, 4));
}

void World::stop(std::size_t id, bool wiped, Tick down_for) {
  auto& node = nodes_[id];
  trace(id, wiped ? "is wiped" : "is killed");
  node.forming.reset();
  node.storing.reset();
  if (wiped) {
    node.identity.reset();
    node.cluster.reset();
  }
  node.starts_at = now_ + down_for;
}

Outcome World::run() {
  const Tick last_start = *std::max_element(scenario_.starts.begin(), scenario_.starts.end());
  Tick healed = std::max(scenario_.chaos_ticks, last_start);
  for (const auto& crash : scenario_.crashes) healed = std::max(healed, crash.at + crash.down_for);
  const auto belongs = [](const Node& node) { return node.cluster && node.forming; };
  while (outcome_.failure.empty()) {
    tick();
    if (now_ >= healed && std::all_of(nodes_.begin(), nodes_.end(), belongs)) break;
    if (now_ < healed + recovery_ticks) continue;
    if (scenario_.told == Told::balanced) break;
    for (const auto& node : nodes_) {
      if (!belongs(node))
        fail("it does not belong to a cluster: " + (node.forming ? node.forming->waits_for() : "down"));
    }
  }
  outcome_.ticks = now_;
  outcome_.formed_within = now_ - std::min(now_, healed);
  return outcome_;
}

void World::tick() {
  ++now_;
  if (chaos()) break_things();
  if (now_ == scenario_.chaos_ticks) cuts_.clear();
  for (const auto& crash : scenario_.crashes) {
    if (crash.at == now_ && living(crash.node)) stop(crash.node, crash.wiped, crash.down_for);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].starts_at && (now_ >= *nodes_[i].starts_at)) start(i);
  }
  while (!network_.empty() && network_.begin()->first <= now_) {
    auto packet = std::move(network_.begin()->second);
    network_.erase(network_.begin());
    deliver(std::move(packet));
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (living(i) && !(chaos() && random_.chance(scenario_.slow))) tick_node(i);
  }
}

void World::break_things() {
  std::erase_if(cuts_, [this](const Cut& cut) { return cut.until <= now_; });
  if (random_.chance(scenario_.cut))
    cuts_.push_back({random_.below(nodes_.size()), random_.below(nodes_.size()), now_ + random_.between(1, 400)});
  if (!random_.chance(scenario_.crash)) return;
  const auto node = random_.below(nodes_.size());
  if (!living(node)) return;
  const bool wiped = random_.chance(scenario_.wipe) && !last_way_to_late(node);
  stop(node, wiped, std::min(random_.between(1, 200), scenario_.chaos_ticks - now_));
}

// Of all seeds only this one belongs to the cluster that nodes outside their list may have
// joined: without it, nobody who starts knows of that cluster.
bool World::last_way_to_late(std::size_t id) const {
  if (scenario_.late == 0 || !nodes_[id].cluster || !nodes_[id].seed) return false;
  for (std::size_t other = 0; other < scenario_.nodes; ++other) {
    if (other != id && nodes_[other].cluster) return false;
  }
  return true;
}

void World::tick_node(std::size_t id) {
  auto& node = nodes_[id];
  if (node.storing && now_ >= node.stored_at) {
    node.cluster = std::exchange(node.storing, std::nullopt);
    node.forming->belongs(*node.cluster);
    trace(id, "belongs to " + node.cluster->hex().substr(0, 4));
    check();
  }
  tell_addresses(id);
  node.forming->tick();
  route(id);
}

void World::tell_addresses(std::size_t id) {
  auto& node = nodes_[id];
  if (scenario_.told == Told::discovered && !node.joins) {
    if ((now_ + id) % announce_every != 0) return;
    for (std::size_t other = 0; other < scenario_.nodes; ++other) {
      if (other != id && living(other) && (!chaos() || random_.chance(0.5))) {
        nodes_[other].forming->discovered(node.address);
      }
    }
    return;
  }
  if (node.forming->done() || (now_ + id) % resolve_every != node.life % 3) return;
  for (const auto& name : node.forming->seeds()) {
    if (chaos() && random_.chance(scenario_.lost)) {
      node.forming->unresolved(name, "Name or service not known");
    } else if (const auto addresses = resolve(name); !addresses.empty()) {
      node.forming->resolved(name, addresses);
    } else {
      node.forming->unresolved(name, "Name or service not known");
    }
  }
}

std::vector<HostPort> World::resolve(const std::string& name) {
  std::vector<HostPort> addresses;
  for (std::size_t i = 0; i < scenario_.nodes; ++i) {
    const bool listed = scenario_.told == Told::one_name ? now_ > scenario_.starts[i] : name == seed_name(i);
    if (!listed) continue;
    addresses.push_back(nodes_[i].address);
    if (scenario_.two_families) addresses.push_back({"fe80::" + std::to_string(i + 1), 9092});
  }
  return addresses;
}

void World::route(std::size_t id) {
  auto effects = nodes_[id].forming->take_effects();
  if (effects.say) trace(id, "says " + *effects.say);
  if (effects.give_up && scenario_.told != Told::balanced) fail("it gave up: " + effects.give_up->message);
  for (const auto& call : effects.probes) ask(id, call, false);
  if (effects.join) ask(id, *effects.join, true);
  if (effects.found) {
    ++outcome_.founded;
    store(id, new_identity(id));
  }
}

void World::store(std::size_t id, const Uuid& cluster) {
  nodes_[id].storing = cluster;
  nodes_[id].stored_at = now_ + random_.between(0, chaos() ? 20 : 2);
}

void World::ask(std::size_t id, const membership::Call& call, bool join) {
  const auto to = who_listens(call.address);
  Packet packet{id, to.value_or(id), nodes_[id].life, call.number, Question{}};
  if (join) packet.body = JoinQuestion{};
  if (!to || !living(*to)) packet.body = Failed{"Connection refused"};
  send(std::move(packet));
}

std::optional<std::size_t> World::who_listens(const HostPort& address) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].address != address) continue;
    return scenario_.told == Told::balanced ? random_.below(scenario_.nodes) : i;
  }
  return std::nullopt;
}

// A lost question or answer stays without one, or the connection breaks.
void World::send(Packet packet) {
  const auto holds = [&](const Cut& cut) { return cut.from == packet.from && cut.to == packet.to; };
  const bool lost = chaos() && random_.chance(scenario_.lost);
  if (packet.from != packet.to && (lost || std::any_of(cuts_.begin(), cuts_.end(), holds))) return;
  Tick delay = random_.between(0, scenario_.delay_max * (chaos() && random_.chance(0.1) ? 10 : 1));
  if (!scenario_.delays.empty()) delay = scenario_.delays[packet.from * scenario_.nodes + packet.to];
  network_.emplace(now_ + delay, std::move(packet));
}

void World::deliver(Packet packet) {
  ++outcome_.events;
  const bool asks = std::holds_alternative<Question>(packet.body) || std::holds_alternative<JoinQuestion>(packet.body);
  asks ? answer(packet) : hear(packet);
}

void World::answer(const Packet& packet) {
  Packet reply{packet.to, packet.from, packet.life, packet.number, Failed{"Connection reset by peer"}};
  auto& node = nodes_[packet.to];
  if (living(packet.to) && std::holds_alternative<Question>(packet.body)) {
    if (living(packet.from)) reply.body = Answer{node.forming->answer(nodes_[packet.from].forming->question())};
  } else if (living(packet.to) && node.cluster) {
    reply.body = JoinAnswer{*node.cluster, NodeId(static_cast<std::int32_t>(packet.from)), {}};
  } else if (living(packet.to)) {
    reply.body = Failed{"it belongs to no cluster"};
  }
  send(std::move(reply));
}

void World::hear(Packet& packet) {
  auto& node = nodes_[packet.to];
  if (!living(packet.to) || node.life != packet.life) return;
  if (const auto* probed = std::get_if<Answer>(&packet.body)) {
    node.forming->answered(packet.number, probed->answer);
  } else if (const auto* joined = std::get_if<JoinAnswer>(&packet.body)) {
    if (node.forming->accept(packet.number, *joined)) store(packet.to, joined->cluster);
  } else {
    node.forming->failed(packet.number, std::get<Failed>(packet.body).reason);
  }
}

void World::check() {
  std::optional<Uuid> cluster;
  for (const auto& node : nodes_) {
    if (!node.cluster) continue;
    if (cluster && *cluster != *node.cluster) fail("there are two clusters");
    cluster = node.cluster;
  }
}

void World::fail(const std::string& what) {
  if (outcome_.failure.empty()) outcome_.failure = "tick " + std::to_string(now_) + ": " + what;
}

void World::trace(std::size_t node, const std::string& what) const {
  if (scenario_.traced) std::printf("%5llu  node %zu %s\n", static_cast<unsigned long long>(now_), node, what.c_str());
}

} // namespace callboard::simulation::forming
