#include "actors/client/client.h"

#include <algorithm>
#include <set>

#include "actors/client/outcome.h"
#include "actors/client/producer_state.h"
#include "actors/client/routes.h"
#include "schema/internal_topics.h"
#include "schema/rpc/record_codec.h"

namespace callboard::client {
namespace {

// How long a list of groups waits for coordinators that have no leader.
constexpr std::chrono::milliseconds coordinators_within{2'000};

rpc::wire::Group::Client open_group(Connection& connection, const std::string& id) {
  auto opening = connection.broker().groupRequest();
  opening.setId(rpc::to_text(id));
  return opening.send().getGroup();
}

// Of the node that leads the group's partition.
template <class Call>
auto follow_group(Routes& routes, const std::string& id, Call call) {
  return routes.follow(std::string(consumer_offsets_topic), group_partition(id), std::move(call));
}

Result<std::vector<GroupSummary>> groups_of(Connection& node) {
  std::vector<GroupSummary> groups;
  for (bool more = true; more;) {
    auto request = node.broker().listGroupsRequest();
    if (!groups.empty()) request.setAfter(rpc::to_text(groups.back().id));
    auto page = node.wait(outcome_of(kj::mv(request)));
    if (!page) return page.error();
    more = page->more && !page->groups.empty();
    std::move(page->groups.begin(), page->groups.end(), std::back_inserter(groups));
  }
  return groups;
}

// Of the node that was connected to, and of the others that coordinate some.
Result<std::vector<GroupSummary>> groups_of_all(Routes& routes, const std::vector<rpc::NodeAddress>& others) {
  auto groups = groups_of(routes.home());
  std::set<NodeId> asked;
  for (const auto& [node, address] : others) {
    if (!groups) return groups;
    if (!asked.insert(node).second) continue;
    auto reached = ok_status();
    const auto connection = routes.to(address, reached);
    if (!reached) return reached.error();
    auto more = groups_of(*connection);
    if (!more) {
      routes.lost(connection);
      return more;
    }
    std::move(more->begin(), more->end(), std::back_inserter(*groups));
  }
  if (groups) std::ranges::sort(*groups, {}, &GroupSummary::id);
  return groups;
}

// Of the partition's leader, without waiting for one that may come to be.
template <class MakeRequest>
auto ask_leader(Routes& routes, const rpc::GroupOffset& of, MakeRequest make_request) {
  return routes.follow(of.topic, of.partition, std::chrono::milliseconds(0), [&](Connection& leader) {
    return leader.wait(outcome_of(make_request(leader.partition(of.topic, of.partition))));
  });
}

Result<OffsetInfo> offset_at(Routes& routes, const rpc::GroupOffset& of, Offset place) {
  return ask_leader(routes, of, [&](auto partition) {
    auto request = partition.offsetAtRequest();
    request.setTimestampMs(place.value);
    return request;
  });
}

// How far it lags, where the coordinator's node does not lead the partition.
void complete(Routes& routes, rpc::GroupOffset& offset) {
  const auto end = offset_at(routes, offset, latest);
  const auto start = offset_at(routes, offset, earliest);
  if (!end || !start) return;
  offset.high_watermark = end->offset;
  if (offset.offset.value < 0) return;
  const auto first = std::max(offset.offset, start->offset);
  offset.lag = std::max<std::int64_t>(end->offset.value - first.value, 0);
  offset.lag_ms = offset.lag == 0 ? 0 : -1;
  if (offset.lag == 0) return;
  const auto fetched = ask_leader(routes, offset, [&](auto partition) {
    auto request = partition.fetchRequest();
    request.setOffset(first.value);
    request.setMaxBytes(1);
    return request;
  });
  if (!fetched) return;
  const auto records = rpc::decode_records(fetched->batches, first);
  if (records && !records->records.empty())
    offset.lag_ms = std::max<std::int64_t>(now() - records->records.front().timestamp, 0);
}

} // namespace

// Each node tells of those that it coordinates.
Result<std::vector<GroupSummary>> Client::list_groups() {
  const std::string topic(consumer_offsets_topic);
  for (Routes::Backoff backoff(*routes_, coordinators_within);;) {
    auto coordinators = routes_->partitions(routes_->home(), topic);
    if (!coordinators && coordinators.error().code == ErrorCode::unknown_topic_or_partition)
      return groups_of(routes_->home()); // nobody has asked for a coordinator yet
    if (!coordinators) return coordinators.error();
    const auto leaderless = static_cast<std::size_t>(std::ranges::count_if(
        coordinators->partitions, [](const auto& partition) { return partition.leader == no_node; }));
    auto groups = groups_of_all(*routes_, coordinators->leaders);
    if (groups && leaderless == 0) return groups;
    if (backoff.wait()) continue;
    if (!groups) return groups;
    return Error{ErrorCode::coordinator_not_available, std::to_string(leaderless) + " of " +
                                                           std::to_string(coordinators->partitions.size()) +
                                                           " coordinators have no leader at the moment: their "
                                                           "groups cannot be listed; see `callboard cluster status`"};
  }
}

Result<GroupInfo> Client::describe_group(const std::string& id) {
  auto described = follow_group(*routes_, id, [&](Connection& coordinator) {
    return coordinator.wait(outcome_of(open_group(coordinator, id).describeRequest()));
  });
  if (described)
    for (auto& offset : described->offsets)
      if (offset.high_watermark == unknown_offset) complete(*routes_, offset);
  return described;
}

Status Client::reset_offsets(const std::string& group, const std::vector<OffsetReset>& offsets) {
  return follow_group(*routes_, group, [&](Connection& coordinator) {
    auto request = open_group(coordinator, group).resetOffsetsRequest();
    rpc::write(offsets, request.initOffsets(rpc::to_list_size(offsets.size())));
    return coordinator.wait(outcome_of(kj::mv(request)));
  });
}

Status Client::delete_group(const std::string& id) {
  return follow_group(*routes_, id, [&](Connection& coordinator) {
    return coordinator.wait(outcome_of(open_group(coordinator, id).deleteRequest()));
  });
}

} // namespace callboard::client
