#pragma once

#include "actors/rpc/session.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::rpc {

// The bootstrap capability: topics as a whole, and the way to narrower capabilities.
// What it and those do is said in broker.capnp; here are only the bounds and the way
// to the backend.
class BrokerService final : public wire::Broker::Server {
public:
  explicit BrokerService(kj::Own<Session> session) : session_(kj::mv(session)) {}

  kj::Promise<void> createTopic(CreateTopicContext context) override;
  kj::Promise<void> deleteTopic(DeleteTopicContext context) override;
  kj::Promise<void> listTopics(ListTopicsContext context) override;
  kj::Promise<void> topic(TopicContext context) override;
  kj::Promise<void> inspector(InspectorContext context) override;
  kj::Promise<void> alterTopic(AlterTopicContext context) override;
  kj::Promise<void> listGroups(ListGroupsContext context) override;
  kj::Promise<void> group(GroupContext context) override;
  kj::Promise<void> node(NodeContext context) override;
  kj::Promise<void> cluster(ClusterContext context) override;

private:
  kj::Own<Session> session_;
};

} // namespace callboard::rpc
