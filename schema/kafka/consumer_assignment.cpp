#include "schema/kafka/consumer_assignment.h"

#include "schema/kafka/reader.h"

namespace callboard::kafka {
namespace {

constexpr std::size_t topic_wire_bytes_min = 6; // an empty name and no partitions

bool read_topic(Reader& reader, AssignedTopic& topic) {
  std::int32_t count = 0;
  if (!reader.read(topic.topic)) return reader.blame("topic");
  if (!reader.read_count(count, sizeof(std::int32_t), sizeof(std::int32_t), false)) return reader.blame("partitions");
  topic.partitions.resize(static_cast<std::size_t>(count));
  for (auto& partition : topic.partitions)
    if (!reader.read(partition)) return reader.blame("partitions");
  return true;
}

bool read_topics(Reader& reader, std::vector<AssignedTopic>& topics) {
  std::int16_t version = 0;
  std::int32_t count = 0;
  if (!reader.read(version)) return reader.blame("version");
  if (version < 0) return reader.fail("has a negative version");
  if (!reader.read_count(count, topic_wire_bytes_min, sizeof(AssignedTopic), false))
    return reader.blame("assigned_partitions");
  topics.resize(static_cast<std::size_t>(count));
  for (auto& topic : topics)
    if (!read_topic(reader, topic)) return false;
  return true;
}

} // namespace

Result<std::vector<AssignedTopic>> read_consumer_assignment(const SharedBytes& assignment) {
  std::vector<AssignedTopic> topics;
  if (assignment.empty()) return topics;
  Reader reader(assignment, 0, false);
  if (!read_topics(reader, topics)) return reader.error("ConsumerProtocolAssignment");
  return topics;
}

} // namespace callboard::kafka
