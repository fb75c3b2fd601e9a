#include "actors/kafka/topic_answers.h"

#include "schema/internal_topics.h"

namespace callboard::kafka {
namespace {

template <class Place>
void fill(Place& place, const PartitionRef& partition, std::size_t index, const LiveNodes& nodes) {
  place.partition_index = static_cast<std::int32_t>(index);
  // One that is down leads no more; the next is not known yet.
  const auto leader = nodes.is_up(partition.leader) ? partition.leader : no_node;
  place.leader_id = leader.value;
  place.leader_epoch = partition.term.value;
  if (leader == no_node) place.error_code = ErrorCode::leader_not_available;
  for (const auto replica : partition.replicas) {
    place.replica_nodes.push_back(replica.value);
    if (!nodes.is_up(replica)) place.offline_replicas.push_back(replica.value);
  }
  for (const auto replica : partition.in_sync)
    if (nodes.is_up(replica)) place.isr_nodes.push_back(replica.value);
  if (place.isr_nodes.empty() && leader != no_node) place.isr_nodes.push_back(leader.value);
}

} // namespace

MetadataResponseTopic metadata_of(const TopicRef& topic, const LiveNodes& nodes) {
  MetadataResponseTopic answer;
  answer.name = topic.record->name;
  answer.topic_id = topic.record->id;
  answer.is_internal = is_internal_topic(topic.record->name);
  answer.partitions.resize(topic.partitions.size());
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) fill(answer.partitions[i], topic.partitions[i], i, nodes);
  return answer;
}

DescribedTopic description_of(const TopicRef& topic) {
  DescribedTopic answer;
  answer.name = topic.record->name;
  answer.topic_id = topic.record->id;
  answer.is_internal = is_internal_topic(topic.record->name);
  return answer;
}

DescribedTopicPartition description_of(const TopicRef& topic, std::size_t partition, const LiveNodes& nodes) {
  DescribedTopicPartition answer;
  fill(answer, topic.partitions[partition], partition, nodes);
  answer.eligible_leader_replicas.emplace();
  answer.last_known_elr.emplace();
  return answer;
}

} // namespace callboard::kafka
