#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schema/ids.h"
#include "schema/uuid.h"

// What the metadata log says, as plain structs; schema/rpc/records.capnp is their
// form on disk, schema/rpc/translate.h the way between the two.
namespace callboard {

// A topic exists: its partitions are the positions in `groups`.
struct TopicRecord {
  Uuid id;
  std::string name;
  std::vector<GroupId> groups;
  std::vector<std::pair<std::string, std::string>> configs; // only what was set, by name

  bool operator==(const TopicRecord&) const = default;
};

// A topic is gone for good; its id is never used again.
struct TopicRemovedRecord {
  Uuid id;

  bool operator==(const TopicRemovedRecord&) const = default;
};

// Producer ids below this one may have been given out.
struct ProducerIdsRecord {
  ProducerId next;

  bool operator==(const ProducerIdsRecord&) const = default;
};

using MetadataRecord = std::variant<TopicRecord, TopicRemovedRecord, ProducerIdsRecord>;

} // namespace callboard
