#pragma once

#include "actors/rpc/session.h"
#include "schema/rpc/group_api.h"

namespace callboard::rpc {

// Fills in how far each of a group's offsets lies behind its partition:
//
//   records   the high watermark minus the offset; what was removed from the log in
//             between does not count
//   time      now minus the timestamp of the first record that was not consumed; of a
//             compressed batch its first record's, so that nothing is unpacked
//
// An offset whose partition does not answer keeps -1, "not known". A few partitions are
// asked at a time, within the connection's reply credits. `session` outlives the promise.
kj::Promise<GroupInfo> add_lag(Session& session, GroupInfo group);

} // namespace callboard::rpc
