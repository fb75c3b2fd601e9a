#include <filesystem>
#include <set>
#include <sys/statvfs.h>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);

// The one data directory of this node and what each partition takes in it. As in Kafka,
// partitions that do not exist are left out, and one that did not answer in time.
class DescribeLogDirsInFlight final : public InFlight {
public:
  DescribeLogDirsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                          DescribeLogDirsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    const auto& directory = connection_.context().directory;
    if (!request_.topics) {
      for (const auto& [name, topic] : directory.topics())
        for (std::size_t i = 0; i < topic->partitions.size(); ++i) ask(*topic, i);
    } else {
      for (const auto& wanted : *request_.topics) {
        const auto* topic = directory.find(wanted.topic);
        if (topic == nullptr) continue;
        const std::set<std::int32_t> partitions(wanted.partitions.begin(), wanted.partitions.end());
        for (const auto partition : partitions)
          if (directory.find(wanted.topic, partition) != nullptr) ask(*topic, static_cast<std::size_t>(partition));
      }
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t index, LogDescribed& answer) override {
    asked_[index].answer = answer;
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  struct Asked {
    std::string_view topic; // of `records_`
    std::int32_t partition = 0;
    std::optional<LogDescribed> answer;
  };

  void ask(const TopicRef& topic, std::size_t partition) {
    if (!topic.partitions[partition].local) return;
    if (records_.empty() || records_.back() != topic.record) {
      if (!seen_.insert(topic.record->id).second) return; // named twice
      records_.push_back(topic.record);
    }
    connection_.send_to(topic.partitions[partition].actor,
                        DescribeLogOfPartition{connection_.self(), token(asked_.size())});
    asked_.push_back({topic.record->name, static_cast<std::int32_t>(partition), std::nullopt});
    ++waiting_;
  }

  void finish() {
    DescribeLogDirsResponse response;
    auto& result = response.results.emplace_back();
    describe_volume(result);
    for (const auto& asked : asked_) {
      if (!asked.answer) continue;
      if (result.topics.empty() || result.topics.back().name != asked.topic)
        result.topics.emplace_back().name = asked.topic;
      result.topics.back().partitions.push_back(
          {asked.partition, static_cast<std::int64_t>(asked.answer->bytes), asked.answer->uncommitted, false});
    }
    connection_.respond(slot_, encode_response(header_, response));
  }

  // What the kernel holds in memory of a mounted volume: it does not wait for the disk.
  void describe_volume(DescribeLogDirsResult& result) const {
    const auto& data = connection_.node().config.data;
    std::error_code unknown;
    const auto absolute = std::filesystem::absolute(data, unknown);
    result.log_dir = unknown ? data : absolute.lexically_normal().string();
    struct statvfs volume {};
    if (::statvfs(data.c_str(), &volume) != 0) return;
    result.total_bytes = static_cast<std::int64_t>(volume.f_blocks * volume.f_frsize);
    result.usable_bytes = static_cast<std::int64_t>(volume.f_bavail * volume.f_frsize);
  }

  DescribeLogDirsRequest request_;
  std::vector<std::shared_ptr<const TopicRecord>> records_;
  std::set<Uuid> seen_;
  std::vector<Asked> asked_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_describe_log_dirs(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                  DescribeLogDirsRequest request) {
  return std::make_unique<DescribeLogDirsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
