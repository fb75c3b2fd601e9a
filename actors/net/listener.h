#pragma once

#include <string>
#include <vector>

#include "actors/node/loop_context.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard::net {

// No more connections; those that are open stay.
struct StopListening {};

// Accepts connections of one listening socket, on a KJ loop, and gives them to the
// loops in turn. Past the limit and the few more that an operator may need, and when
// descriptors run out, it pauses: new ones wait in the kernel until one ends.
class ListenerActor final : public HostedActor {
public:
  // Takes over `fd`, which listens.
  ListenerActor(caf::actor_config& config, LoopContext& context, int fd, std::vector<caf::actor> agents);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  struct Io;
  void start();
  kj::Promise<void> accept_all();
  bool may_accept() const;
  bool accept_one();

  LoopContext& context_;
  int fd_;
  std::vector<caf::actor> agents_;
  std::size_t next_ = 0;
  std::uint64_t accepted_ = 0;
  Io* io_ = nullptr;
};

} // namespace callboard::net

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::net::StopListening)
