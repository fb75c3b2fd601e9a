#pragma once

#include <kj/async-io.h>
#include <kj/async-unix.h>

#include <functional>
#include <vector>

#include "actors/peer/announcement.h"
#include "actors/runtime/host.h"
#include "schema/result.h"

namespace callboard::net {

// Announces this node by multicast (239.255.67.66, UDP port 19092, one hop) and hears others
// do so. On the interfaces that it listens at: loopback's alone if it listens nowhere else, and
// then on loopback nodes of one machine find each other. IPv4.
//
// Owned by its loop's promise, see start(); KJ objects, so on that loop only.
class Discovery {
public:
  using Heard = std::function<void(const Announcement&)>;

  // `heard`: of others, with the same name. Runs as long as the loop; what the network does
  // not take or bring is tried again with the next announcement. Errors: no such interface, or
  // the socket cannot be had.
  static Result<Discovery*> start(KjLoop& loop, Announcement own, const std::vector<HostPort>& listen, Heard heard);

  // To all interfaces, at once.
  void announce(bool looking);

  // For start() alone.
  Discovery(KjLoop& loop, kj::AutoCloseFd socket, std::vector<unsigned> interfaces, Announcement own, Heard heard);

private:
  kj::Promise<void> run();
  bool receive();

  KjLoop& loop_;
  kj::AutoCloseFd socket_; // outlives its observer
  kj::UnixEventPort::FdObserver observer_;
  std::vector<unsigned> interfaces_;
  Announcement own_;
  Heard heard_;
};

} // namespace callboard::net
