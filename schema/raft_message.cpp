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
    for (const auto& row : install->snapshot->state) sum += row.key.size() + (row.value ? row.value->size() : 0);
  }
  return sum;
}

} // namespace callboard::raft
