#include "actors/rpc/cluster_service.h"

#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_cluster.h"

namespace callboard::rpc {

ClusterService::ClusterService(kj::Own<Session> session)
  : session_(kj::mv(session)), counted_(session_->count_capability()) {}

kj::Promise<void> ClusterService::status(StatusContext context) {
  return session_->backend()
      .cluster_status()
      .then([context](const Result<ClusterStatus>& status) mutable {
        auto result = context.getResults().initResult();
        if (status)
          write(*status, result.initValue());
        else
          write(status.error(), result.initError());
      })
      .attach(session_->count_call());
}

template <class Context>
kj::Promise<void> ClusterService::change(ControllerCommand command, Context context) {
  return session_->backend()
      .control(std::move(command))
      .then([context](const ControllerOutcome& outcome) mutable {
        auto result = context.getResults().initResult();
        if (outcome.error == ErrorCode::none)
          result.initValue();
        else
          write(Error{outcome.error, outcome.message}, result.initError());
      })
      .attach(session_->count_call());
}

template <class Context>
kj::Promise<void> ClusterService::change_partitions(ControllerCommand command, Context context) {
  return session_->backend()
      .control(std::move(command))
      .then([context](const ControllerOutcome& outcome) mutable {
        auto result = context.getResults().initResult();
        if (outcome.error == ErrorCode::none)
          write(outcome.partitions, result.initValue().initPartitions(to_list_size(outcome.partitions.size())));
        else
          write(Error{outcome.error, outcome.message}, result.initError());
      })
      .attach(session_->count_call());
}

kj::Promise<void> ClusterService::drain(DrainContext context) {
  const auto params = context.getParams();
  return change(NodeDrain{NodeId(params.getNode()), params.getCancel()}, context);
}

kj::Promise<void> ClusterService::remove(RemoveContext context) {
  return change(NodeRemoval{NodeId(context.getParams().getNode())}, context);
}

kj::Promise<void> ClusterService::rebalance(RebalanceContext context) {
  return change(Rebalance{context.getParams().getCancel()}, context);
}

kj::Promise<void> ClusterService::moveTopic(MoveTopicContext context) {
  const auto params = context.getParams();
  return change_partitions(TopicMoving{{to_string(params.getTopic()), read(params.getMoves())}}, context);
}

kj::Promise<void> ClusterService::electLeaders(ElectLeadersContext context) {
  const auto params = context.getParams();
  return change_partitions(LeaderElection{read(params.getPartitions()), params.getAll()}, context);
}

} // namespace callboard::rpc
