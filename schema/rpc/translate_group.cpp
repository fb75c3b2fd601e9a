#include "schema/rpc/translate_group.h"

#include <capnp/message.h>
#include <cstring>

#include "schema/rpc/records.capnp.h"
#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

Error damaged(std::string_view why) {
  return {ErrorCode::corrupt_storage, "a row of a consumer group cannot be read: " + std::string(why)};
}

void write(wire::GroupMemberRecord::Builder out, const GroupMemberRecord& member) {
  out.setMemberId(to_text(member.member_id));
  if (member.instance_id) out.setInstanceId(to_text(*member.instance_id));
  out.setClientId(to_text(member.client_id));
  out.setClientHost(to_text(member.client_host));
  out.setRebalanceTimeoutMs(member.rebalance_timeout_ms);
  out.setSessionTimeoutMs(member.session_timeout_ms);
  out.setSubscription(to_data(member.subscription.view()));
  out.setAssignment(to_data(member.assignment.view()));
}

void write(wire::GroupRecord::Builder out, const GroupRecord& record) {
  out.setProtocolType(to_text(record.protocol_type));
  out.setGeneration(record.generation);
  out.setProtocolName(to_text(record.protocol_name));
  out.setLeader(to_text(record.leader));
  out.setStateTimeMs(record.state_time);
  auto members = out.initMembers(to_list_size(record.members.size()));
  for (unsigned i = 0; i < members.size(); ++i) write(members[i], record.members[i]);
  out.setRebalanceCause(to_text(record.rebalance_cause));
  out.setRebalanceTimeMs(record.rebalance_time);
}

void write(wire::OffsetRecord::Builder out, const OffsetRecord& record) {
  out.setOffset(record.offset.value);
  out.setLeaderEpoch(record.leader_epoch);
  out.setMetadata(to_text(record.metadata));
  out.setCommitTimeMs(record.commit_time);
  out.setTopicId(to_data(record.topic_id));
}

GroupMemberRecord read(wire::GroupMemberRecord::Reader in) {
  GroupMemberRecord member;
  member.member_id = to_string(in.getMemberId());
  if (in.hasInstanceId()) member.instance_id = to_string(in.getInstanceId());
  member.client_id = to_string(in.getClientId());
  member.client_host = to_string(in.getClientHost());
  member.rebalance_timeout_ms = in.getRebalanceTimeoutMs();
  member.session_timeout_ms = in.getSessionTimeoutMs();
  member.subscription = SharedBytes::copy_of(to_view(in.getSubscription()));
  member.assignment = SharedBytes::copy_of(to_view(in.getAssignment()));
  return member;
}

Result<GroupRow> read(wire::GroupRecord::Reader in) {
  GroupRecord record;
  record.protocol_type = to_string(in.getProtocolType());
  record.generation = in.getGeneration();
  record.protocol_name = to_string(in.getProtocolName());
  record.leader = to_string(in.getLeader());
  record.state_time = in.getStateTimeMs();
  for (const auto member : in.getMembers()) record.members.push_back(read(member));
  record.rebalance_cause = to_string(in.getRebalanceCause());
  record.rebalance_time = in.getRebalanceTimeMs();
  return GroupRow(std::move(record));
}

Result<GroupRow> read(wire::OffsetRecord::Reader in) {
  const auto id = to_uuid(in.getTopicId());
  if (!id) return damaged("a topic's id is not 16 bytes long");
  return GroupRow(OffsetRecord{Offset(in.getOffset()), in.getLeaderEpoch(), to_string(in.getMetadata()),
                               in.getCommitTimeMs(), *id});
}

Result<GroupRow> read(wire::GroupRow::Reader in) {
  switch (in.which()) {
  case wire::GroupRow::NONE: return damaged("it is empty");
  case wire::GroupRow::GROUP: return read(in.getGroup());
  case wire::GroupRow::OFFSET: return read(in.getOffset());
  }
  return Error{ErrorCode::newer_format,
               "a row of a consumer group was written by a newer Callboard; start that version on this data"};
}

std::string canonical(wire::GroupRow::Reader row) {
  const auto words = capnp::canonicalize(row);
  const auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

} // namespace

std::string encode_group_row(const GroupRecord& record) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::GroupRow>();
  write(root.initGroup(), record);
  return canonical(root.asReader());
}

std::string encode_group_row(const OffsetRecord& record) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::GroupRow>();
  write(root.initOffset(), record);
  return canonical(root.asReader());
}

Result<GroupRow> decode_group_row(ByteView bytes) {
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) return damaged("its length is no number of words");
  if (bytes.size() > group_row_bytes_max) return damaged("it is larger than any row");
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word)); // aligned, unlike what was read
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  // Each word once: see decode_metadata_record().
  const capnp::ReaderOptions bounds{words.size() + 16, 8};
  const kj::ArrayPtr<const capnp::word> segments[] = {words.asPtr()};
  try {
    capnp::SegmentArrayMessageReader message(segments, bounds);
    return read(message.getRoot<wire::GroupRow>());
  } catch (const kj::Exception& e) {
    return damaged(e.getDescription().cStr());
  }
}

} // namespace callboard::rpc
