#include "actors/peer/peer_inbox.h"

#include <fmt/format.h>
#include <kj/debug.h>

#include <caf/send.hpp>

#include "actors/coordination/membership_actor.h"
#include "actors/partition/messages.h"
#include "actors/peer/hello_check.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"

namespace callboard {
namespace {

// Each answer wakes the other node for nothing but room in its window.
constexpr auto owed_for = 10 * kj::MILLISECONDS;
constexpr std::size_t owed_bytes_max = std::size_t{1} << 20;

// What is asked of nobody would never be answered.
void require_membership(const NodeContext& node) {
  if (!node.membership) kj::throwFatalException(KJ_EXCEPTION(UNIMPLEMENTED, "this broker takes no part in a cluster"));
}

} // namespace

PeerInbox::PeerInbox(LoopContext& context, caf::actor self, const HostPort& from, const tls::Channel& channel,
                     std::function<void()> on_peer)
  : context_(context), self_(std::move(self)), door_(context.node.security, channel, from.host),
    on_peer_(std::move(on_peer)) {}

// Membership tells it to the log and to whoever asks how the cluster is.
Error PeerInbox::refused(const Error& error) {
  if (context_.node.membership) caf::anon_send(context_.node.membership, PeerRefused{error.message});
  return error;
}

Result<tls::Proof> PeerInbox::prove(const tls::Nonce& nonce, const tls::Proof& shown) {
  auto proven = door_.prove(context_.node.introduction(), nonce, shown);
  if (!proven) return refused(proven.error());
  return proven;
}

std::string PeerInbox::describe() const {
  return fmt::format("link of node {}, {} messages of replicas", peer_.value, messages_);
}

void PeerInbox::answered(PeerCommandAnswered& answer) {
  net::keep(commands_, answer.token, std::move(answer.outcome));
}

void PeerInbox::answered(PeerProbed& answer) {
  net::keep(probes_, answer.token, std::move(answer.answer));
}

void PeerInbox::answered(PeerJoined& answer) {
  if (answer.error == ErrorCode::none)
    net::keep<Result<JoinAnswer>>(joins_, answer.token, std::move(answer.answer));
  else
    net::keep<Result<JoinAnswer>>(joins_, answer.token, net::error_of(answer.error, std::move(answer.message)));
}

kj::Promise<ProbeAnswer> PeerInbox::probe(Probe probe) {
  require_membership(context_.node);
  if (auto admitted = door_.admitted(context_.node.introduction()); !admitted)
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                         kj::str(refused(admitted.error()).message.c_str()));
  const auto token = next_token_++;
  caf::anon_send(context_.node.membership, ProbeFromPeer{self_, token, std::move(probe)});
  return context_.loop.timer().timeoutAfter(net::answer_within, net::expect(probes_, token));
}

kj::Promise<Result<JoinAnswer>> PeerInbox::join(JoinRequest request) {
  require_membership(context_.node);
  if (auto admitted = door_.admitted(context_.node.introduction()); !admitted)
    return Result<JoinAnswer>(refused(admitted.error()));
  const auto token = next_token_++;
  caf::anon_send(context_.node.membership, JoinFromPeer{self_, token, std::move(request)});
  return net::expect(joins_, token)
      .exclusiveJoin(context_.loop.timer().afterDelay(net::answer_within).then([]() -> Result<JoinAnswer> {
        return net::too_late("The joining");
      }));
}

Result<PeerHello> PeerInbox::greet(const PeerHello& other) {
  if (auto admitted = door_.admitted(context_.node.introduction()); !admitted) return refused(admitted.error());
  if (!context_.node.formed)
    return Error{ErrorCode::coordinator_not_available, "This node belongs to no cluster yet. Ask it again later."};
  auto own = context_.node.hello;
  if (const auto checked = hear(other); !checked) return refused(checked.error());
  // It joined while this node was away, and may lead what would tell this one so: without a link back it gets
  // no answers.
  if (!context_.nodes.contains(other.node))
    caf::anon_send(context_.node.membership,
                   PeerMet{{other.node, other.identity, other.peer, other.client, other.rack, other.version}});
  if (peer_ == no_node) watching_ = watch().eagerlyEvaluate(nullptr);
  peer_ = other.node;
  on_peer_();
  own.wall = wall_now();
  return own;
}

