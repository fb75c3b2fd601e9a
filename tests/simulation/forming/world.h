#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/membership/forming.h"
#include "tests/simulation/forming/scenario.h"
#include "tests/simulation/random.h"

namespace callboard::simulation::forming {

struct Outcome {
  std::string failure; // empty: clean
  Tick ticks = 0;
  Tick formed_within = 0; // ticks after the chaos
  std::uint64_t founded = 0;
  std::uint64_t events = 0;
};

// Nodes that want to belong to a cluster, their directories, and a network between them. A
// member takes in whoever asks, as the controller would.
//
// Checks after every event that all directories which belong to a cluster belong to the same
// one, and that no node gives up; in the end that all belong.
class World {
public:
  explicit World(Scenario scenario);
  Outcome run();

private:
  struct Answer {
    ProbeAnswer answer;
  };
  struct Question {};
  struct JoinQuestion {};
  struct Failed {
    std::string reason;
  };
  struct Packet {
    std::size_t from;
    std::size_t to;
    std::uint64_t life; // of the process that asked
    std::uint64_t number;
    std::variant<Question, JoinQuestion, Answer, JoinAnswer, Failed> body;
  };
  struct Node {
    HostPort address;
    std::vector<std::string> names; // that it was given
    bool joins = false;             // started with --join
    bool seed = true;
    // Its directory.
    std::optional<Uuid> identity;
    std::optional<Uuid> cluster;
    // Its process.
    std::unique_ptr<membership::Forming> forming; // none: down
    std::uint64_t life = 0;
    std::optional<Tick> starts_at;
    std::optional<Uuid> storing; // the cluster, until
    Tick stored_at = 0;
  };
  struct Cut {
    std::size_t from;
    std::size_t to;
    Tick until;
  };

  bool chaos() const { return now_ < scenario_.chaos_ticks; }
  bool living(std::size_t node) const { return nodes_[node].forming != nullptr; }
  void name_nodes();
  void start(std::size_t node);
  void stop(std::size_t node, bool wiped, Tick down_for);
  Uuid new_identity(std::size_t node);
  void tick();
  void break_things();
  bool last_way_to_late(std::size_t node) const;
  void tick_node(std::size_t node);
  void tell_addresses(std::size_t node);
  std::vector<HostPort> resolve(const std::string& name);
  void route(std::size_t node);
  void ask(std::size_t node, const membership::Call& call, bool join);
  std::optional<std::size_t> who_listens(const HostPort& address);
  void send(Packet packet);
  void deliver(Packet packet);
  void answer(const Packet& packet);
  void hear(Packet& packet);
  void store(std::size_t node, const Uuid& cluster);
  void check();
  void fail(const std::string& what);
  void trace(std::size_t node, const std::string& what) const;

  Scenario scenario_;
  Random random_;
  std::vector<Node> nodes_;
  std::multimap<Tick, Packet> network_;
  std::vector<Cut> cuts_;
  Tick now_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t drawn_ = 0; // identities and clusters
  Outcome outcome_;
};

} // namespace callboard::simulation::forming
