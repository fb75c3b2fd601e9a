#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard {

// What a partition actor is wired to.
struct PartitionWiring {
  GroupId group;
  NodeId self;
  std::string name; // "orders/3"
  caf::actor writer;
  caf::actor reader;
  std::vector<caf::actor> announce_to; // every loop's agent
  caf::actor applier;                  // internal partitions: who applies the log
  std::shared_ptr<partition::CacheBudget> cache_budget;
  partition::ReplicaOptions replica;
  storage::LogOptions log;
  storage::RetentionLimits retention;
  storage::CompactionLimits compaction;
};

// One replica of one partition: a thin shell around partition::PartitionReplica that
// feeds it messages and routes its effects to the writer, the readers and the askers.
// Opens its log at the first command; commands that come before it leads wait here,
// bounded by the credits of the connections that sent them.
class PartitionActor final : public HostedActor {
public:
  PartitionActor(caf::actor_config& config, ActorRegistry& registry, PartitionWiring wiring);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  enum class Phase : std::uint8_t { closed, opening, electing, serving, stopped };
  using Command =
      std::variant<ProduceToPartition, FetchFromPartition, WatchPartition, ListOffsetOfPartition, FindEpochEnd,
                   TrimPartition, CompactPartition, DeleteRecordsOfPartition, DescribeProducersOfPartition>;
  // Who waits for what the replica calls a waiter.
  struct Asker {
    caf::actor from;
    std::uint64_t token = 0;
    bool parked = false;
    bool watches = false; // is told that there is something, not what
  };

  void touch();
  void on_opened(LogOpened& message);
  void on_written(Written& message);
  void on_write_failed(const WriteFailed& message);
  void campaign_again();
  void accept(Command command);
  void execute(Command& command);
  void execute(ProduceToPartition& message);
  void execute(FetchFromPartition& message);
  void execute(WatchPartition& message);
  void execute(ListOffsetOfPartition& message);
  void execute(FindEpochEnd& message);
  void execute(TrimPartition& message);
  void execute(CompactPartition& message);
  void fetch(caf::actor from, std::uint64_t token, partition::FetchCommand& command, bool watches);
  // partition_administration.cpp
  void execute(DeleteRecordsOfPartition& message);
  void execute(DescribeProducersOfPartition& message);
  void configure(const ConfigurePartition& message);
  void describe_log(DescribeLogOfPartition& message);
  void release_deletions();
  void refuse_deletions(ErrorCode error);

  void cancel_fetch(const CancelFetch& message);
  void stop(const Error& error);
  void remove();
  void route_effects();
  void route_produced(std::vector<partition::ProduceOutcome>& outcomes);
  void route_fetched(partition::FetchOutcome& outcome);
  void advance_phase();
  void arm_cache_drop();
  void drop_idle_cache();
  void announce(Term term, NodeId leader);

  partition::WaiterId add_asker(Asker asker);
  Asker take_asker(partition::WaiterId waiter);
  // Identifies a parked fetch by who asked.
  struct FetchKey {
    caf::actor_id from = 0;
    std::uint64_t token = 0;
    bool operator==(const FetchKey&) const = default;
  };
  struct FetchKeyHash {
    std::size_t operator()(const FetchKey& key) const noexcept { return key.from * 0x9E3779B97F4A7C15ULL ^ key.token; }
  };

  PartitionWiring wiring_;
  Phase phase_ = Phase::closed;
  std::unique_ptr<partition::PartitionReplica> replica_;
  std::shared_ptr<const storage::LogView> view_;
  std::optional<Error> stopped_;
  std::deque<Command> waiting_;
  std::vector<Asker> askers_; // by WaiterId
  std::vector<partition::WaiterId> free_askers_;
  std::unordered_map<FetchKey, partition::WaiterId, FetchKeyHash> parked_;
  // Deletions on their way: answered when the log starts there. Bounded by the credits of
  // those who asked.
  struct Deletion {
    caf::actor from;
    std::uint64_t token = 0;
    Offset log_start;
  };
  std::vector<Deletion> deletions_;
  bool cache_drop_armed_ = false;
  Offset cache_seen_;
};

} // namespace callboard
