#include "actors/peer/peer_link_actor.h"

#include <fmt/format.h>
#include <kj/debug.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "actors/peer/dial.h"
#include "actors/peer/hello_check.h"
#include "actors/peer/peer_connection.h"
#include "actors/rpc/insist.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"

namespace callboard {
namespace {

// Announcements of one call.
constexpr std::size_t announcements_max = 1000;

kj::Duration to_kj(Duration d) {
  return d.count() * kj::NANOSECONDS;
}

kj::Exception refusal_of(const Error& error) {
  return {kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(error.message.c_str())};
}

bool says(const kj::Exception& e, std::string_view what) {
  return std::string_view(e.getDescription().cStr()).find(what) != std::string_view::npos;
}

} // namespace

// One connection. Its calls die before what they are made on.
struct PeerLinkActor::Session final : kj::TaskSet::ErrorHandler {
  Session(kj::Own<kj::AsyncIoStream> stream, std::function<void()> on_drained)
    : connection(kj::mv(stream), std::move(on_drained)), calls(*this) {}
  // A call failed, or the other side has been silent: the connection is of no more use.
  void taskFailed(kj::Exception&& e) override { broken.fulfiller->reject(kj::mv(e)); }

  kj::PromiseFulfillerPair<void> broken = kj::newPromiseAndFulfiller<void>();
  PeerConnection connection;
  kj::TaskSet calls;
};

struct PeerLinkActor::Io {
  kj::Own<kj::PromiseFulfiller<void>> stop;
  kj::Own<kj::PromiseFulfiller<void>> wake; // of a pause before dialling
  kj::Own<Session> session;                 // null: not connected
};

PeerLinkActor::PeerLinkActor(caf::actor_config& config, LoopContext& context, NodeId remote, HostPort address,
                             caf::actor membership, PeerLinkOptions options)
  : HostedActor(config, context.node.registry, ActorKind::peer_link, fmt::format("node {}", remote.value)),
    context_(context), remote_(remote), address_(std::move(address)), membership_(std::move(membership)),
    options_(options), random_(static_cast<std::uint32_t>(monotonic_now().ns ^ remote.value)),
    queue_(options.queue_bytes, options.control_bytes) {}

caf::behavior PeerLinkActor::make_behavior() {
  start();
  return {
      handler([this](SendToPeer& message) { take(message); }),
      handler([this](AnnounceToPeer& message) { take(message); }),
      handler([this](CommandToPeer& message) { take(message); }),
      handler([this](const PeerAddressChanged& changed) {
        address_ = changed.address;
        if (io_ != nullptr && io_->wake.get() != nullptr) io_->wake->fulfill();
      }),
      handler([this](const EndLink&) {
        if (io_ != nullptr) io_->stop->fulfill();
      }),
      status_handler(),
  };
}

std::string PeerLinkActor::describe() const {
  if (!up()) return fmt::format("to {}: down: {}; {} messages dropped", address_.text(), down_because_, dropped_);
  return fmt::format("to {}: up, {} messages sent, {} wait with {} bytes, {} bytes unanswered, {} commands, {} dropped",
                     address_.text(), sent_, queue_.size(), queue_.bytes(), unanswered_bytes_, commands_.size(),
                     dropped_);
}

void PeerLinkActor::on_exit() {
  drop_all("it is ended");
  if (io_ != nullptr) io_->stop->fulfill();
}

// ---- connecting

void PeerLinkActor::start() {
  auto io = kj::heap<Io>();
  io_ = io.get();
  auto stop = kj::newPromiseAndFulfiller<void>();
  io->stop = kj::mv(stop.fulfiller);
  const caf::strong_actor_ptr self(ctrl());
  context_.loop.add_task(kj::evalLater([this] { return run(); })
                             .exclusiveJoin(kj::mv(stop.promise))
                             .then([this] {
                               io_ = nullptr;
                               enter([this] { quit(); });
                             })
                             .attach(kj::mv(io))
                             .then([self] {}));
}

kj::Promise<void> PeerLinkActor::run() {
  auto dialled = net::dial(context_.loop, context_.node.security, address_, address_.host);
  return context_.loop.timer()
      .timeoutAfter(to_kj(options_.handshake_within), kj::mv(dialled))
      .then([this](net::Dialled to) { return serve(kj::mv(to.stream), to.channel); })
      .catch_([this](kj::Exception&& e) {
        const auto reason = e.getType() == kj::Exception::Type::OVERLOADED && says(e, "timed out")
                                ? std::string("it does not answer")
                                : net::reason_of(e);
        const bool refused = e.getType() == kj::Exception::Type::DISCONNECTED && says(e, "onnection refused");
        enter([&] { went_down(reason, refused); });
      })
      .then([this] {
        io_->session = nullptr;
        return pause();
      })
      .then([this] { return run(); });
}

// Until the connection is of no more use; rejects with why.
kj::Promise<void> PeerLinkActor::serve(kj::Own<kj::AsyncIoStream> stream, const tls::Channel& channel) {
  io_->session = kj::heap<Session>(kj::mv(stream), [this] { enter([this] { pump(); }); });
  auto own = context_.node.hello;
  own.wall = wall_now();
  auto closed = io_->session->connection.closed();
  auto greeted = context_.loop.timer().timeoutAfter(
      to_kj(options_.handshake_within), io_->session->connection.connect(own, context_.node.security, channel));
  auto served = greeted.then([this](const Result<PeerHello>& other) -> kj::Promise<void> {
    const auto checked = other ? check(*other) : Status(other.error());
    if (!checked) return refusal_of(checked.error());
    enter([&] { came_up(*other); });
    io_->session->calls.add(tick());
    return kj::mv(io_->session->broken.promise);
  });
  return served.exclusiveJoin(closed.then(
      [] { kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the connection was closed by the other side")); }));
}

Status PeerLinkActor::check(const PeerHello& other) {
  if (auto checked = check_hello(context_.node.hello, other, context_.nodes); !checked) return checked;
  if (other.node != remote_)
    return Error{ErrorCode::wrong_data_directory,
                 fmt::format("{} looks for node {} at {}, but there is {}. Start node {}: it says where it "
                             "is reached now.",
                             text_of(context_.node.hello), remote_.value, address_.text(), text_of(other),
                             remote_.value)};
  if (!context_.nodes.contains(other.node) ||
      context_.incarnations.admit(other.node, other.incarnation, monotonic_now()))
    return ok_status();
  return Error{ErrorCode::wrong_data_directory,
               fmt::format("{} is heard of in a later run than the one at {}. If both are running, their data "
                           "directory was copied: stop the wrong one.",
                           text_of(other), address_.text())};
}

// The first try after a connection broke is made at once: whether it is refused tells a
// process that is gone from a network that is.
kj::Promise<void> PeerLinkActor::pause() {
  auto woken = kj::newPromiseAndFulfiller<void>();
  io_->wake = kj::mv(woken.fulfiller);
  return context_.loop.timer().afterDelay(to_kj(next_backoff())).exclusiveJoin(kj::mv(woken.promise));
}

Duration PeerLinkActor::next_backoff() {
  if (attempts_++ == 0) return Duration::zero();
  const auto doubled = options_.backoff_min * (1 << std::min(attempts_ - 2, 10U));
  const auto most = std::min<Duration>(doubled, options_.backoff_max);
  return Duration(std::uniform_int_distribution<std::int64_t>(most.count() / 2, most.count())(random_));
}

void PeerLinkActor::came_up(const PeerHello& other) {
  up_since_ = last_heard_ = last_reported_ = last_heartbeat_ = last_sent_ = monotonic_now();
  incarnation_ = other.incarnation;
  said_lost_ = said_refused_ = false;
  context_.node.metrics.peer_links_up.fetch_add(1, std::memory_order_relaxed);
  log::info("node {} is up at {}", remote_.value, address_.text());
  send(membership_, PeerUp{remote_, incarnation_, other});
}

void PeerLinkActor::went_down(const std::string& reason, bool refused) {
  // A link that breaks as soon as it is made is not dialled without a pause.
  if (up() && monotonic_now() - up_since_ >= options_.backoff_max) attempts_ = 0;
  const bool worse = refused && !said_refused_;
  const bool news = !said_lost_ || worse;
  if (news || reason != down_because_) {
    log::warn("no link to node {} at {}: {}", remote_.value, address_.text(), reason);
    send(membership_, PeerLost{remote_, reason, refused, !news});
  }
  said_lost_ = true;
  said_refused_ = said_refused_ || refused;
  down_because_ = reason;
  drop_all(reason);
}

void PeerLinkActor::drop_all(const std::string& reason) {
  if (up()) context_.node.metrics.peer_links_up.fetch_sub(1, std::memory_order_relaxed);
  up_since_ = {};
  dropped_ += queue_.size();
  NodeMetrics::add(context_.node.metrics.peer_messages_dropped, queue_.size());
  queue_.clear();
  announcements_.clear();
  unanswered_bytes_ = 0;
  pump_armed_ = heartbeat_unanswered_ = false;
  answer_commands(ErrorCode::network_exception,
                  fmt::format("The link to node {} broke ({}); whether the command was done is not known here.",
                              remote_.value, reason),
                  Instant{std::numeric_limits<std::int64_t>::max()});
}

// ---- what is sent

void PeerLinkActor::take(SendToPeer& message) {
  std::size_t dropped = 0;
  for (auto& sent : message.messages) {
    if (const auto bytes = raft::bytes_of(sent); bytes > raft::message_bytes_max)
      log::error("group {}: a message of {} bytes can never be sent to node {}, the most is {}", sent.group.value,
                 bytes, sent.to.value, raft::message_bytes_max);
    if (!up() || !queue_.push(std::move(sent))) ++dropped;
  }
  dropped_ += dropped;
  if (dropped > 0) NodeMetrics::add(context_.node.metrics.peer_messages_dropped, dropped);
  if (up()) pump_soon();
}

void PeerLinkActor::take(AnnounceToPeer& message) {
  if (!up()) return;
  for (auto& announcement : message.leaders) {
    auto& newest = announcements_.try_emplace(announcement.group, announcement).first->second;
    if (announcement.newer_than(newest)) newest = std::move(announcement);
  }
  pump_soon();
}

void PeerLinkActor::take(CommandToPeer& message) {
  const auto refuse = [&](std::string why) {
    send(message.from, PeerCommandAnswered{message.token, {ErrorCode::network_exception, std::move(why), {}, {}}});
  };
  if (!up()) return refuse(fmt::format("There is no link to node {}: {}.", remote_.value, down_because_));
  if (commands_.size() >= options_.commands_max)
    return refuse(fmt::format("Node {} has not answered {} commands.", remote_.value, commands_.size()));
  const auto number = next_command_++;
  commands_[number] = {message.from, message.token, monotonic_now() + options_.command_within};
  last_sent_ = monotonic_now();
  io_->session->calls.add(
      io_->session->connection.command(message.command).then([this, number](PeerCommandOutcome outcome) {
        enter([&] {
          heard();
          answer_command(number, std::move(outcome));
        });
      }));
}

void PeerLinkActor::answer_command(std::uint64_t number, PeerCommandOutcome outcome) {
  const auto node = commands_.extract(number);
  if (!node.empty()) send(node.mapped().from, PeerCommandAnswered{node.mapped().token, std::move(outcome)});
}

// Those whose deadline is not after `due`. Numbers and deadlines grow together.
void PeerLinkActor::answer_commands(ErrorCode error, const std::string& message, Instant due) {
  while (!commands_.empty() && commands_.begin()->second.deadline <= due)
    answer_command(commands_.begin()->first, {error, message, {}, {}});
}

// In the next turn of the loop: what comes together leaves together.
void PeerLinkActor::pump_soon() {
  if (pump_armed_) return;
  pump_armed_ = true;
  io_->session->calls.add(kj::evalLater([this] {
    enter([this] {
      pump_armed_ = false;
      pump();
    });
  }));
}

void PeerLinkActor::pump() {
  if (!up() || !io_->session->connection.drained()) return;
  if (!announcements_.empty()) send_announcements();
  if (!queue_.empty() && unanswered_bytes_ < options_.window_bytes) send_raft();
}

void PeerLinkActor::send_announcements() {
  std::vector<LeaderAnnouncement> leaders;
  while (!announcements_.empty() && leaders.size() < announcements_max)
    leaders.push_back(std::move(announcements_.extract(announcements_.begin()).mapped()));
  last_sent_ = monotonic_now();
  io_->session->calls.add(io_->session->connection.announce(leaders).then([this] { enter([this] { heard(); }); }));
}

void PeerLinkActor::send_raft() {
  auto taken = queue_.take(options_.call_bytes);
  sent_ += taken.messages.size();
  NodeMetrics::add(context_.node.metrics.peer_messages_sent, taken.messages.size());
  NodeMetrics::add(context_.node.metrics.peer_bytes_sent, taken.bytes);
  unanswered_bytes_ += taken.bytes;
  last_sent_ = monotonic_now();
  io_->session->calls.add(io_->session->connection.raft(std::move(taken.messages)).then([this, bytes = taken.bytes] {
    enter([&] {
      unanswered_bytes_ -= bytes;
      heard();
      pump();
    });
  }));
}

void PeerLinkActor::send_heartbeat() {
  last_sent_ = last_heartbeat_ = monotonic_now();
  heartbeat_unanswered_ = true;
  const PeerHeartbeat heartbeat{context_.node.hello.incarnation, context_.stopped_groups};
  io_->session->calls.add(io_->session->connection.heartbeat(heartbeat).then([this](PeerHeartbeat answer) {
    rpc::insist(answer.incarnation == incarnation_, "its heartbeat is of another run of the node");
    enter([&] {
      heartbeat_unanswered_ = false;
      heard();
    });
  }));
}

// ---- time

kj::Promise<void> PeerLinkActor::tick() {
  return context_.loop.timer().afterDelay(to_kj(options_.heartbeat_every)).then([this]() -> kj::Promise<void> {
    rpc::insist(monotonic_now() - last_heard_ < options_.silence_max, "it has stopped answering");
    if (!enter([this] { on_tick(); })) return kj::READY_NOW;
    return tick();
  });
}

void PeerLinkActor::on_tick() {
  const auto now = monotonic_now();
  answer_commands(ErrorCode::request_timed_out,
                  fmt::format("Node {} did not answer the command in time; it may still be done.", remote_.value), now);
  const bool due = now - last_sent_ >= options_.heartbeat_every || now - last_heartbeat_ >= options_.heartbeat_always;
  if (due && !heartbeat_unanswered_) send_heartbeat();
}

void PeerLinkActor::heard() {
  last_heard_ = monotonic_now();
  if (last_heard_ - last_reported_ < options_.heartbeat_every) return;
  last_reported_ = last_heard_;
  send(membership_, PeerHeard{remote_});
}

} // namespace callboard
