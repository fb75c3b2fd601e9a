#include <cstdint>
#include <string>

#include "cluster/groups/subscription.h"
#include "schema/group_rows.h"
#include "schema/kafka/consumer_assignment.h"

// What members hand in and the broker looks into: subscriptions, assignments; and the keys
// of a group's rows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  const auto bytes = SharedBytes::copy_of(ByteView(data, size));
  std::size_t named = 0;
  std::size_t topics = 0;
  groups::for_each_topic(bytes.view(), [&](std::string_view topic) {
    named += topic.size();
    ++topics;
  });
  CB_ASSERT(named + 2 * topics <= size);

  if (const auto assigned = kafka::read_consumer_assignment(bytes)) {
    std::size_t partitions = 0;
    for (const auto& topic : *assigned) partitions += topic.partitions.size();
    CB_ASSERT(6 * assigned->size() + 4 * partitions <= size || size == 0);
  }

  const auto key = parse_group_key(bytes.view());
  if (!key) return 0;
  const auto* group = std::get_if<GroupRowKey>(&*key);
  const auto* offset = std::get_if<OffsetRowKey>(&*key);
  const auto again =
      group != nullptr ? group_row_key(group->group) : offset_row_key(offset->group, offset->topic, offset->partition);
  CB_ASSERT(again == bytes.text());
  return 0;
}
