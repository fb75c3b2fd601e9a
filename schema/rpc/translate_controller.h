#pragma once

#include <string>

#include "schema/bytes.h"
#include "schema/controller_command.h"
#include "schema/result.h"

// Commands to the controller and their outcomes <-> the bytes of controller.capnp that go
// from node to node. Nothing of Cap'n Proto shows here.
namespace callboard::rpc {

std::string encode_controller_command(const ControllerCommand& command);
// Takes any bytes. Errors: invalid_request (damaged), unsupported_version (a command that
// this version does not know).
Result<ControllerCommand> decode_controller_command(ByteView bytes);

std::string encode_controller_outcome(const ControllerOutcome& outcome);
// Takes any bytes. Error: invalid_request.
Result<ControllerOutcome> decode_controller_outcome(ByteView bytes);

} // namespace callboard::rpc
