#pragma once

#include <caf/event_based_actor.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "actors/runtime/actor_stats.h"
#include "actors/runtime/host.h"
#include "actors/runtime/status.h"

namespace callboard {

class ActorRegistry;

// The base of every actor here: lives on one Host for good and counts what it does.
// Runs only on its host's thread, whoever sends to it.
//
// A message handler is wrapped in handler(), which counts the message and its time.
class HostedActor : public caf::event_based_actor {
public:
  using super = caf::event_based_actor;

  HostedActor(caf::actor_config& config, ActorRegistry& registry, ActorKind kind, std::string name);
  // KJ members may have throwing destructors, CAF's is noexcept.
  ~HostedActor() noexcept override;

  using super::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* from) override;
  void launch(caf::execution_unit* from, bool lazy, bool hide) override;
  subtype_t subtype() const override { return host_ != nullptr ? io_actor : scheduled_actor::subtype(); }
  resume_result resume(caf::execution_unit* unit, std::size_t throughput) override;

  const std::string& actor_name() const { return name_; }
  // What this actor is at, for the status request: one line for a person.
  virtual std::string describe() const { return {}; }

protected:
  Host* host() const { return host_; }
  ActorRegistry& registry() const { return registry_; }

  // Wraps a message handler: `handler([this](const Thing& m) { ... })`.
  template <class Handle>
  auto handler(Handle handle) {
    return Counted<Handle, decltype(&Handle::operator())>{stats_.get(), std::move(handle)};
  }
  // Answers StatusQuery with what describe() says; part of every behaviour.
  auto status_handler() {
    return handler([this](const StatusQuery& query) { answer_status(query); });
  }

  // Runs `work` as this actor from a KJ continuation on its own loop. False: the actor
  // has ended, and `work` did not run or ended it.
  template <class Work>
  bool enter(Work&& work) {
    if (!activate(host_)) return false;
    work();
    return !finalize();
  }

private:
  template <class Handle, class Signature>
  struct Counted;
  template <class Handle, class Message>
  struct Counted<Handle, void (Handle::*)(Message) const> {
    ActorStats* stats;
    Handle handle;
    void operator()(Message message) const {
      const auto start = std::chrono::steady_clock::now();
      handle(static_cast<Message>(message));
      stats->on_handled((std::chrono::steady_clock::now() - start).count());
    }
  };

  void answer_status(const StatusQuery& query);

  Host* host_;
  ActorRegistry& registry_;
  std::string name_;
  std::shared_ptr<ActorStats> stats_;
};

// Makes an actor on `host`; from any thread. Its first run, make_behavior(), is on the
// host's thread. Keep the handle: an actor that nobody refers to ends.
template <class Actor, class... Args>
caf::actor spawn_on(Host& host, Args&&... args) {
  caf::actor_config config{&host};
  return host.system().spawn_impl<Actor, caf::no_spawn_options>(config, std::forward<Args>(args)...);
}

} // namespace callboard
