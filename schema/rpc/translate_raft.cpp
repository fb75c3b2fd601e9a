#include <algorithm>
#include <cstring>
#include <kj/debug.h>

#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_peer.h"

namespace callboard::rpc {
namespace {

// A referenced payload is a segment of the message, and those are counted (the door and
// the library take 512); past this many payloads are copied again.
constexpr std::size_t references_max = 384;
constexpr std::size_t word_bytes = sizeof(capnp::word);
constexpr std::size_t reserved_max = 4096; // list elements, before they have shown themselves

// ---- sending

struct Writer {
  std::size_t references = 0;

  void write(const raft::Message& from, wire::RaftMessage::Builder to);
  void write_body(const raft::VoteRequest& from, wire::RaftMessage::Builder to);
  void write_body(const raft::VoteReply& from, wire::RaftMessage::Builder to);
  void write_body(const raft::Append& from, wire::RaftMessage::Builder to);
  void write_body(const raft::AppendReply& from, wire::RaftMessage::Builder to);
  void write_body(const raft::InstallSnapshot& from, wire::RaftMessage::Builder to);
  void write_body(const raft::TimeoutNow&, wire::RaftMessage::Builder to) { to.setTimeoutNow(); }
  void write_body(const raft::Stopped&, wire::RaftMessage::Builder to) { to.setStopped(); }
  void write_body(const raft::StateRequest& from, wire::RaftMessage::Builder to);
  void write_body(const raft::StatePart& from, wire::RaftMessage::Builder to);
  void write_entry(const LogEntry& from, wire::LogEntry::Builder to);
  void write_payload(ByteView payload, wire::LogEntry::Builder to);
};

wire::EntryType to_wire(EntryType type) {
  switch (type) {
  case EntryType::batch: return wire::EntryType::BATCH;
  case EntryType::noop: return wire::EntryType::NOOP;
  case EntryType::membership: return wire::EntryType::MEMBERSHIP;
  case EntryType::log_start: return wire::EntryType::LOG_START;
  case EntryType::compaction: return wire::EntryType::COMPACTION;
  case EntryType::gap: break; // of segments only
  }
  return wire::EntryType::NONE;
}

void write_nodes(const std::vector<NodeId>& from, capnp::List<std::int32_t>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, from[i].value);
}

void write_membership(const Membership& from, wire::Membership::Builder to) {
  write_nodes(from.voters, to.initVoters(to_list_size(from.voters.size())));
  write_nodes(from.outgoing, to.initOutgoing(to_list_size(from.outgoing.size())));
  write_nodes(from.learners, to.initLearners(to_list_size(from.learners.size())));
}

void write_rows(const std::vector<StateRow>& from, capnp::List<wire::StateRow>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setKey(to_data(bytes_of(from[i].key)));
    if (from[i].value) to[i].setValue(to_data(bytes_of(*from[i].value)));
  }
}

void Writer::write(const raft::Message& from, wire::RaftMessage::Builder to) {
  to.setGroup(from.group.value);
  to.setFrom(from.from.value);
  to.setTo(from.to.value);
  to.setTerm(from.term.value);
  to.setDigestAt(from.digest.index.value);
  to.setDigest(from.digest.value);
  to.setDigestLearned(from.digest.learned);
  to.setAgreedAt(from.agreed.value);
  if (from.damaged_life) to.setDamagedLife(*from.damaged_life + 1);
  std::visit([&](const auto& body) { write_body(body, to); }, from.body);
}

void Writer::write_body(const raft::VoteRequest& from, wire::RaftMessage::Builder to) {
  auto request = to.initVoteRequest();
  request.setLastIndex(from.last_index.value);
  request.setLastTerm(from.last_term.value);
  request.setPre(from.pre);
  request.setTransfer(from.transfer);
  to.setMembershipIndex(from.membership_index.value);
}

void Writer::write_body(const raft::VoteReply& from, wire::RaftMessage::Builder to) {
  auto reply = to.initVoteReply();
  reply.setPre(from.pre);
  reply.setGranted(from.granted);
  to.setRecovering(from.recovering);
}

void Writer::write_body(const raft::Append& from, wire::RaftMessage::Builder to) {
  auto append = to.initAppend();
  append.setPrevIndex(from.prev_index.value);
  append.setPrevTerm(from.prev_term.value);
  append.setCommit(from.commit.value);
  append.setRest(from.rest);
  to.setLife(from.recovering_life);
  to.setWholeFrom(from.whole_from.value);
  to.setRound(from.round);
  if (from.entries.empty()) return;
  auto entries = append.initEntries(to_list_size(from.entries.size()));
  for (unsigned i = 0; i < entries.size(); ++i) write_entry(from.entries[i], entries[i]);
}

