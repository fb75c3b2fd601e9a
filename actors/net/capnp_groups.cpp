#include "actors/net/capnp_door.h"

// What the Cap'n Proto door asks of the groups' coordinators. Until this node has them,
// every answer is coordinator_not_available.
namespace callboard::net {
namespace {

Error no_coordinator() {
  return {ErrorCode::coordinator_not_available, "This node has no coordinator of consumer groups yet."};
}

} // namespace

kj::Promise<Result<rpc::GroupPage>> CapnpConnection::list_groups(std::string, std::uint32_t) {
  return Result<rpc::GroupPage>(no_coordinator());
}

kj::Promise<Result<rpc::GroupDescription>> CapnpConnection::describe_group(std::string) {
  return Result<rpc::GroupDescription>(no_coordinator());
}

kj::Promise<Status> CapnpConnection::reset_offsets(std::string, std::vector<rpc::OffsetReset>) {
  return Status(no_coordinator());
}

kj::Promise<Status> CapnpConnection::delete_group(std::string) {
  return Status(no_coordinator());
}

} // namespace callboard::net
