#include <fmt/format.h>
#include <kj/vector.h>

#include <set>

#include "actors/net/capnp_io.h"

// What the Cap'n Proto door asks about a topic's partitions, and how it changes topics.
namespace callboard::net {
namespace {

constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int64_t latest_timestamp = -1;
constexpr std::int64_t unknown_bytes = -1;

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
  std::set<NodeId> leaders;
  kj::Vector<kj::Promise<rpc::PartitionInfo>> described;
  for (auto id = first; id < last; ++id) {
    leaders.insert(found->partitions[id].leader);
    described.add(describe_partition(*found, id));
  }
  leaders.erase(context_.node.identity.node);
  for (const auto leader : leaders)
    if (const auto node = context_.nodes.find(leader); node != context_.nodes.end())
      page.leaders.push_back({leader, node->second.record.client});
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
  info->replicas = partition.replicas;
  info->in_sync = partition.in_sync;
  const rpc::TopicPartition name{topic.record->name, info->id};
  kj::Vector<kj::Promise<void>> ends;
  ends.add(list_offset(name, earliest_timestamp).then([to = info.get()](const Result<rpc::OffsetInfo>& start) {
    add_end(*to, &rpc::PartitionInfo::log_start, start);
  }));
  ends.add(list_offset(name, latest_timestamp).then([to = info.get()](const Result<rpc::OffsetInfo>& end) {
    add_end(*to, &rpc::PartitionInfo::high_watermark, end);
  }));
  ends.add(log_bytes(name).then([to = info.get()](std::int64_t bytes) { to->bytes = bytes; }));
  return kj::joinPromises(ends.releaseAsArray()).then([info = kj::mv(info)] { return std::move(*info); });
}

kj::Promise<std::int64_t> CapnpConnection::log_bytes(const rpc::TopicPartition& partition) {
  auto actor = find(partition);
  if (!actor) return unknown_bytes;
  const auto token = next_token_++;
  send(*actor, DescribeLogOfPartition{caf::actor(this), token});
  return expect(io_->log_sizes, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([] {
    return unknown_bytes;
  }));
}

kj::Promise<Result<rpc::TopicInfo>> CapnpConnection::alter_topic(rpc::AlterTopic request) {
  ++calls_;
  kj::Promise<Status> changed = ok_status();
  if (!request.changes.empty()) {
    AlterTopic message;
    message.command.name = request.name;
    for (auto& config : request.changes) {
      const auto operation = config.value ? metadata::ConfigOperation::set : metadata::ConfigOperation::reset;
      message.command.changes.push_back({std::move(config.name), operation, std::move(config.value)});
    }
    changed = change(std::move(message));
  }
  if (request.partitions >= 0) {
    changed =
        changed.then([this, name = request.name, count = request.partitions](Status so_far) -> kj::Promise<Status> {
          if (!so_far) return so_far;
          AddPartitions message;
          message.command.name = name;
          message.command.count = count;
          return change(std::move(message));
        });
  }
  return changed.then([this, name = request.name](const Status& outcome) -> kj::Promise<Result<rpc::TopicInfo>> {
    if (!outcome) return Result<rpc::TopicInfo>(outcome.error());
    return describe_topic(name);
  });
}

template <class Command>
kj::Promise<Status> CapnpConnection::change(Command message) {
  message.from = caf::actor(this);
  message.token = next_token_++;
  const auto token = message.token;
  send(context_.node.metadata(), std::move(message));
  return expect(io_->changed, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([]() -> Status {
    return too_late("The change");
  }));
}

} // namespace callboard::net
