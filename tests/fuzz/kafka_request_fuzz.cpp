#include <cstdint>

#include "schema/kafka/alter_configs.h"
#include "schema/kafka/api_versions.h"
#include "schema/kafka/create_partitions.h"
#include "schema/kafka/create_topics.h"
#include "schema/kafka/delete_records.h"
#include "schema/kafka/delete_topics.h"
#include "schema/kafka/describe_cluster.h"
#include "schema/kafka/describe_configs.h"
#include "schema/kafka/describe_log_dirs.h"
#include "schema/kafka/describe_producers.h"
#include "schema/kafka/describe_topic_partitions.h"
#include "schema/kafka/fetch.h"
#include "schema/kafka/find_coordinator.h"
#include "schema/kafka/frame.h"
#include "schema/kafka/incremental_alter_configs.h"
#include "schema/kafka/init_producer_id.h"
#include "schema/kafka/list_offsets.h"
#include "schema/kafka/metadata.h"
#include "schema/kafka/offset_for_leader_epoch.h"
#include "schema/kafka/produce.h"
#include "schema/record_batch.h"

// Any bytes as a Kafka request: header, body and, of a Produce request, the batches.
// What is understood is written again and must be understood the same way.
namespace callboard {
namespace {

using namespace callboard::kafka;

template <Message T>
SharedBytes encoded(const T& message, std::int16_t version) {
  OutputChain out;
  encode(message, version, out);
  std::string whole;
  for (const auto& piece : out.take()) whole += piece.text();
  return SharedBytes::copy_of(whole);
}

template <Message T>
void check_body(const Request& request) {
  const auto version = request.header.version;
  const auto message = decode<T>(request.body, version);
  if (!message) return;
  const auto once = encoded(*message, version);
  const auto again = decode<T>(once, version);
  CB_ASSERT(again.ok());
  CB_ASSERT(encoded(*again, version).text() == once.text());
}

void check_records(ByteView records) {
  const auto checked = check_produced_batch(records);
  if (checked) CB_ASSERT(checked->total_bytes == records.size());
  const auto walked = for_each_record(records, [](const RecordView& record) {
    const auto headers = read_record_headers(record.headers);
    return headers.ok() || !headers.error().message.empty();
  });
  CB_ASSERT(walked.ok() || !walked.error().message.empty());
}

void check_batches(const Request& request) {
  const auto produce = decode<ProduceRequest>(request.body, request.header.version);
  if (!produce) return;
  for (const auto& topic : produce->topic_data) {
    for (const auto& partition : topic.partition_data) {
      if (partition.records) check_records(partition.records->view());
    }
  }
}

void check_request(const Request& request) {
  switch (ApiKey{request.header.api_key}) {
  case ApiKey::produce: check_batches(request); return check_body<ProduceRequest>(request);
  case ApiKey::fetch: return check_body<FetchRequest>(request);
  case ApiKey::list_offsets: return check_body<ListOffsetsRequest>(request);
  case ApiKey::metadata: return check_body<MetadataRequest>(request);
  case ApiKey::find_coordinator: return check_body<FindCoordinatorRequest>(request);
  case ApiKey::api_versions: return check_body<ApiVersionsRequest>(request);
  case ApiKey::create_topics: return check_body<CreateTopicsRequest>(request);
  case ApiKey::delete_topics: return check_body<DeleteTopicsRequest>(request);
  case ApiKey::init_producer_id: return check_body<InitProducerIdRequest>(request);
  case ApiKey::offset_for_leader_epoch: return check_body<OffsetForLeaderEpochRequest>(request);
  case ApiKey::describe_configs: return check_body<DescribeConfigsRequest>(request);
  case ApiKey::describe_cluster: return check_body<DescribeClusterRequest>(request);
  case ApiKey::alter_configs: return check_body<AlterConfigsRequest>(request);
  case ApiKey::create_partitions: return check_body<CreatePartitionsRequest>(request);
  case ApiKey::delete_records: return check_body<DeleteRecordsRequest>(request);
  case ApiKey::describe_log_dirs: return check_body<DescribeLogDirsRequest>(request);
  case ApiKey::describe_producers: return check_body<DescribeProducersRequest>(request);
  case ApiKey::describe_topic_partitions: return check_body<DescribeTopicPartitionsRequest>(request);
  case ApiKey::incremental_alter_configs: return check_body<IncrementalAlterConfigsRequest>(request);
  }
}

// The same bytes as if a broker had sent them.
template <Message T>
void check_response(const SharedBytes& bytes) {
  for (auto version = T::complete.first; version <= T::complete.last; ++version) {
    Request as_body;
    as_body.header.version = version;
    as_body.body = bytes;
    check_body<T>(as_body);
  }
}

} // namespace
} // namespace callboard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  const auto frame = SharedBytes::copy_of(ByteView(data, size));
  check_records(frame.view());
  if (const auto request = kafka::parse_request(frame)) check_request(*request);
  check_response<kafka::ProduceResponse>(frame);
  check_response<kafka::FetchResponse>(frame);
  check_response<kafka::MetadataResponse>(frame);
  check_response<kafka::ApiVersionsResponse>(frame);
  return 0;
}
