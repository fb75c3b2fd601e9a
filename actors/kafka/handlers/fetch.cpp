#include <algorithm>
#include <limits>
#include <numeric>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/kafka/leader_hint.h"

namespace callboard::kafka {
namespace {

constexpr std::int32_t wait_ms_max = 5 * 60 * 1000;
constexpr std::size_t response_bytes_min = 64 << 10;
constexpr std::int16_t topics_by_id_since = 13; // KIP-516

// A fetch over any number of partitions: those that the request names, or those of its
// session that are due.
//
//   gather  in order, as far as the byte budget allows at a time; enough, an error or no
//           time to wait: answer
//   park    every partition answers when it has more than before
//   expire  at the deadline, those that have not are asked for what they have
//
// In a session of several partitions those with nothing are watched instead of parked:
// the watch stays for the next fetch, so that a partition at rest costs no messages.
//
// The first batch of the first partition with data is returned whole even when it is
// larger than the limits (KIP-74), or a consumer would hang on it.
class FetchInFlight final : public InFlight {
public:
  FetchInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, FetchRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  bool waits_for_its_turn() const override { return true; }

  void start() override {
    const auto scope = connection_.fetch_sessions().begin(
        request_, by_id(), [this](const FetchSession::Topic& topic, std::int32_t partition, std::uint64_t token) {
          connection_.withdraw_watch(topic, partition, token);
        });
    response_.error_code = scope.error;
    if (scope.error != ErrorCode::none) return respond();
    session_ = scope.session;
    incremental_ = scope.incremental;
    budget_ = std::min(static_cast<std::size_t>(std::max(request_.max_bytes, 0)), affordable());
    resolve_partitions();
    if (session_ == nullptr && parts_.empty()) return finish();
    if (request_.max_wait_ms > 0)
      connection_.set_deadline(slot_, std::chrono::milliseconds(std::min(request_.max_wait_ms, wait_ms_max)));
    watches_ = session_ != nullptr && session_->size() > 1;
    // A lone partition parks at once: it answers at once if it has enough.
    if (parts_.size() == 1 && !watches_ && parts_[0].actor && request_.max_wait_ms > 0)
      park();
    else
      gather();
  }

  void on(std::uint32_t index, FetchAnswer& answer) override {
    auto& part = parts_[index];
    if (!part.asked) return; // it woke up while it was being asked again
    part.asked = false;
    --outstanding_;
    allowed_ -= part.allowance;
    bytes_ -= part.bytes;
    part.bytes = 0;
    for (const auto& batch : answer.batches) part.bytes += batch.size();
    bytes_ += part.bytes;
    part.done = true;
    failed_ |= answer.error != ErrorCode::none || answer.diverged;
    part.answer = std::move(answer);
    if (expired_) {
      if (outstanding_ == 0) finish();
    } else if (parking_) {
      after_wake(index);
    } else {
      gather();
    }
  }

  bool on_session_partition(std::uint32_t index) override {
    if (session_ == nullptr || expired_) return false;
    auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) { return part.place == index; });
    if (found == parts_.end()) {
      add_session_part(index);
      found = parts_.end() - 1;
    }
    if (!parking_) return true; // the gathering comes to it
    const auto position = static_cast<std::size_t>(found - parts_.begin());
    if (!found->actor)
      finish(); // its topic has gone
    else if (!found->asked)
      ask(position, std::min(left(), partition_limit(*found)), bytes_ == 0, 0);
    return true;
  }

  void on_deadline() override {
    if (!parking_) {
      request_.max_wait_ms = 0; // answered as soon as all are gathered
      return;
    }
    expired_ = true;
    if (!watches_) {
      withdraw();
      ask_parked_for_what_they_have();
    }
    if (outstanding_ == 0) finish();
  }
  void abandon() override { withdraw(); }

private:
  struct Part {
    std::uint32_t topic = 0; // by position in the request, or as the session numbers them
    FetchSession::Index place = no_place;
    FetchPartition wanted;
    caf::actor actor; // null: unknown, answered with its error
    FetchAnswer answer;
    std::size_t allowance = 0;
    std::size_t bytes = 0;
    bool asked = false;
    bool done = false;
  };
  static constexpr auto no_place = std::numeric_limits<FetchSession::Index>::max();

  bool by_id() const { return header_.version >= topics_by_id_since; }

  // What the node can spend on one response: less when the memory of requests and
  // responses under way runs out, but enough to go on.
  std::size_t affordable() const {
    const auto& config = connection_.node().config;
    const auto used = static_cast<std::size_t>(
        std::max<std::int64_t>(connection_.node().metrics.inflight_bytes.load(std::memory_order_relaxed), 0));
    const auto left = config.node_inflight_bytes > used ? config.node_inflight_bytes - used : 0;
    return std::min(std::max(left / 4, response_bytes_min), config.response_bytes_max);
  }
  std::size_t left() const {
    const auto taken = bytes_ + allowed_;
    return budget_ > taken ? budget_ - taken : 0;
  }

