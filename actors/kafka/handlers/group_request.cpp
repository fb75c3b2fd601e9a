#include "actors/kafka/handlers/group_request.h"

#include "schema/group_rows.h"
#include "schema/internal_topics.h"

namespace callboard::kafka {

ErrorCode GroupInFlight::ask(std::size_t index, const std::string& group, GroupCommand command) {
  if (const auto checked = check_group_id(group); !checked) return checked.error().code;
  const auto* partition = connection_.context().directory.find(consumer_offsets_topic, group_partition(group));
  if (partition == nullptr) return ErrorCode::coordinator_not_available; // FindCoordinator makes it
  connection_.send_to(partition->coordinator,
                      GroupRequest{connection_.self(), token(index), group, std::move(command)});
  return ErrorCode::none;
}

} // namespace callboard::kafka
