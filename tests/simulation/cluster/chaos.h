#pragma once

#include "tests/simulation/cluster/machine.h"
#include "tests/simulation/random.h"

namespace callboard::simulation::cluster {

class World;

// What goes wrong by events: machines, lines between them, disks.
class Chaos {
public:
  explicit Chaos(World& world, std::uint64_t seed);

  // Each by its rate; once a tick.
  void tick();
  // Everything works again, as far as it can: what has rotted stays rotten.
  void end();

private:
  bool now(Event event);
  Machine* some_machine(); // in service; null: none
  Machine* some_running(); // and up
  void break_machines();
  void break_lines();
  void break_disks();
  void crash(Machine& machine, Time duration);
  void start_later(Machine& machine, Time duration);
  void wipe();
  void rot();
  void stop_leader();
  template <class Parted>
  void part(Parted parted, Time duration);

  World& world_;
  Random random_;
  bool ended_ = false;
};

} // namespace callboard::simulation::cluster
