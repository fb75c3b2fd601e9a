#include "schema/rpc/translate_api.h"

#include <algorithm>
#include <cstring>
#include <kj/debug.h>

#include "schema/rpc/translate_cluster.h"

namespace callboard::rpc {
namespace {

void write_row(const ActorRow& from, wire::ActorRow::Builder to) {
  to.setId(from.id);
  to.setKind(to_text(from.kind));
  to.setName(to_text(from.name));
  to.setThread(to_text(from.thread));
  to.setMessages(from.messages);
  to.setProcessingNs(from.processing_ns);
  to.setMailboxDepth(from.mailbox_depth);
  to.setMailboxAgeNs(from.mailbox_age_ns);
  to.setAnswering(from.answering);
  to.setState(to_text(from.state));
  to.setNodeId(from.node.value);
}

ActorRow read_row(wire::ActorRow::Reader from) {
  ActorRow row;
  row.id = from.getId();
  row.kind = to_string(from.getKind());
  row.name = to_string(from.getName());
  row.thread = to_string(from.getThread());
  row.messages = from.getMessages();
  row.processing_ns = from.getProcessingNs();
  row.mailbox_depth = from.getMailboxDepth();
  row.mailbox_age_ns = from.getMailboxAgeNs();
  row.answering = from.getAnswering();
  row.state = to_string(from.getState());
  row.node = NodeId(from.getNodeId());
  return row;
}

void write_record(const Record& from, wire::Record::Builder to) {
  if (from.key) to.setKey(to_data(bytes_of(*from.key)));
  if (from.value) to.setValue(to_data(bytes_of(*from.value)));
  to.setTimestampMs(from.timestamp);
  to.setOffset(from.offset.value);
  auto headers = to.initHeaders(to_list_size(from.headers.size()));
  for (unsigned i = 0; i < headers.size(); ++i) {
    headers[i].setKey(to_text(from.headers[i].key));
    if (from.headers[i].value) headers[i].setValue(to_data(bytes_of(*from.headers[i].value)));
  }
}

Record read_record(wire::Record::Reader from) {
  Record record;
  if (from.hasKey()) record.key = to_string(from.getKey());
  if (from.hasValue()) record.value = to_string(from.getValue());
  record.timestamp = from.getTimestampMs();
  record.offset = Offset(from.getOffset());
  for (const auto header : from.getHeaders()) {
    RecordHeader& added = record.headers.emplace_back();
    added.key = to_string(header.getKey());
    if (header.hasValue()) added.value = to_string(header.getValue());
  }
  return record;
}

void write_partition(const PartitionInfo& from, wire::PartitionInfo::Builder to) {
  to.setId(from.id);
  to.setLeader(from.leader.value);
  to.setLeaderEpoch(from.leader_epoch.value);
  to.setLogStart(from.log_start.value);
  to.setHighWatermark(from.high_watermark.value);
  to.setBytes(from.bytes);
  if (from.error) write(*from.error, to.initError());
  write_nodes(from.replicas, to.initReplicas(to_list_size(from.replicas.size())));
  write_nodes(from.in_sync, to.initInSync(to_list_size(from.in_sync.size())));
}

PartitionInfo read_partition(wire::PartitionInfo::Reader from) {
  PartitionInfo info;
  info.id = from.getId();
  info.leader = NodeId(from.getLeader());
  info.leader_epoch = Term(from.getLeaderEpoch());
  info.log_start = Offset(from.getLogStart());
  info.high_watermark = Offset(from.getHighWatermark());
  info.bytes = from.getBytes();
  if (from.hasError()) info.error = read(from.getError());
  info.replicas = read_nodes(from.getReplicas());
  info.in_sync = read_nodes(from.getInSync());
  return info;
}

} // namespace

std::optional<Uuid> to_uuid(capnp::Data::Reader data) {
  Uuid id;
  if (data.size() != id.bytes.size()) return std::nullopt;
  std::memcpy(id.bytes.data(), data.begin(), data.size());
  return id;
}

void write(const Error& from, wire::ErrorInfo::Builder to) {
  to.setCode(static_cast<std::int16_t>(on_kafka_wire(from.code)));
  to.setMessage(from.message.empty() ? std::string(name_of(from.code)) : from.message);
}

Error read(wire::ErrorInfo::Reader from) {
  return {static_cast<ErrorCode>(from.getCode()), to_string(from.getMessage())};
}

void write(const Unit&, wire::Done::Builder) {}

Unit read(wire::Done::Reader) {
  return {};
}

void write(const Configs& from, capnp::List<wire::Config>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setName(to_text(from[i].first));
    to[i].setValue(to_text(from[i].second));
  }
}

