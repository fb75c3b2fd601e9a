#include "tests/simulation/reduce.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "tests/simulation/simulation.h"

namespace callboard::simulation {
namespace {

// Every scenario that is `scenario` made smaller in one way.
std::vector<Scenario> smaller(const Scenario& scenario) {
  std::vector<Scenario> out;
  const auto add = [&](auto change) {
    auto candidate = scenario;
    change(candidate);
    out.push_back(candidate);
  };
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (scenario.rates[i] > 0) add([i](Scenario& it) { it.switch_off(static_cast<Fault>(i)); });
  }
  for (const std::uint32_t part : {2U, 4U, 8U}) {
    if (scenario.ticks >= part) add([part](Scenario& it) { it.ticks -= it.ticks / part; });
    if (scenario.clients >= part) add([part](Scenario& it) { it.clients -= it.clients / part; });
    if (scenario.groups < part) continue;
    add([part](Scenario& it) {
      it.groups -= it.groups / part;
      it.clients = std::min(it.clients, it.groups);
    });
  }
  return out;
}

enum class Errors : std::uint8_t { shown, hidden };

// How a process ends that runs `scenario`: 0, 1 if it fails, or by a signal.
int end_of_child(const Scenario& scenario, Errors errors) {
  const auto child = ::fork();
  CB_ASSERT(child >= 0);
  if (child == 0) {
    if (errors == Errors::hidden) static_cast<void>(std::freopen("/dev/null", "w", stderr));
    ::_exit(Simulation(scenario).run().failed ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool fails(const Scenario& scenario) {
  return end_of_child(scenario, Errors::hidden) != 0;
}

} // namespace

bool asserts(const Scenario& scenario) {
  return WIFSIGNALED(end_of_child(scenario, Errors::shown));
}

Scenario reduce(Scenario scenario, std::uint32_t ticks) {
  auto shorter = scenario;
  shorter.ticks = std::min(ticks, scenario.ticks);
  if (fails(shorter)) scenario = shorter;
  for (bool reduced = true; reduced;) {
    reduced = false;
    for (std::size_t i = 0; i < smaller(scenario).size(); ++i) {
      const auto candidate = smaller(scenario)[i];
      if (!fails(candidate)) continue;
      scenario = candidate;
      reduced = true;
      --i; // what follows has moved up
    }
  }
  return scenario;
}

} // namespace callboard::simulation
