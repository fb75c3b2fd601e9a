#pragma once

#include "schema/metadata_record.h"
#include "schema/result.h"
#include "schema/rpc/records.capnp.h"

// A node as records.capnp says it: in the metadata log, and where nodes tell each other
// who belongs to the cluster.
namespace callboard::rpc {

void write(const HostPort& from, wire::HostPort::Builder to);
void write(const NodeRecord& from, wire::NodeRecord::Builder to);

HostPort read(wire::HostPort::Reader from);
// Errors: corrupt_storage (its identity is none), newer_format (a status that this
// version does not know). Throws kj::Exception where the message itself is damaged.
Result<NodeRecord> read(wire::NodeRecord::Reader from);

} // namespace callboard::rpc
