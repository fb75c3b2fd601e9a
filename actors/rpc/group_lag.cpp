#include "actors/rpc/group_lag.h"

#include <algorithm>
#include <kj/vector.h>

namespace callboard::rpc {
namespace {

constexpr std::size_t asked_at_once = 8;
// A fetch of one record brings its whole batch; what that weighs, as a rule at most.
constexpr std::size_t batch_bytes = std::size_t{1} << 20;
constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int64_t latest_timestamp = -1;

// The way through a group's offsets, taken by several tasks.
struct Walk {
  Session& session;
  GroupInfo group;
  std::size_t next = 0;
};

// When the first record at or after `from` was written, as near as the batch tells.
TimestampMs timestamp_from(ByteView batch, Offset from) {
  const auto header = read_batch_header(batch);
  if (!header) return no_timestamp;
  if (header->log_append_time()) return header->max_timestamp;
  if (header->codec() != Codec::none) return header->base_timestamp;
  auto found = header->max_timestamp;
  const auto walked = for_each_record(batch, [&](const RecordView& record) {
    if (record.offset < from) return true;
    found = record.timestamp;
    return false;
  });
  return walked ? found : no_timestamp;
}

kj::Promise<void> add_age(Session& session, GroupOffset& to, Offset first) {
  return session.reply_credits().take(batch_bytes).then([&session, &to, first](kj::Own<Credits::Grant> grant) {
    return session.backend()
        .fetch({to.topic, to.partition}, {.offset = first, .bytes_max = 1})
        .then([&session, &to, first](const Result<Fetched>& fetched) {
          if (!fetched || fetched->batches.empty()) return;
          const auto timestamp = timestamp_from(fetched->batches.front().view(), first);
          if (timestamp >= 0) to.lag_ms = std::max<std::int64_t>(session.now() - timestamp, 0);
        })
        .attach(kj::mv(grant));
  });
}

kj::Promise<void> add_records(Session& session, GroupOffset& to, Offset log_start) {
  return session.backend()
      .list_offset({to.topic, to.partition}, latest_timestamp)
      .then([&session, &to, log_start](const Result<OffsetInfo>& end) -> kj::Promise<void> {
        if (!end) return kj::READY_NOW;
        to.high_watermark = end->offset;
        if (to.offset.value < 0) return kj::READY_NOW; // where it begins is up to the members
        const auto first = std::max(to.offset, log_start);
        to.lag = std::max<std::int64_t>(end->offset.value - first.value, 0);
        if (to.lag > 0) return add_age(session, to, first);
        to.lag_ms = 0;
        return kj::READY_NOW;
      });
}

kj::Promise<void> add_lag_of(Session& session, GroupOffset& to) {
  return session.backend()
      .list_offset({to.topic, to.partition}, earliest_timestamp)
      .then([&session, &to](const Result<OffsetInfo>& start) -> kj::Promise<void> {
        if (!start) return kj::READY_NOW;
        return add_records(session, to, start->offset);
      });
}

kj::Promise<void> go_on(Walk& walk) {
  if (walk.next == walk.group.offsets.size()) return kj::READY_NOW;
  auto& offset = walk.group.offsets[walk.next++];
  return add_lag_of(walk.session, offset).then([&walk] { return go_on(walk); });
}

} // namespace

kj::Promise<GroupInfo> add_lag(Session& session, GroupInfo group) {
  auto walk = kj::heap<Walk>(Walk{session, std::move(group)});
  kj::Vector<kj::Promise<void>> tasks;
  for (std::size_t i = 0; i < asked_at_once; ++i) tasks.add(go_on(*walk));
  return kj::joinPromises(tasks.releaseAsArray())
      .then([&group = walk->group] { return std::move(group); })
      .attach(kj::mv(walk));
}

} // namespace callboard::rpc
