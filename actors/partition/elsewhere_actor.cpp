#include "actors/partition/elsewhere_actor.h"

#include <fmt/format.h>

#include "actors/peer/messages.h"

namespace callboard {
namespace {

constexpr auto elsewhere = ErrorCode::not_leader_or_follower;
const std::string no_cluster = "This node does not belong to a cluster yet (callboard cluster status).";

} // namespace

ElsewhereActor::ElsewhereActor(caf::actor_config& config, ActorRegistry& registry)
  : HostedActor(config, registry, ActorKind::partition, "elsewhere") {}

caf::behavior ElsewhereActor::make_behavior() {
  const auto refuse = [this](const caf::actor& from, auto answer) {
    ++refused_;
    send(from, std::move(answer));
  };
  return {
      handler([refuse](const ProduceToPartition& message) {
        ProduceAnswers answers;
        answers.answers.push_back({message.token, elsewhere, unknown_offset, no_timestamp, unknown_offset,
                                   "This node has no replica of the partition; ask for metadata."});
        refuse(message.from, std::move(answers));
      }),
      handler([refuse](const FetchFromPartition& message) {
        FetchAnswer answer;
        answer.token = message.token;
        answer.error = elsewhere;
        refuse(message.from, std::move(answer));
      }),
      handler([refuse](const WatchPartition& message) { refuse(message.from, PartitionReady{message.token}); }),
      handler([refuse](const ListOffsetOfPartition& message) {
        OffsetAnswer answer;
        answer.token = message.token;
        answer.error = elsewhere;
        refuse(message.from, answer);
      }),
      handler([refuse](const FindEpochEnd& message) {
        OffsetAnswer answer;
        answer.token = message.token;
        answer.error = elsewhere;
        refuse(message.from, answer);
      }),
      handler([refuse](const DeleteRecordsOfPartition& message) {
        refuse(message.from, RecordsDeleted{message.token, elsewhere, unknown_offset});
      }),
      handler([refuse](const DescribeProducersOfPartition& message) {
        refuse(message.from, ProducersDescribed{message.token, elsewhere, {}});
      }),
      handler([refuse](const DescribeLogOfPartition& message) {
        refuse(message.from, LogDescribed{message.token, 0, 0});
      }),
      handler([refuse](const GroupRequest& message) {
        refuse(message.from, GroupAnswer{message.token, ErrorCode::not_coordinator, {}});
      }),
      handler([refuse](const ListGroupsOfCoordinator& message) {
        refuse(message.from, GroupsListed{message.token, ErrorCode::not_coordinator, {}});
      }),
      handler([](const CancelFetch&) {}),
      handler([refuse](const CreateTopic& message) {
        refuse(message.from, TopicCreated{message.token, ErrorCode::coordinator_not_available, no_cluster, {}});
      }),
      handler([refuse](const DeleteTopic& message) {
        refuse(message.from, TopicDeleted{message.token, ErrorCode::coordinator_not_available, no_cluster, {}, {}});
      }),
      handler([refuse](const AlterTopic& message) {
        refuse(message.from, TopicChanged{message.token, ErrorCode::coordinator_not_available, no_cluster});
      }),
      handler([refuse](const AddPartitions& message) {
        refuse(message.from, TopicChanged{message.token, ErrorCode::coordinator_not_available, no_cluster});
      }),
      handler([refuse](const AllocateProducerId& message) {
        refuse(message.from, ProducerIdAllocated{message.token, ErrorCode::coordinator_not_available, no_producer});
      }),
      handler([refuse](const AskController& message) {
        refuse(message.from, ControllerAnswered{message.token, {ErrorCode::coordinator_not_available, no_cluster}});
      }),
      handler([refuse](const CommandFromPeer& message) {
        refuse(message.from,
               PeerCommandAnswered{message.token, {ErrorCode::coordinator_not_available, no_cluster, {}, {}}});
      }),
      status_handler(),
  };
}

std::string ElsewhereActor::describe() const {
  return fmt::format("stands for partitions of other nodes, {} requests refused", refused_);
}

} // namespace callboard
