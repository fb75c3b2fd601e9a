#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "actors/coordination/group_messages.h"
#include "actors/coordination/messages.h"
#include "actors/coordination/operation_messages.h"
#include "actors/partition/messages.h"
#include "schema/kafka/frame.h"

namespace callboard::kafka {

class KafkaConnection;

// What a client gives a request to be done in, held between 1 ms and 5 minutes.
inline Duration client_timeout(std::int32_t timeout_ms) {
  return std::chrono::milliseconds(std::clamp(timeout_ms, 1, 5 * 60 * 1000));
}

// Topics or resources that one request may change or create, as the answers are larger
// than what asks for them.
inline constexpr std::size_t changes_max = 1'000;
inline const std::string too_many_changes = "A request may change at most 1,000 topics; send several.";

// One request between its arrival and its response: created by dispatch(), owned by its
// slot in the connection's response queue, used on the loop's thread. Sends messages
// whose token carries the slot and an index of its own; their answers come back here.
// Calls KafkaConnection::respond() once; it is destroyed soon after.
class InFlight {
public:
  InFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header)
    : connection_(connection), slot_(slot), header_(std::move(header)) {}
  virtual ~InFlight() = default;
  InFlight(const InFlight&) = delete;

  // Does what can be done at once.
  virtual void start() = 0;
  // True: start() waits until every earlier response has been handed to the socket, so
  // that one connection never holds two large responses (Fetch).
  virtual bool waits_for_its_turn() const { return false; }
  virtual void on(std::uint32_t, ProduceAnswer&) {}
  virtual void on(std::uint32_t, FetchAnswer&) {}
  virtual void on(std::uint32_t, OffsetAnswer&) {}
  virtual void on(std::uint32_t, TopicCreated&) {}
  virtual void on(std::uint32_t, TopicDeleted&) {}
  virtual void on(std::uint32_t, TopicChanged&) {}
  virtual void on(std::uint32_t, RecordsDeleted&) {}
  virtual void on(std::uint32_t, ProducersDescribed&) {}
  virtual void on(std::uint32_t, LogDescribed&) {}
  virtual void on(std::uint32_t, ProducerIdAllocated&) {}
  virtual void on(std::uint32_t, ControllerAnswered&) {}
  virtual void on(std::uint32_t, MovesListed&) {}
  virtual void on(std::uint32_t, GroupAnswer&) {}
  virtual void on(std::uint32_t, GroupsListed&) {}
  // A partition of the connection's fetch session has something new. False: not taken.
  virtual bool on_session_partition(std::uint32_t) { return false; }
  // The deadline set with KafkaConnection::set_deadline() has passed.
  virtual void on_deadline() {}
  // The connection ends: withdraw what waits elsewhere.
  virtual void abandon() {}

protected:
  std::uint64_t token(std::size_t index) const {
    return std::uint64_t{slot_} << 32 | static_cast<std::uint32_t>(index);
  }

  KafkaConnection& connection_;
  std::uint32_t slot_;
  RequestHeader header_;
};

// The request's handler, its body decoded. Errors: as the decoder's; the connection is
// then closed, as Kafka does.
Result<std::unique_ptr<InFlight>> dispatch(KafkaConnection& connection, std::uint32_t slot, Request request);

} // namespace callboard::kafka
