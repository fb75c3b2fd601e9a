#include "actors/node/loop_context.h"

namespace callboard {

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
