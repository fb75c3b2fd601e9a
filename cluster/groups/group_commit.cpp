// Group: committing, fetching and deleting offsets.
#include <algorithm>
#include <utility>

#include "cluster/groups/group.h"
#include "cluster/groups/subscription.h"
#include "cluster/groups/write_error.h"
#include "schema/group_rows.h"

namespace callboard::groups {
namespace {

OffsetsOutcome refusal_of(WaiterId waiter, Error error, std::size_t partitions) {
  return {waiter, error.code, std::move(error.message), std::vector<ErrorCode>(partitions, error.code)};
}

OffsetRecord record_of(CommitPartition& commit, TimestampMs now) {
  return {commit.offset, commit.leader_epoch, std::move(commit.metadata), now, commit.topic_id};
}

} // namespace

void Group::commit(CommitCommand command, Moment now) {
  if (auto checked = check_commit(command, now); !checked) {
    effects_.committed.push_back(refusal_of(command.waiter, checked.error(), command.partitions.size()));
    return;
  }
  Commit commit;
  commit.answer.waiter = command.waiter;
  std::vector<GroupRowChange> rows;
  for (auto& partition : command.partitions) {
    commit.answer.partitions.push_back(offsets_.check(partition, options_));
    if (commit.answer.partitions.back() != ErrorCode::none) continue;
    auto record = record_of(partition, now.wall);
    rows.push_back({offset_row_key(id_, partition.topic, partition.partition), record});
    commit.offsets.push_back({{std::move(partition.topic), partition.partition}, std::move(record)});
    offsets_.sent(commit.offsets.back());
  }
  if (rows.empty()) {
    effects_.committed.push_back(std::move(commit.answer));
    return;
  }
  const bool needs_row = row_ != Row::stored && classic_.state() == GroupState::empty;
  if (needs_row) rows.push_back({group_row_key(id_), classic_.record()});
  send(std::move(rows), {std::move(commit), needs_row});
}

Status Group::check_commit(const CommitCommand& command, Moment now) {
  if (auto refused = refusal()) return std::move(*refused);
  if (command.generation >= 0 && !exists()) {
    return Error{ErrorCode::illegal_generation, "the group does not exist, so it has no generations; join it first"};
  }
  return classic_.check_commit(command, now);
}

FetchOffsetsOutcome Group::fetch_offsets(const FetchOffsetsCommand& command) const {
  FetchOffsetsOutcome out;
  if (resigned_) {
    auto refused = *refusal();
    return {refused.code, std::move(refused.message), {}};
  }
  if (!command.partitions) {
    out.offsets = offsets_.all();
    return out;
  }
  out.offsets.reserve(command.partitions->size());
  for (const auto& partition : *command.partitions) out.offsets.push_back(offsets_.fetch(partition));
  return out;
}

void Group::delete_offsets(DeleteOffsetsCommand command) {
  auto refused = refusal();
  if (!refused && !exists()) refused = Error{ErrorCode::group_id_not_found, "There is no group \"" + id_ + "\"."};
  const bool has_members = classic_.state() != GroupState::empty;
  if (!refused && has_members && classic_.protocol_type() != consumer_protocol_type) {
    refused = Error{ErrorCode::non_empty_group, "the members of the group are no consumers, so it is not known what "
                                                "they read; stop them first"};
  }
  if (refused) {
    effects_.offsets_deleted.push_back(refusal_of(command.waiter, std::move(*refused), command.partitions.size()));
    return;
  }
  OffsetsOutcome answer;
  answer.waiter = command.waiter;
  std::vector<TopicPartition> doomed;
  std::map<std::string, bool, std::less<>> subscribed; // each topic is looked for once
  for (auto& partition : command.partitions) {
    const auto [topic, is_new] = subscribed.try_emplace(partition.topic, false);
    if (is_new) topic->second = classic_.subscribes(partition.topic);
    answer.partitions.push_back(topic->second ? ErrorCode::group_subscribed_to_topic : ErrorCode::none);
    if (!topic->second && offsets_.may_exist(partition)) doomed.push_back(std::move(partition));
  }
  if (doomed.empty()) {
    effects_.offsets_deleted.push_back(std::move(answer));
  } else {
    send_deletion(std::move(doomed), std::move(answer));
  }
}

void Group::topic_deleted(const std::string& topic, const Uuid& id) {
  if (resigned_) return;
  for (auto& [sequence, pending] : in_flight_) {
    auto* commit = std::get_if<Commit>(&pending.what);
    if (commit == nullptr) continue;
    for (auto& offset : commit->offsets) {
      offset.topic_gone = offset.topic_gone || (offset.partition.topic == topic && offset.record.topic_id == id);
    }
  }
  auto gone = offsets_.topic_deleted(topic, id);
  if (!gone.empty()) send_deletion(std::move(gone), std::nullopt);
}

void Group::send_deletion(std::vector<TopicPartition> partitions, std::optional<OffsetsOutcome> answer) {
  std::vector<GroupRowChange> rows;
  for (const auto& [topic, partition] : partitions) rows.push_back({offset_row_key(id_, topic, partition), {}});
  send(std::move(rows), {OffsetDeletion{std::move(answer), std::move(partitions)}, false});
}

void Group::finish(Commit& commit, Moment) {
  for (auto& offset : commit.offsets) offsets_.written(std::move(offset));
  effects_.committed.push_back(std::move(commit.answer));
}

void Group::fail(Commit& commit, const Error& error, Moment) {
  for (const auto& offset : commit.offsets) offsets_.failed(offset);
  effects_.committed.push_back(
      refusal_of(commit.answer.waiter, as_commit_error(error), commit.answer.partitions.size()));
}

void Group::finish(OffsetDeletion& deletion, Moment) {
  for (const auto& partition : deletion.partitions) offsets_.removed(partition);
  if (deletion.answer) effects_.offsets_deleted.push_back(std::move(*deletion.answer));
}

void Group::fail(OffsetDeletion& deletion, const Error& error, Moment) {
  if (!deletion.answer) return;
  effects_.offsets_deleted.push_back(
      refusal_of(deletion.answer->waiter, as_group_error(error), deletion.answer->partitions.size()));
}

// The group is back; whether its row still is, nobody knows.
void Group::fail(GroupDeletion& deletion, const Error& error, Moment) {
  deleting_ = false;
  row_ = Row::unsure;
  auto told = as_group_error(error);
  if (deletion.waiter) effects_.deleted.push_back({*deletion.waiter, told.code, std::move(told.message)});
}

} // namespace callboard::groups