// It may have been removed from the cluster since it came.
Status PeerInbox::hear(const PeerHello& other) {
  if (auto checked = check_hello(context_.node.hello, other, context_.nodes); !checked) return checked;
  last_heard_ = monotonic_now();
  if (!context_.nodes.contains(other.node)) return ok_status(); // it has only just joined
  if (context_.incarnations.admit(other.node, other.incarnation, last_heard_)) return ok_status();
  return Error{ErrorCode::wrong_data_directory,
               fmt::format("{} is heard of in another run, later than this one. If both are running, their data "
                           "directory was copied: stop the wrong one and start it with an empty directory.",
                           text_of(other))};
}

kj::Promise<void> PeerInbox::watch() {
  const auto left = last_heard_ + silence_max;
  const auto now = monotonic_now();
  if (left <= now) {
    log::warn("node {} has said nothing for {} s: its connection is closed", peer_.value, silence_max.count());
    silence_.fulfiller->fulfill();
    return kj::READY_NOW;
  }
  return context_.loop.timer().afterDelay((left - now).count() * kj::NANOSECONDS).then([this] { return watch(); });
}

kj::Promise<void> PeerInbox::deliver(std::vector<raft::Message> messages, std::size_t bytes) {
  messages_ += messages.size();
  NodeMetrics::add(context_.node.metrics.peer_messages_received, messages.size());
  std::unordered_map<GroupId, RaftFromPeer> by_group;
  for (auto& message : messages) by_group[message.group].messages.push_back(std::move(message));
  for (auto& [group, gathered] : by_group) {
    const auto replica = context_.groups.find(group);
    if (replica == context_.groups.end())
      NodeMetrics::add(context_.node.metrics.peer_messages_astray, gathered.messages.size());
    else
      caf::anon_send(replica->second, std::move(gathered));
  }
  owed_bytes_ += bytes;
  if (owed_bytes_ >= owed_bytes_max) {
    answer_owed();
    return kj::READY_NOW;
  }
  if (owed_.empty())
    answering_ = context_.loop.timer().afterDelay(owed_for).then([this] { answer_owed(); }).eagerlyEvaluate(nullptr);
  auto later = kj::newPromiseAndFulfiller<void>();
  owed_.add(kj::mv(later.fulfiller));
  return kj::mv(later.promise);
}

void PeerInbox::answer_owed() {
  owed_bytes_ = 0;
  for (auto& owed : owed_) owed->fulfill();
  owed_.clear();
}

void PeerInbox::announced(NodeId by, std::vector<LeaderAnnouncement> leaders) {
  if (context_.node.membership) caf::anon_send(context_.node.membership, PeerAnnounced{by, std::move(leaders)});
}

PeerHeartbeat PeerInbox::heartbeat(NodeId by, PeerHeartbeat heartbeat) {
  if (context_.node.membership) caf::anon_send(context_.node.membership, PeerBeat{by, std::move(heartbeat)});
  return {context_.node.hello.incarnation, context_.stopped_groups};
}

kj::Promise<PeerCommandOutcome> PeerInbox::command(NodeId by, PeerCommand command) {
  const auto token = next_token_++;
  caf::anon_send(context_.node.metadata(), CommandFromPeer{self_, token, by, std::move(command)});
  return net::expect(commands_, token).exclusiveJoin(context_.loop.timer().afterDelay(net::answer_within).then([] {
    return PeerCommandOutcome{ErrorCode::request_timed_out, net::too_late("The command").message, {}, {}};
  }));
}

} // namespace callboard
