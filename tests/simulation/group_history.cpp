#include "tests/simulation/group_history.h"

#include <algorithm>
#include <array>

#include "schema/big_endian.h"
#include "schema/crc32c.h"

namespace callboard::simulation {
namespace {

constexpr int term_bits = 24;

// The same for a whole batch and one that was cut to its header, which has a checksum
// over the rest.
std::uint64_t content_of(const LogEntry& entry) {
  auto bytes = entry.payload.view();
  if (entry.type == EntryType::batch) bytes = bytes.first(std::min(bytes.size(), batch_header_bytes));
  const auto position =
      static_cast<std::uint64_t>(entry.base_offset.value) * 8 + static_cast<std::uint64_t>(entry.type);
  return (position << 32U) ^ crc32c(bytes);
}

// Of a batch that may be cut behind its header, which is shown one without records.
Result<BatchHeader> header_of(const LogEntry& entry) {
  constexpr std::size_t length_at = 8;
  constexpr std::int32_t uncounted_bytes = 12;
  std::array<std::uint8_t, batch_header_bytes> header{};
  const auto bytes = entry.payload.view();
  std::copy_n(bytes.begin(), std::min(bytes.size(), header.size()), header.begin());
  store_big_endian<std::int32_t>(&header[length_at], batch_header_bytes - uncounted_bytes);
  return read_batch_header(header);
}

bool whole(const LogEntry& entry) {
  if (entry.type != EntryType::batch) return true;
  const auto header = read_batch_header(entry.payload.view());
  return header && header->crc == crc32c(entry.payload.view().subspan(batch_crc_from));
}

std::uint64_t key_of(RaftIndex index, Term term) {
  return index.value << term_bits | static_cast<std::uint64_t>(term.value);
}

std::string text(RaftIndex index) {
  return "entry " + std::to_string(index.value);
}
std::string text(Offset offset) {
  return "offset " + std::to_string(offset.value);
}
std::string text(Term term) {
  return "term " + std::to_string(term.value);
}
std::string text(NodeId node) {
  return "node " + std::to_string(node.value);
}
std::string text(const BatchName& batch) {
  return "batch " + std::to_string(batch.id) + " (producer " + std::to_string(batch.producer.value) + ", epoch " +
         std::to_string(batch.epoch) + ", sequence " + std::to_string(batch.sequence) + ")";
}

} // namespace

void GroupHistory::fail(const std::string& rule, const std::string& what) {
  if (!ended_) findings_.fail(rule, "group " + std::to_string(group_.value) + ": " + what);
}

void GroupHistory::restarted(NodeId node, const RecoveredLog& log) {
  auto& life = lives_[node] = {};
  life.state_index = log.applied;
  life.last_index = log.last_index;
  for (const auto& entry : log.suffix) follow_entry(life, entry);
}

void GroupHistory::observe(NodeId node, const partition::PartitionReplica& replica, const partition::Effects& effects) {
  auto& life = lives_[node];
  check_appended(node, replica, effects.write);
  for (const auto& entry : effects.applied) check_committed(node, replica, entry);
  if (replica.stopped()) return;
  const bool undone = follow_log(life, replica, effects.write);
  const bool elected = check_office(node, replica, life);
  if (undone || elected) check_producer_state(node, replica, life);
  if (replica.high_watermark() < life.high_watermark) {
    fail("high watermark", "on " + text(node) + " it went back from " + text(life.high_watermark) + " to " +
                               text(replica.high_watermark()));
  }
  life.high_watermark = replica.high_watermark();
  kept_from_ = std::max(kept_from_, replica.log_start());
}

// True if it has just come to lead.
bool GroupHistory::check_office(NodeId node, const partition::PartitionReplica& replica, Life& life) {
  const auto term = replica.term();
  if (!replica.leading() || life.led == term) return false;
  life.led = term;
  findings_.note(group_.value, term.value, node.value);
  const auto known = leaders_.emplace(term, node).first;
  if (known->second != node) {
    fail("election safety", text(known->second) + " and " + text(node) + " lead " + text(term));
  }
  check_completeness(node, replica);
  return true;
}

void GroupHistory::follow_entry(Life& life, const LogEntry& entry) {
  life.batches.erase(entry.index);
  if (entry.type != EntryType::batch) return;
  const auto header = header_of(entry);
  if (header && header->idempotent()) life.batches[entry.index] = BatchName::of(*header);
}

// True if entries were undone.
bool GroupHistory::follow_log(Life& life, const partition::PartitionReplica& replica, const LogWrite& write) {
  const auto& raft = replica.raft();
  const auto last = raft.last_index();
  const bool undone = write.truncate_from || last < life.last_index;
  if (write.reset) {
    life.batches.clear();
    life.state_index = write.applied;
  }
  if (write.truncate_from) life.batches.erase(life.batches.lower_bound(*write.truncate_from), life.batches.end());
  for (const auto& entry : write.entries) follow_entry(life, entry);
  life.batches.erase(life.batches.upper_bound(last), life.batches.end());
  life.state_index = std::max(life.state_index, raft.commit_index());
  life.batches.erase(life.batches.begin(), life.batches.upper_bound(life.state_index));
  life.last_index = last;
  return undone;
}

void GroupHistory::check_producer_state(NodeId node, const partition::PartitionReplica& replica, const Life& life) {
  auto expected = producers_at(life.state_index);
  for (const auto& [index, name] : life.batches) expected[name.producer] = name;
  const auto known = replica.producers();
  const auto matches = [&](const partition::ProducerStatus& status) {
    const auto last = expected.find(status.producer);
    return last != expected.end() && last->second.epoch == status.epoch &&
           last->second.sequence + last->second.count - 1 == status.last_sequence;
  };
  if (known.size() == expected.size() && std::all_of(known.begin(), known.end(), matches)) return;
  fail("producer state", text(node) + " knows other batches of its producers than its log has up to " +
                             text(replica.raft().last_index()));
}

// The last committed batch of each up to `index`.
std::map<ProducerId, BatchName> GroupHistory::producers_at(RaftIndex index) const {
  std::map<ProducerId, BatchName> producers;
  for (const auto& batch : batches_) {
    if (batch.index > index) break;
    if (batch.name.producer != no_producer) producers[batch.name.producer] = batch.name;
  }
  return producers;
}

void GroupHistory::check_completeness(NodeId node, const partition::PartitionReplica& replica) {
  // Terms of commits only grow, so the last entry that was committed in an earlier term
  // stands for all before it.
  const auto later = std::partition_point(committed_.begin(), committed_.end(),
                                          [&](const Committed& it) { return it.in_term < replica.term(); });
  const RaftIndex index(static_cast<std::uint64_t>(later - committed_.begin()));
  const auto& raft = replica.raft();
  if (index.value == 0 || index < raft.first_index()) return;
  if (raft.term_at(index) != (later - 1)->term) {
    fail("leader completeness",
         text(node) + " leads " + text(replica.term()) + " without the committed " + text(index));
  }
}

void GroupHistory::check_appended(NodeId node, const partition::PartitionReplica& replica, const LogWrite& write) {
  if (write.entries.empty()) return;
  auto previous = replica.raft().term_at(write.entries.front().index.prev());
  for (const auto& entry : write.entries) {
    // The term of an entry that is gone may have been forgotten.
    const bool known = previous && (previous->value > 0 || entry.index.value == 1);
    check_matching(node, entry, known ? previous : std::nullopt);
    previous = entry.term;
  }
}

void GroupHistory::check_matching(NodeId node, const LogEntry& entry, std::optional<Term> previous) {
  const Appended appended{content_of(entry), previous.value_or(Term{-1}), node};
  auto& known = appended_.emplace(key_of(entry.index, entry.term), appended).first->second;
  // Without room for it a leader may put another one in the place of what nobody saw.
  if (known.content != appended.content && known.first == node && !known.shared) known = appended;
  known.shared |= known.first != node;
  const auto name = text(entry.index) + " of " + text(entry.term);
  if (known.content != appended.content) fail("log matching", name + " has two contents");
  const bool both_known = previous && known.previous_term.value >= 0;
  if (both_known && known.previous_term != *previous) {
    fail("log matching", name + " follows one of " + text(known.previous_term) + " and one of " + text(*previous));
  }
}

void GroupHistory::check_committed(NodeId node, const partition::PartitionReplica& replica, const LogEntry& entry) {
  if (entry.index > committed_index()) {
    extend(node, replica, entry);
    return;
  }
  const auto& known = committed_[entry.index.value - 1];
  if (const auto* stored = disk_of_(node); stored != nullptr && stored->altered) return; // it was made so
  if (known.term != entry.term || known.content != content_of(entry)) {
    fail("state machine safety", text(entry.index) + " was committed in " + text(known.term) + ", and by " +
                                     text(node) + " with other content in " + text(entry.term));
  }
}

void GroupHistory::extend(NodeId node, const partition::PartitionReplica& replica, const LogEntry& entry) {
  findings_.note(group_.value, entry.index.value, entry.term.value, content_of(entry));
  if (entry.index != committed_index().next()) {
    fail("state machine safety",
         text(node) + " applies " + text(entry.index) + ", nobody has committed " + text(committed_index().next()));
    return;
  }
  if (entry.base_offset != committed_end()) {
    fail("offsets",
         text(entry.index) + " is at " + text(entry.base_offset) + ", before it was " + text(committed_end()));
  }
  const auto in_term = committed_.empty() ? replica.term() : std::max(replica.term(), committed_.back().in_term);
  committed_.push_back({entry.term, content_of(entry), in_term, entry.next_offset()});
  state_.apply(entry);
  if (entry.type == EntryType::batch) check_batch(entry);
  if (entry.type == EntryType::membership) {
    if (auto membership = decode_membership(entry.payload.view())) membership_ = std::move(*membership);
  }
  if (replica.leading()) check_durable(replica, entry.index);
}

void GroupHistory::check_batch(const LogEntry& entry) {
  const auto header = header_of(entry);
  if (!header) {
    fail("offsets", text(entry.index) + " is no batch");
    return;
  }
  const auto name = BatchName::of(*header);
  batches_.push_back({entry.index, entry.base_offset, name});
  if (header->base_offset != entry.base_offset || header->leader_epoch != entry.term) {
    fail("offsets", text(name) + " at " + text(entry.base_offset) + " is stamped otherwise");
  }
  if (!header->idempotent()) return;
  const auto [last, first_time] = last_of_producer_.emplace(name.producer, name);
  if (first_time && name.sequence != 0) fail("producers", text(name) + " is committed, and none before it");
  if (first_time) return;
  const bool next = name.epoch == last->second.epoch && name.sequence == last->second.sequence + last->second.count;
  const bool next_epoch = name.epoch > last->second.epoch && name.sequence == 0;
  if (!next && !next_epoch) {
    fail("producers", text(name) + " is committed behind " + text(last->second));
  }
  last->second = name;
}

void GroupHistory::check_durable(const partition::PartitionReplica& leader, RaftIndex index) {
  const auto& membership = leader.membership();
  for (const auto* voters : {&membership.voters, &membership.outgoing}) {
    if (voters->empty() || durable_on(*voters, index) > voters->size() / 2) continue;
    fail("durability", text(index) + " is committed, on the disks of " + std::to_string(durable_on(*voters, index)) +
                           " of " + std::to_string(voters->size()) + " voters");
  }
}

std::size_t GroupHistory::durable_on(const std::vector<NodeId>& voters, RaftIndex index) const {
  const auto& entry = committed_[index.value - 1];
  return static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), [&](NodeId node) {
    const auto* stored = disk_of_(node);
    if (stored == nullptr) return false;
    const auto* held = stored->log.find(index);
    if (index <= stored->lost_upto) return true; // it was
    return held != nullptr ? held->term == entry.term : index < stored->log.first_index();
  }));
}

