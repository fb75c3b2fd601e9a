#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/groups/classic_group.h"
#include "cluster/groups/commands.h"
#include "cluster/groups/group_offsets.h"

namespace callboard::groups {

// A group's rows as they were found: see schema/group_rows.h.
struct GroupRows {
  std::optional<GroupRecord> group;
  std::vector<std::pair<TopicPartition, OffsetRecord>> offsets;
};

// Everything the caller has to do, taken after each input.
struct Effects {
  std::vector<GroupWrite> writes; // to the offsets partition, acks=all, in this order
  std::vector<JoinOutcome> joined;
  std::vector<SyncOutcome> synced;
  std::vector<OffsetsOutcome> committed;
  std::vector<OffsetsOutcome> offsets_deleted;
  std::vector<DeleteGroupOutcome> deleted;

  bool empty() const {
    return writes.empty() && joined.empty() && synced.empty() && committed.empty() && offsets_deleted.empty() &&
           deleted.empty();
  }
};

// One consumer group on its coordinator, pure: who is in it (ClassicGroup) and what it
// committed (GroupOffsets). The actor around it feeds inputs and routes effects:
//
//   load(rows)                   once, before anything else; then effects as always
//   join(), sync(), commit() ..  -> take_effects(): answers that need no write are there at once
//   effects.writes[i]            -> one batch of its rows, acks=all -> written(sequence) or
//                                   write_failed(sequence, error) -> take_effects(): the rest
//   one timer                    at next_deadline() after every input; it may be too early, so
//                                when it fires: expire(now), take_effects(), next_deadline()
//   no longer the leader         resign(): everybody is told not_coordinator
//   unused for a while           remove_if_vacant(); once idle(), it can be thrown away and
//                                loaded again
//
// Writes are answered each once. Those that succeed are answered in the order of their
// sequence, as a log commits them; failures may come late. A failed write may still have
// reached the log: nothing here relies on it having not.
//
// Every command with a waiter gets exactly one answer, as long as its writes are answered or
// the group resigns. Waiters are bounded by the credits of those who ask.
//
// Who asks for a group that does not exist, talks to an empty one that exists() denies; a row
// appears with its first commit or its first generation.
//
// Later protocols (KIP-848) take ClassicGroup's place beside the same offsets; what is common
// to both is here.
class Group {
public:
  // `id` passed check_group_id().
  explicit Group(std::string id, const GroupOptions& options = {});

  // The current id of a topic; nullopt: there is none. Rows of another id do not count and
  // are deleted.
  using TopicIds = std::function<std::optional<Uuid>(const std::string& topic)>;
  void load(GroupRows rows, const TopicIds& topics, Moment now);

  // See ClassicGroup for the errors; besides not_coordinator once resigned, and
  // coordinator_not_available while the group is being deleted.
  void join(JoinCommand command, Moment now);
  void sync(SyncCommand command, Moment now);
  Status heartbeat(const HeartbeatCommand& command, Moment now);
  LeaveOutcome leave(const std::vector<LeavingMember>& leaving, Moment now);

  // Answered in Effects::committed. Errors of the whole: unknown_member_id,
  // fenced_instance_id, illegal_generation, rebalance_in_progress; coordinator_not_available,
  // not_coordinator and invalid_commit_offset_size of a failed write. See GroupOffsets::check()
  // for those of a partition; the others are committed all the same.
  void commit(CommitCommand command, Moment now);
  // Only what is on disk. Errors: not_coordinator.
  FetchOffsetsOutcome fetch_offsets(const FetchOffsetsCommand& command) const;
  // Answered in Effects::offsets_deleted. Errors: group_id_not_found, non_empty_group (members
  // that are no consumers); of a partition group_subscribed_to_topic.
  void delete_offsets(DeleteOffsetsCommand command);
  // Answered in Effects::deleted. Errors: group_id_not_found, non_empty_group.
  void delete_group(WaiterId waiter);
  // Of a group that does not exist the state is dead.
  GroupDescription describe() const;

  // No offset of this topic counts any longer.
  void topic_deleted(const std::string& topic, const Uuid& id);
  // A group without members and offsets need not be listed forever.
  void remove_if_vacant();

  void expire(Moment now);
  // nullopt: nothing to wait for.
  std::optional<Instant> next_deadline() const;

  void written(std::uint64_t sequence, Moment now);
  void write_failed(std::uint64_t sequence, const Error& error, Moment now);
  // Not the coordinator any more. What is on its way is forgotten: its outcome may be given or
  // not. There is no way back, but loading another Group.
  void resign();

  Effects take_effects();

  const std::string& id() const { return id_; }
  GroupState state() const { return deleting_ ? GroupState::dead : classic_.state(); }
  bool exists() const;
  // Nothing but what the rows say.
  bool idle() const;
  const Members& members() const { return classic_.members(); }
  std::size_t writes_in_flight() const { return in_flight_.size(); }

private:
  struct Commit {
    OffsetsOutcome answer;
    std::vector<PendingOffset> offsets;
  };
  struct OffsetDeletion {
    std::optional<OffsetsOutcome> answer;
    std::vector<TopicPartition> partitions;
  };
  struct GroupDeletion {
    std::optional<WaiterId> waiter;
  };
  struct InFlight {
    std::variant<RowPurpose, Commit, OffsetDeletion, GroupDeletion> what;
    bool puts_group_row = false;
  };
  // What the disk holds under the group's own key.
  enum class Row : std::uint8_t { absent, unsure, stored };

  std::optional<Error> refusal() const;
  Status check_commit(const CommitCommand& command, Moment now);
  void send(std::vector<GroupRowChange> rows, InFlight what);
  void send_deletion(std::vector<TopicPartition> partitions, std::optional<OffsetsOutcome> answer);
  void send_group_deletion(std::optional<WaiterId> waiter);
  std::optional<InFlight> take_in_flight(std::uint64_t sequence);
  void absorb();

  void finish(RowPurpose& purpose, Moment now);
  void finish(Commit& commit, Moment now);
  void finish(OffsetDeletion& deletion, Moment now);
  void finish(GroupDeletion& deletion, Moment now);
  void fail(RowPurpose& purpose, const Error& error, Moment now);
  void fail(Commit& commit, const Error& error, Moment now);
  void fail(OffsetDeletion& deletion, const Error& error, Moment now);
  void fail(GroupDeletion& deletion, const Error& error, Moment now);

  std::string id_;
  GroupOptions options_;
  ClassicGroup classic_;
  GroupOffsets offsets_;
  Row row_ = Row::absent;
  bool deleting_ = false;
  bool resigned_ = false;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_written_ = 0;
  std::map<std::uint64_t, InFlight> in_flight_;
  Effects effects_;
};

} // namespace callboard::groups
