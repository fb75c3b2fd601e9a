#include "tests/simulation/trace.h"

#include <array>
#include <cstdio>

namespace callboard::simulation {
namespace {

std::string number(RaftIndex index) {
  return std::to_string(index.value);
}
std::string number(Term term) {
  return "t" + std::to_string(term.value);
}

std::string describe(const raft::VoteRequest& request) {
  return " last " + number(request.last_index) + ":" + number(request.last_term) +
         (request.transfer ? " transfer" : "");
}
std::string describe(const raft::VoteReply& reply) {
  return reply.granted ? " granted" : " refused";
}
std::string describe(const raft::Append& append) {
  return " behind " + number(append.prev_index) + ":" + number(append.prev_term) + " " +
         std::to_string(append.entries.size()) + " entries, commit " + number(append.commit) +
         (append.rest ? " rest" : "");
}
std::string describe(const raft::AppendReply& reply) {
  if (!reply.rejected) return " up to " + number(reply.match);
  return " " + number(reply.rejected_prev) + ", hint " + number(reply.hint_index) + ":" + number(reply.hint_term);
}
std::string describe(const raft::InstallSnapshot& install) {
  return " of " + number(install.snapshot->index) + ", applied " + number(install.snapshot->applied);
}
std::string describe(const raft::TimeoutNow&) {
  return {};
}
std::string describe(const raft::Stopped&) {
  return {};
}
std::string describe(const raft::StateRequest& request) {
  return " behind '" + request.after + "'";
}
std::string describe(const raft::StatePart& part) {
  return " behind '" + part.after + "', " + std::to_string(part.rows.size()) + " rows as of " + number(part.applied) +
         (part.more ? ", more" : "");
}

} // namespace

void Trace::print(std::uint64_t now, NodeId node, const std::string& what) const {
  std::printf("%8.2f  node %d  %s\n", static_cast<double>(now) / 100, node.value, what.c_str());
}

std::string describe(const raft::Message& message) {
  return "from " + std::to_string(message.from.value) + ", " + number(message.term) + ": " +
         std::string(raft::name_of(message.body)) +
         std::visit([](const auto& body) { return describe(body); }, message.body);
}

std::string describe(const LogWrite& write) {
  std::string out = "writes";
  if (write.reset) out += " reset to " + number(write.reset->first_index);
  if (write.truncate_from) out += " truncated from " + number(*write.truncate_from);
  for (const auto& entry : write.entries) out += " " + number(entry.index) + ":" + number(entry.term);
  if (write.applied.value > 0) out += ", state as of " + number(write.applied);
  return out;
}

std::string describe(const HardState& hard) {
  std::string out = number(hard.term) + ", vote " + std::to_string(hard.vote.value) + ", voters";
  for (const auto voter : hard.membership.voters) out += " " + std::to_string(voter.value);
  for (const auto learner : hard.membership.learners) out += ", learner " + std::to_string(learner.value);
  if (hard.membership.joint()) out += ", joint";
  return out;
}

std::string describe(const partition::PartitionReplica& replica) {
  constexpr std::array<std::string_view, 4> roles{"follower", "pre-candidate", "candidate", "leader"};
  const auto& raft = replica.raft();
  const auto role = roles[static_cast<std::size_t>(raft.role())];
  std::string members;
  for (const auto voter : raft.membership().voters) members += " " + std::to_string(voter.value);
  if (raft.membership().joint()) members += " joint";
  return "is " + std::string(replica.stopped() ? "stopped" : role) + (raft.resting() ? ", resting" : "") + " in " +
         number(raft.term()) + ", last " + number(raft.last_index()) + ", stored " + number(raft.stored_index()) +
         ", committed " + number(raft.commit_index()) + ", voters" + members;
}

} // namespace callboard::simulation
