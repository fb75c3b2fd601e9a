#include "actors/node/node.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/coordination/membership_actor.h"
#include "actors/coordination/metadata_actor.h"
#include "actors/coordination/operation_messages.h"
#include "actors/net/listener.h"
#include "actors/net/socket.h"
#include "actors/node/descriptors.h"
#include "actors/node/loop_agent.h"
#include "actors/node/security.h"
#include "actors/partition/catch_up_actor.h"
#include "actors/partition/elsewhere_actor.h"
#include "actors/runtime/log.h"
#include "actors/runtime/random.h"
#include "actors/storage/compactor_actor.h"
#include "actors/storage/reader_actor.h"
#include "actors/storage/scrubber_actor.h"
#include "actors/storage/state_actor.h"
#include "actors/storage/writer_actor.h"

namespace callboard {
namespace {

constexpr std::uint32_t loops_max = 4;
constexpr std::uint32_t writers_max = 8;
constexpr auto drain_within = std::chrono::milliseconds(200);
constexpr auto answer_within = std::chrono::seconds(1);
constexpr auto close_within = std::chrono::seconds(30);
constexpr auto state_flush_interval = std::chrono::seconds(5);

// CAF's own threads: nothing of ours runs on its scheduler, so one is enough.
struct SystemConfig : caf::actor_system_config {
  SystemConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

// Connections leave descriptors for segments, whatever clients do.
std::int64_t limit_connections(const NodeConfig& config) {
  const auto descriptors = raise_descriptor_limit();
  const auto limit = connections_limit(config.connections_max, descriptors);
  if (limit < config.connections_max)
    log::warn("at most {} connections at a time instead of {}: this process may have {} descriptors, of which {} are "
              "kept for files; raise the limit (LimitNOFILE=, ulimit -n) or lower connections.connections_max",
              limit, config.connections_max, descriptors, descriptors_for_files(descriptors));
  return limit;
}

Status make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && access(path.c_str(), W_OK | X_OK) == 0) return ok_status();
  const auto reason = error ? error.message() : std::string(std::strerror(errno));
  return Error{ErrorCode::storage_io,
               fmt::format("The data directory {} cannot be used: {}. Give another one with --data.", path, reason)};
}

// A directory is ours, or empty: nobody wants a broker's files among their own.
Status check_contents(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path + "/node-state.mdb", error)) return ok_status();
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const auto name = entry.path().filename().string();
    if (name == "lock" || name == "lost+found") continue;
    return Error{ErrorCode::wrong_data_directory,
                 fmt::format("The data directory {} holds \"{}\" but no node's state: it is not Callboard's, or its "
                             "node-state.mdb is lost. Give an empty directory with --data.",
                             path, name)};
  }
  return ok_status();
}

// One that is kept while the node looks for a cluster; of a cluster, if it found one before.
Result<storage::Identity> identify(storage::NodeState& state, bool alone) {
  auto known = state.identity();
  if (!known) return known.error();
  if (known.value()) return *known.value();
  const storage::Identity fresh{{}, random_uuid(), no_node};
  if (alone) return fresh; // belongs to a cluster at once
  if (auto stored = state.set_identity(fresh); !stored) return stored.error();
  return fresh;
}

membership::FormingMode mode_of(const NodeConfig& config) {
  if (!config.join.empty()) return membership::FormingMode::join;
  if (!config.seeds.empty()) return membership::FormingMode::seeds;
  return config.discover.empty() ? membership::FormingMode::alone : membership::FormingMode::discover;
}

membership::FormingStart forming_start(const NodeConfig& config, const storage::Identity& identity) {
  membership::FormingStart start;
  start.mode = mode_of(config);
  start.seeds = config.join.empty() ? config.seeds : config.join;
  start.name = config.discover;
  start.expect = static_cast<std::uint32_t>(config.expect);
  start.identity = identity.node_uuid;
  if (!identity.cluster.is_zero()) start.cluster = identity.cluster;
  start.seed = random_number();
  return start;
}

std::uint32_t or_default(std::uint32_t configured, std::uint32_t otherwise) {
  return configured != 0 ? configured : otherwise;
}

partition::CatchUpLimits catch_up_limits(std::size_t bytes_per_second) {
  partition::CatchUpLimits limits;
  limits.bytes_per_second = bytes_per_second;
  return limits;
}

} // namespace

