#include "schema/rpc/translate_node.h"

#include "schema/rpc/translate_api.h"

namespace callboard::rpc {

void write(const HostPort& from, wire::HostPort::Builder to) {
  to.setHost(to_text(from.host));
  to.setPort(from.port);
}

void write(const NodeRecord& from, wire::NodeRecord::Builder to) {
  to.setId(from.id.value);
  to.setIdentity(to_data(from.identity));
  write(from.peer, to.initPeer());
  write(from.client, to.initClient());
  to.setRack(to_text(from.rack));
  to.setVersion(to_text(from.version));
  to.setStatus(static_cast<wire::NodeStatus>(from.status));
}

HostPort read(wire::HostPort::Reader from) {
  return {to_string(from.getHost()), from.getPort()};
}

Result<NodeRecord> read(wire::NodeRecord::Reader from) {
  const auto identity = to_uuid(from.getIdentity());
  if (!identity)
    return Error{ErrorCode::corrupt_storage,
                 "a record of the metadata log cannot be read: a node's identity is not 16 bytes long"};
  NodeRecord record;
  record.id = NodeId(from.getId());
  record.identity = *identity;
  record.peer = read(from.getPeer());
  record.client = read(from.getClient());
  record.rack = to_string(from.getRack());
  record.version = to_string(from.getVersion());
  switch (from.getStatus()) {
  case wire::NodeStatus::ACTIVE: record.status = NodeStatus::active; break;
  case wire::NodeStatus::DRAINING: record.status = NodeStatus::draining; break;
  case wire::NodeStatus::REMOVED: record.status = NodeStatus::removed; break;
  default:
    return Error{ErrorCode::newer_format, "a node is in a state that this version of Callboard does not know; start "
                                          "the version that wrote this data"};
  }
  return record;
}

} // namespace callboard::rpc
