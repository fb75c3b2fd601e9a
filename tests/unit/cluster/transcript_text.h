#pragma once

#include <boost/test/unit_test.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "cluster/partition/partition_replica.h"
#include "cluster/partition/state_row.h"

// What a transcript calls things.
namespace callboard::test {

using partition::FetchOutcome;
using partition::ProduceOutcome;
using partition::RowKind;
using partition::RowReader;

// Replicas of a group are named after their node: 1 is a.
inline std::string name_of_node(NodeId node) {
  return node == no_node ? "nobody" : std::string(1, static_cast<char>('a' + node.value - 1));
}

inline std::string text(const std::vector<NodeId>& nodes) {
  std::string out;
  for (const auto node : nodes) out += name_of_node(node);
  return out;
}

// "abc", "abd after abc" while both count, "abc learning d".
inline std::string text(const Membership& membership) {
  return text(membership.voters) + (membership.joint() ? " after " + text(membership.outgoing) : "") +
         (membership.learners.empty() ? "" : " learning " + text(membership.learners));
}

inline std::string text(Offset first, std::int64_t count) {
  return "@" + std::to_string(first.value) + (count > 1 ? "-" + std::to_string(first.value + count - 1) : "");
}

// "up to 8, tombstones below 3".
inline std::string text(const CompactionCut& cut) {
  return "up to " + std::to_string(cut.upto.value) + ", tombstones below " + std::to_string(cut.tombstones_below.value);
}

inline std::string text(const LogEntry& entry) {
  std::ostringstream out;
  out << entry.index.value << ":t" << entry.term.value << " ";
  switch (entry.type) {
  case EntryType::batch: out << "batch " << text(entry.base_offset, entry.offset_count); break;
  case EntryType::noop: out << "noop"; break;
  case EntryType::membership: out << "membership " << text(*decode_membership(entry.payload.view())); break;
  case EntryType::compaction: out << "compaction " << text(*partition::decode_cut(entry.payload.view())); break;
  case EntryType::gap: out << "gap of " << entry.span; break;
  case EntryType::log_start: out << "log start " << RowReader(entry.payload.text()).get<std::int64_t>(); break;
  }
  return out.str();
}

inline std::string text(const StateRow& row) {
  std::ostringstream out;
  RowReader key(row.key);
  const auto kind = static_cast<RowKind>(key.get<char>());
  RowReader value(row.value ? *row.value : std::string_view());
  value.get<std::uint8_t>();
  switch (kind) {
  case RowKind::producer: {
    out << "producer " << key.get<std::int64_t>();
    if (!row.value) break;
    out << " epoch " << value.get<std::int16_t>() << ":";
    for (auto count = value.get<std::uint8_t>(); count > 0; --count) {
      const auto first = value.get<std::int32_t>();
      out << " " << first << "-" << value.get<std::int32_t>();
      value.get<std::uint64_t>();
      out << "@" << value.get<std::int64_t>();
      value.get<std::int64_t>();
    }
    break;
  }
  case RowKind::log_start: out << "log start " << value.get<std::int64_t>(); break;
  case RowKind::catch_up:
    out << "ahead of the log";
    if (row.value) out << ", as of " << value.get<std::uint64_t>();
    break;
  case RowKind::digest: out << "digest"; break; // log_digest_test has the values
  case RowKind::cuts:
    out << "compaction up to " << value.get<std::int64_t>();
    out << ", tombstones below " << value.get<std::int64_t>();
    break;
  case RowKind::term:
    out << "term " << key.get<std::int32_t>();
    if (row.value) out << " from @" << value.get<std::int64_t>();
    break;
  }
  if (!row.value) out << " removed";
  return out.str();
}

inline std::string text(const ProduceOutcome& outcome) {
  std::ostringstream out;
  out << "answer " << outcome.waiter << ": ";
  if (outcome.error != ErrorCode::none) {
    out << name_of(outcome.error) << " " << outcome.message;
  } else {
    out << "offset " << outcome.base_offset.value;
    if (outcome.log_append_time >= 0) out << ", appended at " << outcome.log_append_time;
  }
  return out.str();
}

inline std::string text(const FetchOutcome& outcome) {
  std::ostringstream out;
  out << "fetched " << outcome.waiter << ": ";
  if (outcome.error != ErrorCode::none) {
    out << name_of(outcome.error);
    return out.str();
  }
  out << "high watermark " << outcome.high_watermark.value << ", log start " << outcome.log_start.value << ",";
  for (const auto& batch : outcome.batches) {
    const auto header = read_batch_header(batch.view());
    BOOST_REQUIRE(header.ok());
    out << " " << text(header->base_offset, header->last_offset_delta + 1);
    if (header->log_append_time()) out << " (appended at " << header->max_timestamp << ")";
  }
  if (outcome.cold) out << " from the log, from " << outcome.cold->from.value << " below " << outcome.cold->upper.value;
  if (outcome.diverged)
    out << " parted at " << outcome.diverged->end.value << " of epoch " << outcome.diverged->leader_epoch.value;
  if (outcome.batches.empty() && !outcome.cold && !outcome.diverged) out << " nothing";
  return out.str();
}

inline std::string text(RaftIndex index, Term term) {
  return std::to_string(index.value) + ":t" + std::to_string(term.value);
}

inline std::string text(const raft::VoteRequest& request) {
  return "last " + text(request.last_index, request.last_term) + (request.transfer ? ", at the leader's wish" : "");
}
inline std::string text(const raft::VoteReply& reply) {
  return reply.granted ? "granted" : "refused";
}
inline std::string text(const raft::Append& append) {
  std::string out = "behind " + text(append.prev_index, append.prev_term);
  for (const auto& entry : append.entries) out += ", " + text(entry);
  return out + ", commit " + std::to_string(append.commit.value) + (append.rest ? ", rest" : "");
}
inline std::string text(const raft::AppendReply& reply) {
  if (!reply.rejected) return std::to_string(reply.match.value);
  return "behind " + std::to_string(reply.rejected_prev.value) + ", has " + text(reply.hint_index, reply.hint_term);
}
inline std::string text(const raft::InstallSnapshot& install) {
  const auto& it = *install.snapshot;
  return "up to " + text(it.index, it.term) + ", next offset " + std::to_string(it.next_offset.value) +
         ", state as of " + std::to_string(it.applied.value) + ", " + text(it.membership);
}
inline std::string text(const raft::TimeoutNow&) {
  return {};
}
inline std::string text(const raft::Stopped&) {
  return {};
}
inline std::string text(const raft::StateRequest& request) {
  return request.after.empty() ? "from the first row" : "behind row " + request.after;
}
inline std::string text(const raft::StatePart& part) {
  return text(raft::StateRequest{part.after}) + ", " + std::to_string(part.rows.size()) + " rows as of " +
         std::to_string(part.applied.value) + (part.more ? ", more" : "");
}

// "a -> b: append t2 behind 4:t1, 5:t2 noop, commit 4"
inline std::string text(const raft::Message& message) {
  const auto body = std::visit([](const auto& it) { return text(it); }, message.body);
  return name_of_node(message.from) + " -> " + name_of_node(message.to) + ": " + std::string(name_of(message.body)) +
         " t" + std::to_string(message.term.value) + (body.empty() ? "" : " " + body);
}

template <class Range>
std::string joined(const Range& range) {
  std::string out;
  for (const auto& each : range) out += (out.empty() ? "" : ", ") + text(each);
  return out;
}

} // namespace callboard::test
