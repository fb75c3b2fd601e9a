#pragma once

#include <deque>
#include <kj/async.h>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/rpc/broker_backend.h"

namespace callboard::rpc {

// A node in memory for tests of the RPC services: topics, and one log per partition.
// With `hold_produce` answers wait until a test releases them; a fetch at the end of a
// log waits for ever.
class FakeBrokerBackend final : public BrokerBackend {
public:
  bool hold_produce = false;
  bool refuse_produce = false;
  std::vector<std::string> produced_to; // "topic/partition" of each produce, in order
  ProduceBatch last_produce;
  FetchRange last_fetch;
  ActorQuery last_query;
  std::string last_after;
  std::uint32_t last_limit = 0;
  std::size_t fetches = 0;
  std::size_t lists = 0;
  std::size_t parked = 0; // fetches that wait and were not dropped
  std::map<std::string, GroupDescription> groups;
  ClusterStatus status;
  std::deque<ClusterStatus> next_statuses; // each once, after it was told
  std::vector<ControllerCommand> commands; // to the controller, in order
  ControllerOutcome outcome;               // of each
  // Another node, which leads every partition: this one refuses.
  std::optional<HostPort> leader;
  PeerBackend* peer_backend = nullptr;

  std::size_t held() const { return held_.size(); }
  void release_one() {
    auto answer = kj::mv(held_.front());
    held_.erase(held_.begin());
    answer->fulfill();
  }

  PeerBackend* peers() override { return peer_backend; }

  kj::Promise<Result<TopicInfo>> create_topic(CreateTopic request) override {
    if (topics_.contains(request.name))
      return Result<TopicInfo>(Error{ErrorCode::topic_already_exists, "topic " + request.name + " already exists"});
    TopicInfo info{request.name, {}, static_cast<std::uint32_t>(request.partitions), 1, request.configs};
    topics_[request.name] = {info, std::vector<std::vector<SharedBytes>>(info.partitions)};
    return Result<TopicInfo>(info);
  }

  kj::Promise<Status> delete_topic(std::string name) override {
    if (topics_.erase(name) == 0) return Status(unknown(name));
    return ok_status();
  }

  kj::Promise<Result<TopicInfo>> describe_topic(std::string name) override {
    const auto found = topics_.find(name);
    if (found == topics_.end()) return Result<TopicInfo>(unknown(name));
    return Result<TopicInfo>(found->second.info);
  }

  kj::Promise<Result<TopicInfo>> alter_topic(AlterTopic request) override {
    const auto found = topics_.find(request.name);
    if (found == topics_.end()) return Result<TopicInfo>(unknown(request.name));
    auto& [info, logs] = found->second;
    if (request.partitions >= 0 && static_cast<std::uint32_t>(request.partitions) <= info.partitions)
      return Result<TopicInfo>(Error{ErrorCode::invalid_partitions, "a topic only grows"});
    for (const auto& change : request.changes) {
      std::erase_if(info.configs, [&](const auto& config) { return config.first == change.name; });
      if (change.value) info.configs.emplace_back(change.name, *change.value);
    }
    if (request.partitions >= 0) info.partitions = static_cast<std::uint32_t>(request.partitions);
    logs.resize(info.partitions);
    return Result<TopicInfo>(info);
  }

  kj::Promise<Result<PartitionPage>> describe_partitions(std::string topic, std::int32_t after,
                                                         std::uint32_t limit) override {
    last_limit = limit;
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return Result<PartitionPage>(unknown(topic));
    PartitionPage page;
    if (leader) page.leaders.push_back({NodeId(2), *leader});
    const auto& logs = found->second.logs;
    for (auto id = after + 1; id < static_cast<std::int32_t>(logs.size()) && !page.more; ++id) {
      if (page.partitions.size() == limit)
        page.more = true;
      else
        page.partitions.push_back({.id = id,
                                   .leader = NodeId(leader ? 2 : 1),
                                   .leader_epoch = Term(4),
                                   .log_start = Offset(0),
                                   .high_watermark = end_of(logs[static_cast<std::size_t>(id)]),
                                   .error = leader ? std::optional(not_leader()) : std::nullopt,
                                   .replicas = {NodeId(1), NodeId(2)}});
    }
    return Result<PartitionPage>(std::move(page));
  }

  kj::Promise<Result<TopicPage>> list_topics(std::string after, std::uint32_t limit) override {
    ++lists;
    last_after = after;
    last_limit = limit;
    TopicPage page;
    for (auto topic = topics_.upper_bound(after); topic != topics_.end(); ++topic) {
      if (page.topics.size() == limit)
        page.more = true;
      else
        page.topics.push_back(topic->second.info);
    }
    return Result<TopicPage>(std::move(page));
  }

  kj::Promise<Result<Produced>> produce(const TopicPartition& partition, ProduceBatch batch) override {
    produced_to.push_back(partition.topic + "/" + std::to_string(partition.partition));
    auto* log = log_of(partition);
    if (log == nullptr) return Result<Produced>(unknown(partition.topic));
    if (leader) return Result<Produced>(not_leader());
    if (refuse_produce) return Result<Produced>(Error{ErrorCode::policy_violation, "not today"});
    const auto base = end_of(*log);
    stamp_batch(batch.batch.stampable(), base, Term(1));
    log->push_back(batch.batch);
    last_produce = std::move(batch);
    const Result<Produced> produced = Produced{base, no_timestamp, Offset(0)};
    if (!hold_produce) return produced;
    auto waiting = kj::newPromiseAndFulfiller<void>();
    held_.push_back(kj::mv(waiting.fulfiller));
    return waiting.promise.then([produced] { return produced; });
  }

