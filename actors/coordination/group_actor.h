#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/coordination/group_messages.h"
#include "actors/node/directory.h"
#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "actors/storage/state_messages.h"
#include "cluster/groups/group.h"

namespace callboard {

struct GroupWiring {
  std::string name; // the group's id
  GroupId group;    // of its offsets partition
  caf::actor coordinator;
  caf::actor partition;
  caf::actor state;
  const Directory* directory = nullptr; // of the loop that it lives on
};

// Its own: something of the group is due.
struct GroupDeadline {};
// Its own: look whether anybody still uses the group.
struct CheckIdle {};

// One consumer group: a thin shell around groups::Group that loads its rows, feeds it
// requests and the time, writes its rows to the offsets partition and sends its answers.
// Requests that come while it loads wait here, bounded by the credits of their senders.
// Ends when its coordinator says so: unused, or coordinated elsewhere now. One that holds
// nothing is unused at once: asking for groups that never were leaves nothing behind.
class GroupActor final : public HostedActor {
public:
  GroupActor(caf::actor_config& config, ActorRegistry& registry, GroupWiring wiring);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  struct Asker {
    caf::actor from;
    std::uint64_t token = 0;
  };

  void accept(GroupRequest& request);
  void execute(GroupRequest& request);
  void execute(GroupRequest& request, groups::JoinCommand& command);
  void execute(GroupRequest& request, groups::SyncCommand& command);
  void execute(GroupRequest& request, const groups::HeartbeatCommand& command);
  void execute(GroupRequest& request, const LeaveCommand& command);
  void execute(GroupRequest& request, groups::CommitCommand& command);
  void execute(GroupRequest& request, const groups::FetchOffsetsCommand& command);
  void execute(GroupRequest& request, groups::DeleteOffsetsCommand& command);
  void execute(GroupRequest& request, const DescribeGroup& command);
  void execute(GroupRequest& request, const DeleteGroup& command);
  void answer(const GroupRequest& request, GroupOutcome outcome);
  groups::WaiterId add_waiter(const GroupRequest& request);
  template <class Outcome>
  void answer_waiters(std::vector<Outcome>& outcomes);

  void begin_load();
  void scan(std::string after);
  void on_scanned(RowsScanned& message);
  void loaded();
  void fail_load(const std::string& why);

  void on_written(const ProduceAnswers& message);
  void on_deadline();
  void on_topic_removed(const TopicRemoved& message);
  void resign();
  void route_effects();
  void write(const groups::GroupWrite& write);
  void arm_deadline();
  void report_change();
  void check_idle();
  void rest();

  GroupWiring wiring_;
  groups::Group group_;
  enum class Phase : std::uint8_t { idle, loading_group, loading_offsets, ready, ended };
  Phase phase_ = Phase::idle;
  std::vector<StateRow> rows_; // while it loads
  std::deque<GroupRequest> waiting_;
  std::unordered_map<groups::WaiterId, Asker> askers_;
  groups::WaiterId last_waiter_ = 0;
  std::optional<Instant> armed_for_;
  std::uint64_t requests_ = 0;                         // handled
  std::uint64_t requests_seen_ = 0;                    // at the last look
  bool looks_ = false;                                 // now and then whether it is used
  groups::GroupState told_ = groups::GroupState::dead; // to the coordinator
  std::size_t told_members_ = 0;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::GroupDeadline)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CheckIdle)
