#include "actors/client/client.h"

#include <algorithm>

#include "actors/client/connection.h"
#include "actors/client/outcome.h"
#include "actors/client/producer_state.h"
#include "schema/rpc/record_codec.h"
#include "schema/rpc/translate_api.h"

namespace callboard::client {
namespace {

capnp::MessageSize size_for(ByteView batch) {
  constexpr std::size_t envelope_words = 64;
  return {batch.size() / sizeof(capnp::word) + envelope_words, 1};
}

} // namespace

TimestampMs now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Result<Client> Client::connect(std::string_view address, const ClientOptions& options) {
  auto connection = Connection::open(address, options);
  if (!connection) return connection.error();
  return Client(std::move(*connection));
}

Result<TopicInfo> Client::create_topic(const CreateTopic& topic) {
  auto request = connection_->broker().createTopicRequest();
  request.setName(rpc::to_text(topic.name));
  request.setPartitions(topic.partitions);
  request.setReplicationFactor(topic.replication_factor);
  rpc::write(topic.configs, request.initConfigs(rpc::to_list_size(topic.configs.size())));
  return connection_->wait(outcome_of(kj::mv(request)));
}

Status Client::delete_topic(const std::string& name) {
  auto request = connection_->broker().deleteTopicRequest();
  request.setName(rpc::to_text(name));
  return connection_->wait(outcome_of(kj::mv(request)));
}

Result<TopicInfo> Client::describe_topic(const std::string& name) {
  auto opening = connection_->broker().topicRequest();
  opening.setName(rpc::to_text(name));
  return connection_->wait(outcome_of(opening.send().getTopic().describeRequest()));
}

Result<std::vector<TopicInfo>> Client::list_topics() {
  std::vector<TopicInfo> topics;
  for (bool more = true; more;) {
    auto request = connection_->broker().listTopicsRequest();
    if (!topics.empty()) request.setAfter(rpc::to_text(topics.back().name));
    auto page = connection_->wait(outcome_of(kj::mv(request)));
    if (!page) return page.error();
    more = page->more && !page->topics.empty();
    std::move(page->topics.begin(), page->topics.end(), std::back_inserter(topics));
  }
  return topics;
}

Result<TopicInfo> Client::alter_topic(const AlterTopic& topic) {
  auto request = connection_->broker().alterTopicRequest();
  request.setName(rpc::to_text(topic.name));
  rpc::write(topic.changes, request.initChanges(rpc::to_list_size(topic.changes.size())));
  request.setPartitions(topic.partitions);
  return connection_->wait(outcome_of(kj::mv(request)));
}

Result<std::vector<PartitionInfo>> Client::describe_partitions(const std::string& topic) {
  std::vector<PartitionInfo> partitions;
  for (bool more = true; more;) {
    auto opening = connection_->broker().topicRequest();
    opening.setName(rpc::to_text(topic));
    auto request = opening.send().getTopic().partitionsRequest();
    if (!partitions.empty()) request.setAfter(partitions.back().id);
    auto page = connection_->wait(outcome_of(kj::mv(request)));
    if (!page) return page.error();
    more = page->more && !page->partitions.empty();
    std::move(page->partitions.begin(), page->partitions.end(), std::back_inserter(partitions));
  }
  return partitions;
}

Result<Produced> Client::produce(const std::string& topic, std::int32_t partition, std::span<const Record> records,
                                 Acks acks) {
  const auto batch = rpc::encode_records(records, now());
  if (!batch) return batch.error();
  return produce_batch(topic, partition, batch->view(), acks);
}

Result<Produced> Client::produce_batch(const std::string& topic, std::int32_t partition, ByteView batch, Acks acks) {
  auto request = connection_->partition(topic, partition).produceRequest(size_for(batch));
  request.initMessages().setBatch(rpc::to_data(batch));
  request.setAcks(rpc::to_wire(acks));
  request.setTimeoutMs(connection_->timeout_ms());
  return connection_->wait(outcome_of(kj::mv(request)));
}

Result<Producer> Client::open_producer(const std::string& topic, std::int32_t partition,
                                       const ProducerOptions& options) {
  auto request = connection_->partition(topic, partition).openProducerRequest();
  request.setAcks(rpc::to_wire(options.acks));
  request.setTimeoutMs(connection_->timeout_ms());
  return Producer(std::make_unique<Producer::State>(connection_, request.send().getProducer(), options));
}

Consumer Client::consume(const std::string& topic, std::int32_t partition, Offset start) {
  return Consumer(connection_, topic, partition, start);
}

Result<Fetched> Client::fetch(const std::string& topic, std::int32_t partition, const FetchRange& range) {
  auto request = connection_->partition(topic, partition).fetchRequest();
  request.setOffset(range.offset.value);
  request.setMaxBytes(range.bytes_max);
  request.setMinBytes(range.bytes_min);
  request.setMaxWaitMs(range.wait_ms_max);
  return connection_->wait(outcome_of(kj::mv(request)), std::chrono::milliseconds(range.wait_ms_max));
}

Result<OffsetInfo> Client::list_offset(const std::string& topic, std::int32_t partition, std::int64_t timestamp) {
  auto request = connection_->partition(topic, partition).offsetAtRequest();
  request.setTimestampMs(timestamp);
  return connection_->wait(outcome_of(kj::mv(request)));
}

Result<ActorPage> Client::actors(const ActorQuery& query) {
  auto request = connection_->broker().inspectorRequest().send().getInspector().actorsRequest();
  request.setKind(rpc::to_text(query.kind));
  request.setNamePattern(rpc::to_text(query.name_pattern));
  request.setNodeId(query.node.value);
  request.setSortBy(rpc::to_wire(query.order));
  request.setLimit(query.limit);
  return connection_->wait(
      request.send().then([](auto&& response) -> Result<ActorPage> { return rpc::read(response.getPage()); }));
}

Result<std::vector<Record>> Consumer::poll(std::chrono::milliseconds wait_max) {
  Client client(connection_);
  if (position_.value < 0) {
    const auto start = client.list_offset(topic_, partition_, position_.value);
    if (!start) return start.error();
    position_ = start->offset;
  }
  const auto wait_ms = std::clamp<std::int64_t>(wait_max.count(), 0, rpc::request_ms_max);
  const auto fetched =
      client.fetch(topic_, partition_, {.offset = position_, .wait_ms_max = static_cast<std::uint32_t>(wait_ms)});
  if (!fetched) return fetched.error();
  auto decoded = rpc::decode_records(fetched->batches, position_);
  if (!decoded) return decoded.error();
  position_ = decoded->next;
  return std::move(decoded->records);
}

} // namespace callboard::client
