#include "tests/powercut/ledger.h"

#include <cstring>

#include "schema/record_batch.h"
#include "tests/powercut/random.h"

namespace callboard::powercut {
namespace {

constexpr TimestampMs first_timestamp = 1'700'000'000'000;

LogEntry entry_after(const LogContent& content, Term term, EntryType type) {
  LogEntry entry;
  entry.index = content.last_index().next();
  entry.term = term;
  entry.type = type;
  entry.base_offset = content.next_offset();
  return entry;
}

} // namespace

LogContent LogContent::after(const LogWrite& write) const {
  auto next = *this;
  if (write.truncate_from) next.truncate(*write.truncate_from);
  next.entries.insert(next.entries.end(), write.entries.begin(), write.entries.end());
  if (write.applied.value == 0) return next;
  next.applied = write.applied;
  for (const auto& row : write.state) {
    if (row.value) {
      next.state[row.key] = *row.value;
    } else {
      next.state.erase(row.key);
    }
  }
  return next;
}

GroupLedger GroupLedger::after(Position at) const {
  return {group, options, log.after(at), log_start.after(at), cut.after(at), hard.after(at), destroyed.after(at)};
}

Ledger Ledger::after(Position cut) const {
  Ledger next{identified.after(cut), {}};
  for (const auto& group : groups) next.groups.push_back(group.after(cut));
  return next;
}

storage::Identity test_identity() {
  storage::Identity identity;
  identity.cluster.bytes.fill(0xCB);
  identity.node_uuid.bytes.fill(0x17);
  identity.node = NodeId(7);
  return identity;
}

LogEntry next_batch(const LogContent& content, Term term, std::size_t value_bytes, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint8_t> value(value_bytes);
  for (std::size_t at = 0; at < value.size(); at += sizeof(std::uint64_t)) {
    const auto word = random.next();
    std::memcpy(value.data() + at, &word, std::min(sizeof word, value.size() - at));
  }
  auto entry = entry_after(content, term, EntryType::batch);
  entry.max_timestamp = first_timestamp + static_cast<TimestampMs>(entry.index.value);
  BatchBuilder builder(entry.max_timestamp);
  const auto key = "key " + std::to_string(random.below(4));
  builder.add(bytes_of(key), ByteView(value), entry.max_timestamp);
  entry.offset_count = builder.count();
  entry.payload = builder.finish();
  stamp_batch(entry.payload.stampable(), entry.base_offset, entry.term);
  return entry;
}

std::string key_of(const LogEntry& batch) {
  std::string key;
  const auto walked = for_each_record(batch.payload.view(), [&](const RecordView& record) {
    key = text_of(*record.key);
    return false;
  });
  CB_ASSERT(walked.ok());
  return key;
}

std::map<std::string, Offset> newest_below(const LogContent& content, Offset cut) {
  std::map<std::string, Offset> newest;
  for (const auto& entry : content.entries) {
    if (entry.type == EntryType::batch && entry.base_offset < cut) newest[key_of(entry)] = entry.base_offset;
  }
  return newest;
}

LogEntry next_noop(const LogContent& content, Term term) {
  return entry_after(content, term, EntryType::noop);
}

} // namespace callboard::powercut
