#pragma once

#include <kj/async-io.h>
#include <kj/async-unix.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

namespace callboard {

// A thread on which actors live: a CAF execution unit. Its actors run on it and nowhere
// else (see HostedActor), so they need no locks. exec_later() may be called from any
// thread; this queue holds the only lock that a message between threads takes.
class Host : public caf::execution_unit {
public:
  Host(caf::actor_system& system, std::string name) : execution_unit(&system), name_(std::move(name)) {}
  ~Host() override = default;
  const std::string& name() const { return name_; }
  bool on_own_thread() const { return std::this_thread::get_id() == thread_id_; }

protected:
  // Runs one actor for a while and schedules or releases it.
  void run(caf::resumable* job);
  void bind_to_this_thread() { thread_id_ = std::this_thread::get_id(); }

private:
  std::string name_;
  std::thread::id thread_id_;
};

// A Host that is a KJ event loop: sockets and actors on one thread. Another thread's
// message wakes it through an eventfd, one write a burst. KJ objects of a loop never
// leave its thread, and nothing of theirs goes into a message: their reference counts
// are not atomic.
class KjLoop final : public Host, private kj::TaskSet::ErrorHandler {
public:
  // Starts the thread; returns once the loop runs.
  static std::unique_ptr<KjLoop> start(caf::actor_system& system, std::string name);
  // Ends the loop and joins its thread. No actor may be alive on it any more.
  ~KjLoop() noexcept override;

  void exec_later(caf::resumable* job) override;

  // The following on the loop's own thread only.
  kj::AsyncIoContext& io() { return *io_; }
  kj::Timer& timer() { return io_->provider->getTimer(); }
  // Keeps a promise running until it is done; its failure is logged.
  void add_task(kj::Promise<void> task) { tasks_->add(kj::mv(task)); }

  // Runs `work` on the loop's thread, soon. From any thread.
  void post(std::function<void()> work);

private:
  KjLoop(caf::actor_system& system, std::string name);
  void thread_main(std::promise<void>& started);
  kj::Promise<void> watch();
  void drain_remote();
  void run_local();
  void wake();
  void taskFailed(kj::Exception&& error) override;

  struct Remote {
    caf::resumable* job = nullptr;
    std::function<void()> work;
  };

  std::thread thread_;
  std::mutex mutex_;
  std::vector<Remote> remote_;
  std::vector<Remote> draining_;
  std::vector<caf::resumable*> local_;
  std::vector<caf::resumable*> running_;
  bool local_armed_ = false;
  bool stop_requested_ = false;

  // In this order: the eventfd outlives its observer, the context outlives the tasks.
  kj::AutoCloseFd event_fd_;
  kj::AsyncIoContext* io_ = nullptr;
  kj::UnixEventPort::FdObserver* observer_ = nullptr;
  kj::TaskSet* tasks_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> stop_;
};

// A Host for actors that block on the disk: a plain thread with a queue.
class BlockingHost final : public Host {
public:
  // `background`: its thread gives way to all others where processors are short.
  enum class Priority : std::uint8_t { normal, background };
  BlockingHost(caf::actor_system& system, std::string name, Priority priority = Priority::normal);
  // Runs what is queued, then joins.
  ~BlockingHost() override;
  void exec_later(caf::resumable* job) override;

private:
  void thread_main(Priority priority);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<caf::resumable*> queue_;
  bool stop_ = false;
  std::thread thread_;
};

} // namespace callboard
