#pragma once

#include <string>

#include "schema/log_write.h"
#include "schema/result.h"
#include "storage/node_state.h"

// What becomes of a log that is damaged, when other replicas have what it had.
namespace callboard::storage {

// How much of such logs is kept for a person to look at: `DIR/quarantine/GROUP-LIFE`.
inline constexpr std::size_t quarantined_logs_max = 4;
inline constexpr std::uint64_t quarantined_bytes_max = std::uint64_t{4} << 30;

// Of a replica that lost what it may have acknowledged (HardState::life).
HardState next_life(HardState hard);

// Puts the group's directory out of the way and makes its record that of a replica which
// begins anew, recovering: term, vote and members stay, the log is empty. Nobody may have the
// log open. Done twice after a crash in between it is done once. The oldest logs that were set
// aside go when there are too many, or too many bytes of them; a larger one is not kept.
// Returns where it lies now; empty: it is not kept. Errors: storage_io, storage_full.
Result<std::string> set_aside(NodeState& state, GroupId group, const std::string& directory);

} // namespace callboard::storage
