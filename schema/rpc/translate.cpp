#include "schema/rpc/translate.h"

#include <capnp/message.h>
#include <charconv>
#include <cstring>

#include "schema/rpc/records.capnp.h"
#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_node.h"

namespace callboard::rpc {
namespace {

constexpr std::string_view placement_keys = "placement/";

Error damaged(std::string_view why) {
  return {ErrorCode::corrupt_storage, "a record of the metadata log cannot be read: " + std::string(why)};
}

template <class List>
void write_nodes(List out, const std::vector<NodeId>& nodes) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, nodes[i].value);
}

void write(wire::Placement::Builder out, const Placement& placement) {
  write_nodes(out.initVoters(to_list_size(placement.voters.size())), placement.voters);
  if (!placement.learners.empty())
    write_nodes(out.initLearners(to_list_size(placement.learners.size())), placement.learners);
  out.setChanged(!placement.original);
}

void write(wire::MetadataRecord::Builder out, const TopicRecord& record) {
  auto topic = out.initTopic();
  topic.setId(to_data(record.id));
  topic.setName(to_text(record.name));
  auto groups = topic.initGroups(to_list_size(record.groups.size()));
  for (unsigned i = 0; i < groups.size(); ++i) groups.set(i, record.groups[i].value);
  auto configs = topic.initConfigs(to_list_size(record.configs.size()));
  for (unsigned i = 0; i < configs.size(); ++i) {
    configs[i].setName(to_text(record.configs[i].first));
    configs[i].setValue(to_text(record.configs[i].second));
  }
  if (!record.placements.empty()) {
    auto placements = topic.initPlacements(to_list_size(record.placements.size()));
    for (unsigned i = 0; i < placements.size(); ++i) write(placements[i], record.placements[i]);
  }
  topic.setDefaultFactor(record.default_factor);
}

void write(wire::MetadataRecord::Builder out, const TopicRemovedRecord& record) {
  auto removed = out.initTopicRemoved();
  removed.setId(to_data(record.id));
  removed.setNextGroup(record.next_group.value);
  removed.setName(to_text(record.name));
}

void write(wire::MetadataRecord::Builder out, const ProducerIdsRecord& record) {
  out.initProducerIds().setNext(record.next.value);
}

void write(wire::MetadataRecord::Builder out, const NodeRecord& record) {
  rpc::write(record, out.initNode());
}

void write(wire::MetadataRecord::Builder out, const ControllersRecord& record) {
  write(out.initControllers(), record.placement);
}

void write(wire::MetadataRecord::Builder out, const PlacementRecord& record) {
  auto placed = out.initPlacement();
  placed.setGroup(record.group.value);
  write(placed.initPlacement(), record.placement);
}

// Has no value.
void write(wire::MetadataRecord::Builder out, const PlacementForgottenRecord&) {
  out.setNone();
}

Result<Placement> read(wire::Placement::Reader in) {
  Placement placement;
  for (const auto node : in.getVoters()) placement.voters.emplace_back(node);
  for (const auto node : in.getLearners()) placement.learners.emplace_back(node);
  placement.original = !in.getChanged();
  if (placement.voters.empty()) return damaged("a placement names no voter");
  return placement;
}

Result<MetadataRecord> read_node(wire::NodeRecord::Reader in) {
  auto record = rpc::read(in);
  if (!record) return record.error();
  if (record->id.value < 1) return damaged("a node's id is below 1");
  return MetadataRecord(std::move(*record));
}

Result<MetadataRecord> read(wire::TopicRecord::Reader topic) {
  const auto id = to_uuid(topic.getId());
  if (!id) return damaged("a topic's id is not 16 bytes long");
  TopicRecord record;
  record.id = *id;
  record.name = to_string(topic.getName());
  for (const auto group : topic.getGroups()) record.groups.emplace_back(group);
  for (const auto config : topic.getConfigs())
    record.configs.emplace_back(to_string(config.getName()), to_string(config.getValue()));
  for (const auto wired : topic.getPlacements()) {
    auto placement = read(wired);
    if (!placement) return placement.error();
    record.placements.push_back(std::move(*placement));
  }
  if (!record.placements.empty() && record.placements.size() != record.groups.size())
    return damaged("a topic has not as many placements as partitions");
  record.default_factor = topic.getDefaultFactor();
  return MetadataRecord(std::move(record));
}

