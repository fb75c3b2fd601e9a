#include "actors/client/client.h"

#include <algorithm>
#include <map>

#include "actors/client/connection.h"
#include "actors/client/outcome.h"
#include "actors/client/producer_state.h"
#include "actors/client/routes.h"
#include "schema/rpc/record_codec.h"
#include "schema/rpc/translate_api.h"

namespace callboard::client {
namespace {

// How long a description waits for partitions that have no leader.
constexpr std::chrono::milliseconds leaders_within{2'000};

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
  return Client(std::make_shared<Routes>(std::move(*connection)));
}

Result<TopicInfo> Client::create_topic(const CreateTopic& topic) {
  auto request = routes_->home().broker().createTopicRequest();
  request.setName(rpc::to_text(topic.name));
  request.setPartitions(topic.partitions);
  request.setReplicationFactor(topic.replication_factor);
  rpc::write(topic.configs, request.initConfigs(rpc::to_list_size(topic.configs.size())));
  return routes_->home().wait(outcome_of(kj::mv(request)));
}

Status Client::delete_topic(const std::string& name) {
  auto request = routes_->home().broker().deleteTopicRequest();
  request.setName(rpc::to_text(name));
  return routes_->home().wait(outcome_of(kj::mv(request)));
}

Result<TopicInfo> Client::describe_topic(const std::string& name) {
  auto opening = routes_->home().broker().topicRequest();
  opening.setName(rpc::to_text(name));
  return routes_->home().wait(outcome_of(opening.send().getTopic().describeRequest()));
}

Result<std::vector<TopicInfo>> Client::list_topics() {
  std::vector<TopicInfo> topics;
  for (bool more = true; more;) {
    auto request = routes_->home().broker().listTopicsRequest();
    if (!topics.empty()) request.setAfter(rpc::to_text(topics.back().name));
    auto page = routes_->home().wait(outcome_of(kj::mv(request)));
    if (!page) return page.error();
    more = page->more && !page->topics.empty();
    std::move(page->topics.begin(), page->topics.end(), std::back_inserter(topics));
  }
  return topics;
}

Result<TopicInfo> Client::alter_topic(const AlterTopic& topic) {
  auto request = routes_->home().broker().alterTopicRequest();
  request.setName(rpc::to_text(topic.name));
  rpc::write(topic.changes, request.initChanges(rpc::to_list_size(topic.changes.size())));
  request.setPartitions(topic.partitions);
  return routes_->home().wait(outcome_of(kj::mv(request)));
}

// Where a partition stands is known to its leader's node only.
Result<std::vector<PartitionInfo>> Client::describe_partitions(const std::string& topic) {
  const auto missing = [](const PartitionInfo& info) { return info.error && Routes::is_elsewhere(*info.error); };
  for (Routes::Backoff backoff(*routes_, leaders_within);;) {
    auto described = routes_->partitions(routes_->home(), topic);
    if (!described) return described.error();
    auto& rows = described->partitions;
    std::map<NodeId, HostPort> nodes;
    for (const auto& [node, address] : described->leaders) nodes[node] = address;
    for (const auto& [leader, address] : nodes) {
      if (std::ranges::none_of(rows, [&](const auto& row) { return row.leader == leader && missing(row); })) continue;
      auto reached = ok_status();
      const auto connection = routes_->to(address, reached);
      if (!reached) continue;
      auto told = routes_->partitions(*connection, topic);
      if (!told) {
        routes_->lost(connection);
        continue;
      }
      for (std::size_t i = 0; i < std::min(rows.size(), told->partitions.size()); ++i)
        if (missing(rows[i]) && !told->partitions[i].error) rows[i] = std::move(told->partitions[i]);
    }
    if (std::ranges::none_of(rows, missing) || !backoff.wait()) return std::move(rows);
  }
}

Result<Produced> Client::produce(const std::string& topic, std::int32_t partition, std::span<const Record> records,
                                 Acks acks) {
  const auto batch = rpc::encode_records(records, now());
  if (!batch) return batch.error();
  return produce_batch(topic, partition, batch->view(), acks);
}

Result<Produced> Client::produce_batch(const std::string& topic, std::int32_t partition, ByteView batch, Acks acks) {
  return routes_->follow(topic, partition, [&](Connection& leader) {
    auto request = leader.partition(topic, partition).produceRequest(size_for(batch));
    request.initMessages().setBatch(rpc::to_data(batch));
    request.setAcks(rpc::to_wire(acks));
    request.setTimeoutMs(leader.timeout_ms());
    return leader.wait(outcome_of(kj::mv(request)));
  });
}

Result<Producer> Client::open_producer(const std::string& topic, std::int32_t partition,
                                       const ProducerOptions& options) {
  // What is wrong with the partition is said by its flush.
  (void)routes_->wait_for_leader(topic, partition);
  return Producer(std::make_unique<Producer::State>(routes_, topic, partition, options));
}

Consumer Client::consume(const std::string& topic, std::int32_t partition, Offset start) {
  return Consumer(routes_, topic, partition, start);
}

Result<Fetched> Client::fetch(const std::string& topic, std::int32_t partition, const FetchRange& range) {
  return routes_->follow(topic, partition, [&](Connection& leader) {
    auto request = leader.partition(topic, partition).fetchRequest();
    request.setOffset(range.offset.value);
    request.setMaxBytes(range.bytes_max);
    request.setMinBytes(range.bytes_min);
    request.setMaxWaitMs(range.wait_ms_max);
    return leader.wait(outcome_of(kj::mv(request)), std::chrono::milliseconds(range.wait_ms_max));
  });
}

Result<OffsetInfo> Client::list_offset(const std::string& topic, std::int32_t partition, std::int64_t timestamp) {
  return routes_->follow(topic, partition, [&](Connection& leader) {
    auto request = leader.partition(topic, partition).offsetAtRequest();
    request.setTimestampMs(timestamp);
    return leader.wait(outcome_of(kj::mv(request)));
  });
}

Result<ActorPage> Client::actors(const ActorQuery& query) {
  auto request = routes_->home().broker().inspectorRequest().send().getInspector().actorsRequest();
  request.setKind(rpc::to_text(query.kind));
  request.setNamePattern(rpc::to_text(query.name_pattern));
  request.setNodeId(query.node.value);
  request.setSortBy(rpc::to_wire(query.order));
  request.setLimit(query.limit);
  return routes_->home().wait(
      request.send().then([](auto&& response) -> Result<ActorPage> { return rpc::read(response.getPage()); }));
}

Result<std::vector<Record>> Consumer::poll(std::chrono::milliseconds wait_max) {
  Client client(routes_);
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
