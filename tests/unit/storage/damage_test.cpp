#include <sys/mman.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "fixture.h"
#include "storage/mapped_guard.h"
#include "storage/segment_check.h"

namespace callboard::storage {
namespace {

LogOptions small_segments(Durability durability) {
  LogOptions options;
  options.durability = durability;
  options.segment_bytes = 600'000;
  return options;
}

// Small batches in the leaves, large ones on pages of their own, rolls, state.
void fill(LogFixture& log) {
  for (int round = 0; round < 8; ++round) {
    log.append_batches(20, 2, 60);
    must(log.append(log.make_noop(Term(round + 1))));
    log.append_batches(3, 64, 1000);
  }
  LogWrite write;
  write.state = {{"producer", std::string(300, 's')}};
  write.applied = RaftIndex(5);
  must(log.log->write(write, log.now));
  must(log.truncate(RaftIndex(log.entries.size() - 1))); // free pages as well
  log.append_batches(4, 2, 60);
  log.finish_background();
}

void expect_damage(const Error& error) {
  BOOST_TEST(error.code == ErrorCode::corrupt_storage, error.message);
}

// Opens the log and reads all of it: each part is refused as damaged or right.
bool survives(LogFixture& log) {
  auto opened = PartitionLog::open(*log.node, log.group, log.directory.path(), log.options, log.now);
  if (!opened) {
    expect_damage(opened.error());
    return false;
  }
  bool whole = true;
  for (std::size_t i = 1; i <= log.entries.size();) {
    auto read = (*opened)->view()->read_entries(RaftIndex(i), RaftIndex(log.entries.size()), 100'000);
    if (!read) {
      expect_damage(read.error());
      whole = false;
      i += 10;
      continue;
    }
    if (read->empty()) return false; // only a lost last commit looks like this
    for (const auto& entry : *read) log.check_entry(entry);
    i += read->size();
  }
  const auto by_offset = (*opened)->view()->read_offsets(Offset(0), {log.next_offset(), SIZE_MAX, true});
  if (!by_offset) expect_damage(by_offset.error());
  const auto by_time = (*opened)->view()->find_time(log.now - 500, log.next_offset());
  if (!by_time) expect_damage(by_time.error());
  // Writing on a log that could be opened must not fall over either.
  LogWrite write;
  write.truncate_from = RaftIndex(log.entries.size() - 2);
  if (const auto cut = (*opened)->write(write, log.now); !cut)
    BOOST_TEST((cut.error().code == ErrorCode::corrupt_storage || cut.error().code == ErrorCode::invalid_argument));
  return whole && by_offset.ok();
}

struct Saved {
  explicit Saved(const std::filesystem::path& folder) {
    for (const auto& file : std::filesystem::directory_iterator(folder))
      files.emplace_back(file.path().string(), read_file(file.path().string()));
  }
  void restore() const {
    for (const auto& [path, content] : files) write_file(path, content);
  }
  std::vector<std::pair<std::string, std::string>> files;
};

BOOST_AUTO_TEST_SUITE(damage)

BOOST_AUTO_TEST_CASE(flipped_bytes_anywhere_in_a_log_never_crash_nor_give_wrong_data) {
  constexpr std::uint32_t seed = 20261122;
  BOOST_TEST_MESSAGE("seed " << seed);
  for (const auto durability : {Durability::fsync, Durability::interval}) {
    std::mt19937_64 random(seed);
    LogFixture log(small_segments(durability));
    fill(log);
    const auto record = must(log.node->read(log.group));
    const auto folder = std::filesystem::path(log.segment_file(0)).parent_path();
    must(log.log->close());
    const Saved saved(folder);
    int found = 0;
    constexpr int rounds = 300;
    for (int i = 0; i < rounds; ++i) {
      const auto& [path, content] = saved.files[random() % saved.files.size()];
      if (content.empty()) continue;
      auto broken = content;
      // Half of the flips hit the first bytes of a page, where the structure is.
      auto at = random() % broken.size();
      if (i % 2 == 0) at = std::min<std::size_t>(at / 4096 * 4096 + random() % 200, broken.size() - 1);
      broken[at] = static_cast<char>(broken[at] ^ static_cast<char>(random() % 255 + 1));
      write_file(path, broken);
      BOOST_TEST_CONTEXT("seed " << seed << " round " << i << ": byte " << at << " of " << path) {
        if (!survives(log)) ++found;
      }
      saved.restore();
      const GroupUpdate update{log.group, std::nullopt, record->manifest, false};
      must(log.node->commit({&update, 1}));
    }
    BOOST_TEST_MESSAGE(found << " of " << rounds << " flips hit something that was read");
    BOOST_TEST(found > rounds / 4);
    BOOST_TEST(survives(log));
  }
}

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_is_found) {
  constexpr std::uint32_t seed = 7;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  LogFixture log(small_segments(Durability::fsync));
  fill(log);
  const auto record = must(log.node->read(log.group));
  const auto folder = std::filesystem::path(log.segment_file(0)).parent_path();
  const auto segments = record->manifest.segments.size();
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < segments; ++i) paths.push_back(log.segment_file(i));
  must(log.log->close());
  const Saved saved(folder);
  for (int i = 0; i < 60; ++i) {
    const auto& path = paths[random() % paths.size()];
    const auto size = std::filesystem::file_size(path);
    const auto cut = i % 3 == 0 ? size / 2 : random() % size;
    std::filesystem::resize_file(path, cut);
    BOOST_TEST_CONTEXT("seed " << seed << ": " << path << " cut to " << cut << " of " << size) {
      BOOST_TEST(!survives(log));
    }
    saved.restore();
    const GroupUpdate update{log.group, std::nullopt, record->manifest, false};
    must(log.node->commit({&update, 1}));
  }
}

// An environment whose map faulted is leaked on purpose.
struct LeaksAreMeant {
#ifdef __SANITIZE_ADDRESS__
  LeaksAreMeant() {
    __lsan_disable();
  }
  ~LeaksAreMeant() {
    __lsan_enable();
  }
#endif
};

BOOST_FIXTURE_TEST_CASE(a_segment_cut_while_it_is_open_fences_its_log_only, LeaksAreMeant) {
  LogFixture log(small_segments(Durability::fsync));
  fill(log);
  log.reopen();
  must(log.log->view()->read_offsets(Offset(0), {log.next_offset(), 1000, true}));
  std::filesystem::resize_file(log.segment_file(0), 4096);                                       // closed
  std::filesystem::resize_file(log.segment_file(log.log->manifest().segments.size() - 1), 8192); // active
  std::size_t refused = 0;
  for (std::size_t i = 1; i <= log.entries.size(); ++i) {
    const auto read = log.log->view()->read_entries(RaftIndex(i), RaftIndex(i), 1);
    if (read) {
      for (const auto& entry : *read) log.check_entry(entry);
    } else {
      expect_damage(read.error());
      ++refused;
    }
  }
  BOOST_TEST(refused > 0U);
  const auto written = log.append(log.make_entry());
  BOOST_TEST(!written.ok());
  expect_damage(written.error());
  BOOST_TEST(!log.append(log.make_entry()).ok()); // and stays refused
  PartitionLog& broken = *log.log;
  BOOST_TEST(!broken.write({RaftIndex(1), {}, {}, {}}, log.now).ok());
  auto other = must(PartitionLog::open(*log.node, GroupId(8), log.directory.path(), log.options, log.now));
  LogWrite write;
  log.entries.clear();
  write.entries.push_back(log.make_entry());
  must(other->write(write, log.now));
}

void lose_power(LogFixture& log) {
  log.log.reset();
  log.node.reset();
  pretend_power_cut(log.directory.path());
}

// A page of which only some sectors' writes reached the disk since `flushed`.
std::string torn_between(const std::string& flushed, const std::string& cached, std::mt19937_64& random) {
  auto content = cached;
  for (std::size_t at = 0; at < content.size(); at += 512) {
    if (random() % 2 == 0) continue;
    for (auto i = at; i < std::min(at + 512, content.size()); ++i) content[i] = i < flushed.size() ? flushed[i] : '\0';
  }
  return content;
}

BOOST_AUTO_TEST_CASE(after_a_power_cut_an_interval_log_holds_exactly_what_was_flushed) {
  constexpr std::uint32_t seed = 99;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 30; ++round) {
    LogFixture log(small_segments(Durability::interval));
    log.append_batches(30, 2, 60);
    LogWrite write;
    write.state = {{"k", "v"}};
    write.applied = RaftIndex(10);
    must(log.log->write(write, log.now));
    if (round % 3 == 0) must(log.truncate(RaftIndex(25)));
    must(log.log->sync());
    const auto path = log.segment_file(0);
    const auto flushed = read_file(path);
    const auto promised = log.entries.size();
    must(log.truncate(RaftIndex(promised - 1)));
    log.append_batches(5, 64, 500);
    log.append_batches(20, 2, 60);
    lose_power(log);
    write_file(path, torn_between(flushed, read_file(path), random));
    BOOST_TEST_CONTEXT("seed " << seed << " round " << round) {
      log.reopen();
      BOOST_TEST(log.node->unclean_boot());
      const auto recovered = log.log->take_recovered();
      BOOST_REQUIRE_EQUAL(recovered.last_index.value, promised);
      BOOST_TEST(recovered.applied == RaftIndex(10));
      BOOST_TEST(recovered.state.size() == 1U);
      log.entries.resize(promised - 2); // the last two were truncated and written anew
      const auto read = must(log.log->view()->read_entries(RaftIndex(1), RaftIndex(promised - 2), SIZE_MAX));
      for (const auto& entry : read) log.check_entry(entry);
      must(log.truncate(RaftIndex(promised - 1)));
      log.append_batches(3);
      log.reopen(); // again, in the same boot: what was not flushed is in the page cache
      log.check_content();
    }
  }
}