Result<MetadataRecord> read(wire::MetadataRecord::Reader in) {
  switch (in.which()) {
  case wire::MetadataRecord::NONE: return damaged("it is empty");
  case wire::MetadataRecord::TOPIC: return read(in.getTopic());
  case wire::MetadataRecord::TOPIC_REMOVED: {
    const auto removed = in.getTopicRemoved();
    const auto id = to_uuid(removed.getId());
    if (!id) return damaged("a topic's id is not 16 bytes long");
    return MetadataRecord(TopicRemovedRecord{*id, GroupId(removed.getNextGroup()), to_string(removed.getName())});
  }
  case wire::MetadataRecord::PRODUCER_IDS:
    return MetadataRecord(ProducerIdsRecord{ProducerId(in.getProducerIds().getNext())});
  case wire::MetadataRecord::NODE: return read_node(in.getNode());
  case wire::MetadataRecord::CONTROLLERS: {
    auto placement = read(in.getControllers());
    if (!placement) return placement.error();
    return MetadataRecord(ControllersRecord{std::move(*placement)});
  }
  case wire::MetadataRecord::PLACEMENT: {
    auto placement = read(in.getPlacement().getPlacement());
    if (!placement) return placement.error();
    return MetadataRecord(PlacementRecord{GroupId(in.getPlacement().getGroup()), std::move(*placement)});
  }
  }
  return Error{ErrorCode::newer_format,
               "a record of the metadata log was written by a newer Callboard; start that version on this data"};
}

std::string key_of_topic(const Uuid& id) {
  return "topic/" + id.hex();
}

std::string key_of(const TopicRecord& record) {
  return key_of_topic(record.id);
}

std::string key_of(const TopicRemovedRecord& record) {
  return key_of_topic(record.id);
}

std::string key_of(const ProducerIdsRecord&) {
  return "producers";
}

std::string key_of(const NodeRecord& record) {
  return "node/" + std::to_string(record.id.value);
}

std::string key_of(const ControllersRecord&) {
  return "controllers";
}

std::string key_of_placement(GroupId group) {
  return std::string(placement_keys) + std::to_string(group.value);
}

std::string key_of(const PlacementRecord& record) {
  return key_of_placement(record.group);
}

std::string key_of(const PlacementForgottenRecord& record) {
  return key_of_placement(record.group);
}

Result<MetadataRecord> read_tombstone(std::string_view key) {
  std::uint64_t group = 0;
  const auto* end = key.data() + key.size();
  if (key.starts_with(placement_keys)) {
    const auto [stopped, error] = std::from_chars(key.data() + placement_keys.size(), end, group);
    if (error == std::errc() && stopped == end) return MetadataRecord(PlacementForgottenRecord{GroupId(group)});
  }
  return damaged("it has no value");
}

} // namespace

std::string encode_metadata_record(const MetadataRecord& record) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::MetadataRecord>();
  std::visit([&root](const auto& held) { write(root, held); }, record);
  const auto words = capnp::canonicalize(root.asReader());
  const auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

void add_metadata_record(BatchBuilder& batch, const MetadataRecord& record, TimestampMs at) {
  const auto key = std::visit([](const auto& held) { return key_of(held); }, record);
  if (std::holds_alternative<PlacementForgottenRecord>(record)) {
    batch.add(bytes_of(key), std::nullopt, at);
    return;
  }
  batch.add(bytes_of(key), bytes_of(encode_metadata_record(record)), at);
}

Result<MetadataRecord> decode_metadata_record(const RecordView& record) {
  if (!record.key && !record.value) return damaged("it has no value");
  if (!record.key)
    return Error{ErrorCode::newer_format,
                 "a record of the metadata log has no key: it was written before such logs were compacted; start that "
                 "version on this data, or this one with an empty directory"};
  if (!record.value) return read_tombstone(text_of(*record.key));
  return decode_metadata_record(*record.value);
}

Result<MetadataRecord> decode_metadata_record(ByteView bytes) {
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) return damaged("its length is no number of words");
  if (bytes.size() > message_bytes_max) return damaged("it is larger than any record");
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word)); // aligned, unlike what was read
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  // Reading each word once is all an honest record needs; lists of empty structs and
  // pointers that share content cost more and are not ours.
  const capnp::ReaderOptions bounds{words.size() + 16, 8};
  const kj::ArrayPtr<const capnp::word> segments[] = {words.asPtr()};
  try {
    capnp::SegmentArrayMessageReader message(segments, bounds);
    return read(message.getRoot<wire::MetadataRecord>());
  } catch (const kj::Exception& e) {
    return damaged(e.getDescription().cStr());
  }
}

} // namespace callboard::rpc
