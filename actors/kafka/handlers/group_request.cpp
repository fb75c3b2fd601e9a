#include "actors/kafka/handlers/group_request.h"

#include "schema/group_rows.h"
#include "schema/internal_topics.h"

namespace callboard::kafka {
namespace {

constexpr std::size_t asked_at_once = 128;
constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;
constexpr auto answered_within = std::chrono::seconds(30);

} // namespace

ErrorCode GroupInFlight::ask(std::size_t index, const std::string& group, GroupCommand command) {
  if (const auto checked = check_group_id(group); !checked) return checked.error().code;
  const auto* partition = connection_.context().directory.find(consumer_offsets_topic, group_partition(group));
  if (partition == nullptr) return ErrorCode::coordinator_not_available; // FindCoordinator makes it
  connection_.send_to(partition->coordinator,
                      GroupRequest{connection_.self(), token(index), group, std::move(command)});
  return ErrorCode::none;
}

void SeveralGroupsInFlight::start() {
  count_ = prepare();
  for (std::size_t i = 0; i < count_; ++i) error_of(i) = ErrorCode::request_timed_out; // unless it answers
  connection_.set_deadline(slot_, answered_within);
  go_on();
}

void SeveralGroupsInFlight::on(std::uint32_t index, GroupAnswer& answer) {
  if (bytes_ > answer_bytes_max) {
    error_of(index) = ErrorCode::policy_violation;
  } else {
    error_of(index) = on_kafka_wire(answer.refused);
    if (answer.refused == ErrorCode::none) bytes_ += take(index, answer);
  }
  --waiting_;
  go_on();
}

void SeveralGroupsInFlight::go_on() {
  while (next_ < count_ && waiting_ < asked_at_once) {
    const auto index = next_++;
    if (const auto error = begin(index); error != ErrorCode::none)
      error_of(index) = error;
    else
      ++waiting_;
  }
  if (waiting_ == 0) finish();
}

ErrorCode SeveralGroupsInFlight::begin(std::size_t index) {
  if (bytes_ > answer_bytes_max) return ErrorCode::policy_violation;
  const auto& id = id_of(index);
  if (!named_.insert(id).second) return ErrorCode::invalid_request;
  return ask(index, id, command_for(index));
}

} // namespace callboard::kafka