void Writer::write_body(const raft::AppendReply& from, wire::RaftMessage::Builder to) {
  auto reply = to.initAppendReply();
  reply.setMatch(from.match.value);
  reply.setRejected(from.rejected);
  reply.setRejectedPrev(from.rejected_prev.value);
  reply.setHintIndex(from.hint_index.value);
  reply.setHintTerm(from.hint_term.value);
  to.setLife(from.life);
  to.setRecovering(from.recovering);
  to.setRound(from.round);
}

void Writer::write_body(const raft::InstallSnapshot& from, wire::RaftMessage::Builder to) {
  CB_ASSERT(from.snapshot != nullptr);
  const auto& snapshot = *from.snapshot;
  auto out = to.initInstallSnapshot();
  out.setIndex(snapshot.index.value);
  out.setTerm(snapshot.term.value);
  out.setNextOffset(snapshot.next_offset.value);
  out.setLogStart(snapshot.log_start.value);
  out.setApplied(snapshot.applied.value);
  write_rows(snapshot.state, out.initState(to_list_size(snapshot.state.size())));
  write_membership(snapshot.membership, out.initMembership());
  out.setMembershipIndex(snapshot.membership_index.value);
}

void Writer::write_body(const raft::StateRequest& from, wire::RaftMessage::Builder to) {
  to.initStateRequest().setAfter(to_data(bytes_of(from.after)));
}

void Writer::write_body(const raft::StatePart& from, wire::RaftMessage::Builder to) {
  auto part = to.initStatePart();
  part.setAfter(to_data(bytes_of(from.after)));
  part.setApplied(from.applied.value);
  part.setNextOffset(from.next_offset.value);
  part.setMore(from.more);
  write_rows(from.rows, part.initRows(to_list_size(from.rows.size())));
}

void Writer::write_entry(const LogEntry& from, wire::LogEntry::Builder to) {
  to.setIndex(from.index.value);
  to.setTerm(from.term.value);
  to.setType(to_wire(from.type));
  to.setBaseOffset(from.base_offset.value);
  to.setOffsetCount(from.offset_count);
  to.setMaxTimestampMs(from.max_timestamp);
  write_payload(from.payload.view(), to);
}

// Cap'n Proto refers to whole, aligned words only; payloads are slices of a client's
// request or of a segment and begin and end anywhere.
void Writer::write_payload(ByteView payload, wire::LogEntry::Builder to) {
  if (payload.empty()) return;
  if (payload.size() < referenced_bytes_min || references >= references_max) return to.setPayload(to_data(payload));
  ++references;
  const auto misaligned = reinterpret_cast<std::uintptr_t>(payload.data()) % word_bytes;
  const auto before = misaligned == 0 ? 0 : word_bytes - misaligned;
  const auto words = (payload.size() - before) / word_bytes * word_bytes;
  if (before > 0) to.setBefore(to_data(payload.first(before)));
  const auto orphanage = capnp::Orphanage::getForMessageContaining(to);
  to.adoptPayload(orphanage.referenceExternalData(to_data(payload.subspan(before, words))));
  if (before + words < payload.size()) to.setBehind(to_data(payload.subspan(before + words)));
}

// ---- receiving

Term read_term(std::int32_t term) {
  KJ_REQUIRE(term >= 0, "a term is negative", term);
  return Term(term);
}

NodeId read_node(std::int32_t node) {
  KJ_REQUIRE(node >= 0, "a message names a node that cannot be", node);
  return NodeId(node);
}

EntryType read_type(wire::EntryType type) {
  switch (type) {
  case wire::EntryType::NONE: break;
  case wire::EntryType::BATCH: return EntryType::batch;
  case wire::EntryType::NOOP: return EntryType::noop;
  case wire::EntryType::MEMBERSHIP: return EntryType::membership;
  case wire::EntryType::LOG_START: return EntryType::log_start;
  case wire::EntryType::COMPACTION: return EntryType::compaction;
  }
  KJ_FAIL_REQUIRE("an entry is of a kind that this version does not know", static_cast<unsigned>(type));
}

