#include "schema/raft_message.h"

namespace callboard::raft {
namespace {

constexpr std::size_t envelope_bytes = 64;
constexpr std::size_t entry_overhead_bytes = 48;

std::string_view name(const VoteRequest& request) {
  return request.pre ? "pre-vote?" : "vote?";
}
std::string_view name(const VoteReply& reply) {
  return reply.pre ? "pre-vote" : "vote";
}
std::string_view name(const Append&) {
  return "append";
}
std::string_view name(const AppendReply& reply) {
  return reply.rejected ? "rejected" : "matched";
}
std::string_view name(const InstallSnapshot&) {
  return "snapshot";
}
std::string_view name(const TimeoutNow&) {
  return "timeout now";
}
std::string_view name(const Stopped&) {
  return "stopped";
}
std::string_view name(const StateRequest&) {
  return "state?";
}
std::string_view name(const StatePart&) {
  return "state";
}

std::size_t bytes_of(const std::vector<StateRow>& rows) {
  std::size_t sum = 0;
  for (const auto& row : rows) sum += row.key.size() + (row.value ? row.value->size() : 0);
  return sum;
}

} // namespace

std::string_view name_of(const Body& body) {
  return std::visit([](const auto& it) { return name(it); }, body);
}

std::size_t bytes_of(const Message& message) {
  std::size_t sum = envelope_bytes;
  if (const auto* append = std::get_if<Append>(&message.body)) {
    for (const auto& entry : append->entries) sum += entry_overhead_bytes + entry.payload.size();
  }
  if (const auto* install = std::get_if<InstallSnapshot>(&message.body); install != nullptr && install->snapshot) {
    sum += bytes_of(install->snapshot->state);
  }
  if (const auto* request = std::get_if<StateRequest>(&message.body)) sum += request->after.size();
  if (const auto* part = std::get_if<StatePart>(&message.body)) sum += part->after.size() + bytes_of(part->rows);
  return sum;
}

} // namespace callboard::raft