BOOST_AUTO_TEST_CASE(an_interval_segment_without_unflushed_commits_is_kept_after_a_power_cut) {
  LogFixture log(small_segments(Durability::interval));
  log.append_batches(30, 2, 60);
  must(log.log->sync());
  const auto id = log.log->manifest().segments.back().id;
  lose_power(log);
  log.reopen();
  BOOST_TEST(log.log->manifest().segments.back().id == id);
  log.check_content();
}

BOOST_AUTO_TEST_CASE(after_a_power_cut_the_log_start_is_not_ahead_of_an_interval_log) {
  LogFixture log(small_segments(Durability::interval));
  log.append_batches(10);
  must(log.log->set_log_start(log.next_offset())); // nothing was flushed by itself
  lose_power(log);
  log.reopen();
  BOOST_TEST(log.log->take_recovered().next_offset == log.next_offset());
  log.check_content();
}

BOOST_AUTO_TEST_CASE(a_segment_that_is_active_again_has_the_durability_that_the_log_has_now) {
  for (const bool closed : {false, true}) {
    auto options = small_segments(Durability::interval);
    options.segment_bytes = 4000;
    LogFixture log(options);
    log.append_batches(30);
    BOOST_REQUIRE(log.log->manifest().segments.size() > 1U);
    if (closed) log.finish_background();
    log.options.durability = Durability::fsync;
    log.log->set_options(log.options);
    must(log.truncate(RaftIndex(3))); // in the first segment
    log.append_batches(2);            // promised to be on disk
    lose_power(log);
    log.reopen();
    BOOST_TEST(log.log->take_recovered().last_index == RaftIndex(4));
    log.check_content();
  }
}

