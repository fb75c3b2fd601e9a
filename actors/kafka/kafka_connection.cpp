#include "actors/kafka/kafka_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "schema/big_endian.h"

namespace callboard::kafka {
namespace {

// Frames up to this size are gathered and copied; larger ones are received in place.
constexpr std::size_t gather_bytes = 4096;
// Key, version and correlation id: no request is shorter.
constexpr std::uint32_t frame_bytes_min = 8;
// A large frame must bring this much within receive_timeout_ms, again and again.
constexpr std::size_t progress_bytes = 128 << 10;
// One gather write takes at most this much, so that credits come back in between.
constexpr std::size_t flush_bytes_max = std::size_t{1} << 20;
// How often a connection that waits for the node's memory looks again.
constexpr auto memory_retry = std::chrono::milliseconds(5);

kj::Duration to_kj(Duration d) {
  return d.count() * kj::NANOSECONDS;
}

} // namespace

struct KafkaConnection::Io final : kj::TaskSet::ErrorHandler {
  Io(kj::Own<kj::AsyncIoStream> s, NodeMetrics::Open o) : open(std::move(o)), stream(kj::mv(s)), tasks(*this) {}
  void taskFailed(kj::Exception&&) override {} // the peer is gone: the read side ends the connection

  NodeMetrics::Open open;
  kj::Own<kj::AsyncIoStream> stream;
  kj::Own<kj::PromiseFulfiller<void>> stop;
  kj::Own<kj::PromiseFulfiller<void>> resume;
  kj::TaskSet tasks; // last, so that writes die before the stream
};

KafkaConnection::KafkaConnection(caf::actor_config& config, LoopContext& context, std::string peer, HostPort local)
  : HostedActor(config, context.node.registry, ActorKind::connection, peer), context_(context), peer_(std::move(peer)),
    local_(std::move(local)), gathered_(gather_bytes), fetch_sessions_(context.fetch_sessions),
    last_activity_(monotonic_now()) {}

void KafkaConnection::serve(LoopContext& context, kj::Own<kj::AsyncIoStream> stream, NodeMetrics::Open open,
                            std::string peer, HostPort local, std::vector<std::uint8_t> read_ahead) {
  auto handle = spawn_on<KafkaConnection>(context.loop, context, std::move(peer), std::move(local));
  auto* connection = static_cast<KafkaConnection*>(caf::actor_cast<caf::abstract_actor*>(handle));
  auto io = kj::heap<Io>(kj::mv(stream), std::move(open));
  auto stop = kj::newPromiseAndFulfiller<void>();
  io->stop = kj::mv(stop.fulfiller);
  connection->io_ = io.get();
  std::copy(read_ahead.begin(), read_ahead.end(), connection->gathered_.begin());
  connection->gathered_bytes_ = read_ahead.size();
  // The strong reference outlives the stream and every promise that names the actor.
  context.loop.add_task(kj::evalLater([connection]() -> kj::Promise<void> {
                          connection->enter([connection] {
                            connection->take_frames();
                            connection->arm_timer();
                          });
                          return connection->run();
                        })
                            .catch_([](kj::Exception&&) {})
                            .exclusiveJoin(kj::mv(stop.promise))
                            .then([connection] {
                              connection->io_ = nullptr;
                              connection->enter([connection] { connection->quit(); });
                            })
                            .attach(kj::mv(io))
                            .then([handle] {}));
}

caf::behavior KafkaConnection::make_behavior() {
  return {
      handler([this](ProduceAnswers& message) {
        for (auto& answer : message.answers) route(answer);
      }),
      handler([this](FetchAnswer& answer) { route(answer); }),
      handler([this](const PartitionReady& message) { on_partition_ready(message); }),
      handler([this](OffsetAnswer& answer) { route(answer); }),
      handler([this](TopicCreated& answer) { route(answer); }),
      handler([this](TopicDeleted& answer) { route(answer); }),
      handler([this](TopicChanged& answer) { route(answer); }),
      handler([this](RecordsDeleted& answer) { route(answer); }),
      handler([this](ProducersDescribed& answer) { route(answer); }),
      handler([this](LogDescribed& answer) { route(answer); }),
      handler([this](ProducerIdAllocated& answer) { route(answer); }),
      handler([this](ControllerAnswered& answer) { route(answer); }),
      handler([this](MovesListed& answer) { route(answer); }),
      handler([this](GroupAnswer& answer) { route(answer); }),
      handler([this](GroupsListed& answer) { route(answer); }),
      status_handler(),
  };
}

std::string KafkaConnection::describe() const {
  return fmt::format("kafka, {} requests, {} in flight holding {} bytes{}", requests_, slots_.size(), inflight_bytes_,
                     paused_ ? ", out of credits: not reading" : "");
}

void KafkaConnection::on_exit() {
  for (auto& slot : slots_)
    if (slot.request && slot.started && !slot.ready) slot.request->abandon();
  slots_.clear();
  fetch_sessions_.close([this](const FetchSession::Topic& topic, std::int32_t partition, std::uint64_t token) {
    withdraw_watch(topic, partition, token);
  });
  deadlines_.clear();
  end_large_frame();
  node().metrics.inflight_bytes.fetch_sub(static_cast<std::int64_t>(inflight_bytes_), std::memory_order_relaxed);
  inflight_bytes_ = 0;
  if (io_ != nullptr) io_->stop->fulfill();
}

void KafkaConnection::fail(const std::string& reason) {
  NodeMetrics::add(node().metrics.protocol_errors);
  log::warn("connection of {} closed: {}", peer_, reason);
  closing_ = true;
  quit();
}

// ---- reading

kj::Promise<void> KafkaConnection::run() {
  if (io_ == nullptr) return kj::READY_NOW;
  if (paused_) {
    auto paused = kj::newPromiseAndFulfiller<void>();
    io_->resume = kj::mv(paused.fulfiller);
    return paused.promise.then([this]() -> kj::Promise<void> {
      if (!enter([this] { take_frames(); })) return kj::READY_NOW;
      return run();
    });
  }
  return large_size_ != 0 ? read_large() : read_some();
}

kj::Promise<void> KafkaConnection::read_some() {
  auto* to = gathered_.data() + gathered_bytes_;
  return io_->stream->tryRead(to, 1, gathered_.size() - gathered_bytes_)
      .then([this](std::size_t got) -> kj::Promise<void> {
        if (got == 0) return kj::READY_NOW;
        gathered_bytes_ += got;
        if (!enter([this] { take_frames(); })) return kj::READY_NOW;
        return run();
      });
}

kj::Promise<void> KafkaConnection::read_large() {
  const auto missing = large_size_ - large_bytes_;
  const auto wanted = std::min(missing, progress_bytes);
  // What is read past the frame is the beginning of the next one.
  return io_->stream->tryRead(large_.data() + large_bytes_, wanted, large_.capacity() - large_bytes_)
      .then([this, missing, wanted](std::size_t got) -> kj::Promise<void> {
        if (got < wanted) return kj::READY_NOW;
        if (got < missing) {
          large_bytes_ += got;
          large_progress_at_ = last_activity_ = monotonic_now();
          return read_large();
        }
        gathered_bytes_ = got - missing;
        std::memcpy(gathered_.data(), large_.data() + large_size_, gathered_bytes_);
        const bool alive = enter([this] {
          const auto size = large_size_;
          end_large_frame();
          on_frame(large_.freeze(size));
          take_frames();
        });
        if (!alive) return kj::READY_NOW;
        return run();
      });
}

void KafkaConnection::take_frames() {
  std::size_t at = 0;
  paused_ = false;
  last_activity_ = monotonic_now();
  while (gathered_bytes_ - at >= 4 && large_size_ == 0 && !closing_) {
    const auto size = load_big_endian<std::uint32_t>(gathered_.data() + at);
    if (size < frame_bytes_min || size > node().config.request_bytes_max) {
      fail(fmt::format("a request of {} bytes; at least {} and at most {} are accepted", size, frame_bytes_min,
                       node().config.request_bytes_max));
      return;
    }
    const bool complete = gathered_bytes_ - at - 4 >= size;
    if (!complete && 4 + size <= gathered_.size()) break;
    if (!admit(size)) break;
    if (complete) {
      on_frame(SharedBytes::copy_of(ByteView(gathered_).subspan(at + 4, size)));
      at += 4 + size;
    } else {
      begin_large_frame(size, at + 4);
      at = gathered_bytes_;
    }
  }
  std::memmove(gathered_.data(), gathered_.data() + at, gathered_bytes_ - at);
  gathered_bytes_ -= at;
}

// Moves what is there of the frame to a buffer of its own.
void KafkaConnection::begin_large_frame(std::uint32_t size, std::size_t at) {
  large_ = ByteBuffer(size + gather_bytes);
  large_size_ = size;
  large_bytes_ = gathered_bytes_ - at;
  std::memcpy(large_.data(), gathered_.data() + at, large_bytes_);
  large_progress_at_ = last_activity_;
  node().metrics.receiving_bytes.fetch_add(size, std::memory_order_relaxed);
  arm_timer();
}

void KafkaConnection::end_large_frame() {
  const auto size = static_cast<std::int64_t>(std::exchange(large_size_, 0));
  node().metrics.receiving_bytes.fetch_sub(size, std::memory_order_relaxed);
}

// Takes the credits for a frame. False: there are none, reading pauses.
bool KafkaConnection::admit(std::size_t frame_bytes) {
  if (over_credit(frame_bytes)) {
    paused_ = true;
    if (slots_.empty()) // nobody of this connection will give credits back
      io_->tasks.add(context_.loop.timer().afterDelay(to_kj(memory_retry)).then([this] { resume_reading(); }));
    return false;
  }
  inflight_bytes_ += frame_bytes;
  node().metrics.inflight_bytes.fetch_add(static_cast<std::int64_t>(frame_bytes), std::memory_order_relaxed);
  return true;
}

bool KafkaConnection::over_credit(std::size_t frame_bytes) const {
  const auto& config = context_.node.config;
  if (context_.node.stopping.load(std::memory_order_relaxed)) return true;
  if (slots_.size() >= config.connection_inflight_requests) return true;
  if (inflight_bytes_ > 0 && inflight_bytes_ + frame_bytes > config.connection_inflight_bytes) return true;
  const auto& metrics = context_.node.metrics;
  // Announced is not sent: who only announces leaves the others half.
  const auto receiving = static_cast<std::size_t>(metrics.receiving_bytes.load(std::memory_order_relaxed));
  if (frame_bytes > gather_bytes && receiving > 0 && receiving + frame_bytes > config.node_inflight_bytes / 2)
    return true;
  const auto all = metrics.inflight_bytes.load(std::memory_order_relaxed);
  return all > 0 && static_cast<std::size_t>(all) + frame_bytes > config.node_inflight_bytes;
}

void KafkaConnection::resume_reading() {
  if (io_ == nullptr || !paused_ || io_->resume.get() == nullptr) return;
  io_->resume->fulfill();
}

void KafkaConnection::on_frame(SharedBytes frame) {
  ++requests_;
  NodeMetrics::add(node().metrics.requests);
  NodeMetrics::add(node().metrics.bytes_received, frame.size() + 4);
  auto request = parse_request(frame);
  if (!request) {
    fail(request.error().message);
    return;
  }
  const auto number = front_number_ + static_cast<std::uint32_t>(slots_.size());
  slots_.emplace_back();
  slots_.back().charged_bytes = frame.size();
  auto handling = dispatch(*this, number, std::move(*request));
  if (!handling) {
    fail(handling.error().message);
    return;
  }
  auto& slot = slots_.back();
  slot.request = std::move(*handling);
  if (slots_.size() > 1 && slot.request->waits_for_its_turn()) return;
  slot.started = true;
  slot.request->start();
}

// ---- answers

KafkaConnection::Slot* KafkaConnection::slot(std::uint32_t number) {
  const std::uint32_t place = number - front_number_; // numbers wrap
  return place < slots_.size() ? &slots_[place] : nullptr;
}

template <class Answer>
void KafkaConnection::route(Answer& answer) {
  auto* found = slot(static_cast<std::uint32_t>(answer.token >> 32));
  if (found == nullptr || !found->request || found->ready) return; // answered by its deadline
  found->request->on(static_cast<std::uint32_t>(answer.token), answer);
}

// A fetch under way takes it, and is at the front: it waited for its turn.
void KafkaConnection::on_partition_ready(const PartitionReady& message) {
  auto* session = fetch_sessions_.current();
  const auto index = session == nullptr ? std::nullopt : session->woke(message.token);
  if (!index) return;
  const bool fetching = !slots_.empty() && slots_.front().started && slots_.front().request && !slots_.front().ready;
  if (!fetching || !slots_.front().request->on_session_partition(*index)) session->put_back(*index);
}

void KafkaConnection::withdraw_watch(const FetchSession::Topic& topic, std::int32_t partition, std::uint64_t token) {
  const auto& directory = context_.directory;
  const auto* found = topic.name.empty() ? directory.find(topic.id) : directory.find(topic.name);
  const auto* at = found == nullptr ? nullptr : found->find(partition); // a topic that went has told its askers
  if (at != nullptr) send(at->actor, CancelFetch{id(), token});
}

void KafkaConnection::respond(std::uint32_t number, std::vector<SharedBytes> pieces) {
  auto* found = slot(number);
  if (found == nullptr || found->ready) return;
  std::size_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece.size();
  found->pieces = std::move(pieces);
  found->ready = true;
  if (found->deadline) {
    deadlines_.erase(*found->deadline);
    found->deadline.reset();
  }
  found->charged_bytes += bytes;
  inflight_bytes_ += bytes;
  node().metrics.inflight_bytes.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  flush_soon();
}

void KafkaConnection::flush_soon() {
  if (flushing_ || io_ == nullptr || slots_.empty() || !slots_.front().ready) return;
  flushing_ = true;
  // Later in this turn of the loop: answers that arrive together leave together.
  io_->tasks.add(kj::evalLater([this] { return flush(); }));
}

kj::Promise<void> KafkaConnection::flush() {
  kj::Vector<kj::ArrayPtr<const kj::byte>> pieces;
  std::size_t bytes = 0;
  flushing_slots_ = 0;
  for (auto& ready : slots_) {
    if (!ready.ready || (bytes > 0 && bytes >= flush_bytes_max)) break;
    for (const auto& piece : ready.pieces) {
      pieces.add(piece.data(), piece.size());
      bytes += piece.size();
    }
    ++flushing_slots_;
  }
  if (flushing_slots_ == 0) {
    flushing_ = false;
    return kj::READY_NOW;
  }
  NodeMetrics::add(node().metrics.bytes_sent, bytes);
  auto gathered = pieces.releaseAsArray();
  auto written = bytes == 0 ? kj::Promise<void>(kj::READY_NOW) : io_->stream->write(gathered.asPtr());
  return written.attach(kj::mv(gathered)).then([this]() -> kj::Promise<void> {
    if (!enter([this] { release_front(flushing_slots_); })) return kj::READY_NOW;
    return flush();
  });
}

void KafkaConnection::release_front(std::size_t count) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += slots_.front().charged_bytes;
    slots_.pop_front();
  }
  front_number_ += static_cast<std::uint32_t>(count);
  inflight_bytes_ -= bytes;
  node().metrics.inflight_bytes.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  last_activity_ = monotonic_now();
  start_front();
  if (paused_) resume_reading();
}

