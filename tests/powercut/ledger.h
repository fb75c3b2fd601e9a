#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/assert.h"
#include "schema/log_write.h"
#include "storage/partition_log.h"

// What a workload was promised, and when. A position is the recorder's: a cut at
// position p happens while operation p is under way, after those before it.
namespace callboard::powercut {

using Position = std::size_t;

// A value that changes by calls into storage. After a cut it holds what was promised
// last, or any value whose call had begun since.
template <class T>
class Register {
public:
  explicit Register(T initial = T()) : versions_{{0, 0, std::move(initial)}} {}

  // A call begins that makes it `value`.
  void begin(Position position, T value) { versions_.push_back({position, never, std::move(value)}); }
  // From now on the latest value cannot be lost: the reply to the caller.
  void promise(Position position) {
    auto& promised = versions_.back().promised_at;
    promised = std::min(promised, position);
  }
  const T& latest() const { return versions_.back().value; }

  // What may be found after a cut there, oldest first.
  std::vector<T> allowed(Position cut) const {
    std::vector<T> values;
    for (const auto& version : versions_) {
      if (version.promised_at <= cut) values.clear();
      if (version.begun_at <= cut) values.push_back(version.value);
    }
    return values;
  }
  // All that it ever was before the cut, oldest first.
  std::vector<T> history(Position cut) const {
    std::vector<T> values;
    for (const auto& version : versions_) {
      if (version.begun_at <= cut) values.push_back(version.value);
    }
    return values;
  }
  // The same, as the start of a history of its own.
  Register after(Position cut) const {
    Register next(versions_.front().value);
    next.versions_.clear();
    for (const auto& version : versions_) {
      if (version.begun_at > cut) break;
      next.versions_.push_back({0, version.promised_at <= cut ? 0 : never, version.value});
    }
    return next;
  }

private:
  static constexpr Position never = std::numeric_limits<Position>::max();
  struct Version {
    Position begun_at;
    Position promised_at;
    T value;
  };
  std::vector<Version> versions_;
};

// What one group's log holds: all entries from index 1 on (the log may have forgotten
// those below its start) and the state derived from them.
struct LogContent {
  std::vector<LogEntry> entries;
  std::map<std::string, std::string> state;
  RaftIndex applied;

  RaftIndex last_index() const { return RaftIndex(entries.size()); }
  Term last_term() const { return entries.empty() ? Term() : entries.back().term; }
  Offset next_offset() const { return entries.empty() ? Offset() : entries.back().next_offset(); }
  const LogEntry& at(RaftIndex index) const {
    CB_ASSERT(index.value >= 1 && index <= last_index());
    return entries[index.value - 1];
  }
  void truncate(RaftIndex from) { entries.resize(std::min<std::size_t>(entries.size(), from.value - 1)); }
  // The content after `write`; all of it.
  LogContent after(const LogWrite& write) const;
};
using LogContentPtr = std::shared_ptr<const LogContent>;

struct GroupLedger {
  GroupId group;
  storage::LogOptions options;
  Register<LogContentPtr> log{std::make_shared<LogContent>()};
  Register<Offset> log_start;
  Register<Offset> cut; // compacted up to there
  Register<std::optional<HardState>> hard;
  Register<bool> destroyed{false};

  bool interval() const { return options.durability == storage::Durability::interval; }
  // Where a new history starts: what may have been left by a cut.
  GroupLedger after(Position at) const;
};

struct Ledger {
  Register<bool> identified{false}; // the identity was set
  std::vector<GroupLedger> groups;

  Ledger after(Position cut) const;
};

// The identity that every node of this test has.
storage::Identity test_identity();
// A stamped batch of one record with one of a few keys, or a Raft entry without offsets, that follows `content`.
LogEntry next_batch(const LogContent& content, Term term, std::size_t value_bytes, std::uint64_t seed);
// Where the newest record of each key below `cut` is: older ones are to go.
std::map<std::string, Offset> newest_below(const LogContent& content, Offset cut);
std::string key_of(const LogEntry& batch);
LogEntry next_noop(const LogContent& content, Term term);

} // namespace callboard::powercut
