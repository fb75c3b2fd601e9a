#include "actors/node/topic_defaults.h"

namespace callboard {

metadata::TopicConfig default_topic_config(const NodeConfig& config) {
  const auto& topic = config.topic;
  metadata::TopicConfig out;
  out.retention_ms = topic.retention_ms;
  out.retention_bytes = topic.retention_bytes;
  out.segment_bytes = topic.segment_bytes;
  out.segment_ms = topic.segment_ms;
  out.max_message_bytes = topic.max_message_bytes;
  out.durability = topic.durability == "interval" ? metadata::Durability::interval : metadata::Durability::fsync;
  return out;
}

} // namespace callboard
