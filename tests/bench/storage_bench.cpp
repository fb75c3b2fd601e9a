// What the storage layer costs beside a bare LMDB loop that does only the unavoidable:
//   storage_bench DIR [MB] [REPEATS]
// Rows of one run may be compared with each other; MB and GB are 10^6 and 10^9 bytes.
#include <lmdb.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "schema/record_batch.h"
#include "storage/log_reader.h"
#include "storage/partition_log.h"

namespace callboard::storage {
namespace {

constexpr int batches_per_commit = 16;

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(result).value();
}

struct Cost {
  double seconds = 0;
  double cpu = 0;
};

Cost now() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  const auto wall = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(wall).count(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

Cost operator-(const Cost& end, const Cost& start) {
  return {end.seconds - start.seconds, end.cpu - start.cpu};
}

template <class Work>
Cost measured(Work work) {
  const auto start = now();
  work();
  return now() - start;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Median of the repeats; alternating callers keep the machine's moods out of the ratio.
struct Row {
  std::string name;
  std::vector<double> mb_per_s;
  std::vector<double> cpu_per_gb;
  void add(const Cost& cost, double bytes) {
    mb_per_s.push_back(bytes / 1e6 / cost.seconds);
    cpu_per_gb.push_back(cost.cpu / (bytes / 1e9));
  }
  void print() const {
    std::printf("%-34s %8.0f MB/s %8.3f CPU s/GB\n", name.c_str(), median(mb_per_s), median(cpu_per_gb));
  }
};

SharedBytes make_batch(std::size_t record_bytes, std::size_t batch_bytes) {
  BatchBuilder builder(1'700'000'000'000);
  const std::string value(record_bytes, 'v');
  for (std::size_t i = 0; i < batch_bytes / (record_bytes + 8); ++i)
    builder.add(std::nullopt, bytes_of(value), 1'700'000'000'000);
  return builder.finish();
}

void check(int code) {
  if (code == 0) return;
  std::fprintf(stderr, "%s\n", mdb_strerror(code));
  std::exit(1);
}

void bare_lmdb(const std::string& directory, ByteView batch, std::size_t commits, unsigned flags) {
  const auto path = directory + "/bare.mdb";
  MDB_env* env = nullptr;
  check(mdb_env_create(&env));
  check(mdb_env_set_mapsize(env, std::size_t{8} << 30));
  check(mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | flags, 0600));
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < commits; ++i) {
    MDB_txn* txn = nullptr;
    MDB_dbi table = 0;
    check(mdb_txn_begin(env, nullptr, 0, &txn));
    check(mdb_dbi_open(txn, nullptr, MDB_INTEGERKEY, &table));
    for (int j = 0; j < batches_per_commit; ++j, ++key) {
      MDB_val k{sizeof key, &key};
      MDB_val v{batch.size(), nullptr};
      check(mdb_put(txn, table, &k, &v, MDB_APPEND | MDB_RESERVE));
      std::memcpy(v.mv_data, batch.data(), batch.size());
    }
    check(mdb_txn_commit(txn));
  }
  mdb_env_close(env);
}

class BenchLog {
public:
  BenchLog(const std::string& directory, Durability durability) {
    LogOptions options;
    options.durability = durability;
    node_ = must(NodeState::open(directory));
    log_ = must(PartitionLog::open(*node_, GroupId(2), directory, options, 0));
  }
  void append(const SharedBytes& batch, int batches) {
    write_.entries.resize(static_cast<std::size_t>(batches));
    for (auto& entry : write_.entries) {
      entry.index = index_ = index_.next();
      entry.term = Term(1);
      entry.base_offset = next_;
      entry.offset_count = must(read_batch_header(batch.view())).count;
      entry.max_timestamp = 1'700'000'000'000;
      entry.payload = batch;
      next_ = entry.next_offset();
    }
    must(log_->write(write_, 0));
    if (log_->has_background_work()) must(log_->run_background_step());
  }
  void finish() {
    if (log_->needs_sync()) must(log_->sync());
    while (log_->has_background_work()) must(log_->run_background_step());
  }
  // The benchmark appends one unstamped batch again and again, so offsets are counted.
  std::size_t read_all() const {
    std::size_t bytes = 0;
    for (Offset from; from < next_;) {
      for (const auto& batch : must(log_->view()->read_offsets(from, {next_, 1 << 20, true}))) {
        bytes += batch.size();
        from = from.plus(must(read_batch_header(batch.view())).count);
      }
    }
    return bytes;
  }
  std::int64_t records() const { return next_.value; }

private:
  std::unique_ptr<NodeState> node_;
  std::unique_ptr<PartitionLog> log_;
  LogWrite write_;
  RaftIndex index_;
  Offset next_;
};

std::string fresh(const std::string& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

std::uintmax_t bytes_in(const std::string& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory))
    if (file.is_regular_file()) bytes += file.file_size();
  return bytes;
}

