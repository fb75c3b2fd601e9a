// MembershipActor: how this node comes to belong to a cluster.
#include <fmt/format.h>

#include <thread>

#include "actors/coordination/membership_actor.h"
#include "actors/net/resolve.h"
#include "actors/peer/dial.h"
#include "actors/peer/discovery.h"
#include "actors/peer/forming_call.h"
#include "actors/runtime/log.h"
#include "actors/runtime/random.h"

namespace callboard {
namespace {

constexpr std::uint32_t resolve_every_ticks = 100;
constexpr std::uint32_t announce_every_ticks = 10;
// A member answers those that look for one, all of them at once.
constexpr std::uint32_t answer_every_ticks = 4;

} // namespace

void MembershipActor::run_forming() {
  if (discovery_ != nullptr && !forming_.done() && ticks_ - announced_at_tick_ >= announce_every_ticks) {
    announced_at_tick_ = ticks_;
    discovery_->announce(true);
  }
  if (!forming_.done() && ticks_ % resolve_every_ticks == 0) resolve_seeds();
  auto effects = forming_.take_effects();
  if (effects.say) log::info("{}", *effects.say);
  if (effects.give_up) {
    if (callbacks_.failed) callbacks_.failed(*effects.give_up);
    return;
  }
  for (const auto& call : effects.probes) probe(call);
  if (effects.join) join(*effects.join);
  if (effects.found) found();
}

// Names are looked up on a thread of their own: that may take seconds.
void MembershipActor::resolve_seeds() {
  if (resolving_ || forming_.seeds().empty()) return;
  resolving_ = true;
  std::thread([self = caf::actor(this), this, seeds = forming_.seeds()] {
    std::vector<std::pair<std::string, Result<std::vector<HostPort>>>> found;
    for (const auto& seed : seeds) found.emplace_back(seed, net::resolve(seed));
    loop_.loop.post([self, this, found = std::move(found)] {
      enter([&] {
        resolving_ = false;
        for (const auto& [seed, addresses] : found) {
          if (addresses)
            forming_.resolved(seed, *addresses);
          else
            forming_.unresolved(seed, addresses.error().message);
        }
        run_forming();
      });
    });
  }).detach();
}

void MembershipActor::probe(const membership::Call& call) {
  auto asked = net::probe({loop_.loop, loop_.node.security, call.address, call.host}, forming_.question());
  loop_.loop.add_task(asked.then(
      [self = caf::actor(this), this, number = call.number](ProbeAnswer answer) {
        enter([&] {
          forming_.answered(number, answer);
          run_forming();
        });
      },
      [self = caf::actor(this), this, number = call.number](kj::Exception&& e) {
        enter([&] {
          forming_.failed(number, net::reason_of(e));
          run_forming();
        });
      }));
}

void MembershipActor::join(const membership::Call& call) {
  auto asked = net::join({loop_.loop, loop_.node.security, call.address, call.host}, join_request());
  loop_.loop.add_task(asked.then(
      [self = caf::actor(this), this, number = call.number](Result<JoinAnswer> answer) {
        enter([&] {
          if (!answer) {
            forming_.failed(number, answer.error().message);
          } else if (forming_.accept(number, *answer)) {
            belong({{answer->cluster, loop_.node.hello.identity, answer->node}, answer->nodes});
          }
          run_forming();
        });
      },
      [self = caf::actor(this), this, number = call.number](kj::Exception&& e) {
        enter([&] {
          forming_.failed(number, net::reason_of(e));
          run_forming();
        });
      }));
}

// Also of a member: it answers those that look for it.
void MembershipActor::start_discovery() {
  const auto& node = loop_.node;
  auto started = net::Discovery::start(
      loop_.loop, {node.config.discover, node.hello.identity, node.hello.peer, false}, node.config.listen,
      [this](const Announcement& said) { enter([&] { on_announcement(said.address, said.looking); }); });
  if (!started) {
    if (forming_.done())
      log::warn("{}", started.error().message);
    else
      callbacks_.failed(started.error());
    return;
  }
  discovery_ = *started;
  if (forming_.done()) return;
  discovery_->announce(true);
}

void MembershipActor::on_announcement(const HostPort& address, bool looking) {
  if (!forming_.done())
    forming_.discovered(address);
  else if (looking && ticks_ - announced_at_tick_ >= answer_every_ticks) {
    announced_at_tick_ = ticks_;
    discovery_->announce(false);
  }
}

void MembershipActor::found() {
  belong({{random_uuid(), loop_.node.hello.identity, NodeId{1}}, {}});
}

// A member that knows of no other node, because it was cut off when it had just joined:
// its seeds are asked as if it joined, and tell the nodes.
void MembershipActor::find_again() {
  const auto& hello = loop_.node.hello;
  for (const auto& seed : forming_.seeds()) {
    const auto address = parse_host_port(seed);
    if (!address || *address == hello.peer) continue;
    loop_.loop.add_task(
        net::join({loop_.loop, loop_.node.security, *address, address->host}, join_request())
            .then(
                [self = caf::actor(this), this](Result<JoinAnswer> answer) {
                  enter([&] {
                    if (answer && answer->cluster == loop_.node.identity.cluster) on_nodes(answer->nodes);
                  });
                },
                [](kj::Exception&& e) { log::debug("a seed does not answer: {}", e.getDescription().cStr()); }));
  }
}

JoinRequest MembershipActor::join_request() const {
  const auto& hello = loop_.node.hello;
  JoinRequest request;
  request.identity = hello.identity;
  request.peer = hello.peer;
  request.client = hello.client;
  request.rack = hello.rack;
  request.version = hello.version;
  return request;
}

void MembershipActor::belong(const Belonging& belonging) {
  const auto stored = callbacks_.belongs(belonging);
  if (!stored) {
    callbacks_.failed(stored.error());
    return;
  }
  if (!forming_.done()) forming_.belongs(belonging.identity.cluster);
  log::info("this is node {} of cluster {}", belonging.identity.node.value, belonging.identity.cluster.hex());
  on_nodes(belonging.nodes);
}

// ---- other nodes that form

void MembershipActor::on_probe(ProbeFromPeer& message) {
  send(message.from, PeerProbed{message.token, forming_.answer(message.probe)});
}

void MembershipActor::on_join(JoinFromPeer& message) {
  if (!loop_.node.ready) {
    send(message.from,
         PeerJoined{
             message.token, ErrorCode::coordinator_not_available, "This node is not ready itself; ask it again.", {}});
    return;
  }
  NodeRegistration registration;
  registration.node.id = no_node;
  registration.node.identity = message.request.identity;
  registration.node.peer = message.request.peer;
  registration.node.client = message.request.client;
  registration.node.rack = message.request.rack;
  registration.node.version = message.request.version;
  const auto token = next_token_++;
  joining_[token] = {message.from, message.token};
  send(loop_.node.metadata(), AskController{caf::actor(this), token, std::move(registration)});
}

void MembershipActor::on_joined(const ControllerAnswered& message) {
  const auto asker = joining_.extract(message.token);
  if (asker.empty()) return;
  PeerJoined answer{asker.mapped().second, message.outcome.error, message.outcome.message, {}};
  const auto* record = message.outcome.record ? std::get_if<NodeRecord>(&*message.outcome.record) : nullptr;
  if (record != nullptr) {
    answer.answer = {loop_.node.identity.cluster, record->id, message.outcome.nodes};
  } else if (answer.error == ErrorCode::none) {
    answer.error = ErrorCode::unknown_server_error;
    answer.message = "The controller did not say which node it is.";
  }
  send(asker.mapped().first, std::move(answer));
}

} // namespace callboard