const GroupHistory::CommittedBatch* GroupHistory::batch_at(Offset offset) const {
  const auto behind = std::upper_bound(batches_.begin(), batches_.end(), offset,
                                       [](Offset wanted, const CommittedBatch& it) { return wanted < it.base_offset; });
  return behind == batches_.begin() ? nullptr : &*(behind - 1);
}

void GroupHistory::acknowledged(const partition::PartitionReplica& leader, const BatchName& batch, Offset base_offset,
                                std::size_t copies) {
  ++acknowledgements_;
  findings_.note(group_.value, batch.id, base_offset.value);
  const auto* committed = batch_at(base_offset);
  if (committed == nullptr || committed->base_offset != base_offset || committed->name != batch) {
    fail("acknowledgements", text(batch) + " is acknowledged at " + text(base_offset) + ", where is " +
                                 (committed == nullptr ? "nothing" : text(committed->name)) + " committed");
  } else if (copies > 1 && durable_on(leader.membership().voters, committed->index) < copies) {
    fail("acknowledgements", text(batch) + " is acknowledged and not on " + std::to_string(copies) + " disks");
  }
}

void GroupHistory::called_duplicate(const BatchName& batch) {
  const auto last = last_of_producer_.find(batch.producer);
  const bool passed =
      last != last_of_producer_.end() && last->second.epoch == batch.epoch && last->second.sequence >= batch.sequence;
  if (!passed) fail("acknowledgements", text(batch) + " is called a duplicate and is not committed");
}

