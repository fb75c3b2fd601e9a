#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/ids.h"

namespace callboard::membership {

// Durations are ticks of the caller's, meant for 50 ms.
struct FailureDetectorConfig {
  std::uint32_t down_after_ticks = 10;       // of silence
  std::uint32_t probation_ticks = 20;        // heard for so long after a second loss, twice that after a third ..
  std::uint32_t probation_ticks_max = 160;   // .. up to this, before it is up again
  std::uint32_t forgiven_after_ticks = 1200; // up for so long, its losses are forgotten
};

enum class LivenessReason : std::uint8_t {
  heard,     // up
  silent,    // down: nothing was heard for down_after_ticks
  refused,   // down: nobody listens at its address
  restarted, // down: it is another process now
};

// "was not heard for too long", to follow the node's name.
std::string_view text_of(LivenessReason reason);

struct LivenessChange {
  NodeId node;
  bool up = false;
  LivenessReason reason = LivenessReason::heard;

  bool operator==(const LivenessChange&) const = default;
};

// Which of the other nodes are up, from what is heard of them. Pure; belongs to one thread;
// who keeps the links tells it, its changes go to whoever waits for nodes.
//
// A node is neither up nor down until it is heard or silent for the first time. Silence is
// counted in ticks that came: a process that was paused itself takes nobody for dead.
//
//              heard, after its probation
//     down  ---------------------------->  up      each loss doubles the next probation,
//           <----------------------------          so that a node that comes and goes
//         silent, refused, or another process      does not take its groups along
//
// Every input takes constant time, a tick as long as nobody falls silent.
class FailureDetector {
public:
  explicit FailureDetector(FailureDetectorConfig config = {}) : config_(config) {}

  // It belongs to the cluster, so its silence means something. Known ones stay as they are.
  void add(NodeId node);
  void remove(NodeId node);

  void tick();
  // Anything came from this process of the node. A process that was replaced is not heard.
  void heard(NodeId node, std::uint64_t incarnation);
  // The connection broke and a new one was refused: nobody is there. Broken connections say
  // nothing by themselves.
  void refused(NodeId node);

  std::vector<LivenessChange> take_changes();
  // False until it was heard for the first time.
  bool is_up(NodeId node) const;

private:
  enum class State : std::uint8_t { unknown, up, down };
  struct Node {
    NodeId id;
    State state = State::unknown;
    bool watched = true;                        // in heard_
    std::uint64_t heard_at = 0;                 // or was added at
    std::optional<std::uint64_t> heard_since{}; // without a silence
    std::uint64_t up_since = 0;
    std::uint32_t losses = 0; // not forgiven
    std::optional<std::uint64_t> incarnation{};
    std::optional<std::uint64_t> replaced{}; // the one before
  };
  using Position = std::list<Node>::iterator;

  void go_up(Node& node);
  void go_down(Node& node, LivenessReason reason);
  std::uint64_t probation(const Node& node) const;

  FailureDetectorConfig config_;
  std::uint64_t tick_ = 0;
  std::list<Node> heard_;  // the longest unheard first
  std::list<Node> silent_; // the others: nothing to wait for
  std::unordered_map<NodeId, Position> nodes_;
  std::vector<LivenessChange> changes_;
};

} // namespace callboard::membership
