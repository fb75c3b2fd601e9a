#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "schema/record_batch.h"
#include "storage/keys.h"
#include "storage/lmdb.h"
#include "storage/log_reader.h"
#include "storage/mapped_guard.h"
#include "storage/node_state.h"
#include "storage/partition_log.h"

namespace callboard {
template <class Tag, class Rep>
std::ostream& operator<<(std::ostream& out, const Strong<Tag, Rep>& value) {
  return out << value.value;
}
inline std::ostream& operator<<(std::ostream& out, ErrorCode code) {
  return out << name_of(code);
}
} // namespace callboard

namespace callboard::storage {

// A directory of the test's own, gone at its end.
class TemporaryDirectory {
public:
  TemporaryDirectory() {
    // In memory where there is such a place: what these tests check does not depend on the disk.
    const auto base = std::filesystem::exists("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                          : std::filesystem::temp_directory_path();
    std::string pattern = (base / "callboard-test-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

template <class T>
T must(Result<T> result) {
  if (!result) BOOST_FAIL(result.error().message);
  return std::move(result).value();
}
inline void must(const Status& status) {
  if (!status) BOOST_FAIL(status.error().message);
}

// A batch of `records` records of `value_bytes` each, with timestamps from `time` on.
inline SharedBytes make_batch(int records, std::size_t value_bytes, TimestampMs time, std::uint64_t seed = 1) {
  BatchBuilder builder(time);
  std::mt19937_64 random(seed);
  std::string value(value_bytes, '\0');
  for (int i = 0; i < records; ++i) {
    for (auto& byte : value) byte = static_cast<char>(random());
    builder.add(std::nullopt, bytes_of(value), time + i);
  }
  return builder.finish();
}

// As if the machine had lost power under a node that nobody has open: the boot id changed
// and there is no clean mark.
inline void pretend_power_cut(const std::string& directory) {
  auto env = must(Env::open({directory + "/node-state.mdb", 1 << 30, 2, true}));
  Txn txn(*env, Txn::Kind::write);
  MDB_dbi table = 0;
  BOOST_REQUIRE_EQUAL(txn.open_table(node_table, 0, table), 0);
  MDB_val sealed;
  BOOST_REQUIRE_EQUAL(txn.get(table, bytes_of("boot"), sealed), 0);
  std::string boot(text_of(open_row("boot", view_of(sealed)).value()));
  std::fill_n(boot.begin(), 36, '0');
  boot[36] = '\0'; // what follows, how often that happened, stays
  BOOST_REQUIRE_EQUAL(txn.put(table, bytes_of("boot"), bytes_of(seal_row("boot", bytes_of(boot)))), 0);
  BOOST_REQUIRE_EQUAL(txn.commit(), 0);
}

// A log on disk with its node, and a copy in memory of what it must hold.
class LogFixture {
public:
  explicit LogFixture(LogOptions log_options = {}) : options(log_options) {
    install_fault_handlers(); // Boost.Test puts its own in place for every test
    reopen();
  }

  void reopen() {
    log.reset();
    node.reset();
    node = must(NodeState::open(directory.path()));
    log = must(PartitionLog::open(*node, group, directory.path(), options, now));
  }

  LogEntry make_entry(int records = 3, std::size_t value_bytes = 100, Term term = Term(1)) {
    LogEntry entry;
    entry.index = RaftIndex(entries.size() + 1);
    entry.term = term;
    entry.base_offset = entries.empty() ? Offset(0) : entries.back().next_offset();
    entry.offset_count = records;
    entry.payload = make_batch(records, value_bytes, now, entry.index.value);
    entry.max_timestamp = now + records - 1;
    stamp_batch(entry.payload.stampable(), entry.base_offset, term);
    now += 10;
    return entry;
  }
  LogEntry make_noop(Term term) {
    LogEntry entry;
    entry.index = RaftIndex(entries.size() + 1);
    entry.term = term;
    entry.type = EntryType::noop;
    entry.base_offset = entries.empty() ? Offset(0) : entries.back().next_offset();
    return entry;
  }
  Status append(LogEntry entry) {
    LogWrite write;
    write.entries.push_back(entry);
    auto written = log->write(write, now);
    if (written) entries.push_back(std::move(entry));
    return written;
  }
  void append_batches(int count, int records = 3, std::size_t value_bytes = 100) {
    for (int i = 0; i < count; ++i) must(append(make_entry(records, value_bytes)));
  }
  Status truncate(RaftIndex from) {
    LogWrite write;
    write.truncate_from = from;
    auto written = log->write(write, now);
    if (written) entries.resize(from.value - 1);
    return written;
  }
  void finish_background() {
    while (log->has_background_work()) must(log->run_background_step());
  }
  Offset next_offset() const { return entries.empty() ? Offset(0) : entries.back().next_offset(); }

  // Everything that can be read equals what was written.
  void check_content(RaftIndex from = RaftIndex(1)) const {
    const auto read = must(log->view()->read_entries(from, RaftIndex(entries.size()), SIZE_MAX));
    BOOST_REQUIRE_EQUAL(read.size(), entries.size() - from.value + 1);
    for (std::size_t i = 0; i < read.size(); ++i) check_entry(read[i]);
  }
  void check_entry(const LogEntry& read) const {
    const auto& wrote = entries.at(read.index.value - 1);
    BOOST_REQUIRE_EQUAL(read.term, wrote.term);
    BOOST_REQUIRE(read.type == wrote.type);
    BOOST_REQUIRE_EQUAL(read.base_offset, wrote.base_offset);
    BOOST_REQUIRE_EQUAL(read.offset_count, wrote.offset_count);
    BOOST_REQUIRE_EQUAL(read.max_timestamp, wrote.max_timestamp);
    BOOST_REQUIRE(read.payload.text() == wrote.payload.text());
  }
  std::string segment_file(std::size_t i) const {
    const auto id = log->manifest().segments.at(i).id.value;
    char name[64];
    std::snprintf(name, sizeof name, "/groups/%016llx/%016llx.mdb", static_cast<unsigned long long>(group.value),
                  static_cast<unsigned long long>(id));
    return directory.path() + name;
  }

  TemporaryDirectory directory;
  GroupId group{7};
  LogOptions options;
  TimestampMs now = 1'700'000'000'000;
  std::vector<LogEntry> entries;
  std::unique_ptr<NodeState> node;
  std::unique_ptr<PartitionLog> log;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
}

} // namespace callboard::storage