  // The directory moves on while a fetch waits, so nothing of it is kept but the actor.
  const TopicRef* find_topic(const std::string& name, const Uuid& id) const {
    const auto& directory = connection_.context().directory;
    return by_id() ? directory.find(id) : directory.find(name);
  }
  const PartitionRef* find_partition(const Part& part) const {
    const auto* topic = session_ != nullptr
                            ? find_topic(session_->topic(part.topic).name, session_->topic(part.topic).id)
                            : find_topic(request_.topics[part.topic].topic, request_.topics[part.topic].topic_id);
    return topic == nullptr ? nullptr : topic->find(part.wanted.partition);
  }

  void resolve_partitions() {
    if (session_ != nullptr) {
      for (const auto index : session_->take_due()) add_session_part(index);
      return;
    }
    for (std::uint32_t t = 0; t < request_.topics.size(); ++t) {
      const auto* topic = find_topic(request_.topics[t].topic, request_.topics[t].topic_id);
      for (const auto& wanted : request_.topics[t].partitions) {
        auto& part = parts_.emplace_back();
        part.topic = t;
        part.wanted = wanted;
        resolve(part, topic);
      }
    }
  }

  void add_session_part(FetchSession::Index index) {
    const auto& partition = session_->partition(index);
    auto& part = parts_.emplace_back();
    part.topic = partition.topic;
    part.place = index;
    part.wanted = partition.wanted;
    const auto& topic = session_->topic(partition.topic);
    resolve(part, find_topic(topic.name, topic.id));
  }

  void resolve(Part& part, const TopicRef* topic) {
    const auto* found = topic == nullptr ? nullptr : topic->find(part.wanted.partition);
    if (found != nullptr) {
      part.actor = found->actor;
      return;
    }
    part.done = true;
    part.answer.error =
        topic == nullptr && by_id() ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
    failed_ = true;
  }

  // Asks the next partitions, in order, while the budget allows. Once it is used up the
  // rest are asked for their offsets only.
  void gather() {
    while (next_ < parts_.size()) {
      auto& part = parts_[next_];
      if (part.done) {
        ++next_;
        continue;
      }
      if (left() == 0 && outstanding_ > 0) return; // somebody may return less than allowed
      ask(next_++, std::min(left(), partition_limit(part)), bytes_ == 0 && outstanding_ == 0, 0);
    }
    if (outstanding_ > 0) return;
    if (bytes_ == 0 && !failed_ && ask_for_a_large_batch()) return;
    if (enough() || request_.max_wait_ms <= 0)
      finish();
    else
      park();
  }

  bool enough() const { return failed_ || bytes_ >= static_cast<std::size_t>(std::max(request_.min_bytes, 0)); }

