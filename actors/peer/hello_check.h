#pragma once

#include "actors/node/node_view.h"
#include "schema/peer_message.h"
#include "schema/result.h"

namespace callboard {

// Whether the one who says `other` may be talked to by the one who says `own`. Errors are
// sentences that name both sides and say what to do: unsupported_version, and
// wrong_data_directory for another cluster, another directory, the own id.
// `nodes`: of the cluster as this node knows it; one that it does not know yet may be new.
Status check_hello(const PeerHello& own, const PeerHello& other, const Nodes& nodes);

// "Node 2 at 10.0.0.2:9092 (Callboard 0.5)"
std::string text_of(const PeerHello& hello);

} // namespace callboard
