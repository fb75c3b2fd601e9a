#pragma once

#include "actors/node/loop_context.h"

namespace callboard::net {

// Takes over an accepted, connected socket on this loop's thread: waits for its first
// bytes within sniff_timeout_ms and hands it to the door that it speaks to. Unknown
// protocols and those too slow to say are closed with a line in the log.
void adopt(LoopContext& context, int fd);

} // namespace callboard::net
