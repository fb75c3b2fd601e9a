#include "actors/net/capnp_io.h"

// What the Cap'n Proto door asks about the cluster as a whole.
namespace callboard::net {

kj::Promise<ControllerOutcome> CapnpConnection::control(ControllerCommand command) {
  ++calls_;
  const auto token = next_token_++;
  send(context_.node.metadata(), AskController{caf::actor(this), token, std::move(command)});
  return expect(io_->controlled, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([] {
    auto late = too_late("The change");
    return ControllerOutcome{late.code, std::move(late.message)};
  }));
}

kj::Promise<Result<ClusterStatus>> CapnpConnection::cluster_status() {
  if (!context_.node.formed) return ask_membership();
  return control(ClusterStatusQuery{}).then([](ControllerOutcome outcome) -> Result<ClusterStatus> {
    if (outcome.status) return std::move(*outcome.status);
    return error_of(outcome.error, std::move(outcome.message));
  });
}

// Of a node that belongs to no cluster yet: what it does about that.
kj::Promise<Result<ClusterStatus>> CapnpConnection::ask_membership() {
  ++calls_;
  const auto token = next_token_++;
  send(context_.node.membership, StatusQuery{caf::actor(this), token});
  return expect(io_->states, token)
      .then([](std::string state) -> Result<ClusterStatus> {
        ClusterStatus status;
        status.waiting = "This node does not belong to a cluster yet. " + state;
        return status;
      })
      .exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([]() -> Result<ClusterStatus> {
        return too_late("The look-up");
      }));
}

} // namespace callboard::net
