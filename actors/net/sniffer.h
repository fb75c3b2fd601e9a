#pragma once

#include "actors/node/loop_context.h"

namespace callboard::net {

// Takes over an accepted, connected socket on this loop's thread: waits for its first
// bytes within sniff_timeout_ms and hands it to the door that it speaks to. Unknown
// protocols and those too slow to say are closed with a line in the log. Where the first
// bytes are TLS's, the handshake comes first, within the same time, and then the first bytes
// within it decide.
//
// The listener accepts a few more connections than the node's limit. They have a second to
// say what they speak: Cap'n Proto and HTTP, an operator's tools and health checks, are
// served at once. A Kafka client waits, unread, until one of the others ends; if the few
// are all taken by then, it is closed after a quarter of a second, so that an operator who
// comes behind it in the kernel's queue has his turn.
void adopt(LoopContext& context, int fd);

} // namespace callboard::net
