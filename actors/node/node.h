#pragma once

#include <memory>

#include "actors/node/config.h"
#include "schema/result.h"

namespace callboard {

// A running node: its threads, its actors and its data directory.
//
//   data directory -> loops and their agents -> writers, readers -> metadata (replayed)
//   -> listeners
//
// Started and stopped by one thread, main's. Signals are the caller's.
class Node {
public:
  // Returns once requests are served. Errors are sentences for the person who started
  // it: address in use, data directory of another process, damaged, newer.
  static Result<std::unique_ptr<Node>> start(const NodeConfig& config);
  ~Node();
  Node(const Node&) = delete;

  // Where it listens, the port that the kernel chose included.
  std::vector<HostPort> addresses() const;

  // In order: no new connections, no new requests, what is under way ends, every log is
  // flushed and closed. Everything acknowledged is on disk when it returns.
  void stop();

private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

} // namespace callboard
