#include "actors/runtime/host.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <future>

#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include "actors/runtime/log.h"

namespace callboard {
namespace {

// Messages an actor may handle before the others of its host get their turn.
constexpr std::size_t messages_per_turn = 200;

void name_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

// Linux keeps a nice value for each thread: 10 leaves a tenth of what another thread gets
// where both want a processor, so the work goes on under any load. Without it all is right,
// only slower.
void yield_to_others() {
  constexpr int nice_value = 10;
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice_value));
}

} // namespace

void Host::run(caf::resumable* job) {
  switch (job->resume(this, messages_per_turn)) {
  case caf::resumable::resume_later: exec_later(job); return;
  case caf::resumable::awaiting_message:
  case caf::resumable::done:
  case caf::resumable::shutdown_execution_unit: job->intrusive_ptr_release_impl(); return;
  }
}

std::unique_ptr<KjLoop> KjLoop::start(caf::actor_system& system, std::string name) {
  std::unique_ptr<KjLoop> loop(new KjLoop(system, std::move(name)));
  std::promise<void> started;
  auto running = started.get_future();
  loop->thread_ = std::thread([raw = loop.get(), &started] { raw->thread_main(started); });
  running.wait();
  return loop;
}

KjLoop::KjLoop(caf::actor_system& system, std::string name)
  : Host(system, std::move(name)), event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

KjLoop::~KjLoop() noexcept {
  post([this] { stop_->fulfill(); });
  thread_.join();
}

void KjLoop::thread_main(std::promise<void>& started) {
  bind_to_this_thread();
  name_thread(name());
  auto io = kj::setupAsyncIo();
  kj::UnixEventPort::FdObserver observer(io.unixEventPort, event_fd_.get(),
                                         kj::UnixEventPort::FdObserver::OBSERVE_READ);
  kj::TaskSet tasks(*this);
  io_ = &io;
  observer_ = &observer;
  tasks_ = &tasks;
  auto stop = kj::newPromiseAndFulfiller<void>();
  stop_ = kj::mv(stop.fulfiller);
  tasks.add(watch());
  started.set_value();
  stop.promise.wait(io.waitScope);
  stop_ = nullptr;
}

void KjLoop::exec_later(caf::resumable* job) {
  if (job->subtype() != caf::resumable::io_actor) { // an ordinary actor woken from here
    system().scheduler().enqueue(job);
    return;
  }
  if (!on_own_thread()) {
    bool first;
    {
      std::lock_guard guard(mutex_);
      first = remote_.empty();
      remote_.push_back({job, {}});
    }
    if (first) wake();
    return;
  }
  local_.push_back(job);
  if (!local_armed_) {
    local_armed_ = true;
    tasks_->add(kj::evalLater([this] { run_local(); }));
  }
}

void KjLoop::post(std::function<void()> work) {
  bool first;
  {
    std::lock_guard guard(mutex_);
    first = remote_.empty();
    remote_.push_back({nullptr, std::move(work)});
  }
  if (first) wake();
}

void KjLoop::run_local() {
  local_armed_ = false;
  running_.swap(local_);
  for (auto* job : running_) run(job);
  running_.clear();
}

void KjLoop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(event_fd_.get(), &one, sizeof one);
}

kj::Promise<void> KjLoop::watch() {
  return observer_->whenBecomesReadable().then([this] {
    std::uint64_t count;
    [[maybe_unused]] auto got = ::read(event_fd_.get(), &count, sizeof count);
    drain_remote();
    return watch();
  });
}

void KjLoop::drain_remote() {
  {
    std::lock_guard guard(mutex_);
    draining_.swap(remote_);
  }
  for (auto& item : draining_) {
    if (item.job != nullptr)
      run(item.job);
    else
      item.work();
  }
  draining_.clear();
}

void KjLoop::taskFailed(kj::Exception&& error) {
  log::error("a task of {} failed: {}", name(), kj::str(error).cStr());
}

BlockingHost::BlockingHost(caf::actor_system& system, std::string name, Priority priority)
  : Host(system, std::move(name)), thread_([this, priority] { thread_main(priority); }) {}

BlockingHost::~BlockingHost() {
  {
    std::lock_guard guard(mutex_);
    stop_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void BlockingHost::exec_later(caf::resumable* job) {
  if (job->subtype() != caf::resumable::io_actor) {
    system().scheduler().enqueue(job);
    return;
  }
  bool first;
  {
    std::lock_guard guard(mutex_);
    first = queue_.empty();
    queue_.push_back(job);
  }
  if (first) ready_.notify_one();
}

void BlockingHost::thread_main(Priority priority) {
  bind_to_this_thread();
  name_thread(name());
  if (priority == Priority::background) yield_to_others();
  std::vector<caf::resumable*> batch;
  for (;;) {
    {
      std::unique_lock guard(mutex_);
      ready_.wait(guard, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    for (auto* job : batch) run(job);
    batch.clear();
  }
}

} // namespace callboard
