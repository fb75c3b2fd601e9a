#include "actors/net/capnp_door.h"

#include <fmt/format.h>

#include <algorithm>

#include "actors/net/capnp_io.h"
#include "actors/net/idle_stream.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "schema/internal_topics.h"

namespace callboard::net {
namespace {

// An actor that does not tell its state in this time is shown without it.
constexpr auto state_within = 500 * kj::MILLISECONDS;

// `most`: replicas that vote, of the partition that has most.
rpc::TopicInfo info_of(const TopicRecord& record, std::size_t most) {
  return {record.name, record.id, static_cast<std::uint32_t>(record.groups.size()), static_cast<std::uint16_t>(most),
          record.configs};
}

rpc::TopicInfo info_of_new(const TopicRecord& record) {
  std::size_t most = 0;
  for (std::size_t i = 0; i < record.groups.size(); ++i) most = std::max(most, record.placement(i).voters.size());
  return info_of(record, most);
}

rpc::TopicInfo info_of(const TopicRef& topic) {
  std::size_t most = 0;
  for (const auto& partition : topic.partitions) most = std::max(most, partition.replicas.size());
  return info_of(*topic.record, most);
}

} // namespace

CapnpConnection::CapnpConnection(caf::actor_config& config, LoopContext& context, std::string peer)
  : HostedActor(config, context.node.registry, ActorKind::connection, peer), context_(context), peer_(std::move(peer)) {
}

void CapnpConnection::serve(LoopContext& context, kj::Own<kj::AsyncIoStream> stream, NodeMetrics::Open open,
                            const HostPort& peer, const tls::Channel& channel) {
  auto handle = spawn_on<CapnpConnection>(context.loop, context, peer.text());
  auto* self = static_cast<CapnpConnection*>(caf::actor_cast<caf::abstract_actor*>(handle));
  auto io = kj::heap<Io>(std::move(open));
  auto stop = kj::newPromiseAndFulfiller<void>();
  io->stop = kj::mv(stop.fulfiller);
  self->io_ = io.get();
  io->peers = kj::heap<PeerInbox>(context, handle, peer, channel, [self] {
    if (self->io_ != nullptr) self->io_->open.exempt();
  });
  const auto idle_after = context.node.config.idle_timeout_ms * kj::MILLISECONDS;
  auto watched = kj::heap<IdleStream>(kj::mv(stream), context.loop.timer(), idle_after);
  auto idle = watched->idle().then([self] { log::debug("connection of {} closed: idle", self->peer_); });
  io->connection = kj::heap<rpc::BrokerConnection>(kj::mv(watched), *self);
  auto closed = io->connection->closed().exclusiveJoin(kj::mv(idle)).exclusiveJoin(io->peers->silent());
  context.loop.add_task(closed.catch_([](kj::Exception&& e) { log::debug("rpc: {}", kj::str(e).cStr()); })
                            .exclusiveJoin(kj::mv(stop.promise))
                            .then([self] {
                              self->io_ = nullptr;
                              self->enter([self] { self->quit(); });
                            })
                            .attach(kj::mv(io))
                            .then([handle] {}));
}

caf::behavior CapnpConnection::make_behavior() {
  return {
      handler([this](ProduceAnswers& message) {
        for (auto& answer : message.answers) {
          if (io_ == nullptr) return;
          if (answer.error == ErrorCode::none)
            keep<Result<rpc::Produced>>(io_->produced, answer.token,
                                        rpc::Produced{answer.base_offset, answer.log_append_time, answer.log_start});
          else
            keep<Result<rpc::Produced>>(io_->produced, answer.token, error_of(answer.error, std::move(answer.message)));
        }
      }),
      handler([this](FetchAnswer& answer) {
        if (io_ == nullptr) return;
        if (answer.error == ErrorCode::none)
          keep<Result<rpc::Fetched>>(io_->fetched, answer.token,
                                     rpc::Fetched{std::move(answer.batches), answer.high_watermark, answer.log_start});
        else
          keep<Result<rpc::Fetched>>(io_->fetched, answer.token, error_of(answer.error, {}));
      }),
      handler([this](const OffsetAnswer& answer) {
        if (io_ == nullptr) return;
        if (answer.error == ErrorCode::none)
          keep<Result<rpc::OffsetInfo>>(io_->offsets, answer.token, rpc::OffsetInfo{answer.offset, answer.timestamp});
        else
          keep<Result<rpc::OffsetInfo>>(io_->offsets, answer.token, error_of(answer.error, {}));
      }),
      handler([this](const LogDescribed& answer) {
        if (io_ != nullptr) keep(io_->log_sizes, answer.token, static_cast<std::int64_t>(answer.bytes));
      }),
      handler([this](TopicCreated& answer) {
        if (io_ == nullptr) return;
        if (answer.error == ErrorCode::none)
          keep<Result<rpc::TopicInfo>>(io_->created, answer.token, info_of_new(answer.topic));
        else
          keep<Result<rpc::TopicInfo>>(io_->created, answer.token, error_of(answer.error, std::move(answer.message)));
      }),
      handler([this](TopicDeleted& answer) {
        if (io_ == nullptr) return;
        keep<Status>(io_->deleted, answer.token,
                     answer.error == ErrorCode::none ? ok_status()
                                                     : Status(error_of(answer.error, std::move(answer.message))));
      }),
      handler([this](TopicChanged& answer) {
        if (io_ == nullptr) return;
        keep<Status>(io_->changed, answer.token,
                     answer.error == ErrorCode::none ? ok_status()
                                                     : Status(error_of(answer.error, std::move(answer.message))));
      }),
      handler([this](ControllerAnswered& answer) {
        if (io_ != nullptr) keep(io_->controlled, answer.token, std::move(answer.outcome));
      }),
      handler([this](GroupAnswer& answer) {
        if (io_ != nullptr) keep(io_->groups, answer.token, std::move(answer));
      }),
      handler([this](GroupsListed& answer) {
        if (io_ != nullptr) keep(io_->listings, answer.token, std::move(answer));
      }),
      handler([this](PeerCommandAnswered& answer) {
        if (io_ != nullptr) io_->peers->answered(answer);
      }),
      handler([this](PeerProbed& answer) {
        if (io_ != nullptr) io_->peers->answered(answer);
      }),
      handler([this](PeerJoined& answer) {
        if (io_ != nullptr) io_->peers->answered(answer);
      }),
      handler([this](Troubles& answer) {
        if (io_ != nullptr) keep(io_->troubles, answer.token, std::move(answer.sentences));
      }),
      handler([this](const StatusAnswer& answer) { on_status(answer); }),
      status_handler(),
  };
}

std::string CapnpConnection::describe() const {
  if (io_ != nullptr && io_->peers->peer() != no_node) return io_->peers->describe();
  return fmt::format("cap'n proto, {} calls", calls_);
}

void CapnpConnection::on_exit() {
  if (io_ != nullptr) io_->stop->fulfill();
}

rpc::PeerBackend* CapnpConnection::peers() {
  return io_->peers.get();
}

Result<caf::actor> CapnpConnection::find(const rpc::TopicPartition& partition) const {
  const auto* found = context_.directory.find(partition.topic, partition.partition);
  if (found != nullptr) return found->actor;
  return Error{ErrorCode::unknown_topic_or_partition, fmt::format("There is no partition {} of a topic \"{}\".",
                                                                  partition.partition, partition.topic.substr(0, 249))};
}

kj::Promise<Result<rpc::TopicInfo>> CapnpConnection::create_topic(rpc::CreateTopic request) {
  ++calls_;
  const auto token = next_token_++;
  CreateTopic message;
  message.from = caf::actor(this);
  message.token = token;
  message.command.name = std::move(request.name);
  message.command.partitions = request.partitions;
  message.command.replication_factor = request.replication_factor;
  message.command.configs = std::move(request.configs);
  send(context_.node.metadata(), std::move(message));
  return expect(io_->created, token)
      .exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([]() -> Result<rpc::TopicInfo> {
        return too_late("The creation");
      }));
}

