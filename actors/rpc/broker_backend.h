#pragma once

#include <kj/async.h>

#include "schema/controller_command.h"
#include "schema/rpc/api.h"
#include "schema/rpc/group_api.h"
#include "schema/time.h"

namespace callboard::rpc {

class PeerBackend;

struct TopicPartition {
  std::string topic; // as the client wrote it: to be looked up, never a path
  std::int32_t partition = 0;
};

// A batch that passed check_produced_batch(); nobody else reads its bytes.
struct ProduceBatch {
  SharedBytes batch;
  BatchHeader header;
  Acks acks = Acks::all;
  Duration timeout{};
};

struct DescribedMember {
  GroupMember member;     // without its assignment
  SharedBytes assignment; // as its leader made it
};

// A group as its coordinator knows it; how far it lags is found out by the service.
struct GroupDescription {
  GroupInfo info;                       // without members; its offsets without lag
  std::vector<DescribedMember> members; // in the order they joined
};

// What the Cap'n Proto door needs of the node, in plain structs: the services speak
// only to this. Lives on the KJ loop of its connection and is called on it.
//
// Expected failures are Results; a promise that rejects reaches the client as a failed
// call. Dropping a promise means that nobody waits any more: a parked fetch is
// forgotten, a produce goes on unanswered. Every promise is kept within the timeout or
// wait that was given, or a bounded time of the backend's own.
class BrokerBackend {
public:
  virtual ~BrokerBackend() = default;

  // Answers when the topic can be used.
  virtual kj::Promise<Result<TopicInfo>> create_topic(CreateTopic request) = 0;
  virtual kj::Promise<Status> delete_topic(std::string name) = 0;
  virtual kj::Promise<Result<TopicInfo>> describe_topic(std::string name) = 0;
  // Answers when the changes have effect. Configurations first, all or none, then the
  // number of partitions.
  virtual kj::Promise<Result<TopicInfo>> alter_topic(AlterTopic request) = 0;
  // By id, those after `after`, at most `limit`. A partition that cannot tell how it is
  // has an error of its own in the page.
  virtual kj::Promise<Result<PartitionPage>> describe_partitions(std::string topic, std::int32_t after,
                                                                 std::uint32_t limit) = 0;
  // By name, those after `after`, at most `limit`.
  virtual kj::Promise<Result<TopicPage>> list_topics(std::string after, std::uint32_t limit) = 0;

  // Batches of one partition are appended in the order of the calls.
  virtual kj::Promise<Result<Produced>> produce(const TopicPartition& partition, ProduceBatch batch) = 0;
  virtual kj::Promise<Result<Fetched>> fetch(const TopicPartition& partition, const FetchRange& range) = 0;
  // timestamp -1: the high watermark; -2: the start of the log.
  virtual kj::Promise<Result<OffsetInfo>> list_offset(const TopicPartition& partition, std::int64_t timestamp) = 0;

  // By id, those after `after`, at most `limit`, of this node's coordinators.
  virtual kj::Promise<Result<GroupPage>> list_groups(std::string after, std::uint32_t limit) = 0;
  virtual kj::Promise<Result<GroupDescription>> describe_group(std::string id) = 0;
  // All or none, durable when answered; refused while the group has members and for
  // partitions that do not exist. At most group_offsets_max.
  virtual kj::Promise<Status> reset_offsets(std::string group, std::vector<OffsetReset> offsets) = 0;
  // With its offsets; refused while the group has members.
  virtual kj::Promise<Status> delete_group(std::string id) = 0;

  // Asks whoever controls the cluster; always answered.
  virtual kj::Promise<ControllerOutcome> control(ControllerCommand command) = 0;
  // How the cluster is, also while this node does not serve requests.
  virtual kj::Promise<Result<ClusterStatus>> cluster_status() = 0;

  // Filtered, sorted and cut as the query says; its limit is within bounds.
  virtual kj::Promise<ActorPage> actors(ActorQuery query) = 0;

  // For other nodes. Null: there are none.
  virtual PeerBackend* peers() { return nullptr; }
};

} // namespace callboard::rpc
