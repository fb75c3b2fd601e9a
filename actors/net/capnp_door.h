#pragma once

#include <kj/async-io.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "actors/coordination/group_messages.h"
#include "actors/coordination/messages.h"
#include "actors/node/loop_context.h"
#include "actors/partition/messages.h"
#include "actors/rpc/broker_backend.h"
#include "actors/runtime/hosted_actor.h"
#include "actors/tls/channel.h"

namespace callboard::net {

// One client connection of the Cap'n Proto door, an actor on a KJ loop: what the RPC
// services ask of the node, asked of its actors. A promise given out here is kept when
// the actor's answer arrives; its token names it.
//
// The stream, the RPC system and every open promise live in Io, owned by the loop's
// promise and not by the actor, whose last reference may drop on another thread.
class CapnpConnection final : public HostedActor, public rpc::BrokerBackend {
public:
  CapnpConnection(caf::actor_config& config, LoopContext& context, std::string peer);

  // `channel`: what is known of the other end, at `peer`.
  static void serve(LoopContext& context, kj::Own<kj::AsyncIoStream> stream, NodeMetrics::Open open,
                    const HostPort& peer, const tls::Channel& channel);

  caf::behavior make_behavior() override;
  std::string describe() const override;
  void on_exit() override;

  kj::Promise<Result<rpc::TopicInfo>> create_topic(rpc::CreateTopic request) override;
  kj::Promise<Status> delete_topic(std::string name) override;
  kj::Promise<Result<rpc::TopicInfo>> describe_topic(std::string name) override;
  kj::Promise<Result<rpc::TopicPage>> list_topics(std::string after, std::uint32_t limit) override;
  kj::Promise<Result<rpc::TopicInfo>> alter_topic(rpc::AlterTopic request) override;
  kj::Promise<Result<rpc::PartitionPage>> describe_partitions(std::string topic, std::int32_t after,
                                                              std::uint32_t limit) override;
  kj::Promise<Result<rpc::Produced>> produce(const rpc::TopicPartition& partition, rpc::ProduceBatch batch) override;
  kj::Promise<Result<rpc::Fetched>> fetch(const rpc::TopicPartition& partition, const rpc::FetchRange& range) override;
  kj::Promise<Result<rpc::OffsetInfo>> list_offset(const rpc::TopicPartition& partition,
                                                   std::int64_t timestamp) override;
  kj::Promise<Result<rpc::GroupPage>> list_groups(std::string after, std::uint32_t limit) override;
  kj::Promise<Result<rpc::GroupDescription>> describe_group(std::string id) override;
  kj::Promise<Status> reset_offsets(std::string group, std::vector<rpc::OffsetReset> offsets) override;
  kj::Promise<Status> delete_group(std::string id) override;
  kj::Promise<ControllerOutcome> control(ControllerCommand command) override;
  kj::Promise<Result<ClusterStatus>> cluster_status() override;
  kj::Promise<rpc::ActorPage> actors(rpc::ActorQuery query) override;
  rpc::PeerBackend* peers() override;

private:
  struct Io;
  struct PendingPage;

  kj::Promise<rpc::PartitionInfo> describe_partition(const TopicRef& topic, std::size_t id);
  kj::Promise<std::int64_t> log_bytes(const rpc::TopicPartition& partition); // -1: not known
  const PartitionRef* coordinator_of(const std::string& group) const;        // null: not made yet
  kj::Promise<GroupAnswer> ask_group(const std::string& group, GroupCommand command);
  kj::Promise<Result<ClusterStatus>> ask_membership();
  kj::Promise<std::vector<std::string>> ask_troubles(); // none if membership does not say
  template <class Command>
  kj::Promise<Status> change(Command message); // by the metadata actor
  kj::Promise<Status> make_coordinators();
  Result<caf::actor> find(const rpc::TopicPartition& partition) const;
  void on_status(const StatusAnswer& answer);
  void finish_page(std::uint64_t token);

  LoopContext& context_;
  std::string peer_;
  Io* io_ = nullptr;
  std::uint64_t next_token_ = 1;
  std::uint64_t calls_ = 0;
};

} // namespace callboard::net