  // Nothing came, yet somebody has data: its first batch passes its limit.
  bool ask_for_a_large_batch() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto& part = parts_[i];
      if (part.answer.high_watermark.value <= part.wanted.fetch_offset || part.allowance == 0) continue;
      if (std::exchange(large_asked_, true)) return false;
      ask(i, partition_limit(part), true, 0);
      return true;
    }
    return false;
  }

  void park() {
    parking_ = true;
    for (std::size_t i = 0; i < parts_.size() && !finished_; ++i)
      if (parts_[i].actor) park_part(i);
  }

  void park_part(std::size_t index) {
    auto& part = parts_[index];
    if (watches_) return watch(part, part.bytes + 1);
    const auto missing = static_cast<std::size_t>(std::max(request_.min_bytes, 1));
    const auto until = parts_.size() == 1 ? missing : part.bytes + 1;
    ask(index, std::min(budget_, partition_limit(part)), true, until);
  }

  void after_wake(std::size_t index) {
    if (enough())
      finish();
    else
      park_part(index);
  }

  void ask_parked_for_what_they_have() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto& part = parts_[i];
      if (!part.asked) continue;
      --outstanding_;
      allowed_ -= part.allowance;
      ask(i, part.allowance, true, 0);
    }
  }

  void ask(std::size_t index, std::size_t allowance, bool at_least_one, std::size_t park_until) {
    auto& part = parts_[index];
    part.asked = true;
    part.allowance = allowance;
    allowed_ += allowance;
    ++outstanding_;
    FetchFromPartition message;
    message.from = connection_.self();
    message.token = token(index);
    message.command.offset = Offset{part.wanted.fetch_offset};
    message.command.bytes_max = allowance;
    message.command.at_least_one = at_least_one && allowance > 0;
    message.command.leader_epoch = part.wanted.current_leader_epoch;
    message.command.last_fetched_epoch = part.wanted.last_fetched_epoch;
    message.command.park_until_bytes = park_until;
    connection_.send_to(part.actor, std::move(message));
  }

  void watch(Part& part, std::size_t bytes_min) {
    if (session_->partition(part.place).watch != 0) return;
    connection_.send_to(part.actor,
                        WatchPartition{connection_.self(), session_->watch(part.place),
                                       Offset{part.wanted.fetch_offset}, bytes_min, part.wanted.current_leader_epoch});
  }

  static std::size_t partition_limit(const Part& part) {
    return static_cast<std::size_t>(std::max(part.wanted.partition_max_bytes, 1));
  }

  // What is parked would answer into nothing.
  void withdraw() {
    if (!parking_ || watches_) return;
    for (std::size_t i = 0; i < parts_.size(); ++i)
      if (parts_[i].asked) connection_.send_to(parts_[i].actor, CancelFetch{connection_.id(), token(i)});
  }

  void finish() {
    finished_ = true;
    withdraw();
    if (session_ != nullptr) {
      response_.session_id = session_->id();
      answer_session();
    } else {
      for (auto& topic : request_.topics) response_.responses.push_back({topic.topic, topic.topic_id, {}});
      for (auto& part : parts_) fill(part, response_.responses[part.topic].partitions.emplace_back());
    }
    respond();
  }

  // Topic by topic; in an increment only what the consumer has not heard. Who was served
  // goes behind those that were not.
  void answer_session() {
    std::vector<std::uint32_t> order(parts_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return parts_[a].topic < parts_[b].topic; });
    const Part* previous = nullptr;
    for (const auto position : order) {
      auto& part = parts_[position];
      if (!part.done && incremental_) continue; // it woke up and has not answered: the next fetch asks it
      FetchablePartitionResponse place;
      fill(part, place);
      if (!session_->tell(part.place, place) && incremental_) continue;
      const auto& topic = session_->topic(part.topic);
      if (previous == nullptr || previous->topic != part.topic)
        response_.responses.push_back({topic.name, topic.id, {}});
      response_.responses.back().partitions.push_back(std::move(place));
      previous = &part;
    }
    for (auto& part : parts_)
      if (part.bytes == 0) rest(part);
    for (auto& part : parts_)
      if (part.bytes > 0) rest(part);
  }

  // With nothing to come at once it is watched until the next fetch; all others are due.
  void rest(Part& part) {
    const bool has_nothing = part.done && !part.asked && part.bytes == 0 && part.actor && !part.answer.diverged &&
                             part.answer.error == ErrorCode::none &&
                             part.answer.high_watermark.value <= part.wanted.fetch_offset;
    if (watches_ && has_nothing) return watch(part, 1);
    if (const auto token = session_->unwatch(part.place))
      connection_.send_to(part.actor, CancelFetch{connection_.id(), *token});
    session_->put_back(part.place);
  }

  void fill(Part& part, FetchablePartitionResponse& place) {
    place.partition_index = part.wanted.partition;
    place.error_code = on_kafka_wire(part.answer.error);
    place.high_watermark = part.answer.high_watermark.value;
    place.last_stable_offset = part.answer.last_stable.value;
    place.log_start_offset = part.answer.log_start.value;
    if (part.answer.diverged)
      place.diverging_epoch = {part.answer.diverged->leader_epoch.value, part.answer.diverged->end.value};
    if (request_.isolation_level == read_committed) place.aborted_transactions.emplace();
    place.records = std::move(part.answer.batches);
    const bool led_elsewhere =
        place.error_code == ErrorCode::not_leader_or_follower || place.error_code == ErrorCode::fenced_leader_epoch;
    if (!led_elsewhere || header_.version < fetch_names_leader_since) return;
    if (const auto* partition = find_partition(part))
      place.current_leader = name_leader(connection_, *partition, response_.node_endpoints);
  }

  void respond() { connection_.respond(slot_, encode_response(header_, response_)); }

  FetchRequest request_;
  FetchResponse response_;
  FetchSession* session_ = nullptr; // the connection's
  std::vector<Part> parts_;
  std::size_t budget_ = 0;
  std::size_t bytes_ = 0;   // gathered
  std::size_t allowed_ = 0; // to partitions that have not answered
  std::size_t outstanding_ = 0;
  std::size_t next_ = 0;
  bool incremental_ = false;
  bool watches_ = false;
  bool parking_ = false;
  bool expired_ = false;
  bool failed_ = false;
  bool finished_ = false;
  bool large_asked_ = false;
};

} // namespace

Handling handle_fetch(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, FetchRequest request) {
  return std::make_unique<FetchInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
