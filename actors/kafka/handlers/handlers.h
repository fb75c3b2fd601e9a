#pragma once

#include <memory>

#include "actors/kafka/in_flight.h"
#include "schema/kafka/alter_configs.h"
#include "schema/kafka/alter_partition_reassignments.h"
#include "schema/kafka/api_versions.h"
#include "schema/kafka/create_partitions.h"
#include "schema/kafka/create_topics.h"
#include "schema/kafka/delete_groups.h"
#include "schema/kafka/delete_records.h"
#include "schema/kafka/delete_topics.h"
#include "schema/kafka/describe_cluster.h"
#include "schema/kafka/describe_configs.h"
#include "schema/kafka/describe_groups.h"
#include "schema/kafka/describe_log_dirs.h"
#include "schema/kafka/describe_producers.h"
#include "schema/kafka/describe_topic_partitions.h"
#include "schema/kafka/elect_leaders.h"
#include "schema/kafka/fetch.h"
#include "schema/kafka/find_coordinator.h"
#include "schema/kafka/heartbeat.h"
#include "schema/kafka/incremental_alter_configs.h"
#include "schema/kafka/init_producer_id.h"
#include "schema/kafka/join_group.h"
#include "schema/kafka/leave_group.h"
#include "schema/kafka/list_groups.h"
#include "schema/kafka/list_offsets.h"
#include "schema/kafka/list_partition_reassignments.h"
#include "schema/kafka/metadata.h"
#include "schema/kafka/offset_commit.h"
#include "schema/kafka/offset_delete.h"
#include "schema/kafka/offset_fetch.h"
#include "schema/kafka/offset_for_leader_epoch.h"
#include "schema/kafka/produce.h"
#include "schema/kafka/sync_group.h"

// A handler per API; each makes the request in flight that answers it.
namespace callboard::kafka {

using Handling = std::unique_ptr<InFlight>;

Handling handle_produce(KafkaConnection&, std::uint32_t slot, RequestHeader, ProduceRequest);
Handling handle_fetch(KafkaConnection&, std::uint32_t slot, RequestHeader, FetchRequest);
Handling handle_list_offsets(KafkaConnection&, std::uint32_t slot, RequestHeader, ListOffsetsRequest);
Handling handle_metadata(KafkaConnection&, std::uint32_t slot, RequestHeader, MetadataRequest);
Handling handle_find_coordinator(KafkaConnection&, std::uint32_t slot, RequestHeader, FindCoordinatorRequest);
Handling handle_join_group(KafkaConnection&, std::uint32_t slot, RequestHeader, JoinGroupRequest);
Handling handle_sync_group(KafkaConnection&, std::uint32_t slot, RequestHeader, SyncGroupRequest);
Handling handle_heartbeat(KafkaConnection&, std::uint32_t slot, RequestHeader, HeartbeatRequest);
Handling handle_leave_group(KafkaConnection&, std::uint32_t slot, RequestHeader, LeaveGroupRequest);
Handling handle_offset_commit(KafkaConnection&, std::uint32_t slot, RequestHeader, OffsetCommitRequest);
Handling handle_offset_fetch(KafkaConnection&, std::uint32_t slot, RequestHeader, OffsetFetchRequest);
Handling handle_offset_delete(KafkaConnection&, std::uint32_t slot, RequestHeader, OffsetDeleteRequest);
Handling handle_list_groups(KafkaConnection&, std::uint32_t slot, RequestHeader, ListGroupsRequest);
Handling handle_describe_groups(KafkaConnection&, std::uint32_t slot, RequestHeader, DescribeGroupsRequest);
Handling handle_delete_groups(KafkaConnection&, std::uint32_t slot, RequestHeader, DeleteGroupsRequest);
Handling handle_api_versions(KafkaConnection&, std::uint32_t slot, RequestHeader, ApiVersionsRequest);
Handling handle_create_topics(KafkaConnection&, std::uint32_t slot, RequestHeader, CreateTopicsRequest);
Handling handle_delete_topics(KafkaConnection&, std::uint32_t slot, RequestHeader, DeleteTopicsRequest);
Handling handle_init_producer_id(KafkaConnection&, std::uint32_t slot, RequestHeader, InitProducerIdRequest);
Handling handle_offset_for_leader_epoch(KafkaConnection&, std::uint32_t slot, RequestHeader,
                                        OffsetForLeaderEpochRequest);
Handling handle_describe_configs(KafkaConnection&, std::uint32_t slot, RequestHeader, DescribeConfigsRequest);
Handling handle_describe_cluster(KafkaConnection&, std::uint32_t slot, RequestHeader, DescribeClusterRequest);
Handling handle_alter_configs(KafkaConnection&, std::uint32_t slot, RequestHeader, AlterConfigsRequest);
Handling handle_create_partitions(KafkaConnection&, std::uint32_t slot, RequestHeader, CreatePartitionsRequest);
Handling handle_delete_records(KafkaConnection&, std::uint32_t slot, RequestHeader, DeleteRecordsRequest);
Handling handle_describe_log_dirs(KafkaConnection&, std::uint32_t slot, RequestHeader, DescribeLogDirsRequest);
Handling handle_describe_producers(KafkaConnection&, std::uint32_t slot, RequestHeader, DescribeProducersRequest);
Handling handle_describe_topic_partitions(KafkaConnection&, std::uint32_t slot, RequestHeader,
                                          DescribeTopicPartitionsRequest);
Handling handle_incremental_alter_configs(KafkaConnection&, std::uint32_t slot, RequestHeader,
                                          IncrementalAlterConfigsRequest);
Handling handle_alter_partition_reassignments(KafkaConnection&, std::uint32_t slot, RequestHeader,
                                              AlterPartitionReassignmentsRequest);
Handling handle_list_partition_reassignments(KafkaConnection&, std::uint32_t slot, RequestHeader,
                                             ListPartitionReassignmentsRequest);
Handling handle_elect_leaders(KafkaConnection&, std::uint32_t slot, RequestHeader, ElectLeadersRequest);

} // namespace callboard::kafka