kj::Promise<Status> CapnpConnection::delete_topic(std::string name) {
  ++calls_;
  const auto token = next_token_++;
  send(context_.node.metadata(), DeleteTopic{caf::actor(this), token, std::move(name), {}});
  return expect(io_->deleted, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([]() -> Status {
    return too_late("The deletion");
  }));
}

kj::Promise<Result<rpc::TopicInfo>> CapnpConnection::describe_topic(std::string name) {
  ++calls_;
  const auto* topic = context_.directory.find(name);
  if (topic == nullptr)
    return Result<rpc::TopicInfo>(
        Error{ErrorCode::unknown_topic_or_partition, fmt::format("There is no topic \"{}\".", name.substr(0, 249))});
  return Result<rpc::TopicInfo>(info_of(*topic));
}

kj::Promise<Result<rpc::TopicPage>> CapnpConnection::list_topics(std::string after, std::uint32_t limit) {
  ++calls_;
  rpc::TopicPage page;
  const auto& topics = context_.directory.topics();
  for (auto at = topics.upper_bound(after); at != topics.end(); ++at) {
    if (page.topics.size() == limit) {
      page.more = true;
      break;
    }
    page.topics.push_back(info_of(*at->second));
  }
  return Result<rpc::TopicPage>(std::move(page));
}

