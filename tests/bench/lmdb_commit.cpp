// What one durable commit costs here: an LMDB environment as a segment has it, one
// 1 KiB record a transaction, on a fixed schedule, measured from the scheduled time.
//   lmdb_commit DIR [RATE [SECONDS [nosync]]]
#include <fcntl.h>
#include <lmdb.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

void check(int error, const char* what) {
  if (error == 0) return;
  std::fprintf(stderr, "%s: %s\n", what, mdb_strerror(error));
  std::exit(1);
}

void commit_one(MDB_env* env, std::uint64_t key, const std::vector<char>& record) {
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  check(mdb_txn_begin(env, nullptr, 0, &txn), "begin");
  check(mdb_dbi_open(txn, nullptr, MDB_INTEGERKEY, &dbi), "open table");
  MDB_val k{sizeof key, &key};
  MDB_val v{record.size(), const_cast<char*>(record.data())};
  check(mdb_put(txn, dbi, &k, &v, MDB_APPEND), "put");
  check(mdb_txn_commit(txn), "commit");
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: lmdb_commit DIR [RATE [SECONDS [nosync]]]\n");
    return 2;
  }
  const auto path = std::string(argv[1]) + "/lmdb_commit.mdb";
  const long rate = argc > 2 ? std::atol(argv[2]) : 1000;
  const long seconds = argc > 3 ? std::atol(argv[3]) : 10;
  MDB_env* env = nullptr;
  check(mdb_env_create(&env), "create");
  check(mdb_env_set_mapsize(env, 1UL << 30), "map size");
  check(mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | (argc > 4 ? MDB_NOSYNC : 0), 0600), path.c_str());
  std::vector<double> us;
  const std::vector<char> record(1024, 'x');
  const auto start = now_ns() + 10'000'000;
  for (long i = 0; i < rate * seconds; ++i) {
    const auto due = start + i * 1'000'000'000LL / rate;
    const timespec until{due / 1'000'000'000LL, due % 1'000'000'000LL};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    commit_one(env, static_cast<std::uint64_t>(i), record);
    us.push_back(static_cast<double>(now_ns() - due) / 1e3);
  }
  mdb_env_close(env);
  unlink(path.c_str());
  unlink((path + "-lock").c_str());
  std::sort(us.begin(), us.end());
  std::printf("op=commit n=%zu p50_us=%.0f p99_us=%.0f max_us=%.0f\n", us.size(), us[us.size() / 2],
              us[us.size() * 99 / 100], us.back());
  return 0;
}