LogEntry read_entry(wire::LogEntry::Reader from) {
  LogEntry entry;
  entry.index = RaftIndex(from.getIndex());
  entry.term = read_term(from.getTerm());
  entry.type = read_type(from.getType());
  entry.base_offset = Offset(from.getBaseOffset());
  entry.offset_count = from.getOffsetCount();
  entry.max_timestamp = from.getMaxTimestampMs();
  KJ_REQUIRE(entry.index.value > 0, "an entry has no index");
  KJ_REQUIRE(entry.base_offset.value >= 0 && entry.offset_count >= 0 &&
                 entry.base_offset.value <= std::numeric_limits<Offset::rep>::max() - entry.offset_count,
             "an entry has offsets that cannot be", entry.base_offset.value, entry.offset_count);
  KJ_REQUIRE(entry.type == EntryType::batch || entry.offset_count == 0, "an entry without records takes up offsets");
  return entry;
}

// Each part is asked for once: the bounds of a message count what is read of it.
struct Payload {
  explicit Payload(wire::LogEntry::Reader from)
    : parts{to_view(from.getBefore()), to_view(from.getPayload()), to_view(from.getBehind())} {}
  std::size_t size() const { return parts[0].size() + parts[1].size() + parts[2].size(); }
  void copy(std::uint8_t* to) const {
    for (const auto& part : parts) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
  }
  ByteView parts[3];
};

raft::Append read_append(wire::RaftMessage::Reader message) {
  const auto from = message.getAppend();
  raft::Append append;
  append.recovering_life = message.getLife();
  append.whole_from = RaftIndex(message.getWholeFrom());
  append.round = message.getRound();
  append.prev_index = RaftIndex(from.getPrevIndex());
  append.prev_term = read_term(from.getPrevTerm());
  append.commit = RaftIndex(from.getCommit());
  append.rest = from.getRest();
  const auto entries = from.getEntries();
  append.entries.reserve(std::min<std::size_t>(entries.size(), reserved_max));
  std::vector<Payload> payloads;
  payloads.reserve(append.entries.capacity());
  std::size_t bytes = 0;
  for (const auto entry : entries) {
    append.entries.push_back(read_entry(entry));
    bytes += payloads.emplace_back(entry).size();
  }
  if (bytes == 0) return append;
  ByteBuffer buffer(bytes);
  std::size_t at = 0;
  for (const auto& payload : payloads) {
    payload.copy(buffer.data() + at);
    at += payload.size();
  }
  const auto all = buffer.freeze(bytes);
  at = 0;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    if (payloads[i].size() > 0) append.entries[i].payload = all.slice(at, payloads[i].size());
    at += payloads[i].size();
  }
  return append;
}

std::vector<NodeId> read_nodes(capnp::List<std::int32_t>::Reader from) {
  std::vector<NodeId> nodes;
  for (const auto node : from) nodes.push_back(read_node(node));
  return nodes;
}

Membership read_membership(wire::Membership::Reader from) {
  Membership membership{read_nodes(from.getVoters()), read_nodes(from.getOutgoing()), read_nodes(from.getLearners())};
  const auto checked = checked_membership(membership);
  KJ_REQUIRE(checked.ok() && *checked == membership, "a membership is impossible or not sorted");
  return membership;
}

std::vector<StateRow> read_rows(capnp::List<wire::StateRow>::Reader from) {
  std::vector<StateRow> rows;
  rows.reserve(std::min<std::size_t>(from.size(), reserved_max));
  for (const auto row : from) {
    auto& added = rows.emplace_back();
    added.key = to_string(row.getKey());
    KJ_REQUIRE(!added.key.empty(), "a row of a state has no key");
    if (row.hasValue()) added.value = to_string(row.getValue());
  }
  return rows;
}

raft::StatePart read_part(wire::StatePart::Reader from) {
  raft::StatePart part{to_string(from.getAfter()), RaftIndex(from.getApplied()), Offset(from.getNextOffset()),
                       read_rows(from.getRows()), from.getMore()};
  KJ_REQUIRE(part.next_offset.value >= 0, "a state's offset is negative");
  for (const auto& row : part.rows) KJ_REQUIRE(row.value.has_value(), "a row of a part of a state has no value");
  return part;
}

