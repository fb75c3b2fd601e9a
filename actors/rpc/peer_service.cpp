#include "actors/rpc/peer_service.h"

#include "actors/rpc/insist.h"
#include "schema/rpc/translate_peer.h"

namespace callboard::rpc {
namespace {

kj::Exception refusal_of(const Error& error) {
  return {kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(error.message.c_str())};
}

} // namespace

kj::Promise<void> NodeService::probe(ProbeContext context) {
  return backend_.probe(read(context.getParams().getProbe()))
      .then([context](const ProbeAnswer& answer) mutable { write(answer, context.getResults().initAnswer()); })
      .attach(session_->count_call());
}

kj::Promise<void> NodeService::join(JoinContext context) {
  return backend_.join(read(context.getParams().getRequest()))
      .then([context](const Result<JoinAnswer>& answer) mutable { write(answer, context.getResults().initOutcome()); })
      .attach(session_->count_call());
}

kj::Promise<void> NodeService::connect(ConnectContext context) {
  auto other = read(context.getParams().getHello());
  auto own = backend_.greet(other);
  auto outcome = context.getResults().initOutcome();
  if (!own) {
    write(own.error(), outcome.initRefused());
    return kj::READY_NOW;
  }
  auto connected = outcome.initConnected();
  write(*own, connected.initHello());
  connected.setLink(kj::heap<PeerLinkService>(kj::addRef(*session_), backend_, std::move(other), own->node));
  return kj::READY_NOW;
}

kj::Promise<void> NodeService::challenge(ChallengeContext context) {
  const auto nonce = backend_.challenge();
  context.getResults().setNonce(capnp::Data::Reader(nonce.data(), nonce.size()));
  return kj::READY_NOW;
}

kj::Promise<void> NodeService::prove(ProveContext context) {
  const auto params = context.getParams();
  const auto own = backend_.prove(read_challenge(params.getNonce()), read_challenge(params.getProof()));
  auto outcome = context.getResults().initOutcome();
  if (own)
    outcome.setProven(capnp::Data::Reader(own->data(), own->size()));
  else
    write(own.error(), outcome.initRefused());
  return kj::READY_NOW;
}

void PeerLinkService::hear() {
  const auto heard = backend_.hear(other_);
  if (!heard) kj::throwFatalException(refusal_of(heard.error()));
}

kj::Promise<void> PeerLinkService::raft(RaftContext context) {
  const auto bytes = context.getParams().totalSize().wordCount * sizeof(capnp::word);
  auto messages = read(context.getParams().getMessages());
  context.releaseParams(); // its payloads are copied: the memory is needed no more
  for (const auto& message : messages)
    insist(message.from == other_.node && message.to == self_, "a message of a replica has come the wrong way");
  hear();
  return backend_.deliver(std::move(messages), bytes);
}

kj::Promise<void> PeerLinkService::announce(AnnounceContext context) {
  auto leaders = read(context.getParams().getLeaders());
  hear();
  backend_.announced(other_.node, std::move(leaders));
  return kj::READY_NOW;
}

kj::Promise<void> PeerLinkService::heartbeat(HeartbeatContext context) {
  auto heartbeat = read(context.getParams().getHeartbeat());
  hear();
  write(backend_.heartbeat(other_.node, std::move(heartbeat)), context.getResults().initHeartbeat());
  return kj::READY_NOW;
}

kj::Promise<void> PeerLinkService::command(CommandContext context) {
  auto command = read(context.getParams());
  hear();
  return backend_.command(other_.node, std::move(command))
      .then([context](const PeerCommandOutcome& outcome) mutable { write(outcome, context.getResults()); })
      .attach(session_->count_call());
}

} // namespace callboard::rpc