Configs read(capnp::List<wire::Config>::Reader from) {
  Configs configs;
  for (const auto config : from) configs.emplace_back(to_string(config.getName()), to_string(config.getValue()));
  return configs;
}

void write(const TopicInfo& from, wire::TopicInfo::Builder to) {
  to.setName(to_text(from.name));
  to.setId(to_data(from.id));
  to.setPartitions(from.partitions);
  to.setReplicationFactor(from.replication_factor);
  write(from.configs, to.initConfigs(to_list_size(from.configs.size())));
}

TopicInfo read(wire::TopicInfo::Reader from) {
  return {to_string(from.getName()), to_uuid(from.getId()).value_or(Uuid{}), from.getPartitions(),
          from.getReplicationFactor(), read(from.getConfigs())};
}

void write(const TopicPage& from, wire::TopicPage::Builder to) {
  auto topics = to.initTopics(to_list_size(from.topics.size()));
  for (unsigned i = 0; i < topics.size(); ++i) write(from.topics[i], topics[i]);
  to.setMore(from.more);
}

TopicPage read(wire::TopicPage::Reader from) {
  TopicPage page;
  for (const auto topic : from.getTopics()) page.topics.push_back(read(topic));
  page.more = from.getMore();
  return page;
}

void write(const std::vector<ConfigChange>& from, capnp::List<wire::ConfigChange>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setName(to_text(from[i].name));
    if (from[i].value)
      to[i].setSet(to_text(*from[i].value));
    else
      to[i].setUnset();
  }
}

std::vector<ConfigChange> read(capnp::List<wire::ConfigChange>::Reader from) {
  std::vector<ConfigChange> changes;
  for (const auto change : from) {
    auto& added = changes.emplace_back();
    added.name = to_string(change.getName());
    switch (change.which()) {
    case wire::ConfigChange::SET: added.value = to_string(change.getSet()); break;
    case wire::ConfigChange::UNSET: break;
    default: KJ_FAIL_REQUIRE("a kind of configuration change that this version does not know");
    }
  }
  return changes;
}

void write(const PartitionPage& from, wire::PartitionPage::Builder to) {
  auto partitions = to.initPartitions(to_list_size(from.partitions.size()));
  for (unsigned i = 0; i < partitions.size(); ++i) write_partition(from.partitions[i], partitions[i]);
  to.setMore(from.more);
  auto leaders = to.initLeaders(to_list_size(from.leaders.size()));
  for (unsigned i = 0; i < leaders.size(); ++i) {
    leaders[i].setNode(from.leaders[i].node.value);
    leaders[i].setHost(to_text(from.leaders[i].address.host));
    leaders[i].setPort(from.leaders[i].address.port);
  }
}

PartitionPage read(wire::PartitionPage::Reader from) {
  PartitionPage page;
  for (const auto partition : from.getPartitions()) page.partitions.push_back(read_partition(partition));
  page.more = from.getMore();
  for (const auto leader : from.getLeaders())
    page.leaders.push_back({NodeId(leader.getNode()), {to_string(leader.getHost()), leader.getPort()}});
  return page;
}

void write(const Produced& from, wire::Produced::Builder to) {
  to.setBaseOffset(from.base_offset.value);
  to.setLogAppendTimeMs(from.log_append_time);
  to.setLogStart(from.log_start.value);
}

Produced read(wire::Produced::Reader from) {
  return {Offset(from.getBaseOffset()), from.getLogAppendTimeMs(), Offset(from.getLogStart())};
}

