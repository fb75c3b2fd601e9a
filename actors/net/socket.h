#pragma once

#include <string>

#include "actors/node/config.h"
#include "schema/result.h"

namespace callboard::net {

// A listening TCP socket, non-blocking, closed on exec. Port 0: the kernel chooses.
// Errors name the address and say what to do (in use, not permitted, no such name).
Result<int> listen_on(const HostPort& address);

// The address a socket is bound to, or its peer's.
HostPort local_address(int fd);
HostPort peer_address(int fd);

// How a client's connection is set up: nothing waits to be sent with more, and a peer that
// vanished without a word (no FIN, no RST) is found out within two minutes, whether it
// owes us an acknowledgement or is asked for one after a minute of silence.
void tune_connection(int fd);

} // namespace callboard::net