void KafkaConnection::start_front() {
  if (slots_.empty() || slots_.front().started || !slots_.front().request) return;
  slots_.front().started = true;
  slots_.front().request->start();
}

// ---- deadlines

void KafkaConnection::set_deadline(std::uint32_t number, Duration from_now) {
  auto* waiting = slot(number);
  if (waiting == nullptr || waiting->ready) return;
  if (waiting->deadline) deadlines_.erase(*waiting->deadline);
  waiting->deadline = deadlines_.emplace(monotonic_now() + from_now, number);
  arm_timer();
}

void KafkaConnection::arm_timer() {
  if (io_ == nullptr) return;
  auto next = last_activity_ + std::chrono::milliseconds(node().config.idle_timeout_ms);
  if (large_size_ != 0)
    next = std::min(next, large_progress_at_ + std::chrono::milliseconds(node().config.receive_timeout_ms));
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (timer_armed_ && timer_at_ <= next) return;
  timer_armed_ = true;
  timer_at_ = next;
  const auto wait = std::max(next - monotonic_now(), Duration::zero());
  io_->tasks.add(context_.loop.timer().afterDelay(to_kj(wait)).then([this, next] {
    if (timer_at_ != next) return; // an earlier one was armed since
    enter([this] { on_timer(); });
  }));
}

void KafkaConnection::on_timer() {
  timer_armed_ = false;
  const auto now = monotonic_now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto number = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    auto* due = slot(number);
    due->deadline.reset();
    due->request->on_deadline();
  }
  if (large_size_ != 0 && now - large_progress_at_ >= std::chrono::milliseconds(node().config.receive_timeout_ms)) {
    fail(fmt::format("a request of {} bytes does not come in: {} are there", large_size_, large_bytes_));
    return;
  }
  // Who waits for us is not idle; who does not take what is ready for him is.
  if (!slots_.empty() && !slots_.front().ready) last_activity_ = now;
  if (now - last_activity_ >= std::chrono::milliseconds(node().config.idle_timeout_ms)) {
    log::debug("connection of {} closed: idle", peer_);
    quit();
    return;
  }
  arm_timer();
}

} // namespace callboard::kafka