  kj::Promise<Result<Fetched>> fetch(const TopicPartition& partition, const FetchRange& range) override {
    ++fetches;
    last_fetch = range;
    auto* log = log_of(partition);
    if (log == nullptr) return Result<Fetched>(unknown(partition.topic));
    if (leader) return Result<Fetched>(not_leader());
    const auto end = end_of(*log);
    if (range.offset > end) return Result<Fetched>(Error{ErrorCode::offset_out_of_range, "past the end"});
    if (range.offset == end && range.wait_ms_max > 0) return park();
    Fetched fetched{{}, end, Offset(0)};
    std::size_t bytes = 0;
    for (const auto& batch : *log) {
      if (read_batch_header(batch.view())->next_offset() <= range.offset) continue;
      if (bytes > 0 && bytes + batch.size() > range.bytes_max) break;
      bytes += batch.size();
      fetched.batches.push_back(batch);
    }
    return Result<Fetched>(std::move(fetched));
  }

  kj::Promise<Result<OffsetInfo>> list_offset(const TopicPartition& partition, std::int64_t timestamp) override {
    auto* log = log_of(partition);
    if (log == nullptr) return Result<OffsetInfo>(unknown(partition.topic));
    if (leader) return Result<OffsetInfo>(not_leader());
    if (timestamp == -1) return Result<OffsetInfo>(OffsetInfo{end_of(*log)});
    if (timestamp == -2) return Result<OffsetInfo>(OffsetInfo{Offset(0)});
    for (const auto& batch : *log) // as good as its batches
      if (const auto header = *read_batch_header(batch.view()); header.max_timestamp >= timestamp)
        return Result<OffsetInfo>(OffsetInfo{header.base_offset, header.base_timestamp});
    return Result<OffsetInfo>(OffsetInfo{});
  }

  kj::Promise<Result<GroupPage>> list_groups(std::string after, std::uint32_t limit) override {
    last_after = after;
    last_limit = limit;
    GroupPage page;
    for (auto group = groups.upper_bound(after); group != groups.end(); ++group) {
      const auto& [info, members] = group->second;
      if (page.groups.size() == limit)
        page.more = true;
      else
        page.groups.push_back({info.id, info.state, info.protocol_type, static_cast<std::uint32_t>(members.size())});
    }
    return Result<GroupPage>(std::move(page));
  }

  kj::Promise<Result<GroupDescription>> describe_group(std::string id) override {
    if (leader) return Result<GroupDescription>(Error{ErrorCode::not_coordinator, "ask another node"});
    const auto found = groups.find(id);
    if (found == groups.end()) return Result<GroupDescription>(no_group(id));
    return Result<GroupDescription>(found->second);
  }

  kj::Promise<Status> reset_offsets(std::string group, std::vector<OffsetReset> offsets) override {
    const auto found = groups.find(group);
    if (found == groups.end()) return Status(no_group(group));
    if (!found->second.members.empty())
      return Status(Error{ErrorCode::invalid_request, "the group has members; stop them first"});
    for (const auto& reset : offsets) {
      auto& kept = found->second.info.offsets;
      std::erase_if(kept, [&](const auto& o) { return o.topic == reset.topic && o.partition == reset.partition; });
      kept.push_back({.topic = reset.topic, .partition = reset.partition, .offset = reset.offset});
    }
    return ok_status();
  }

  kj::Promise<Status> delete_group(std::string id) override {
    if (groups.erase(id) == 0) return Status(no_group(id));
    return ok_status();
  }

  kj::Promise<ControllerOutcome> control(ControllerCommand command) override {
    commands.push_back(std::move(command));
    return ControllerOutcome(outcome);
  }

  kj::Promise<Result<ClusterStatus>> cluster_status() override {
    auto told = status;
    if (!next_statuses.empty()) {
      status = std::move(next_statuses.front());
      next_statuses.pop_front();
    }
    return Result<ClusterStatus>(std::move(told));
  }

  kj::Promise<ActorPage> actors(ActorQuery query) override {
    last_query = query;
    ActorRow row;
    row.kind = "partition";
    row.name = "orders/0";
    row.answering = true;
    row.state = "leading";
    return ActorPage{{row}, 1};
  }

private:
  struct Topic {
    TopicInfo info;
    std::vector<std::vector<SharedBytes>> logs;
  };

  static Error unknown(const std::string& topic) {
    return {ErrorCode::unknown_topic_or_partition, "there is no topic or partition " + topic};
  }
  static Error not_leader() { return {ErrorCode::not_leader_or_follower, "another node leads it"}; }
  static Error no_group(const std::string& id) { return {ErrorCode::invalid_request, "there is no group " + id}; }
  static Offset end_of(const std::vector<SharedBytes>& log) {
    return log.empty() ? Offset(0) : read_batch_header(log.back().view())->next_offset();
  }
  std::vector<SharedBytes>* log_of(const TopicPartition& partition) {
    const auto found = topics_.find(partition.topic);
    if (found == topics_.end() || partition.partition < 0) return nullptr;
    auto& logs = found->second.logs;
    return static_cast<std::size_t>(partition.partition) < logs.size() ? &logs[partition.partition] : nullptr;
  }
  kj::Promise<Result<Fetched>> park() {
    ++parked;
    return kj::Promise<Result<Fetched>>(kj::NEVER_DONE).attach(kj::defer([this] { --parked; }));
  }

  std::map<std::string, Topic> topics_;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> held_;
};

} // namespace callboard::rpc
