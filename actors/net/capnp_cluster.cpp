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
  auto troubles = ask_troubles();
  return control(ClusterStatusQuery{})
      .then([troubles = kj::mv(troubles)](ControllerOutcome outcome) mutable -> kj::Promise<Result<ClusterStatus>> {
        if (!outcome.status) return Result<ClusterStatus>(error_of(outcome.error, std::move(outcome.message)));
        return troubles.then(
            [status = std::move(*outcome.status)](std::vector<std::string> sentences) mutable -> Result<ClusterStatus> {
              status.troubles = std::move(sentences);
              return std::move(status);
            });
      });
}

kj::Promise<std::vector<std::string>> CapnpConnection::ask_troubles() {
  const auto token = next_token_++;
  send(context_.node.membership, TroublesQuery{caf::actor(this), token});
  return expect(io_->troubles, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([] {
    return std::vector<std::string>();
  }));
}

// Of a node that belongs to no cluster yet: what it does about that.
kj::Promise<Result<ClusterStatus>> CapnpConnection::ask_membership() {
  ++calls_;
  const auto token = next_token_++;
  send(context_.node.membership, StatusQuery{caf::actor(this), token});
  auto troubles = ask_troubles();
  return expect(io_->states, token)
      .then([troubles = kj::mv(troubles)](std::string state) mutable {
        return troubles.then([state = std::move(state)](std::vector<std::string> sentences) -> Result<ClusterStatus> {
          ClusterStatus status;
          status.waiting = "This node does not belong to a cluster yet. " + state;
          status.troubles = std::move(sentences);
          return status;
        });
      })
      .exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([]() -> Result<ClusterStatus> {
        return too_late("The look-up");
      }));
}

} // namespace callboard::net
