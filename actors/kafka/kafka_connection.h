#pragma once

#include <kj/async-io.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/kafka/fetch_session.h"
#include "actors/kafka/in_flight.h"
#include "actors/kafka/live_nodes.h"
#include "actors/node/loop_context.h"
#include "actors/runtime/hosted_actor.h"

namespace callboard::kafka {

// One client connection of the Kafka door, an actor on a KJ loop.
//
//   socket -> frame -> slot in the response queue -> handler -> messages to partitions
//   socket <- gather write of the ready slots at the front <- answers
//
// Responses leave in request order. Credits bound what a client can make the node hold:
// it is not read while its unanswered requests pass connection_inflight_bytes or
// connection_inflight_requests, or all connections together node_inflight_bytes. A client
// that does not read its responses gets no more of them than its slots hold. A large frame
// takes its credits before its memory, all such frames together at most half of the
// node's, and must keep coming in: 128 KiB within receive_timeout_ms.
//
// KJ objects live in Io, owned by the loop's promise and not by the actor, whose last
// reference may drop on another thread.
class KafkaConnection final : public HostedActor {
public:
  KafkaConnection(caf::actor_config& config, LoopContext& context, std::string peer, HostPort local);

  // Serves `stream`; `read_ahead` was read from it already. On the loop's thread.
  static void serve(LoopContext& context, kj::Own<kj::AsyncIoStream> stream, NodeMetrics::Open open, std::string peer,
                    HostPort local, std::vector<std::uint8_t> read_ahead);

  caf::behavior make_behavior() override;
  std::string describe() const override;
  void on_exit() override;

  // For the requests in flight.
  LoopContext& context() { return context_; }
  NodeContext& node() { return context_.node; }
  const NodeContext& node() const { return context_.node; }
  // What Kafka clients are told to come back to.
  // Whether the client has asked for metadata before.
  bool note_metadata() { return std::exchange(knows_metadata_, true); }
  LiveNodes live_nodes() const {
    return {node().identity.node, context_.nodes, context_.controller, advertised_address()};
  }
  const HostPort& advertised_address() const {
    const auto& configured = context_.node.config.advertise;
    return configured ? *configured : local_;
  }
  const std::string& peer() const { return peer_; }
  FetchSessions& fetch_sessions() { return fetch_sessions_; }
  // Takes a session's watch back from its partition.
  void withdraw_watch(const FetchSession::Topic& topic, std::int32_t partition, std::uint64_t token);
  template <class Message>
  void send_to(const caf::actor& actor, Message message) {
    send(actor, std::move(message));
  }
  caf::actor self() { return caf::actor(this); }
  void respond(std::uint32_t slot, std::vector<SharedBytes> pieces);
  // acks=0: nothing leaves, the slot is done.
  void respond_nothing(std::uint32_t slot) { respond(slot, {}); }
  void set_deadline(std::uint32_t slot, Duration from_now);
  // Ends the connection; `reason` goes to the log.
  void fail(const std::string& reason);

private:
  struct Io;
  using Deadlines = std::multimap<Instant, std::uint32_t>; // to slots, earliest first
  struct Slot {
    std::unique_ptr<InFlight> request;
    std::vector<SharedBytes> pieces;
    std::size_t charged_bytes = 0;
    std::optional<Deadlines::iterator> deadline;
    bool started = false;
    bool ready = false;
  };

  kj::Promise<void> run();
  kj::Promise<void> read_some();
  kj::Promise<void> read_large();
  void take_frames();
  bool admit(std::size_t frame_bytes);
  bool over_credit(std::size_t frame_bytes) const;
  void begin_large_frame(std::uint32_t size, std::size_t at);
  void end_large_frame();
  void on_frame(SharedBytes frame);
  void start_front();
  void resume_reading();
  Slot* slot(std::uint32_t number);
  template <class Answer>
  void route(Answer& answer);
  void on_partition_ready(const PartitionReady& message);

  void flush_soon();
  kj::Promise<void> flush();
  void release_front(std::size_t count);
  void arm_timer();
  void on_timer();

  LoopContext& context_;
  std::string peer_;
  HostPort local_;
  Io* io_ = nullptr;

  // Reading: small frames gather here, a large one has a buffer of its own.
  std::vector<std::uint8_t> gathered_;
  std::size_t gathered_bytes_ = 0;
  ByteBuffer large_;
  std::size_t large_bytes_ = 0;
  std::size_t large_size_ = 0;
  Instant large_progress_at_{}; // when a good part of it came in
  bool paused_ = false;
  bool closing_ = false;
  bool knows_metadata_ = false;

  // Responses, in request order. slots_.front() has number front_number_.
  std::deque<Slot> slots_;
  std::uint32_t front_number_ = 0;
  std::size_t inflight_bytes_ = 0;
  bool flushing_ = false;
  std::size_t flushing_slots_ = 0;

  FetchSessions fetch_sessions_;

  // One timer of the loop at a time, for the earliest.
  Deadlines deadlines_;
  Instant timer_at_{};
  bool timer_armed_ = false;
  Instant last_activity_{};
  std::uint64_t requests_ = 0;
};

} // namespace callboard::kafka