void compare_writes(const std::string& directory, std::size_t mb, int repeats) {
  const auto batch = make_batch(1024, 65536);
  const auto commits = mb * 1'000'000 / batch.size() / batches_per_commit;
  const auto bytes = static_cast<double>(commits * batches_per_commit * batch.size());
  Row rows[] = {
      {"bare LMDB, sync", {}, {}}, {"log, fsync", {}, {}}, {"bare LMDB, no sync", {}, {}}, {"log, interval", {}, {}}};
  for (int i = 0; i < repeats; ++i) {
    for (const bool sync : {true, false}) {
      fresh(directory);
      rows[sync ? 0 : 2].add(measured([&] { bare_lmdb(directory, batch.view(), commits, sync ? 0 : MDB_NOSYNC); }),
                             bytes);
      fresh(directory);
      BenchLog log(directory, sync ? Durability::fsync : Durability::interval);
      rows[sync ? 1 : 3].add(measured([&] {
                               for (std::size_t j = 0; j < commits; ++j) log.append(batch, batches_per_commit);
                             }),
                             bytes);
    }
  }
  for (const auto& row : rows) row.print();
}

void measure_reads(const std::string& directory, std::size_t mb, int repeats) {
  const auto batch = make_batch(1024, 65536);
  const auto commits = mb * 1'000'000 / batch.size() / batches_per_commit;
  BenchLog log(fresh(directory), Durability::interval);
  for (std::size_t j = 0; j < commits; ++j) log.append(batch, batches_per_commit);
  log.finish();
  Row row{"read from the start, 1 MiB reads", {}, {}};
  for (int i = 0; i < repeats; ++i) {
    std::size_t bytes = 0;
    const auto cost = measured([&] { bytes = log.read_all(); });
    row.add(cost, static_cast<double>(bytes));
  }
  row.print();
}

void measure_size(const std::string& directory, std::size_t record_bytes) {
  BenchLog log(fresh(directory), Durability::fsync);
  const auto batch = make_batch(record_bytes, 65536);
  for (int i = 0; i < 120; ++i) log.append(batch, batches_per_commit);
  log.finish();
  const auto segments = bytes_in(directory + "/groups");
  std::printf("%-34s %8.1f bytes on disk a record\n", (std::to_string(record_bytes) + "-byte records, 64 KiB").c_str(),
              static_cast<double>(segments) / static_cast<double>(log.records()));
}

long rss_anon_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::atol(line.c_str() + 8);
  return 0;
}

void measure_many(const std::string& directory, std::size_t logs) {
  fresh(directory);
  auto node = must(NodeState::open(directory));
  std::vector<GroupUpdate> updates;
  for (std::size_t i = 0; i < logs; ++i)
    updates.push_back({GroupId(i + 2), HardState{Term(1), NodeId(1), {{NodeId(1)}}}, std::nullopt, false});
  const auto commit = measured([&] { must(node->commit(updates)); });
  std::printf("%-34s %8.1f ms\n", (std::to_string(logs) + " group updates, one commit").c_str(), commit.seconds * 1e3);

  const auto batch = make_batch(100, 1000);
  std::vector<std::unique_ptr<PartitionLog>> open;
  LogOptions options;
  options.durability = Durability::interval;
  const auto open_all = [&] {
    for (std::size_t i = 0; i < logs; ++i)
      open.push_back(must(PartitionLog::open(*node, GroupId(i + 2), directory, options, 0)));
  };
  open_all();
  const auto before = rss_anon_kib();
  const auto fill = measured([&] {
    for (auto& log : open) {
      LogWrite write;
      write.entries.resize(1);
      for (std::uint64_t i = 0; i < 20; ++i) {
        auto& entry = write.entries.front();
        entry.index = RaftIndex(i + 1);
        entry.base_offset = Offset(static_cast<std::int64_t>(9 * i));
        entry.offset_count = 9;
        entry.payload = batch;
        must(log->write(write, 0));
      }
    }
  });
  std::printf("%-34s %8.1f ms each\n", "create and write 20 small batches",
              fill.seconds * 1e3 / static_cast<double>(logs));
  std::printf("%-34s %8.1f KiB RssAnon a log\n", (std::to_string(logs) + " open logs").c_str(),
              static_cast<double>(rss_anon_kib() - before) / static_cast<double>(logs));
  open.clear();
  const auto reopen = measured(open_all);
  std::printf("%-34s %8.3f ms each\n", "open an existing log", reopen.seconds * 1e3 / static_cast<double>(logs));
}

void measure_start(const std::string& directory) {
  fresh(directory);
  const auto cost = measured([&] { must(NodeState::open(directory)); });
  std::printf("%-34s %8.1f ms\n", "open an empty data directory", cost.seconds * 1e3);
  const auto again = measured([&] { must(NodeState::open(directory)); });
  std::printf("%-34s %8.1f ms\n", "open it again", again.seconds * 1e3);
}

int run(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: storage_bench DIR [MB] [REPEATS]\n");
    return 2;
  }
  // Freed buffers are kept for the next ones. LMDB's tables of an environment, 1 and
  // 2 MiB that are hardly touched, must come from mmap: else each costs its whole size.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
  const std::string directory = std::string(argv[1]) + "/storage_bench.tmp";
  const auto mb = static_cast<std::size_t>(argc > 2 ? std::atol(argv[2]) : 1024);
  const int repeats = argc > 3 ? std::atoi(argv[3]) : 5;
  measure_start(directory);
  measure_many(directory, 1000);
  measure_size(directory, 100);
  measure_size(directory, 1024);
  compare_writes(directory, mb, repeats);
  measure_reads(directory, mb, repeats);
  std::filesystem::remove_all(directory);
  return 0;
}

} // namespace
} // namespace callboard::storage

int main(int argc, char** argv) {
  return callboard::storage::run(argc, argv);
}