struct Node::Parts {
  // In the order of their lives: what is above is used by what is below.
  std::unique_ptr<storage::NodeState> state;
  NodeContext context;
  SystemConfig system_config;
  std::unique_ptr<caf::actor_system> system;
  std::vector<std::unique_ptr<KjLoop>> loops;
  std::vector<std::unique_ptr<LoopContext>> loop_contexts;
  std::vector<std::unique_ptr<BlockingHost>> blocking_hosts;
  std::vector<caf::actor> agents;
  std::vector<caf::actor> writers;
  std::vector<caf::actor> readers;
  caf::actor compactor;
  caf::actor state_actor;
  std::vector<caf::actor> listeners;
  std::vector<int> sockets;
  std::vector<HostPort> addresses;

  Status open_sockets();
  Status open_data();
  void introduce();
  void start_threads();
  void start_membership();
  Status belong(const Belonging& belonging);
  Status start_metadata();
  void start_listeners();

  std::function<void(Status)> on_ready;
};

Status Node::Parts::open_sockets() {
  for (const auto& address : context.config.listen) {
    auto fd = net::listen_on(address);
    if (!fd) return fd.error();
    sockets.push_back(*fd);
    addresses.push_back(net::local_address(*fd));
  }
  return ok_status();
}

Status Node::Parts::open_data() {
  if (auto made = make_directory(context.config.data); !made) return made;
  if (auto checked = check_contents(context.config.data); !checked) return checked;
  auto opened = storage::NodeState::open(context.config.data);
  if (!opened) return opened.error();
  state = std::move(*opened);
  const bool alone = mode_of(context.config) == membership::FormingMode::alone;
  auto identity = identify(*state, alone);
  if (!identity) return identity.error();
  context.identity = *identity;
  introduce();
  return ok_status();
}

void Node::Parts::introduce() {
  auto& hello = context.hello;
  hello.cluster = context.identity.cluster;
  hello.identity = context.identity.node_uuid;
  hello.node = context.identity.node;
  // Later runs have larger numbers.
  hello.incarnation = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  hello.peer = hello.client = context.config.advertise.value_or(addresses.front());
  hello.rack = context.config.rack;
  hello.version = CALLBOARD_VERSION;
}

void Node::Parts::start_threads() {
  const auto& config = context.config;
  system = std::make_unique<caf::actor_system>(system_config);
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  for (std::uint32_t i = 0; i < or_default(config.loops, std::min(cores, loops_max)); ++i) {
    loops.push_back(KjLoop::start(*system, fmt::format("loop-{}", i)));
    loop_contexts.push_back(std::make_unique<LoopContext>(context, *loops.back()));
    agents.push_back(spawn_on<LoopAgent>(*loops.back(), *loop_contexts.back()));
  }
  blocking_hosts.push_back(std::make_unique<BlockingHost>(*system, "compactor", BlockingHost::Priority::background));
  compactor =
      spawn_on<CompactorActor>(*blocking_hosts.back(), context.registry, "compactor", config.compaction_key_bytes);
  for (std::uint32_t i = 0; i < or_default(config.writers, std::min(cores + 1, writers_max)); ++i) {
    const auto name = fmt::format("writer-{}", i);
    blocking_hosts.push_back(std::make_unique<BlockingHost>(*system, name));
    writers.push_back(spawn_on<WriterActor>(*blocking_hosts.back(), context.registry, name, *state, config.data,
                                            std::chrono::milliseconds(config.flush_interval_ms), compactor));
  }
  for (std::uint32_t i = 0; i < std::max(1u, config.readers); ++i) {
    const auto name = fmt::format("reader-{}", i);
    blocking_hosts.push_back(std::make_unique<BlockingHost>(*system, name));
    readers.push_back(spawn_on<ReaderActor>(*blocking_hosts.back(), context.registry, name));
  }
  blocking_hosts.push_back(std::make_unique<BlockingHost>(*system, "scrubber", BlockingHost::Priority::background));
  const ScrubOptions scrub{std::chrono::milliseconds(config.scrub_interval_ms), config.scrub_bytes_per_second};
  static_cast<void>(spawn_on<ScrubberActor>(*blocking_hosts.back(), context.registry, context.metrics, *state,
                                            config.data, scrub, agents));
  context.elsewhere = spawn_on<ElsewhereActor>(*loops.front(), context.registry);
  blocking_hosts.push_back(std::make_unique<BlockingHost>(*system, "state"));
  state_actor = spawn_on<StateActor>(*blocking_hosts.back(), context.registry, "state", state_flush_interval);
}

void Node::Parts::start_membership() {
  std::vector<LoopContext*> all;
  for (auto& loop : loop_contexts) all.push_back(loop.get());
  MembershipActor::Callbacks callbacks;
  callbacks.belongs = [this](const Belonging& belonging) { return belong(belonging); };
  callbacks.failed = [this](const Error& error) { on_ready(error); };
  context.membership = spawn_on<MembershipActor>(*loops.front(), *loop_contexts.front(), std::move(all), agents,
                                                 forming_start(context.config, context.identity), std::move(callbacks));
  caf::anon_send(context.membership, BeginMembership{}); // whom it starts looks for it in the context
}

