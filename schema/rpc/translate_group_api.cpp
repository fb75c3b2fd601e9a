#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

void write_partitions(const TopicPartitions& from, wire::TopicPartitions::Builder to) {
  to.setTopic(to_text(from.topic));
  auto partitions = to.initPartitions(to_list_size(from.partitions.size()));
  for (unsigned i = 0; i < partitions.size(); ++i) partitions.set(i, from.partitions[i]);
}

TopicPartitions read_partitions(wire::TopicPartitions::Reader from) {
  TopicPartitions out{to_string(from.getTopic()), {}};
  for (const auto partition : from.getPartitions()) out.partitions.push_back(partition);
  return out;
}

void write_member(const GroupMember& from, wire::GroupMember::Builder to) {
  to.setId(to_text(from.id));
  if (from.instance_id) to.setInstanceId(to_text(*from.instance_id));
  to.setClientId(to_text(from.client_id));
  to.setClientHost(to_text(from.client_host));
  auto assignment = to.initAssignment(to_list_size(from.assignment.size()));
  for (unsigned i = 0; i < assignment.size(); ++i) write_partitions(from.assignment[i], assignment[i]);
}

GroupMember read_member(wire::GroupMember::Reader from) {
  GroupMember member;
  member.id = to_string(from.getId());
  if (from.hasInstanceId()) member.instance_id = to_string(from.getInstanceId());
  member.client_id = to_string(from.getClientId());
  member.client_host = to_string(from.getClientHost());
  for (const auto topic : from.getAssignment()) member.assignment.push_back(read_partitions(topic));
  return member;
}

void write_offset(const GroupOffset& from, wire::GroupOffset::Builder to) {
  to.setTopic(to_text(from.topic));
  to.setPartition(from.partition);
  to.setOffset(from.offset.value);
  to.setMetadata(to_text(from.metadata));
  to.setCommitTimestampMs(from.commit_timestamp);
  to.setHighWatermark(from.high_watermark.value);
  to.setLag(from.lag);
  to.setLagMs(from.lag_ms);
}

GroupOffset read_offset(wire::GroupOffset::Reader from) {
  GroupOffset offset;
  offset.topic = to_string(from.getTopic());
  offset.partition = from.getPartition();
  offset.offset = Offset(from.getOffset());
  offset.metadata = to_string(from.getMetadata());
  offset.commit_timestamp = from.getCommitTimestampMs();
  offset.high_watermark = Offset(from.getHighWatermark());
  offset.lag = from.getLag();
  offset.lag_ms = from.getLagMs();
  return offset;
}

} // namespace

void write(const GroupPage& from, wire::GroupPage::Builder to) {
  auto groups = to.initGroups(to_list_size(from.groups.size()));
  for (unsigned i = 0; i < groups.size(); ++i) {
    groups[i].setId(to_text(from.groups[i].id));
    groups[i].setState(to_text(from.groups[i].state));
    groups[i].setProtocolType(to_text(from.groups[i].protocol_type));
    groups[i].setMembers(from.groups[i].members);
  }
  to.setMore(from.more);
}

GroupPage read(wire::GroupPage::Reader from) {
  GroupPage page;
  for (const auto group : from.getGroups())
    page.groups.push_back({to_string(group.getId()), to_string(group.getState()), to_string(group.getProtocolType()),
                           group.getMembers()});
  page.more = from.getMore();
  return page;
}

void write(const GroupInfo& from, wire::GroupInfo::Builder to) {
  to.setId(to_text(from.id));
  to.setState(to_text(from.state));
  to.setProtocolType(to_text(from.protocol_type));
  to.setProtocol(to_text(from.protocol));
  to.setGeneration(from.generation);
  to.setLeader(to_text(from.leader));
  to.setCoordinator(from.coordinator.value);
  auto members = to.initMembers(to_list_size(from.members.size()));
  for (unsigned i = 0; i < members.size(); ++i) write_member(from.members[i], members[i]);
  auto offsets = to.initOffsets(to_list_size(from.offsets.size()));
  for (unsigned i = 0; i < offsets.size(); ++i) write_offset(from.offsets[i], offsets[i]);
  to.setRebalanceCause(to_text(from.rebalance_cause));
  to.setRebalanceTimestampMs(from.rebalance_timestamp);
  to.setShortened(from.shortened);
}

GroupInfo read(wire::GroupInfo::Reader from) {
  GroupInfo group;
  group.id = to_string(from.getId());
  group.state = to_string(from.getState());
  group.protocol_type = to_string(from.getProtocolType());
  group.protocol = to_string(from.getProtocol());
  group.generation = from.getGeneration();
  group.leader = to_string(from.getLeader());
  group.coordinator = NodeId(from.getCoordinator());
  for (const auto member : from.getMembers()) group.members.push_back(read_member(member));
  for (const auto offset : from.getOffsets()) group.offsets.push_back(read_offset(offset));
  group.rebalance_cause = to_string(from.getRebalanceCause());
  group.rebalance_timestamp = from.getRebalanceTimestampMs();
  group.shortened = from.getShortened();
  return group;
}

void write(const std::vector<OffsetReset>& from, capnp::List<wire::OffsetReset>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setTopic(to_text(from[i].topic));
    to[i].setPartition(from[i].partition);
    to[i].setOffset(from[i].offset.value);
  }
}

std::vector<OffsetReset> read(capnp::List<wire::OffsetReset>::Reader from) {
  std::vector<OffsetReset> resets;
  for (const auto reset : from)
    resets.push_back({to_string(reset.getTopic()), reset.getPartition(), Offset(reset.getOffset())});
  return resets;
}

} // namespace callboard::rpc
