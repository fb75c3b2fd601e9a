#include "actors/rpc/group_service.h"

#include "actors/rpc/group_lag.h"
#include "schema/kafka/consumer_assignment.h"
#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

// Of the assignments that one answer unpacks, so that it fits into a message.
constexpr std::size_t assignment_bytes_max = std::size_t{8} << 20;

// What a member was assigned, if its group speaks the consumers' own protocol: other
// protocols' assignments, and what cannot be read, have no partitions.
std::vector<TopicPartitions> assignment_of(const DescribedMember& member) {
  std::vector<TopicPartitions> out;
  const auto assignment = kafka::read_consumer_assignment(member.assignment);
  if (!assignment) return out;
  for (const auto& topic : *assignment) out.push_back({topic.topic, topic.partitions});
  return out;
}

// Everything but the lag; `shortened` if not all of it fits.
GroupInfo info_of(GroupDescription described) {
  auto info = std::move(described.info);
  std::size_t bytes = 0;
  for (auto& member : described.members) {
    bytes += member.assignment.size();
    if (bytes > assignment_bytes_max)
      info.shortened = true;
    else if (info.protocol_type == "consumer")
      member.member.assignment = assignment_of(member);
    info.members.push_back(std::move(member.member));
  }
  if (info.offsets.size() > group_offsets_max) {
    info.offsets.resize(group_offsets_max);
    info.shortened = true;
  }
  return info;
}

} // namespace

GroupService::GroupService(kj::Own<Session> session, std::string id)
  : session_(kj::mv(session)), counted_(session_->count_capability()), id_(std::move(id)) {}

kj::Promise<void> GroupService::describe(DescribeContext context) {
  return session_->backend()
      .describe_group(id_)
      .then([this](Result<GroupDescription> described) -> kj::Promise<Result<GroupInfo>> {
        if (!described) return Result<GroupInfo>(described.error());
        return add_lag(*session_, info_of(std::move(*described))).then([](GroupInfo info) -> Result<GroupInfo> {
          return info;
        });
      })
      .then([context](Result<GroupInfo> described) mutable {
        write<GroupInfo, wire::GroupInfo>(described, context.getResults().initResult());
      })
      .attach(session_->count_call());
}

kj::Promise<void> GroupService::resetOffsets(ResetOffsetsContext context) {
  const auto offsets = context.getParams().getOffsets();
  if (offsets.size() > group_offsets_max) {
    write(Error{ErrorCode::invalid_request,
                "one reset takes at most " + std::to_string(group_offsets_max) + " offsets; reset topic by topic"},
          context.getResults().initResult().initError());
    return kj::READY_NOW;
  }
  return session_->backend()
      .reset_offsets(id_, read(offsets))
      .then([context](Status reset) mutable { write<Unit, wire::Done>(reset, context.getResults().initResult()); })
      .attach(session_->count_call());
}

kj::Promise<void> GroupService::delete_(DeleteContext context) {
  return session_->backend()
      .delete_group(id_)
      .then([context](Status deleted) mutable { write<Unit, wire::Done>(deleted, context.getResults().initResult()); })
      .attach(session_->count_call());
}

} // namespace callboard::rpc