raft::InstallSnapshot read_snapshot(wire::Snapshot::Reader from) {
  auto snapshot = std::make_shared<raft::Snapshot>();
  snapshot->index = RaftIndex(from.getIndex());
  snapshot->term = read_term(from.getTerm());
  snapshot->next_offset = Offset(from.getNextOffset());
  snapshot->log_start = Offset(from.getLogStart());
  snapshot->applied = RaftIndex(from.getApplied());
  KJ_REQUIRE(snapshot->next_offset.value >= 0 && snapshot->log_start.value >= 0, "a snapshot's offsets are negative");
  snapshot->state = read_rows(from.getState());
  snapshot->membership = read_membership(from.getMembership());
  snapshot->membership_index = RaftIndex(from.getMembershipIndex());
  return {std::move(snapshot)};
}

raft::Body read_body(wire::RaftMessage::Reader from) {
  switch (from.which()) {
  case wire::RaftMessage::NONE: break;
  case wire::RaftMessage::VOTE_REQUEST: {
    const auto request = from.getVoteRequest();
    return raft::VoteRequest{RaftIndex(request.getLastIndex()), read_term(request.getLastTerm()), request.getPre(),
                             request.getTransfer(), RaftIndex(from.getMembershipIndex())};
  }
  case wire::RaftMessage::VOTE_REPLY: {
    const auto reply = from.getVoteReply();
    return raft::VoteReply{reply.getPre(), reply.getGranted(), from.getRecovering()};
  }
  case wire::RaftMessage::APPEND: return read_append(from);
  case wire::RaftMessage::APPEND_REPLY: {
    const auto reply = from.getAppendReply();
    return raft::AppendReply{RaftIndex(reply.getMatch()),
                             reply.getRejected(),
                             RaftIndex(reply.getRejectedPrev()),
                             RaftIndex(reply.getHintIndex()),
                             read_term(reply.getHintTerm()),
                             from.getLife(),
                             from.getRecovering(),
                             from.getRound()};
  }
  case wire::RaftMessage::INSTALL_SNAPSHOT: return read_snapshot(from.getInstallSnapshot());
  case wire::RaftMessage::TIMEOUT_NOW: return raft::TimeoutNow{};
  case wire::RaftMessage::STOPPED: return raft::Stopped{};
  case wire::RaftMessage::STATE_REQUEST: return raft::StateRequest{to_string(from.getStateRequest().getAfter())};
  case wire::RaftMessage::STATE_PART: return read_part(from.getStatePart());
  }
  KJ_FAIL_REQUIRE("a message between replicas is of a kind that this version does not know",
                  static_cast<unsigned>(from.which()));
}

raft::Message read_message(wire::RaftMessage::Reader from) {
  return {GroupId(from.getGroup()),
          read_node(from.getFrom()),
          read_node(from.getTo()),
          read_term(from.getTerm()),
          read_body(from),
          {RaftIndex(from.getDigestAt()), from.getDigest(), from.getDigestLearned()},
          RaftIndex(from.getAgreedAt()),
          from.getDamagedLife() > 0 ? std::optional(from.getDamagedLife() - 1) : std::nullopt};
}

} // namespace

void write(const std::vector<raft::Message>& from, capnp::List<wire::RaftMessage>::Builder to) {
  Writer writer;
  for (unsigned i = 0; i < to.size(); ++i) writer.write(from[i], to[i]);
}

capnp::MessageSize size_hint(const std::vector<raft::Message>& messages) {
  // Words of a struct of each kind, and of what refers to a payload in another segment.
  constexpr std::size_t message_words = 16;
  constexpr std::size_t entry_words = 8;
  constexpr std::size_t reference_words = 5;
  const auto words_of = [](std::size_t bytes) { return (bytes + word_bytes - 1) / word_bytes; };
  std::size_t words = 16;
  for (const auto& message : messages) {
    words += message_words;
    if (const auto* append = std::get_if<raft::Append>(&message.body)) {
      for (const auto& entry : append->entries) {
        const auto size = entry.payload.size();
        words += entry_words + (size < referenced_bytes_min ? words_of(size) : reference_words);
      }
    }
    if (const auto* install = std::get_if<raft::InstallSnapshot>(&message.body))
      words += words_of(raft::bytes_of(message)) + 4 * install->snapshot->state.size();
    if (const auto* part = std::get_if<raft::StatePart>(&message.body))
      words += words_of(raft::bytes_of(message)) + 4 * part->rows.size();
  }
  return {words, 0};
}

std::vector<raft::Message> read(capnp::List<wire::RaftMessage>::Reader from) {
  std::vector<raft::Message> messages;
  messages.reserve(std::min<std::size_t>(from.size(), reserved_max));
  for (const auto message : from) messages.push_back(read_message(message));
  return messages;
}

} // namespace callboard::rpc
