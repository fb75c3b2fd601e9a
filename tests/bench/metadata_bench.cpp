// What a Metadata answer costs a loop: from its directory to the bytes on the wire.
// `build/tests/metadata_bench`
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "actors/kafka/topic_answers.h"
#include "schema/kafka/api.h"
#include "schema/kafka/frame.h"

namespace callboard::bench {
namespace {

constexpr NodeId self{1};

Directory make_directory(std::size_t topics, std::size_t partitions) {
  Directory directory;
  std::uint64_t group = 2;
  for (std::size_t i = 0; i < topics; ++i) {
    auto record = std::make_shared<TopicRecord>();
    record->name = "a-topic-of-usual-length-" + std::to_string(i);
    record->id.bytes[0] = static_cast<std::uint8_t>(i);
    record->id.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    TopicRef topic;
    for (std::size_t p = 0; p < partitions; ++p) {
      topic.partitions.push_back({GroupId{group++}, {}, Term{3}, self});
      topic.partitions.back().replicas = {self};
    }
    topic.record = std::move(record);
    directory.add(std::move(topic));
  }
  return directory;
}

// 10,000 partitions in this many topics.
void all_topics(benchmark::State& state) {
  const auto topics = static_cast<std::size_t>(state.range(0));
  const auto directory = make_directory(topics, 10'000 / topics);
  const Nodes known;
  const HostPort address{"127.0.0.1", 9092};
  const kafka::LiveNodes nodes(self, known, self, address);
  const kafka::RequestHeader header{static_cast<std::int16_t>(kafka::ApiKey::metadata),
                                    static_cast<std::int16_t>(state.range(1)), 7, std::nullopt};
  for (auto _ : state) {
    kafka::MetadataResponse response;
    response.topics.reserve(directory.topics().size());
    for (const auto& [name, topic] : directory.topics()) response.topics.push_back(kafka::metadata_of(*topic, nodes));
    benchmark::DoNotOptimize(kafka::encode_response(header, response));
  }
}
BENCHMARK(all_topics)
    ->ArgNames({"topics", "version"})
    ->ArgsProduct({{1, 100, 10'000}, {4, 12}})
    ->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace callboard::bench

BENCHMARK_MAIN();
