#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/coordination/group_messages.h"
#include "actors/node/loop_context.h"
#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "actors/storage/state_messages.h"

namespace callboard {

struct LogTrimmed; // actors/partition/internal_log.h

// What a coordinator and its groups are wired to.
struct CoordinatorWiring {
  GroupId group; // of its partition
  NodeId self;
  std::string name;            // "__consumer_offsets/3"
  std::string directory;       // the node's
  LoopContext* loop = nullptr; // its groups live beside it
  caf::actor state;
};

// Coordinates the consumer groups of one partition of __consumer_offsets: applies the
// partition's log to its state (state_actor.h), and while this node leads it, hands each
// group's requests to that group's actor, which begins with its first request and ends
// some time after its last.
//
//   partition --- EntriesCommitted ---> coordinator --- ApplyRows ---> state actor
//   connection -- GroupRequest -------> coordinator --- GroupRequest -> group actor
//                                                        group actor --- ScanRows ---> state actor
//                                                        group actor --- ProduceToPartition ---> partition
//
// A follower's does the same, so that its log is trimmed too and it can take over at once.
// Nothing is loaded when it starts or moves but the end of the log that the state had not
// been flushed with. A group that begins sees all that was committed before: its ScanRows
// goes behind the ApplyRows of that. Lives on the host of its partition; requests that
// come before it leads wait here, bounded by the credits of those who sent them.
class CoordinatorActor final : public HostedActor {
public:
  CoordinatorActor(caf::actor_config& config, ActorRegistry& registry, CoordinatorWiring wiring);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  // opening -> replaying -> ready; unusable from each. It serves when it is ready and leads.
  enum class Phase : std::uint8_t { closed, opening, replaying, ready, unusable };
  using Request = std::variant<GroupRequest, ListGroupsOfCoordinator>;
  struct Group {
    caf::actor actor;
    std::uint64_t requests = 0; // handed to it
    GroupListing listing;       // as it last said
  };
  struct Listing {
    ListGroupsOfCoordinator request;
    std::vector<GroupListing> groups;
  };

  void touch();
  void accept(Request request);
  void execute(Request& request);
  void execute(GroupRequest& request);
  void execute(ListGroupsOfCoordinator& request);
  void refuse(Request& request, ErrorCode error);
  void on_log_opened(const InternalLogOpened& message);
  void on_state_opened(const StateOpened& message);
  void begin_replay();
  void replay_next();
  void on_replayed(const EntriesReplayed& message);
  void on_log_trimmed(const LogTrimmed& message);
  void on_committed(const EntriesCommitted& message);
  void apply(const LogEntry& entry);
  void finish_replay();
  void on_leader_changed(const LeaderAnnouncement& message);
  void on_settled(const LeaderSettled& message);
  void serve_waiting();
  void give_up(const Error& error);
  void end();
  void resign();
  void on_flushed(const StateFlushed& message);
  Group& group_of(const std::string& name);
  void on_group_changed(GroupChanged& message);
  void on_idle(const GroupIdle& message);
  void on_topic_removed(const TopicRemoved& message);
  void scan_groups(std::uint64_t token, std::string after);
  void on_scanned(RowsScanned& message);
  bool leads() const { return leader_ == wiring_.self && settled_term_ == term_; }
  bool another_leads() const { return leader_ != no_node && leader_ != wiring_.self; }

  CoordinatorWiring wiring_;
  caf::actor partition_;
  Phase phase_ = Phase::closed;
  std::optional<Error> failure_;
  Term term_;
  NodeId leader_ = no_node;
  Term settled_term_; // this node leads in it, and has applied all that was before

  RaftIndex log_first_;
  Offset log_first_offset_;
  RaftIndex log_committed_; // when it was opened
  bool log_opened_ = false;
  bool state_opened_ = false;
  RaftIndex applied_;
  std::deque<LogEntry> early_; // committed while the replay goes on
  Offset state_end_;           // of the state, when it was opened
  Offset trimmed_;             // the log start last asked for

  std::deque<Request> waiting_;
  std::unordered_map<std::string, Group> groups_;
  std::unordered_map<std::uint64_t, Listing> listings_;
  std::uint64_t next_listing_ = 1;
};

} // namespace callboard
