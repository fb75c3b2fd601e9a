#include "tests/simulation/network.h"

#include <algorithm>
#include <utility>

namespace callboard::simulation {
namespace {

constexpr Time usual_delay_max = 20;
constexpr Time reordered_delay_max = 3 * tick_length;
constexpr Time long_delay_max = 40 * tick_length;

} // namespace

Network::Network(Timeline& timeline, const Scenario& scenario, Findings& findings)
  : timeline_(timeline), scenario_(scenario), findings_(findings), random_(scenario.seed, "network") {}

bool Network::strikes(Fault fault) {
  const bool strikes = random_.chance(calm_ ? 0 : scenario_.rate(fault));
  if (strikes) findings_.struck(fault);
  return strikes;
}

void Network::send(NodeId from, NodeId to, Timeline::Action deliver) {
  const Line line{from, to};
  if (cut_.contains(line) || strikes(Fault::loss)) return;
  if (strikes(Fault::duplication)) carry(line, deliver);
  carry(line, std::move(deliver));
}

void Network::send_by_client_line(NodeId from, NodeId to, Timeline::Action deliver) {
  if (strikes(Fault::loss)) return;
  carry({from, to}, std::move(deliver));
}

void Network::carry(Line line, Timeline::Action deliver) {
  auto delay = random_.between(1, usual_delay_max);
  const bool overtaken = strikes(Fault::reordering);
  if (overtaken) delay += random_.below(reordered_delay_max);
  if (strikes(Fault::delay)) delay += random_.below(long_delay_max);
  auto arrival = timeline_.now() + delay;
  auto& last_arrival = last_arrival_[line];
  if (!overtaken) {
    arrival = std::max(arrival, last_arrival);
    last_arrival = arrival;
  }
  timeline_.after(arrival - timeline_.now(), std::move(deliver));
}

} // namespace callboard::simulation
