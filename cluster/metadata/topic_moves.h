#pragma once

#include <vector>

#include "cluster/metadata/leader_table.h"
#include "cluster/metadata/placement.h"
#include "schema/controller_command.h"
#include "schema/result.h"

// Where a topic's partitions are and who leads them, changed by hand. Pure, as topic_commands.h.
namespace callboard::metadata {

struct TopicMove {
  std::vector<MetadataRecord> records; // none: nothing changes
  std::vector<Status> outcomes;        // of each move, by its position
};

// Refused moves leave their partition as it is. Who gives a topic of the default factor another one
// has it that way from then on.
// Error: unknown_topic_or_partition. Outcomes: the same, invalid_replica_assignment,
// invalid_replication_factor (allow_factor_change), no_reassignment_in_progress and
// leader_not_available (of a cancelled one: who has it now is not known).
Result<TopicMove> plan_topic_move(const Image& image, const LeaderTable& leaders, const Liveness& liveness,
                                  const MoveTopicCommand& command);

// A group's leader is asked to hand over.
struct LeaderTransfer {
  GroupId group;
  NodeId from;
  NodeId to;

  bool operator==(const LeaderTransfer&) const = default;
};

// So that the preferred leader leads. Errors, each with a sentence: unknown_topic_or_partition,
// leader_not_available, election_not_needed, preferred_leader_not_available.
Result<LeaderTransfer> plan_preferred_leader(const Image& image, const LeaderTable& leaders, const Liveness& liveness,
                                             GroupId group);

} // namespace callboard::metadata
