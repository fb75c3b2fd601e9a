#pragma once

#include "actors/rpc/session.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::rpc {

// One consumer group: what its coordinator knows, completed by how far its offsets lie
// behind the partitions.
class GroupService final : public wire::Group::Server {
public:
  GroupService(kj::Own<Session> session, std::string id);

  kj::Promise<void> describe(DescribeContext context) override;
  kj::Promise<void> resetOffsets(ResetOffsetsContext context) override;
  kj::Promise<void> delete_(DeleteContext context) override;

private:
  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
  std::string id_;
};

} // namespace callboard::rpc
