#include "actors/rpc/broker_service.h"

#include <algorithm>
#include <kj/debug.h>

#include "actors/rpc/cluster_service.h"
#include "actors/rpc/group_service.h"
#include "actors/rpc/partition_service.h"
#include "actors/rpc/peer_service.h"
#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

class TopicService final : public wire::Topic::Server {
public:
  TopicService(kj::Own<Session> session, std::string name)
    : session_(kj::mv(session)), counted_(session_->count_capability()), name_(std::move(name)) {}

  kj::Promise<void> describe(DescribeContext context) override {
    return session_->backend()
        .describe_topic(name_)
        .then([context](Result<TopicInfo> described) mutable {
          write<TopicInfo, wire::TopicInfo>(described, context.getResults().initResult());
        })
        .attach(session_->count_call());
  }

  kj::Promise<void> partition(PartitionContext context) override {
    TopicPartition partition{name_, context.getParams().getId()};
    context.getResults().setPartition(kj::heap<PartitionService>(kj::addRef(*session_), std::move(partition)));
    return kj::READY_NOW;
  }

  kj::Promise<void> partitions(PartitionsContext context) override {
    const auto params = context.getParams();
    return session_->backend()
        .describe_partitions(name_, params.getAfter(), std::clamp(params.getLimit(), 1U, partitions_page_max))
        .then([context](Result<PartitionPage> page) mutable {
          write<PartitionPage, wire::PartitionPage>(page, context.getResults().initResult());
        })
        .attach(session_->count_call());
  }

private:
  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
  std::string name_;
};

class InspectorService final : public wire::Inspector::Server {
public:
  explicit InspectorService(kj::Own<Session> session)
    : session_(kj::mv(session)), counted_(session_->count_capability()) {}

  kj::Promise<void> actors(ActorsContext context) override {
    const auto params = context.getParams();
    ActorQuery query;
    query.kind = to_string(params.getKind());
    query.name_pattern = to_string(params.getNamePattern());
    query.node = NodeId(params.getNodeId());
    query.order = read(params.getSortBy());
    query.limit = std::min(params.getLimit(), actor_rows_max);
    return session_->backend()
        .actors(std::move(query))
        .then([context](const ActorPage& page) mutable { write(page, context.getResults().initPage()); })
        .attach(session_->count_call());
  }

private:
  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
};

Error too_many_configs() {
  return {ErrorCode::invalid_config, "a topic takes at most " + std::to_string(topic_configs_max) + " configs"};
}

} // namespace

kj::Promise<void> BrokerService::createTopic(CreateTopicContext context) {
  const auto params = context.getParams();
  if (params.getConfigs().size() > topic_configs_max) {
    write(too_many_configs(), context.getResults().initResult().initError());
    return kj::READY_NOW;
  }
  CreateTopic request{to_string(params.getName()), params.getPartitions(), params.getReplicationFactor(),
                      read(params.getConfigs())};
  return session_->backend()
      .create_topic(std::move(request))
      .then([context](Result<TopicInfo> created) mutable {
        write<TopicInfo, wire::TopicInfo>(created, context.getResults().initResult());
      })
      .attach(session_->count_call());
}

kj::Promise<void> BrokerService::deleteTopic(DeleteTopicContext context) {
  return session_->backend()
      .delete_topic(to_string(context.getParams().getName()))
      .then([context](Status deleted) mutable { write<Unit, wire::Done>(deleted, context.getResults().initResult()); })
      .attach(session_->count_call());
}

kj::Promise<void> BrokerService::listTopics(ListTopicsContext context) {
  const auto params = context.getParams();
  return session_->backend()
      .list_topics(to_string(params.getAfter()), std::clamp(params.getLimit(), 1U, topics_page_max))
      .then([context](Result<TopicPage> page) mutable {
        write<TopicPage, wire::TopicPage>(page, context.getResults().initResult());
      })
      .attach(session_->count_call());
}

kj::Promise<void> BrokerService::topic(TopicContext context) {
  auto name = to_string(context.getParams().getName());
  context.getResults().setTopic(kj::heap<TopicService>(kj::addRef(*session_), std::move(name)));
  return kj::READY_NOW;
}

kj::Promise<void> BrokerService::alterTopic(AlterTopicContext context) {
  const auto params = context.getParams();
  if (params.getChanges().size() > topic_configs_max) {
    write(too_many_configs(), context.getResults().initResult().initError());
    return kj::READY_NOW;
  }
  return session_->backend()
      .alter_topic({to_string(params.getName()), read(params.getChanges()), params.getPartitions()})
      .then([context](Result<TopicInfo> altered) mutable {
        write<TopicInfo, wire::TopicInfo>(altered, context.getResults().initResult());
      })
      .attach(session_->count_call());
}

kj::Promise<void> BrokerService::listGroups(ListGroupsContext context) {
  const auto params = context.getParams();
  return session_->backend()
      .list_groups(to_string(params.getAfter()), std::clamp(params.getLimit(), 1U, groups_page_max))
      .then([context](Result<GroupPage> page) mutable {
        write<GroupPage, wire::GroupPage>(page, context.getResults().initResult());
      })
      .attach(session_->count_call());
}

kj::Promise<void> BrokerService::group(GroupContext context) {
  auto id = to_string(context.getParams().getId());
  context.getResults().setGroup(kj::heap<GroupService>(kj::addRef(*session_), std::move(id)));
  return kj::READY_NOW;
}

kj::Promise<void> BrokerService::node(NodeContext context) {
  auto* peers = session_->backend().peers();
  if (peers == nullptr) kj::throwFatalException(KJ_EXCEPTION(UNIMPLEMENTED, "this broker takes no part in a cluster"));
  context.getResults().setNode(kj::heap<NodeService>(kj::addRef(*session_), *peers));
  return kj::READY_NOW;
}

kj::Promise<void> BrokerService::cluster(ClusterContext context) {
  context.getResults().setCluster(kj::heap<ClusterService>(kj::addRef(*session_)));
  return kj::READY_NOW;
}

kj::Promise<void> BrokerService::inspector(InspectorContext context) {
  context.getResults().setInspector(kj::heap<InspectorService>(kj::addRef(*session_)));
  return kj::READY_NOW;
}

} // namespace callboard::rpc
