#include "actors/net/listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "actors/net/socket.h"
#include "actors/node/descriptors.h"
#include "actors/node/loop_agent.h"
#include "actors/runtime/log.h"

namespace callboard::net {
namespace {

constexpr auto pause = 50 * kj::MILLISECONDS;

} // namespace

// Owned by the loop's promise: KJ objects never outlive their loop with the actor.
struct ListenerActor::Io {
  Io(KjLoop& loop, int fd)
    : socket(fd), observer(loop.io().unixEventPort, fd, kj::UnixEventPort::FdObserver::OBSERVE_READ) {}
  kj::AutoCloseFd socket; // outlives its observer
  kj::UnixEventPort::FdObserver observer;
  kj::Own<kj::PromiseFulfiller<void>> stop;
};

ListenerActor::ListenerActor(caf::actor_config& config, LoopContext& context, int fd, std::vector<caf::actor> agents)
  : HostedActor(config, context.node.registry, ActorKind::listener, local_address(fd).text()), context_(context),
    fd_(fd), agents_(std::move(agents)) {}

caf::behavior ListenerActor::make_behavior() {
  start();
  return {
      handler([this](const StopListening&) {
        if (io_ != nullptr) io_->stop->fulfill();
      }),
      status_handler(),
  };
}

std::string ListenerActor::describe() const {
  return fmt::format("accepted {} connections", accepted_);
}

void ListenerActor::start() {
  auto io = kj::heap<Io>(context_.loop, fd_);
  io_ = io.get();
  auto stop = kj::newPromiseAndFulfiller<void>();
  io->stop = kj::mv(stop.fulfiller);
  const caf::strong_actor_ptr self(ctrl());
  context_.loop.add_task(
      accept_all().exclusiveJoin(kj::mv(stop.promise)).then([this] { io_ = nullptr; }).attach(kj::mv(io)).then([self] {
      }));
}

kj::Promise<void> ListenerActor::accept_all() {
  errno = 0;
  while (may_accept() && accept_one()) {
  }
  const int error = errno;
  const bool out_of_descriptors = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  if (out_of_descriptors) log::warn("accepting pauses: {}", std::strerror(error));
  if (out_of_descriptors || !may_accept())
    return context_.loop.timer().afterDelay(pause).then([this] { return accept_all(); });
  return io_->observer.whenBecomesReadable().then([this] { return accept_all(); });
}

bool ListenerActor::may_accept() const {
  const auto open = context_.node.metrics.connections_open.load(std::memory_order_relaxed);
  return open < context_.node.connections_limit + operator_connections;
}

// False, with errno, when there is none or none can be taken.
bool ListenerActor::accept_one() {
  const int fd = accept4(io_->socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return errno == EINTR || errno == ECONNABORTED;
  ++accepted_;
  auto& metrics = context_.node.metrics;
  NodeMetrics::add(metrics.connections_accepted);
  metrics.connections_open.fetch_add(1, std::memory_order_relaxed); // adopt() counts it down
  send(agents_[next_++ % agents_.size()], AdoptSocket{fd});
  return true;
}

} // namespace callboard::net
