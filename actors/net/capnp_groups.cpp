#include <fmt/format.h>

#include <algorithm>

#include "actors/net/capnp_io.h"
#include "schema/group_rows.h"
#include "schema/internal_topics.h"

// What the Cap'n Proto door asks of the groups' coordinators.
namespace callboard::net {
namespace {

Error refusal_of(ErrorCode code) {
  return {code, "The group's coordinator cannot be asked at the moment; try again."};
}

Error no_such_group(const std::string& id) {
  return {ErrorCode::group_id_not_found, fmt::format("There is no group \"{}\".", id)};
}

// The error of an answer as a whole, whoever said it.
template <class Outcome>
Status whole(const GroupAnswer& answer) {
  if (answer.refused != ErrorCode::none) return refusal_of(answer.refused);
  const auto& outcome = std::get<Outcome>(answer.outcome);
  return outcome.error == ErrorCode::none ? ok_status() : Status(error_of(outcome.error, outcome.message));
}

rpc::GroupDescription translate(std::string id, NodeId coordinator, groups::GroupDescription group,
                                groups::FetchOffsetsOutcome offsets) {
  rpc::GroupDescription out;
  out.info.id = std::move(id);
  out.info.state = groups::name_of(group.state);
  out.info.protocol_type = std::move(group.protocol_type);
  out.info.protocol = std::move(group.protocol_name);
  out.info.generation = group.generation;
  out.info.leader = std::move(group.leader);
  out.info.coordinator = coordinator;
  out.info.rebalance_cause = std::move(group.cause.sentence);
  out.info.rebalance_timestamp = group.cause.at;
  for (auto& member : group.members)
    out.members.push_back({{std::move(member.member_id), std::move(member.instance_id), std::move(member.client_id),
                            std::move(member.client_host)},
                           std::move(member.assignment)});
  for (auto& offset : offsets.offsets)
    out.info.offsets.push_back({std::move(offset.partition.topic), offset.partition.partition, offset.offset,
                                std::move(offset.metadata), offset.commit_time});
  return out;
}

} // namespace

const PartitionRef* CapnpConnection::coordinator_of(const std::string& group) const {
  return context_.directory.find(consumer_offsets_topic, group_partition(group));
}

kj::Promise<GroupAnswer> CapnpConnection::ask_group(const std::string& group, GroupCommand command) {
  const auto* partition = coordinator_of(group);
  if (partition == nullptr) return GroupAnswer{0, ErrorCode::coordinator_not_available, {}};
  const auto token = next_token_++;
  send(partition->coordinator, GroupRequest{caf::actor(this), token, group, std::move(command)});
  return expect(io_->groups, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([] {
    return GroupAnswer{0, ErrorCode::request_timed_out, {}};
  }));
}

kj::Promise<Result<rpc::GroupPage>> CapnpConnection::list_groups(std::string after, std::uint32_t limit) {
  ++calls_;
  const auto* topic = context_.directory.find(consumer_offsets_topic);
  if (topic == nullptr) return Result<rpc::GroupPage>(rpc::GroupPage{}); // nobody ever asked for a coordinator
  kj::Vector<kj::Promise<GroupsListed>> listings;
  for (const auto& partition : topic->partitions) {
    const auto token = next_token_++;
    send(partition.coordinator, ListGroupsOfCoordinator{caf::actor(this), token});
    listings.add(expect(io_->listings, token).exclusiveJoin(context_.loop.timer().afterDelay(answer_within).then([] {
      return GroupsListed{0, ErrorCode::request_timed_out, {}};
    })));
  }
  return kj::joinPromises(listings.releaseAsArray())
      .then([after = std::move(after), limit](kj::Array<GroupsListed> listed) -> Result<rpc::GroupPage> {
        std::vector<rpc::GroupSummary> found;
        for (auto& part : listed) {
          if (part.error == ErrorCode::not_coordinator) continue; // another node's
          if (part.error != ErrorCode::none) return refusal_of(part.error);
          for (auto& group : part.groups)
            if (group.group > after)
              found.push_back({std::move(group.group), std::string(groups::name_of(group.state)),
                               std::move(group.protocol_type), group.members});
        }
        std::ranges::sort(found, {}, &rpc::GroupSummary::id);
        rpc::GroupPage page;
        page.more = found.size() > limit;
        if (page.more) found.resize(limit);
        page.groups = std::move(found);
        return page;
      });
}

kj::Promise<Result<rpc::GroupDescription>> CapnpConnection::describe_group(std::string id) {
  ++calls_;
  using Described = Result<rpc::GroupDescription>;
  if (const auto checked = check_group_id(id); !checked) return Described(checked.error());
  if (coordinator_of(id) == nullptr) return Described(no_such_group(id));
  const auto coordinator = coordinator_of(id)->leader;
  return ask_group(id, DescribeGroup{}).then([this, id, coordinator](GroupAnswer described) -> kj::Promise<Described> {
    if (described.refused != ErrorCode::none) return Described(refusal_of(described.refused));
    auto& group = std::get<groups::GroupDescription>(described.outcome);
    if (group.state == groups::GroupState::dead) return Described(no_such_group(id));
    return ask_group(id, groups::FetchOffsetsCommand{})
        .then([id, coordinator, group = std::move(group)](GroupAnswer fetched) mutable -> Described {
          if (const auto asked = whole<groups::FetchOffsetsOutcome>(fetched); !asked) return asked.error();
          return translate(std::move(id), coordinator, std::move(group),
                           std::get<groups::FetchOffsetsOutcome>(std::move(fetched.outcome)));
        });
  });
}

// As a member of no generation commits: refused while there are members.
kj::Promise<Status> CapnpConnection::reset_offsets(std::string group, std::vector<rpc::OffsetReset> offsets) {
  ++calls_;
  if (const auto checked = check_group_id(group); !checked) return Status(checked.error());
  groups::CommitCommand commit;
  for (auto& reset : offsets) {
    const auto* topic = context_.directory.find(reset.topic);
    if (const auto found = find({reset.topic, reset.partition}); !found) return Status(found.error());
    commit.partitions.push_back({std::move(reset.topic), topic->record->id, reset.partition, reset.offset, -1, {}});
  }
  auto ready = coordinator_of(group) != nullptr ? kj::Promise<Status>(ok_status()) : make_coordinators();
  auto answered =
      ready.then([this, group, commit = std::move(commit)](Status made) mutable -> kj::Promise<GroupAnswer> {
        if (!made) return GroupAnswer{0, ErrorCode::coordinator_not_available, {}};
        return ask_group(group, std::move(commit));
      });
  return answered.then([group](GroupAnswer answer) -> Status {
    if (const auto asked = whole<groups::OffsetsOutcome>(answer); !asked) {
      if (asked.error().code != ErrorCode::unknown_member_id) return asked;
      return Error{ErrorCode::non_empty_group,
                   fmt::format("Group \"{}\" has members, which go on where they are; stop them first.", group)};
    }
    for (const auto error : std::get<groups::OffsetsOutcome>(answer.outcome).partitions)
      if (error != ErrorCode::none) return error_of(error, {});
    return ok_status();
  });
}

// The partitions that coordinate groups come with the first that is asked for.
kj::Promise<Status> CapnpConnection::make_coordinators() {
  const auto token = next_token_++;
  CreateTopic message;
  message.from = caf::actor(this);
  message.token = token;
  message.command.name = consumer_offsets_topic;
  message.command.partitions = consumer_offsets_partitions;
  message.command.internal = true;
  send(context_.node.metadata(), std::move(message));
  return expect(io_->created, token)
      .then([](Result<rpc::TopicInfo> made) -> Status { return made ? ok_status() : Status(made.error()); })
      .exclusiveJoin(
          context_.loop.timer().afterDelay(answer_within).then([]() -> Status { return too_late("The creation"); }));
}

kj::Promise<Status> CapnpConnection::delete_group(std::string id) {
  ++calls_;
  if (const auto checked = check_group_id(id); !checked) return Status(checked.error());
  if (coordinator_of(id) == nullptr) return Status(no_such_group(id));
  return ask_group(id, DeleteGroup{}).then([](const GroupAnswer& answer) {
    return whole<groups::DeleteGroupOutcome>(answer);
  });
}

} // namespace callboard::net
