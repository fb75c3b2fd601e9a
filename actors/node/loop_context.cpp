#include "actors/node/loop_context.h"

#include "actors/node/security.h"

namespace callboard {

NodeContext::NodeContext() : security(std::make_shared<Security>()) {}

PeerHello NodeContext::introduction() const {
  if (formed.load(std::memory_order_acquire)) return hello;
  PeerHello known;
  known.peer = hello.peer;
  known.version = hello.version;
  return known;
}

NodeRecord NodeContext::own_record() const {
  NodeRecord record;
  record.id = identity.node;
  record.identity = identity.node_uuid;
  record.peer = hello.peer;
  record.client = hello.client;
  record.rack = hello.rack;
  record.version = hello.version;
  return record;
}

} // namespace callboard