BOOST_AUTO_TEST_CASE(verifying_a_segment_tells_whole_from_damaged) {
  LogFixture log(small_segments(Durability::fsync));
  log.append_batches(30, 20, 400);
  const auto path = log.segment_file(0);
  must(log.log->close());
  BOOST_TEST(verify_segment_main(path) == 0);
  auto content = read_file(path);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  write_file(path, content);
  BOOST_TEST(verify_segment_main(path) == 1);
  BOOST_TEST(verify_segment_main("/nowhere.mdb") == 1);
}

BOOST_AUTO_TEST_CASE(a_guarded_read_past_the_end_of_a_file_comes_back) {
  install_fault_handlers();
  TemporaryDirectory directory;
  const auto path = directory.path() + "/file";
  write_file(path, std::string(8192, 'x'));
  const auto file = must(File::open(path, 0));
  auto* base = static_cast<std::uint8_t*>(::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, file.fd(), 0));
  const MapRange range{base, 8192};
  volatile std::uint8_t seen = 0;
  BOOST_TEST(guarded(range, [&] { seen = base[5000]; }));
  BOOST_TEST(seen == 'x');
  std::filesystem::resize_file(path, 0);
  BOOST_TEST(!guarded(range, [&] { seen = base[5000]; }));
  BOOST_TEST(!guarded({}, [&] { // the outer one takes what the inner one does not know
    static_cast<void>(guarded(range, [&] { abandon_guarded(); }));
    abandon_guarded();
  }));
  ::munmap(base, 8192);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
