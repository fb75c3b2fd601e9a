#pragma once

#include "actors/rpc/session.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::rpc {

// One partition as a capability: produce and fetch, nothing else. It holds a name, so
// whether the partition exists is said by each call.
class PartitionService final : public wire::Partition::Server {
public:
  PartitionService(kj::Own<Session> session, TopicPartition partition);

  kj::Promise<void> produce(ProduceContext context) override;
  kj::Promise<void> openProducer(OpenProducerContext context) override;
  kj::Promise<void> fetch(FetchContext context) override;
  kj::Promise<void> offsetAt(OffsetAtContext context) override;

private:
  kj::Promise<void> answer_fetch(FetchContext context, FetchRange range, Result<Fetched> fetched);

  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
  TopicPartition partition_;
};

} // namespace callboard::rpc
