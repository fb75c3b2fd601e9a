#pragma once

#include "actors/rpc/session.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::rpc {

// The cluster as a whole: its state, and what an operator asks of whoever controls it.
class ClusterService final : public wire::Cluster::Server {
public:
  explicit ClusterService(kj::Own<Session> session);

  kj::Promise<void> status(StatusContext context) override;
  kj::Promise<void> drain(DrainContext context) override;
  kj::Promise<void> remove(RemoveContext context) override;
  kj::Promise<void> rebalance(RebalanceContext context) override;
  kj::Promise<void> moveTopic(MoveTopicContext context) override;
  kj::Promise<void> electLeaders(ElectLeadersContext context) override;

private:
  // Answers with what came of the command.
  template <class Context>
  kj::Promise<void> change(ControllerCommand command, Context context);
  // Answers with what came of it for each partition.
  template <class Context>
  kj::Promise<void> change_partitions(ControllerCommand command, Context context);

  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
};

} // namespace callboard::rpc