void GroupHistory::served(ByteView batch) {
  const auto header = read_batch_header(batch);
  if (!header) {
    fail("consumers", "something that is no batch is served");
    return;
  }
  const auto* committed = batch_at(header->base_offset);
  const bool known = committed != nullptr && committed->base_offset == header->base_offset &&
                     committed->name == BatchName::of(*header);
  if (known) return;
  fail("consumers", text(BatchName::of(*header)) + " is served at " + text(header->base_offset) +
                        ", it is not what is committed there");
}

Offset GroupHistory::consumed(Offset position, ByteView batch) {
  const auto header = read_batch_header(batch);
  if (!header || header->base_offset > position || header->next_offset() <= position) {
    fail("consumers", "at " + text(position) + " one was given something else");
    return position;
  }
  return header->next_offset();
}

Offset GroupHistory::committed_end() const {
  return committed_.empty() ? Offset{} : committed_.back().next_offset;
}

void GroupHistory::check_state(NodeId node, const AppliedState& state) {
  if (state.next_offset == state_.next_offset && state.rows == state_.rows) return;
  fail("states", text(node) + " applied its log up to " + text(state.applied) + " and has " +
                     std::to_string(state.rows.size()) + " rows, not the " + std::to_string(state_.rows.size()) +
                     " of " + text(state_.applied));
}

void GroupHistory::compare(NodeId node, const partition::PartitionReplica& replica, const storage::MemoryLog& log) {
  compare_log(node, log);
  check_producer_state(node, replica, lives_.at(node));
  if (!log_start_) log_start_ = replica.log_start();
  if (replica.high_watermark() == committed_end() && replica.log_start() == log_start_) return;
  fail("identical replicas", text(node) + " has what lies between " + text(replica.log_start()) + " and " +
                                 text(replica.high_watermark()) + ", not " + text(*log_start_) + " and " +
                                 text(committed_end()));
}

void GroupHistory::compare_log(NodeId node, const storage::MemoryLog& log) {
  for (auto index = log.first_index(); index <= committed_index(); index = index.next()) {
    const auto* entry = log.find(index);
    const auto& known = committed_[index.value - 1];
    if (entry == nullptr || entry->term != known.term || content_of(*entry) != known.content) {
      fail("lost write", text(node) + " has not the committed " + text(index) + " at the end");
      return;
    }
    const auto& first = payloads_.emplace(index, entry->payload).first->second;
    if (first.text() == entry->payload.text() && whole(*entry)) continue;
    fail("identical replicas", text(node) + " has other bytes for " + text(index));
    return;
  }
}

} // namespace callboard::simulation
