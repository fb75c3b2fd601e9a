#include "actors/storage/reader_actor.h"

#include <fmt/format.h>

#include "actors/runtime/log.h"

namespace callboard {
namespace {

constexpr std::size_t replay_bytes_max = std::size_t{4} << 20;

// Not damage: retention, or a log that was truncated or reopened while it was read.
bool is_race(const Error& error) {
  return error.code == ErrorCode::offset_out_of_range || error.code == ErrorCode::not_leader_or_follower;
}

} // namespace

ReaderActor::ReaderActor(caf::actor_config& config, ActorRegistry& registry, std::string name)
  : HostedActor(config, registry, ActorKind::reader, std::move(name)) {}

caf::behavior ReaderActor::make_behavior() {
  return {
      handler([this](ColdFetch& message) { fetch(message); }),
      handler([this](ColdOffset& message) { find_offset(message); }),
      handler([this](const ReplayEntries& message) { replay(message); }),
      handler([this](ReadForFollower& message) { read_for_follower(message); }),
      status_handler(),
  };
}

std::string ReaderActor::describe() const {
  return fmt::format("{} reads, {} MB read", reads_, bytes_ / 1'000'000);
}

void ReaderActor::fetch(ColdFetch& message) {
  const storage::ReadLimits limits{message.read.upper, message.read.bytes_max, message.read.at_least_one};
  auto batches = message.view->read_offsets(message.read.from, limits);
  ++reads_;
  if (batches) {
    message.answer.batches = std::move(*batches);
    for (const auto& batch : message.answer.batches) bytes_ += batch.size();
  } else {
    message.answer.error = batches.error().code;
    message.answer.high_watermark = message.answer.last_stable = unknown_offset;
    report(message.partition, batches.error());
  }
  send(message.from, std::move(message.answer));
}

void ReaderActor::find_offset(ColdOffset& message) {
  auto hit = message.timestamp == -3 ? message.view->find_max_time(message.upper)
                                     : message.view->find_time(message.timestamp, message.upper);
  ++reads_;
  if (hit) {
    message.answer.offset = hit->offset;
    message.answer.timestamp = hit->timestamp;
  } else {
    message.answer.error = hit.error().code;
    report(message.partition, hit.error());
  }
  send(message.from, std::move(message.answer));
}

void ReaderActor::replay(const ReplayEntries& message) {
  auto entries = message.view->read_entries(message.first, message.last, replay_bytes_max);
  if (entries)
    send(message.from, EntriesReplayed{std::move(*entries)});
  else if (is_race(entries.error()))
    send(message.from, LogChanged{});
  else
    send(message.from, InternalLogUnusable{entries.error()});
}

void ReaderActor::read_for_follower(ReadForFollower& message) {
  const auto& request = message.request;
  auto entries = message.view->read_entries(request.from, request.last, request.bytes_max);
  ++reads_;
  ReadDone answer{request, {}};
  if (entries)
    answer.entries = std::move(*entries);
  else
    report(message.partition, entries.error());
  send(message.partition, std::move(answer));
}

void ReaderActor::report(const caf::actor& partition, const Error& error) {
  if (is_race(error)) return; // the asker tries again
  log::error("a read failed: {}", error.message);
  send(partition, DamageFound{error});
}

} // namespace callboard
