#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/node/config.h"
#include "schema/result.h"

namespace callboard {

// A running node: its threads, its actors and its data directory.
//
//   data directory -> loops and their agents -> writers, readers -> listeners, membership
//   -> the cluster found or founded -> metadata (replayed) -> ready
//
// Started and stopped by one thread, main's. Signals are the caller's.
class Node {
public:
  // Listens when it returns; `on_ready` is told, on another thread, once requests are
  // served: a node that finds or waits for others may take its time. Errors, of both, are
  // sentences for the person who started it: address in use, data directory of another
  // process, damaged, newer, of another cluster.
  static Result<std::unique_ptr<Node>> start(const NodeConfig& config, std::function<void(Status)> on_ready);
  ~Node();
  Node(const Node&) = delete;

  // Where it listens, the port that the kernel chose included.
  std::vector<HostPort> addresses() const;

  // What keeps other nodes from doing without this one.
  struct Needed {
    std::size_t led = 0; // groups that others could lead and do not yet
    // Partitions of which only this node has a current copy although another node that has
    // a replica is up: it catches up.
    std::vector<std::string> last_copies;
  };
  // Hands over what this node leads; to be called again until nothing is left or one has
  // waited enough. Clients are served meanwhile.
  Needed hand_over();

  // In order: no new connections, no new requests, what is under way ends, every log is
  // flushed and closed. Everything acknowledged is on disk when it returns.
  void stop();

private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

} // namespace callboard
