#include "actors/node/start.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>
#include <utility>

#include "actors/node/node.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"

namespace callboard {
namespace {

// For others to take over what this node leads.
constexpr auto hand_over_within = std::chrono::seconds(3);
constexpr auto look_again_after = std::chrono::milliseconds(50);

// How long this process has existed, exec included; the kernel counts in ticks.
std::int64_t milliseconds_since_exec() {
  std::ifstream stat("/proc/self/stat");
  std::stringstream text;
  text << stat.rdbuf();
  const auto line = text.str();
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 19; ++i) fields >> skipped;
  std::int64_t started_ticks = 0;
  fields >> started_ticks;
  timespec up{};
  clock_gettime(CLOCK_BOOTTIME, &up);
  const auto now_ms = std::int64_t{up.tv_sec} * 1000 + up.tv_nsec / 1'000'000;
  return now_ms - started_ticks * 1000 / sysconf(_SC_CLK_TCK);
}

// Record batches live in the heap, cross threads and die in bulk: without these every
// 64 KiB buffer goes back to the kernel and is faulted in again.
void tune_allocator() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}

void start_log() {
  auto logger = spdlog::stderr_logger_mt("callboard");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

Result<NodeConfig> merged_config(const StartOptions& options) {
  NodeConfig config;
  if (!options.config_file.empty()) {
    auto loaded = load_config(options.config_file);
    if (!loaded) return loaded.error();
    config = std::move(*loaded);
  }
  if (options.data) config.data = *options.data;
  if (options.insecure) config.insecure = true;
  if (!options.join.empty()) config.join = options.join;
  if (!options.seeds.empty()) config.seeds = options.seeds;
  if (options.discover) config.discover = *options.discover;
  if (options.expect) config.expect = *options.expect;
  if (options.secret_file) config.secret_file = *options.secret_file;
  if (options.tls_certificate) config.tls_certificate = *options.tls_certificate;
  if (options.tls_key) config.tls_key = *options.tls_key;
  if (options.tls_ca) config.tls_ca = *options.tls_ca;
  if (options.tls_client_auth) config.tls_client_auth = *options.tls_client_auth;
  if (!options.listen.empty()) config.listen.clear();
  for (const auto& text : options.listen) {
    auto address = parse_host_port(text);
    if (!address) return address.error();
    config.listen.push_back(*address);
  }
  if (options.advertise) {
    auto address = parse_host_port(*options.advertise);
    if (!address) return address.error();
    config.advertise = *address;
  }
  return config;
}

int refuse(const Error& error) {
  std::fprintf(stderr, "callboard: %s\n", error.message.c_str());
  return 1;
}

void say_ready(const StartOptions& options, const Node& node) {
  std::string addresses;
  for (const auto& address : node.addresses()) addresses += (addresses.empty() ? "" : ",") + address.text();
  const auto ms = milliseconds_since_exec();
  if (options.json)
    fmt::print("{{\"event\":\"ready\",\"listen\":\"{}\",\"pid\":{},\"ms\":{}}}\n", addresses, getpid(), ms);
  else
    fmt::print("callboard listens on {} (Kafka, Cap'n Proto and HTTP), pid {}, ready after {} ms\n", addresses,
               getpid(), ms);
  std::fflush(stdout);
}

// Waits for one of `signals`, at most so long.
bool signalled(const sigset_t& signals, std::chrono::nanoseconds within) {
  const timespec time{0, within.count()};
  return sigtimedwait(&signals, nullptr, &time) > 0;
}

// Until other nodes can do without this one, they do not take over in time, or another
// signal comes.
void hand_over(Node& node, const sigset_t& signals, bool force) {
  const auto until = monotonic_now() + hand_over_within;
  for (bool said = false;;) {
    const auto needed = node.hand_over();
    const bool last = !force && !needed.last_copies.empty();
    if (!last && (needed.led == 0 || monotonic_now() >= until)) return;
    if (last && !std::exchange(said, true))
      log::warn("not stopping yet: only this node has a current copy of {} partitions, {} among them, and another node "
                "is catching up. Waiting for it; another SIGTERM stops this node all the same.",
                needed.last_copies.size(), needed.last_copies.front());
    if (signalled(signals, look_again_after)) {
      log::warn("stopping at once: asked to again");
      return;
    }
  }
}

} // namespace

int run_node(const StartOptions& options) {
  tune_allocator();
  start_log();
  // Blocked before any thread starts, so that only sigwait() takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto config = merged_config(options);
  if (!config) return refuse(config.error());
  // Told on a thread of the node's.
  std::promise<Node*> started;
  auto listening = started.get_future().share();
  std::atomic<bool> failed{false};
  auto node = Node::start(*config, [&](const Status& ready) {
    if (ready) {
      say_ready(options, *listening.get());
      return;
    }
    failed = true;
    refuse(ready.error());
    kill(getpid(), SIGTERM);
  });
  if (!node) return refuse(node.error());
  started.set_value(node->get());
  int signal = 0;
  sigwait(&ends, &signal);
  log::info("stopping");
  hand_over(**node, ends, options.force_stop);
  (*node)->stop();
  log::info("stopped: every acknowledged record is on disk");
  // The logs are closed; what is left of threads and actors ends with the process.
  std::fflush(nullptr);
  std::_Exit(failed ? 1 : 0);
}

} // namespace callboard
