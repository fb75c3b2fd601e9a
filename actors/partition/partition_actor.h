#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/node/loop_context.h"
#include "actors/partition/catch_up_messages.h"
#include "actors/partition/messages.h"
#include "actors/partition/promised_messages.h"
#include "actors/runtime/hosted_actor.h"
#include "cluster/membership/group_duties.h"
#include "cluster/partition/follower_reads.h"

namespace callboard {

struct StatePartRead; // actors/storage/state_messages.h
struct StatePartStored;

// What a partition actor is wired to.
struct PartitionWiring {
  GroupId group;
  NodeId self;
  std::string name; // "orders/3"
  caf::actor writer;
  caf::actor reader;
  caf::actor catch_up;                 // lets it read for followers
  std::vector<caf::actor> agents;      // every loop's
  std::vector<caf::actor> announce_to; // who else hears of its leader
  caf::actor applier;                  // internal partitions: who applies the log
  bool shows_uncommitted = false;      // to the applier, when the log is opened
  caf::actor state;                    // and who keeps what it comes to, if that is on disk
  LoopContext* loop = nullptr;         // its own, where the other nodes are found; null: there are none
  Placement placement;
  bool placed = true;     // the placement is what the controller wants; else a PlacePartition will say it
  std::uint64_t seed = 0; // of its election timeouts
  std::shared_ptr<partition::CacheBudget> cache_budget;
  partition::ReplicaOptions replica;
  storage::LogOptions log;
  storage::RetentionLimits retention;
  storage::CompactionLimits compaction;
};

// One replica of one partition: a thin shell around partition::PartitionReplica that
// feeds it messages and routes its effects to the writer, the readers, the askers and the
// other replicas, through this loop's links to their nodes.
// Opens its log at the first command or message of another replica. Commands that come
// before that, or before the only replica of a group leads, wait here, bounded by the
// credits of the connections that sent them.
//
// Ticks only while its replica does not rest. A leader moves the group's membership towards
// the placement that the controller wants, one step after the other. A replica that its group
// has taken out, and that the controller does not want here, destroys what it has and tells
// the metadata actor.
class PartitionActor final : public HostedActor {
public:
  PartitionActor(caf::actor_config& config, ActorRegistry& registry, PartitionWiring wiring);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  // electing: the only voter, not settled yet; serving: the replica answers, leader or not.
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
  void read_suffix();
  void on_suffix(EntriesReplayed& message);
  void start_replica();
  void on_written(Written& message);
  void on_write_failed(const WriteFailed& message);
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
  // partition_peers.cpp
  void on_raft(RaftFromPeer& message);
  void on_peer(const PeerLiveness& message);
  void on_tick();
  void on_catch_up_granted(const CatchUpGranted& message);
  void on_read(ReadDone& message);
  void ask_for_reads(const std::vector<raft::ReadRequest>& reads);
  void release_reads(const std::vector<partition::FollowerReads::Release>& over);
  void place(const PlacePartition& message);
  void leave_if_out();
  void yield_leadership(const YieldLeadership& message);
  bool needs_ticks() const;
  void arm_tick();
  void send_to_peers(std::vector<raft::Message>& messages);
  void release_promised();
  void advance_membership();
  void announce_leader();
  // partition_applier.cpp
  void replay(const ReplayLog& message);
  void on_state_flushed(const AppliedStateFlushed& message);
  void store_log_start();
  void route_state(partition::Effects& effects);
  void on_state_read(StatePartRead& message);
  void on_state_stored(const StatePartStored& message);
  // partition_administration.cpp
  void execute(DeleteRecordsOfPartition& message);
  void execute(DescribeProducersOfPartition& message);
  void configure(const ConfigurePartition& message);
  void describe_log(DescribeLogOfPartition& message);
  void release_deletions();
  void refuse_deletions(ErrorCode error);

  void cancel_fetch(const CancelFetch& message);
  void stop(const Error& error);
  void remove(const Error& why);
  void on_destroyed();
  void tell_gone();
  // partition_healing.cpp
  void damage_found(const DamageFound& message);
  void await_healing(const Error& error);
  LeaderAnnouncement told_of_group() const;
  std::function<bool(NodeId)> in_service() const;
  void heal_scrubbed();
  void heal_later(std::chrono::milliseconds wait);
  void set_aside();
  void try_to_heal();
  void give_up_state();
  void on_set_aside(const LogSetAside& message);
  void route_effects();
  void route_produced(std::vector<partition::ProduceOutcome>& outcomes);
  void route_fetched(partition::FetchOutcome& outcome);
  void advance_phase();
  void arm_cache_drop();
  void drop_idle_cache();

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
  std::unique_ptr<LogOpened> opened_; // until the replica is made
  std::size_t suffix_read_ = 0;       // entries of its suffix that are whole
  std::optional<Error> stopped_;
  // Of the replica's own log, which it can do without if others have it.
  membership::Doubts doubts_;
  bool heals_later_ = false;             // TryToHeal is on its way
  std::optional<Error> scrubbed_damage_; // it goes on with it for now
  bool damaged_ = false;
  bool setting_aside_ = false;
  std::uint32_t healed_ = 0; // times that it began anew
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
  PromisedMessages promised_;
  partition::FollowerReads follower_reads_;
  bool tick_armed_ = false;
  membership::LeaderTeller teller_;
  Term settled_in_;
  std::optional<Offset> log_start_due_; // in effect, not stored yet
  Offset applied_flushed_;              // AppliedStateFlushed
  std::optional<Term> placed_during_;   // PlacePartition
  std::optional<RaftIndex> excluded_;   // LeftGroup, the newest
  bool left_ = false;                   // its group has taken it out
};

} // namespace callboard
