#pragma once

#include <kj/async-io.h>

#include "actors/node/loop_context.h"

namespace callboard::http {

// Serves HTTP on `stream`, on the loop's thread: GET /livez (the process answers),
// /readyz (requests are served), /metrics (Prometheus text, aggregates only).
void serve(LoopContext& context, kj::Own<kj::AsyncIoStream> stream, NodeMetrics::Open open);

// The body of /metrics.
std::string prometheus_text(const NodeContext& node, std::size_t topics, std::size_t partitions);

} // namespace callboard::http
