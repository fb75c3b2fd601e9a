#pragma once

#include <span>
#include <string>

#include "cluster/metadata/placement.h"
#include "schema/result.h"

// What people may ask of where replicas are.
namespace callboard::metadata {

// Replicas that were chosen by hand, the preferred leader first: at least one, active nodes,
// none twice. Error: invalid_replica_assignment, a sentence that begins with `which`.
Status check_replicas(const Image& image, const PlacementView& view, std::span<const NodeId> replicas,
                      const std::string& which);

// A factor that was asked for; -1 is the default. Error: invalid_replication_factor.
Status check_factor(const PlacementView& view, std::int16_t factor);

} // namespace callboard::metadata
