#pragma once

#include <kj/async.h>

#include "schema/rpc/api.h"
#include "schema/time.h"

namespace callboard::rpc {

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
  // By name, those after `after`, at most `limit`.
  virtual kj::Promise<Result<TopicPage>> list_topics(std::string after, std::uint32_t limit) = 0;

  // Batches of one partition are appended in the order of the calls.
  virtual kj::Promise<Result<Produced>> produce(const TopicPartition& partition, ProduceBatch batch) = 0;
  virtual kj::Promise<Result<Fetched>> fetch(const TopicPartition& partition, const FetchRange& range) = 0;
  // timestamp -1: the high watermark; -2: the start of the log.
  virtual kj::Promise<Result<OffsetInfo>> list_offset(const TopicPartition& partition, std::int64_t timestamp) = 0;

  // Filtered, sorted and cut as the query says; its limit is within bounds.
  virtual kj::Promise<ActorPage> actors(ActorQuery query) = 0;
};

} // namespace callboard::rpc
