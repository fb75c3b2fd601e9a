#include <algorithm>
#include <limits>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr std::int32_t wait_ms_max = 5 * 60 * 1000;
constexpr std::size_t response_bytes_min = 64 << 10;

// A fetch over any number of partitions.
//
//   gather  in request order, as far as the byte budget allows at a time; enough, an
//           error or no time to wait: answer
//   park    every partition answers when it has more than before
//   expire  at the deadline, those that have not are asked for what they have
//
// The first batch of the first partition with data is returned whole even when it is
// larger than the limits (KIP-74), or a consumer would hang on it.
class FetchInFlight final : public InFlight {
public:
  FetchInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, FetchRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  bool waits_for_its_turn() const override { return true; }

  void start() override {
    response_.responses.reserve(request_.topics.size());
    if (request_.session_id != 0) { // none was ever given out (KIP-227)
      response_.error_code = ErrorCode::fetch_session_id_not_found;
      connection_.respond(slot_, encode_response(header_, response_));
      return;
    }
    budget_ = std::min(static_cast<std::size_t>(std::max(request_.max_bytes, 0)), affordable());
    resolve_partitions();
    if (request_.max_wait_ms > 0)
      connection_.set_deadline(slot_, std::chrono::milliseconds(std::min(request_.max_wait_ms, wait_ms_max)));
    // A lone partition parks at once: it answers at once if it has enough.
    if (parts_.size() == 1 && parts_[0].actor && request_.max_wait_ms > 0)
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
    failed_ |= answer.error != ErrorCode::none;
    part.answer = std::move(answer);
    if (expired_) {
      if (outstanding_ == 0) finish();
    } else if (parking_) {
      after_wake(index);
    } else {
      gather();
    }
  }

  void on_deadline() override {
    if (!parking_) {
      request_.max_wait_ms = 0; // answered as soon as all are gathered
      return;
    }
    expired_ = true;
    withdraw();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto& part = parts_[i];
      if (!part.asked) continue;
      --outstanding_;
      allowed_ -= part.allowance;
      ask(i, part.allowance, true, 0);
    }
    if (outstanding_ == 0) finish();
  }
  void abandon() override { withdraw(); }

private:
  struct Part {
    std::size_t topic = 0;
    const FetchPartition* wanted = nullptr;
    caf::actor actor; // null: unknown, answered with its error
    FetchAnswer answer;
    std::size_t allowance = 0;
    std::size_t bytes = 0;
    bool asked = false;
    bool done = false;
  };

  // What the node can spend on one response: less when the memory of requests and
  // responses under way runs out, but enough to go on.
  std::size_t affordable() const {
    const auto& config = connection_.node().config;
    const auto used = static_cast<std::size_t>(
        std::max<std::int64_t>(connection_.node().metrics.inflight_bytes.load(std::memory_order_relaxed), 0));
    const auto left = config.node_inflight_bytes > used ? config.node_inflight_bytes - used : 0;
    return std::min(std::max(left / 4, response_bytes_min), config.response_bytes_max);
  }

  void resolve_partitions() {
    for (std::size_t t = 0; t < request_.topics.size(); ++t) {
      for (const auto& wanted : request_.topics[t].partitions) {
        auto& part = parts_.emplace_back();
        part.topic = t;
        part.wanted = &wanted;
        const auto* found = connection_.context().directory.find(request_.topics[t].topic, wanted.partition);
        if (found != nullptr) {
          part.actor = found->actor;
        } else {
          part.done = true;
          part.answer.error = ErrorCode::unknown_topic_or_partition;
          failed_ = true;
        }
      }
    }
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
      const auto taken = bytes_ + allowed_;
      const auto left = budget_ > taken ? budget_ - taken : 0;
      if (left == 0 && outstanding_ > 0) return; // somebody may return less than allowed
      ask(next_++, std::min(left, partition_limit(part)), bytes_ == 0 && outstanding_ == 0, 0);
    }
    if (outstanding_ > 0) return;
    if (bytes_ == 0 && !failed_ && ask_for_a_large_batch()) return;
    if (bytes_ >= static_cast<std::size_t>(std::max(request_.min_bytes, 0)) || failed_ || request_.max_wait_ms <= 0)
      finish();
    else
      park();
  }

  // Nothing came, yet somebody has data: its first batch passes its limit.
  bool ask_for_a_large_batch() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto& part = parts_[i];
      if (part.answer.high_watermark.value <= part.wanted->fetch_offset || part.allowance == 0) continue;
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
    const auto missing = static_cast<std::size_t>(std::max(request_.min_bytes, 1));
    const auto until = parts_.size() == 1 ? missing : part.bytes + 1;
    ask(index, std::min(budget_, partition_limit(part)), true, until);
  }

  void after_wake(std::size_t index) {
    if (failed_ || bytes_ >= static_cast<std::size_t>(std::max(request_.min_bytes, 0)))
      finish();
    else
      park_part(index);
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
    message.command.offset = Offset{part.wanted->fetch_offset};
    message.command.bytes_max = allowance;
    message.command.at_least_one = at_least_one && allowance > 0;
    message.command.leader_epoch = part.wanted->current_leader_epoch;
    message.command.park_until_bytes = park_until;
    connection_.send_to(part.actor, std::move(message));
  }

  static std::size_t partition_limit(const Part& part) {
    return static_cast<std::size_t>(std::max(part.wanted->partition_max_bytes, 1));
  }

  // What is parked would answer into nothing.
  void withdraw() {
    if (!parking_) return;
    for (std::size_t i = 0; i < parts_.size(); ++i)
      if (parts_[i].asked) connection_.send_to(parts_[i].actor, CancelFetch{connection_.id(), token(i)});
  }

  void finish() {
    finished_ = true;
    withdraw();
    for (auto& topic : request_.topics) response_.responses.push_back({topic.topic, {}});
    for (auto& part : parts_) {
      auto& place = response_.responses[part.topic].partitions.emplace_back();
      place.partition_index = part.wanted->partition;
      place.error_code = on_kafka_wire(part.answer.error);
      place.high_watermark = part.answer.high_watermark.value;
      place.last_stable_offset = part.answer.last_stable.value;
      place.log_start_offset = part.answer.log_start.value;
      if (request_.isolation_level == 1) place.aborted_transactions.emplace();
      place.records = std::move(part.answer.batches);
    }
    connection_.respond(slot_, encode_response(header_, response_));
  }

  FetchRequest request_;
  FetchResponse response_;
  std::vector<Part> parts_;
  std::size_t budget_ = 0;
  std::size_t bytes_ = 0;   // gathered
  std::size_t allowed_ = 0; // to partitions that have not answered
  std::size_t outstanding_ = 0;
  std::size_t next_ = 0;
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
