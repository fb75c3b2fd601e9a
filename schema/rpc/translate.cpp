#include "schema/rpc/translate.h"

#include <capnp/message.h>
#include <cstring>

#include "schema/rpc/records.capnp.h"
#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

Error damaged(std::string_view why) {
  return {ErrorCode::corrupt_storage, "a record of the metadata log cannot be read: " + std::string(why)};
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
}

void write(wire::MetadataRecord::Builder out, const TopicRemovedRecord& record) {
  out.initTopicRemoved().setId(to_data(record.id));
}

void write(wire::MetadataRecord::Builder out, const ProducerIdsRecord& record) {
  out.initProducerIds().setNext(record.next.value);
}

Result<MetadataRecord> read(wire::TopicRecord::Reader topic) {
  const auto id = to_uuid(topic.getId());
  if (!id) return damaged("a topic's id is not 16 bytes long");
  TopicRecord record{*id, to_string(topic.getName()), {}, {}};
  for (const auto group : topic.getGroups()) record.groups.emplace_back(group);
  for (const auto config : topic.getConfigs())
    record.configs.emplace_back(to_string(config.getName()), to_string(config.getValue()));
  return MetadataRecord(std::move(record));
}

Result<MetadataRecord> read(wire::MetadataRecord::Reader in) {
  switch (in.which()) {
  case wire::MetadataRecord::NONE: return damaged("it is empty");
  case wire::MetadataRecord::TOPIC: return read(in.getTopic());
  case wire::MetadataRecord::TOPIC_REMOVED: {
    const auto id = to_uuid(in.getTopicRemoved().getId());
    if (!id) return damaged("a topic's id is not 16 bytes long");
    return MetadataRecord(TopicRemovedRecord{*id});
  }
  case wire::MetadataRecord::PRODUCER_IDS:
    return MetadataRecord(ProducerIdsRecord{ProducerId(in.getProducerIds().getNext())});
  }
  return Error{ErrorCode::newer_format,
               "a record of the metadata log was written by a newer Callboard; start that version on this data"};
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
