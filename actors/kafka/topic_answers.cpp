#include "actors/kafka/topic_answers.h"

#include "schema/internal_topics.h"

namespace callboard::kafka {
namespace {

// Every partition has one replica so far, on this node.
template <class Place>
void fill(Place& place, const PartitionRef& partition, std::size_t index, NodeId self) {
  place.partition_index = static_cast<std::int32_t>(index);
  place.leader_id = partition.leader.value;
  place.leader_epoch = partition.term.value;
  place.replica_nodes = {self.value};
  if (partition.leader == no_node) {
    place.error_code = ErrorCode::leader_not_available;
    place.offline_replicas = {self.value};
  } else {
    place.isr_nodes = {self.value};
  }
}

} // namespace

MetadataResponseTopic metadata_of(const TopicRef& topic, NodeId self) {
  MetadataResponseTopic answer;
  answer.name = topic.record->name;
  answer.topic_id = topic.record->id;
  answer.is_internal = is_internal_topic(topic.record->name);
  answer.partitions.resize(topic.partitions.size());
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) fill(answer.partitions[i], topic.partitions[i], i, self);
  return answer;
}

DescribedTopic description_of(const TopicRef& topic) {
  DescribedTopic answer;
  answer.name = topic.record->name;
  answer.topic_id = topic.record->id;
  answer.is_internal = is_internal_topic(topic.record->name);
  return answer;
}

DescribedTopicPartition description_of(const TopicRef& topic, std::size_t partition, NodeId self) {
  DescribedTopicPartition answer;
  fill(answer, topic.partitions[partition], partition, self);
  answer.eligible_leader_replicas.emplace();
  answer.last_known_elr.emplace();
  return answer;
}

} // namespace callboard::kafka