void write(const Flushed& from, wire::Flushed::Builder to) {
  to.setAcknowledged(from.acknowledged);
  to.setFailed(from.failed);
  auto failures = to.initFailures(to_list_size(from.failures.size()));
  for (unsigned i = 0; i < failures.size(); ++i) {
    failures[i].setSend(from.failures[i].send);
    write(from.failures[i].error, failures[i].initError());
  }
  to.setFirstOffset(from.first_offset.value);
  to.setLastOffset(from.last_offset.value);
}

Flushed read(wire::Flushed::Reader from) {
  Flushed flushed{
      from.getAcknowledged(), from.getFailed(), {}, Offset(from.getFirstOffset()), Offset(from.getLastOffset())};
  for (const auto failure : from.getFailures())
    flushed.failures.push_back({failure.getSend(), read(failure.getError())});
  return flushed;
}

void write(const std::vector<Record>& from, capnp::List<wire::Record>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) write_record(from[i], to[i]);
}

std::vector<Record> read(capnp::List<wire::Record>::Reader from) {
  std::vector<Record> records;
  for (const auto record : from) records.push_back(read_record(record));
  return records;
}

void write(const Fetched& from, wire::Fetched::Builder to) {
  auto batches = to.initBatches(to_list_size(from.batches.size()));
  for (unsigned i = 0; i < batches.size(); ++i) batches.set(i, to_data(from.batches[i].view()));
  to.setHighWatermark(from.high_watermark.value);
  to.setLogStart(from.log_start.value);
}

Fetched read(wire::Fetched::Reader from) {
  Fetched fetched{{}, Offset(from.getHighWatermark()), Offset(from.getLogStart())};
  for (const auto batch : from.getBatches()) fetched.batches.push_back(SharedBytes::copy_of(to_view(batch)));
  return fetched;
}

void write(const OffsetInfo& from, wire::OffsetInfo::Builder to) {
  to.setOffset(from.offset.value);
  to.setTimestampMs(from.timestamp);
}

OffsetInfo read(wire::OffsetInfo::Reader from) {
  return {Offset(from.getOffset()), from.getTimestampMs()};
}

void write(const ActorPage& from, wire::ActorPage::Builder to) {
  auto rows = to.initRows(to_list_size(from.rows.size()));
  for (unsigned i = 0; i < rows.size(); ++i) write_row(from.rows[i], rows[i]);
  to.setTotal(from.total);
}

ActorPage read(wire::ActorPage::Reader from) {
  ActorPage page;
  for (const auto row : from.getRows()) page.rows.push_back(read_row(row));
  page.total = from.getTotal();
  return page;
}

// Values that a newer client may send and this version does not know get the default.
Acks read(wire::Acks from) {
  switch (from) {
  case wire::Acks::ALL: return Acks::all;
  case wire::Acks::LEADER: return Acks::leader;
  case wire::Acks::NONE: return Acks::none;
  }
  return Acks::all;
}

wire::Acks to_wire(Acks from) {
  switch (from) {
  case Acks::all: return wire::Acks::ALL;
  case Acks::leader: return wire::Acks::LEADER;
  case Acks::none: return wire::Acks::NONE;
  }
  return wire::Acks::ALL;
}

ActorOrder read(wire::ActorOrder from) {
  switch (from) {
  case wire::ActorOrder::MAILBOX_DEPTH: return ActorOrder::mailbox_depth;
  case wire::ActorOrder::MAILBOX_AGE: return ActorOrder::mailbox_age;
  case wire::ActorOrder::PROCESSING: return ActorOrder::processing;
  case wire::ActorOrder::MESSAGES: return ActorOrder::messages;
  case wire::ActorOrder::NAME: return ActorOrder::name;
  }
  return ActorOrder::mailbox_depth;
}

wire::ActorOrder to_wire(ActorOrder from) {
  switch (from) {
  case ActorOrder::mailbox_depth: return wire::ActorOrder::MAILBOX_DEPTH;
  case ActorOrder::mailbox_age: return wire::ActorOrder::MAILBOX_AGE;
  case ActorOrder::processing: return wire::ActorOrder::PROCESSING;
  case ActorOrder::messages: return wire::ActorOrder::MESSAGES;
  case ActorOrder::name: return wire::ActorOrder::NAME;
  }
  return wire::ActorOrder::MAILBOX_DEPTH;
}

} // namespace callboard::rpc
