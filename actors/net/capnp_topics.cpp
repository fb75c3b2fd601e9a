#include <fmt/format.h>
#include <kj/vector.h>

#include "actors/net/capnp_door.h"

// What the Cap'n Proto door asks about a topic's partitions, and how it changes topics.
namespace callboard::net {
namespace {

constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int64_t latest_timestamp = -1;

void add_end(rpc::PartitionInfo& to, Offset rpc::PartitionInfo::*end, const Result<rpc::OffsetInfo>& found) {
  if (found)
    to.*end = found->offset;
  else
    to.error = found.error();
}

} // namespace

kj::Promise<Result<rpc::PartitionPage>> CapnpConnection::describe_partitions(std::string topic, std::int32_t after,
                                                                             std::uint32_t limit) {
  const auto* found = context_.directory.find(topic);
  if (found == nullptr)
    return Result<rpc::PartitionPage>(
        Error{ErrorCode::unknown_topic_or_partition, fmt::format("There is no topic \"{}\".", topic.substr(0, 249))});
  rpc::PartitionPage page;
  const auto count = found->partitions.size();
  const auto first = after < 0 ? std::size_t{0} : std::min(count, static_cast<std::size_t>(after) + 1);
  const auto last = std::min(count, first + limit);
  page.more = last < count;
  kj::Vector<kj::Promise<rpc::PartitionInfo>> described;
  for (auto id = first; id < last; ++id) described.add(describe_partition(*found, id));
  return kj::joinPromises(described.releaseAsArray())
      .then([page = std::move(page)](kj::Array<rpc::PartitionInfo> partitions) mutable -> Result<rpc::PartitionPage> {
        for (auto& partition : partitions) page.partitions.push_back(std::move(partition));
        return std::move(page);
      });
}

kj::Promise<rpc::PartitionInfo> CapnpConnection::describe_partition(const TopicRef& topic, std::size_t id) {
  const auto& partition = topic.partitions[id];
  auto info = kj::heap<rpc::PartitionInfo>();
  info->id = static_cast<std::int32_t>(id);
  info->leader = partition.leader;
  info->leader_epoch = partition.term;
  const rpc::TopicPartition name{topic.record->name, info->id};
  kj::Vector<kj::Promise<void>> ends;
  ends.add(list_offset(name, earliest_timestamp).then([to = info.get()](const Result<rpc::OffsetInfo>& start) {
    add_end(*to, &rpc::PartitionInfo::log_start, start);
  }));
  ends.add(list_offset(name, latest_timestamp).then([to = info.get()](const Result<rpc::OffsetInfo>& end) {
    add_end(*to, &rpc::PartitionInfo::high_watermark, end);
  }));
  return kj::joinPromises(ends.releaseAsArray()).then([info = kj::mv(info)] { return std::move(*info); });
}

// The metadata actor has no such command yet.
kj::Promise<Result<rpc::TopicInfo>> CapnpConnection::alter_topic(rpc::AlterTopic request) {
  return Result<rpc::TopicInfo>(
      Error{ErrorCode::coordinator_not_available,
            fmt::format("Topic \"{}\" cannot be altered: this node has no command for it yet. Create a topic with the "
                        "configuration that you want.",
                        request.name.substr(0, 249))});
}

} // namespace callboard::net
