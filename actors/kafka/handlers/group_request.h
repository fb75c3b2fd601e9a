#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "actors/coordination/group_messages.h"
#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {

// A request to coordinators of consumer groups, one message for each group in it.
class GroupInFlight : public InFlight {
public:
  using InFlight::InFlight;

  void on_deadline() override { finish(); }

protected:
  // Hands `command` to the coordinator of `group`; the answer comes as on(index, ...).
  // Otherwise the error that stands for the group, and nothing was sent.
  ErrorCode ask(std::size_t index, const std::string& group, GroupCommand command);
  // Sends the response; what has not been answered by now will not be.
  virtual void finish() = 0;
  template <Message T>
  void respond(const T& response) {
    connection_.respond(slot_, encode_response(header_, response));
  }
};

// A request about any number of groups. Only some are asked at a time: each may have to be
// loaded first, and a request's memory is bounded by its bytes, not by what it names. A group
// named twice is answered once, and once the answer is large (64 MiB), what is left of it
// is refused with policy_violation.
class SeveralGroupsInFlight : public GroupInFlight {
public:
  using GroupInFlight::GroupInFlight;

  void start() override;
  void on(std::uint32_t index, GroupAnswer& answer) override;

protected:
  // Makes room for as many answers as there are groups; their number.
  virtual std::size_t prepare() = 0;
  // Of group number `index`. The id stays where it is once there is room.
  virtual const std::string& id_of(std::size_t index) const = 0;
  virtual GroupCommand command_for(std::size_t index) const = 0;
  virtual ErrorCode& error_of(std::size_t index) = 0;
  // An answer that is no refusal; may set the error too. About how many bytes it takes.
  virtual std::size_t take(std::size_t index, GroupAnswer& answer) = 0;

private:
  void go_on(); // finishes if nothing is left
  ErrorCode begin(std::size_t index);

  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::size_t waiting_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_set<std::string_view> named_;
};

// The outcome of the kind that belongs to the command that was sent.
template <class Outcome>
Outcome& outcome_of(GroupAnswer& answer) {
  auto* outcome = std::get_if<Outcome>(&answer.outcome);
  CB_ASSERT(outcome != nullptr);
  return *outcome;
}

// A request about one group, which has one answer: `Response` with an error in it.
template <class Request, class Response>
class OneGroupInFlight : public GroupInFlight {
public:
  OneGroupInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, Request request)
    : GroupInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    response_.error_code = ErrorCode::request_timed_out; // unless it answers
    if (const auto error = ask(0, request_.group_id, command()); error != ErrorCode::none) {
      response_.error_code = error;
      finish();
    } else {
      connection_.set_deadline(slot_, answered_within());
    }
  }

  void on(std::uint32_t, GroupAnswer& answer) override {
    response_.error_code = on_kafka_wire(answer.refused);
    if (answer.refused == ErrorCode::none) take(answer);
    finish();
  }

protected:
  virtual GroupCommand command() = 0;
  virtual void take(GroupAnswer& answer) = 0;
  virtual Duration answered_within() const { return std::chrono::seconds(30); }
  void finish() override { respond(response_); }

  Request request_;
  Response response_;
};

} // namespace callboard::kafka
