#include "actors/kafka/fetch_session.h"

#include <limits>
#include <utility>

#include "schema/assert.h"

namespace callboard::kafka {
namespace {

// A watch's token: its number, a mark that no request in flight uses (its indexes are
// counts of array elements), and the partition.
constexpr std::uint32_t watch_mark = std::uint32_t{1} << 31;

constexpr std::uint64_t token_of(std::uint32_t watch, FetchSession::Index index) {
  return std::uint64_t{watch} << 32 | watch_mark | index;
}

std::uint64_t place_of(FetchSession::Index topic, std::int32_t partition) {
  return std::uint64_t{topic} << 32 | static_cast<std::uint32_t>(partition);
}

// The same question again: what a partition said to it, or waits to say, still stands.
bool same_question(const FetchPartition& a, const FetchPartition& b) {
  return a.fetch_offset == b.fetch_offset && a.current_leader_epoch == b.current_leader_epoch &&
         a.last_fetched_epoch == b.last_fetched_epoch;
}

std::size_t partitions_of(const FetchRequest& request) {
  std::size_t count = 0;
  for (const auto& topic : request.topics) count += topic.partitions.size();
  return count;
}

} // namespace

void FetchSession::apply(const FetchRequest& request, const Withdraw& withdraw) {
  for (const auto& topic : request.topics) {
    if (topic.partitions.empty()) continue;
    const auto index = topic_of(topic.topic, topic.topic_id);
    for (const auto& wanted : topic.partitions) add(index, wanted, withdraw);
  }
  for (const auto& topic : request.forgotten_topics_data) {
    for (const auto partition : topic.partitions) {
      // With its last partition the topic goes too.
      if (const auto index = find_topic(topic.topic, topic.topic_id)) forget(*index, partition, withdraw);
    }
  }
}

void FetchSession::advance_epoch() {
  epoch_ = epoch_ == std::numeric_limits<std::int32_t>::max() ? 1 : epoch_ + 1;
}

void FetchSession::withdraw_all(const Withdraw& withdraw) {
  for (Index i = 0; i < partitions_.size(); ++i) withdraw_watch(i, withdraw);
}

std::vector<FetchSession::Index> FetchSession::take_due() {
  std::vector<Index> taken;
  taken.reserve(due_.size());
  for (const auto index : due_)
    if (std::exchange(partitions_[index].due, false) && partitions_[index].member) taken.push_back(index);
  due_.clear();
  return taken;
}

void FetchSession::put_back(Index index) {
  if (!partitions_[index].member || std::exchange(partitions_[index].due, true)) return;
  due_.push_back(index);
}

std::uint64_t FetchSession::watch(Index index) {
  CB_ASSERT(partitions_[index].member && partitions_[index].watch == 0);
  if (++watches_ == 0) ++watches_;
  partitions_[index].watch = watches_;
  return token_of(watches_, index);
}

std::optional<FetchSession::Index> FetchSession::woke(std::uint64_t token) {
  const auto index = static_cast<Index>(token) & ~watch_mark;
  if (index >= partitions_.size()) return std::nullopt;
  auto& partition = partitions_[index];
  if (partition.watch == 0 || token_of(partition.watch, index) != token) return std::nullopt;
  partition.watch = 0;
  return index;
}

std::optional<std::uint64_t> FetchSession::unwatch(Index index) {
  const auto watch = std::exchange(partitions_[index].watch, 0);
  if (watch == 0) return std::nullopt;
  return token_of(watch, index);
}

bool FetchSession::tell(Index index, const FetchablePartitionResponse& answer) {
  auto& partition = partitions_[index];
  const bool says_something =
      answer.error_code != ErrorCode::none || !answer.records.empty() || answer.diverging_epoch != EpochEndOffset{};
  const bool moved =
      partition.told_high_watermark != answer.high_watermark || partition.told_log_start != answer.log_start_offset;
  partition.told_high_watermark = answer.high_watermark;
  partition.told_log_start = answer.log_start_offset;
  return says_something || moved;
}

FetchSession::Index FetchSession::topic_of(const std::string& name, const Uuid& id) {
  if (const auto known = find_topic(name, id)) return *known;
  Index index = 0;
  if (free_topics_.empty()) {
    index = static_cast<Index>(topics_.size());
    topics_.emplace_back();
  } else {
    index = free_topics_.back();
    free_topics_.pop_back();
  }
  topics_[index] = {by_id_ ? std::string() : name, by_id_ ? id : Uuid{}, 0};
  if (by_id_)
    topics_by_id_[id] = index;
  else
    topics_by_name_[name] = index;
  return index;
}

std::optional<FetchSession::Index> FetchSession::find_topic(const std::string& name, const Uuid& id) const {
  if (by_id_) {
    const auto found = topics_by_id_.find(id);
    return found == topics_by_id_.end() ? std::nullopt : std::optional(found->second);
  }
  const auto found = topics_by_name_.find(name);
  return found == topics_by_name_.end() ? std::nullopt : std::optional(found->second);
}

void FetchSession::add(Index topic, const FetchPartition& wanted, const Withdraw& withdraw) {
  const auto [place, is_new] = places_.try_emplace(place_of(topic, wanted.partition), 0);
  if (!is_new) {
    auto& known = partitions_[place->second];
    const bool same = same_question(known.wanted, wanted);
    known.wanted = wanted;
    if (same && known.watch != 0) return;
    withdraw_watch(place->second, withdraw);
    put_back(place->second);
    return;
  }
  if (free_partitions_.empty()) {
    place->second = static_cast<Index>(partitions_.size());
    partitions_.emplace_back();
  } else {
    place->second = free_partitions_.back();
    free_partitions_.pop_back();
  }
  auto& added = partitions_[place->second];
  const bool queued = added.due; // left over in the queue from a partition that went
  added = {};
  added.topic = topic;
  added.wanted = wanted;
  added.member = true;
  added.due = queued;
  ++topics_[topic].partitions;
  put_back(place->second);
}

void FetchSession::forget(Index topic, std::int32_t partition, const Withdraw& withdraw) {
  const auto place = places_.find(place_of(topic, partition));
  if (place == places_.end()) return;
  const auto index = place->second;
  withdraw_watch(index, withdraw);
  places_.erase(place);
  partitions_[index].member = false;
  free_partitions_.push_back(index);
  auto& owner = topics_[topic];
  if (--owner.partitions > 0) return;
  if (by_id_)
    topics_by_id_.erase(owner.id);
  else
    topics_by_name_.erase(owner.name);
  owner = {};
  free_topics_.push_back(topic);
}

void FetchSession::withdraw_watch(Index index, const Withdraw& withdraw) {
  if (const auto token = unwatch(index))
    withdraw(topics_[partitions_[index].topic], partitions_[index].wanted.partition, *token);
}

// ---- FetchSessions

FetchSessions::Scope FetchSessions::begin(const FetchRequest& request, bool by_id,
                                          const FetchSession::Withdraw& withdraw) {
  if (request.session_epoch != first_fetch_epoch && request.session_epoch != final_fetch_epoch)
    return go_on(request, by_id, withdraw);
  close(withdraw);
  return request.session_epoch == first_fetch_epoch ? open(request, by_id, withdraw) : Scope{};
}

void FetchSessions::close(const FetchSession::Withdraw& withdraw) {
  if (!session_) return;
  session_->withdraw_all(withdraw);
  budget_.partitions -= session_->size();
  session_.reset();
}

FetchSessions::Scope FetchSessions::open(const FetchRequest& request, bool by_id,
                                         const FetchSession::Withdraw& withdraw) {
  const auto count = partitions_of(request);
  if (count == 0 || count > budget_.session_partitions_max || budget_.partitions + count > budget_.partitions_max)
    return {};
  budget_.last_id = budget_.last_id == std::numeric_limits<std::int32_t>::max() ? 1 : budget_.last_id + 1;
  session_.emplace(budget_.last_id, by_id);
  apply(request, withdraw);
  return {ErrorCode::none, &*session_, false};
}

FetchSessions::Scope FetchSessions::go_on(const FetchRequest& request, bool by_id,
                                          const FetchSession::Withdraw& withdraw) {
  if (!session_ || request.session_id != session_->id()) return {ErrorCode::fetch_session_id_not_found};
  if (request.session_epoch != session_->epoch()) return {ErrorCode::invalid_fetch_session_epoch};
  if (by_id != session_->by_id()) return {ErrorCode::fetch_session_topic_id_error};
  apply(request, withdraw); // adds no more than the request itself, which has its credits
  session_->advance_epoch();
  const bool empty = session_->size() == 0;
  const bool over = session_->size() > budget_.session_partitions_max || budget_.partitions > budget_.partitions_max;
  if (!empty && !over) return {ErrorCode::none, &*session_, true};
  close(withdraw);
  return {over ? ErrorCode::fetch_session_id_not_found : ErrorCode::none};
}

void FetchSessions::apply(const FetchRequest& request, const FetchSession::Withdraw& withdraw) {
  budget_.partitions -= session_->size();
  session_->apply(request, withdraw);
  budget_.partitions += session_->size();
}

} // namespace callboard::kafka