// On the membership actor's thread.
Status Node::Parts::belong(const Belonging& belonging) {
  if (context.identity.cluster != belonging.identity.cluster)
    if (auto stored = state->set_identity(belonging.identity); !stored) return stored;
  context.identity = belonging.identity;
  context.hello.cluster = belonging.identity.cluster;
  context.hello.node = belonging.identity.node;
  return start_metadata();
}

Status Node::Parts::start_metadata() {
  StoredGroups stored;
  if (auto read = state->for_each([&](const storage::GroupRecord& group) { stored[group.group] = group; }); !read)
    return read;
  PartitionHosts hosts;
  for (auto& loop : loop_contexts) hosts.loops.push_back(loop.get());
  hosts.writers = writers;
  hosts.readers = readers;
  hosts.catch_up = spawn_on<CatchUpActor>(*loops.front(), *loop_contexts.front(),
                                          catch_up_limits(context.config.catch_up_bytes_per_second));
  hosts.agents = agents;
  hosts.state = state_actor;
  hosts.elsewhere = context.elsewhere;
  hosts.cache_budget = std::make_shared<partition::CacheBudget>(context.config.tail_cache_bytes);
  context.metadata_actor =
      spawn_on<MetadataActor>(*loops.front(), context, std::move(hosts), std::move(stored), [this](Status status) {
        if (status) context.ready = true;
        on_ready(std::move(status));
      });
  context.formed.store(true, std::memory_order_release);
  return ok_status();
}

void Node::Parts::start_listeners() {
  for (int fd : sockets)
    listeners.push_back(spawn_on<net::ListenerActor>(*loops.front(), *loop_contexts.front(), fd, agents));
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::start(const NodeConfig& config, std::function<void(Status)> on_ready) {
  if (auto checked = check_config(config); !checked) return checked.error();
  auto parts = std::make_unique<Parts>();
  parts->context.config = config;
  parts->on_ready = std::move(on_ready);
  parts->context.connections_limit = limit_connections(config);
  std::vector<std::string> advice;
  auto security = Security::load(config, advice);
  if (!security) return security.error();
  parts->context.security = std::move(*security);
  for (const auto& sentence : advice) log::warn("{}", sentence);
  if (auto opened = parts->open_sockets(); !opened) return opened.error();
  if (auto opened = parts->open_data(); !opened) return opened.error();
  parts->start_threads();
  std::unique_ptr<Node> node(new Node(std::move(parts)));
  node->parts_->start_membership();
  node->parts_->start_listeners();
  return node;
}

std::vector<HostPort> Node::addresses() const {
  return parts_->addresses;
}

Node::Needed Node::hand_over() {
  const auto& context = parts_->context;
  if (!context.ready) return {};
  caf::scoped_actor self(*parts_->system);
  self->send(context.metadata_actor, HandOver{caf::actor_cast<caf::actor>(self)});
  Needed needed;
  self->receive(
      [&](HandingOver& answer) {
        needed = {answer.led, std::move(answer.last_copies)};
      },
      caf::after(answer_within) >> [] { log::warn("the metadata actor does not answer"); });
  return needed;
}

void Node::stop() {
  auto& context = parts_->context;
  context.stopping = true;
  for (const auto& listener : parts_->listeners) caf::anon_send(listener, net::StopListening{});
  const auto drained_by = std::chrono::steady_clock::now() + drain_within;
  while (context.metrics.inflight_bytes > 0 && std::chrono::steady_clock::now() < drained_by)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  caf::anon_send(context.membership, EndLinks{});
  caf::scoped_actor self(*parts_->system);
  const auto reply_to = caf::actor_cast<caf::actor>(self);
  self->send(parts_->compactor, CloseLogs{reply_to});
  for (const auto& writer : parts_->writers) self->send(writer, CloseLogs{reply_to});
  self->send(parts_->state_actor, CloseStates{reply_to});
  bool all_closed = true;
  for (std::size_t i = 0; i < parts_->writers.size() + 2 && all_closed; ++i)
    self->receive([](const LogsClosed&) {}, [](const StatesClosed&) {},
                  caf::after(close_within) >> [&] { all_closed = false; });
  if (!all_closed) {
    log::error("not every log could be closed in time; the next start recovers them");
    return;
  }
  if (auto marked = parts_->state->mark_clean(); !marked) log::error("{}", marked.error().message);
}

} // namespace callboard
