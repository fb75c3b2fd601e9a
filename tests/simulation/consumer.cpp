#include "tests/simulation/consumer.h"

#include <string>
#include <utility>

namespace callboard::simulation {
namespace {

constexpr std::uint32_t timeout_ticks = 40;
constexpr std::size_t bytes_max = 2000;

} // namespace

Consumer::Consumer(ClientSurroundings& around, GroupId group, std::uint64_t number)
  : around_(around), group_(group), random_(around.seed, "consumer", number) {}

void Consumer::tick() {
  ++idle_ticks_;
  if (waiting_ && idle_ticks_ < timeout_ticks) return;
  fetch();
}

void Consumer::fetch() {
  auto leader = around_.brokers.leader(group_);
  if (leader.node == no_node) return;
  if (leader.node != leader_) led_before_ = std::exchange(leader_, leader.node);
  // An old client, which knows of no epochs, with old metadata: it asks who was deposed, perhaps without knowing it.
  const bool old = led_before_ != no_node && random_.chance(0.3);
  if (old) leader.node = led_before_;
  waiting_ = true;
  idle_ticks_ = 0;
  ++request_;
  partition::FetchCommand command;
  command.offset = position_;
  command.bytes_max = bytes_max;
  command.leader_epoch = old ? -1 : leader.term.value;
  command.park_until_bytes = random_.below(2) * 200;
  around_.network.send_to_node(leader.node, [this, leader, command, request = request_] {
    around_.brokers.fetch(leader.node, group_, command,
                          [this, leader, request](const auto& outcome) { answered(request, leader.term, outcome); });
  });
}

void Consumer::answered(std::uint64_t request, Term epoch, const partition::FetchOutcome& outcome) {
  if (request != request_) return;
  waiting_ = false;
  auto& history = around_.histories.at(group_);
  if (outcome.error == ErrorCode::offset_out_of_range) {
    if (position_ >= history.kept_from())
      around_.findings.fail("consumers", "what was read is out of range: group " + std::to_string(group_.value) +
                                             ", offset " + std::to_string(position_.value));
    find_start(around_.brokers.leader(group_).node, epoch);
  }
  if (outcome.error != ErrorCode::none) return;
  for (const auto& batch : outcome.batches) {
    const auto next = history.consumed(position_, batch.view());
    if (next == position_) return;
    position_ = next;
    ++batches_;
  }
}

// The log start has passed the position; nothing else puts what was committed out of
// range.
void Consumer::find_start(NodeId leader, Term epoch) {
  auto* replica = around_.brokers.replica(leader, group_);
  if (replica == nullptr) return;
  const auto start = replica->list_offset(-2, epoch.value);
  if (start.error != ErrorCode::none) return;
  if (start.offset > position_) {
    position_ = start.offset;
  } else if (replica->leading() && replica->log_end() < position_) {
    around_.findings.fail("consumers", "the leader's log ends before what was read: group " +
                                           std::to_string(group_.value) + ", offset " +
                                           std::to_string(position_.value));
  }
}

} // namespace callboard::simulation
