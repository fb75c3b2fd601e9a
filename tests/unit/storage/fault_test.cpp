// The disk refuses: the calls through which storage and LMDB write are answered here,
// in front of libc's.
#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "fixture.h"

namespace {

enum class Fault { none, write_fails, write_is_cut, sync_fails };
struct Plan {
  Fault fault = Fault::none;
  int error = 0;
  int after = 0; // calls that still succeed
  bool once = false;
};
Plan plan;

bool strikes(Fault fault) {
  if (plan.fault != fault || plan.after-- > 0) return false;
  if (plan.once) plan.fault = Fault::none;
  errno = plan.error;
  return true;
}

template <class Function>
Function libc(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  static const auto next = libc<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  if (strikes(Fault::write_fails)) return -1;
  if (size > 1 && strikes(Fault::write_is_cut)) return next(fd, data, size / 2, at);
  return next(fd, data, size, at);
}

extern "C" ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto next = libc<ssize_t (*)(int, const iovec*, int)>("writev");
  if (strikes(Fault::write_fails)) return -1;
  if (count > 1 && strikes(Fault::write_is_cut)) return next(fd, parts, count / 2);
  return next(fd, parts, count);
}

extern "C" int fdatasync(int fd) {
  static const auto next = libc<int (*)(int)>("fdatasync");
  return strikes(Fault::sync_fails) ? -1 : next(fd);
}

extern "C" int fsync(int fd) {
  static const auto next = libc<int (*)(int)>("fsync");
  return strikes(Fault::sync_fails) ? -1 : next(fd);
}

namespace callboard::storage {
namespace {

LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = 60'000;
  return options;
}

// Every test ends with a disk that works.
struct WorkingDisk {
  ~WorkingDisk() { plan = {}; }
};

BOOST_FIXTURE_TEST_SUITE(disk_faults, WorkingDisk)

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_the_write_and_the_log_goes_on_when_there_is_space) {
  for (int after = 0; after < 12; ++after) {
    BOOST_TEST_CONTEXT("after " << after << " writes") {
      LogFixture log(small_segments());
      log.append_batches(5, 10, 500);
      plan = {Fault::write_fails, ENOSPC, after};
      std::optional<Error> refused;
      for (int i = 0; i < 30 && !refused; ++i) {
        if (auto written = log.append(log.make_entry(10, 500)); !written) refused = written.error();
      }
      BOOST_REQUIRE(refused);
      BOOST_TEST(refused->code == ErrorCode::storage_full, refused->message);
      log.check_content(); // reading goes on
      BOOST_TEST(log.append(log.make_entry()).error().code == ErrorCode::storage_full);
      plan = {};
      log.append_batches(20, 10, 500);
      log.finish_background();
      log.check_content();
      log.reopen();
      log.check_content();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_failed_write_fences_the_log_and_leaves_what_was_acknowledged) {
  for (const auto fault : {Fault::write_fails, Fault::sync_fails, Fault::write_is_cut}) {
    LogFixture log;
    log.append_batches(5, 10, 500);
    plan = {fault, EIO, 0, true};
    BOOST_TEST(log.append(log.make_entry()).error().code == ErrorCode::storage_io);
    // The disk works again, but a failed flush is never retried.
    BOOST_TEST(log.append(log.make_entry()).error().code == ErrorCode::storage_io);
    BOOST_TEST(log.log->sync().error().code == ErrorCode::storage_io);
    log.reopen();
    const auto recovered = log.log->take_recovered();
    BOOST_TEST(recovered.last_index.value >= log.entries.size()); // the refused entry may be there
    const auto read = must(log.log->view()->read_entries(RaftIndex(1), RaftIndex(log.entries.size()), SIZE_MAX));
    for (const auto& entry : read) log.check_entry(entry);
  }
}

BOOST_AUTO_TEST_CASE(a_failed_timed_flush_fences_an_interval_log) {
  LogOptions options;
  options.durability = Durability::interval;
  LogFixture log(options);
  log.append_batches(5);
  plan = {Fault::sync_fails, EIO, 0, true};
  BOOST_TEST(log.log->sync().error().code == ErrorCode::storage_io);
  BOOST_TEST(log.append(log.make_entry()).error().code == ErrorCode::storage_io);
}

BOOST_AUTO_TEST_CASE(a_flush_that_fails_during_a_roll_acknowledges_nothing) {
  for (int after = 0; after < 6; ++after) {
    LogFixture log(small_segments());
    log.append_batches(10, 10, 500);
    while (log.log->manifest().segments.size() == 1 && log.log->view()) {
      const auto entry = log.make_entry(10, 500);
      plan = {Fault::sync_fails, EIO, after, true};
      const bool last = !log.append(entry).ok();
      plan = {};
      if (last) break;
    }
    log.reopen();
    BOOST_TEST(log.log->take_recovered().last_index.value >= log.entries.size());
    if (log.entries.empty()) continue;
    const auto read = must(log.log->view()->read_entries(RaftIndex(1), RaftIndex(log.entries.size()), SIZE_MAX));
    BOOST_TEST(read.size() == log.entries.size());
    for (const auto& entry : read) log.check_entry(entry);
  }
}

BOOST_AUTO_TEST_CASE(node_state_refuses_a_failed_flush_and_keeps_what_it_promised) {
  TemporaryDirectory directory;
  auto node = must(NodeState::open(directory.path()));
  const GroupUpdate vote{GroupId(1), HardState{Term(1), NodeId(1), {}}, std::nullopt, false};
  must(node->commit({&vote, 1}));
  plan = {Fault::sync_fails, EIO, 0, true};
  const GroupUpdate later{GroupId(1), HardState{Term(2), NodeId(2), {}}, std::nullopt, false};
  BOOST_TEST(node->commit({&later, 1}).error().code == ErrorCode::storage_io);
  BOOST_TEST(node->commit({&later, 1}).error().code == ErrorCode::storage_io);
  node.reset();
  node = must(NodeState::open(directory.path()));
  BOOST_TEST(must(node->read(GroupId(1)))->hard.term >= Term(1));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