kj::Promise<Result<rpc::Produced>> CapnpConnection::produce(const rpc::TopicPartition& partition,
                                                            rpc::ProduceBatch batch) {
  ++calls_;
  auto actor = find(partition);
  if (!actor) return Result<rpc::Produced>(actor.error());
  if (is_internal_topic(partition.topic))
    return Result<rpc::Produced>(
        Error{ErrorCode::invalid_topic, "This topic is the broker's own; only the broker writes to it."});
  const auto token = next_token_++;
  const auto timeout = batch.timeout.count() * kj::NANOSECONDS;
  ProduceToPartition message;
  message.from = caf::actor(this);
  message.token = token;
  message.command.acks = rpc::kafka_acks(batch.acks);
  message.command.batch = std::move(batch.batch);
  message.command.header = batch.header;
  send(*actor, std::move(message));
  return expect(io_->produced, token)
      .exclusiveJoin(context_.loop.timer().afterDelay(timeout).then(
          []() -> Result<rpc::Produced> { return too_late("The commit"); }));
}

kj::Promise<Result<rpc::Fetched>> CapnpConnection::fetch(const rpc::TopicPartition& partition,
                                                         const rpc::FetchRange& range) {
  ++calls_;
  auto actor = find(partition);
  if (!actor) return Result<rpc::Fetched>(actor.error());
  const auto token = next_token_++;
  FetchFromPartition message;
  message.from = caf::actor(this);
  message.token = token;
  message.command.offset = range.offset;
  message.command.bytes_max = std::min<std::size_t>(range.bytes_max, context_.node.config.response_bytes_max);
  message.command.park_until_bytes = range.wait_ms_max > 0 ? std::max<std::size_t>(range.bytes_min, 1) : 0;
  send(*actor, message);
  auto answered = expect(io_->fetched, token);
  if (range.wait_ms_max == 0) return answered;
  // When the wait is over: withdraw, and ask for what is there.
  auto withdraw = [this, token, partition_actor = *actor] {
    if (io_ == nullptr || io_->fetched.erase(token) == 0) return;
    send(partition_actor, CancelFetch{id(), token});
  };
  auto waited = context_.loop.timer()
                    .afterDelay(range.wait_ms_max * kj::MILLISECONDS)
                    .then([this, token, withdraw, partition, range] {
                      // Dropping it now would reject `answered`, which is joined with this.
                      auto waiting = kj::mv(io_->fetched[token]);
                      withdraw();
                      auto at_once = range;
                      at_once.wait_ms_max = 0;
                      return fetch(partition, at_once).attach(kj::mv(waiting));
                    });
  return answered.attach(kj::defer([withdraw] { withdraw(); })).exclusiveJoin(kj::mv(waited));
}

kj::Promise<Result<rpc::OffsetInfo>> CapnpConnection::list_offset(const rpc::TopicPartition& partition,
                                                                  std::int64_t timestamp) {
  ++calls_;
  auto actor = find(partition);
  if (!actor) return Result<rpc::OffsetInfo>(actor.error());
  const auto token = next_token_++;
  send(*actor, ListOffsetOfPartition{caf::actor(this), token, timestamp, -1});
  return expect(io_->offsets, token)
      .exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([]() -> Result<rpc::OffsetInfo> {
        return too_late("The look-up");
      }));
}

kj::Promise<rpc::ActorPage> CapnpConnection::actors(rpc::ActorQuery query) {
  ++calls_;
  const auto token = next_token_++;
  auto& page = io_->pages[token];
  page.selection = select_actors(context_.node.registry, query, context_.node.identity.node, monotonic_now());
  auto paf = kj::newPromiseAndFulfiller<rpc::ActorPage>();
  page.done = kj::mv(paf.fulfiller);
  for (std::size_t i = 0; i < page.selection.addresses.size(); ++i) {
    auto actor = caf::actor_cast<caf::actor>(page.selection.addresses[i]);
    if (!actor) continue; // ended since
    page.row_of[page.selection.page.rows[i].id] = i;
    ++page.missing;
    send(actor, StatusQuery{caf::actor(this), token});
  }
  if (page.missing == 0) finish_page(token);
  auto late = context_.loop.timer().afterDelay(state_within).then([this, token]() -> kj::Promise<rpc::ActorPage> {
    if (io_ != nullptr) finish_page(token);
    return kj::NEVER_DONE;
  });
  return paf.promise.exclusiveJoin(kj::mv(late));
}

void CapnpConnection::on_status(const StatusAnswer& answer) {
  if (io_ == nullptr) return;
  const auto page = io_->pages.find(answer.token);
  if (page == io_->pages.end()) {
    keep(io_->states, answer.token, answer.text);
    return;
  }
  const auto row = page->second.row_of.find(answer.actor_id);
  if (row == page->second.row_of.end()) return;
  auto& shown = page->second.selection.page.rows[row->second];
  shown.answering = true;
  shown.state = answer.text;
  if (--page->second.missing == 0) finish_page(answer.token);
}

void CapnpConnection::finish_page(std::uint64_t token) {
  auto page = io_->pages.extract(token);
  if (!page.empty()) page.mapped().done->fulfill(std::move(page.mapped().selection.page));
}

} // namespace callboard::net
