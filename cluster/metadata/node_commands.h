#pragma once

#include <optional>
#include <vector>

#include "cluster/metadata/placement.h"
#include "schema/peer_message.h"
#include "schema/result.h"

// Commands on the cluster's nodes -> the record to be written, or why not. Pure, as
// topic_commands.h. A record equal to the image's need not be written.
namespace callboard::metadata {

// One that was not removed. Error: broker_id_not_registered, with a sentence.
Result<NodeRecord> find_node(const Image& image, NodeId node);
// Those that may hold replicas.
std::size_t active_nodes(const Image& image);

// A node wants to belong to the cluster, or says anew where it is reached: the identity of its data
// directory decides which node it is. One never seen gets Image::next_node(); what a removed one
// was is not given out again.
// Errors, each with a sentence: duplicate_broker_registration (another node that is alive has one of
// the addresses; the identity was removed), invalid_request (no identity).
Result<NodeRecord> plan_join(const Image& image, const JoinRequest& request, const Liveness& liveness);

// A node that joins (no id yet), or one that starts again and says who it is: the record of plan_join().
// Errors: as plan_join(); invalid_request, of a node that says it belongs to the cluster and is not known.
Result<NodeRecord> plan_registration(const Image& image, const NodeRecord& node, const Liveness& liveness);
// What is to be written. Of a node that starts again its record, also where it says nothing new: once that
// is committed and seen by it, it has seen everything that was committed before. A controller that was
// deposed and has not noticed could not tell it so.
Result<std::vector<MetadataRecord>> plan_registration_records(const Image& image, const NodeRecord& node,
                                                              const Liveness& liveness);

// Its replicas move elsewhere, and its vote on the metadata.
// Errors: broker_id_not_registered (unknown or removed), invalid_request (it is the last active one).
Result<NodeRecord> plan_drain(const Image& image, NodeId node);

// It may hold replicas again. What has left it stays where it went. Error: broker_id_not_registered.
Result<NodeRecord> plan_cancel_drain(const Image& image, NodeId node);

// Who should vote on the metadata: 1, 3 or 5 nodes, apart by rack; every other node that was not
// removed learns. nullopt: it is so. Grows when enough nodes are alive; a voter that drains or is gone
// is replaced where another node can take its place.
std::optional<ControllersRecord> plan_controllers(const Image& image, const Liveness& liveness);

} // namespace callboard::metadata
