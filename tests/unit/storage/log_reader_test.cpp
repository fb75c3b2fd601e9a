#include "storage/log_reader.h"

#include <sys/wait.h>

#include "fixture.h"

namespace callboard::storage {
namespace {

LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = 200'000;
  return options;
}

// Several segments, index rows, entries without offsets in between.
void fill(LogFixture& log) {
  for (int i = 0; i < 60; ++i) {
    log.append_batches(2, 10, 700);
    if (i % 7 == 0) must(log.append(log.make_noop(Term(1))));
  }
}

// Batches one after the other are what was written, from the one that holds `from`.
void check_batches(const LogFixture& log, Offset from, const std::vector<SharedBytes>& batches) {
  auto wrote = std::find_if(log.entries.begin(), log.entries.end(), [&](const LogEntry& entry) {
    return entry.type == EntryType::batch && entry.next_offset() > from;
  });
  for (const auto& batch : batches) {
    while (wrote->type != EntryType::batch) ++wrote;
    BOOST_REQUIRE(batch.text() == wrote->payload.text());
    ++wrote;
  }
}

// What a walk over all records finds.
TimestampHit expected_hit(const LogFixture& log, TimestampMs time, Offset start, Offset upper) {
  for (const auto& entry : log.entries) {
    if (entry.type != EntryType::batch || entry.base_offset >= upper) continue;
    TimestampHit hit;
    must(for_each_record(entry.payload.view(), [&](const RecordView& record) {
      if (record.timestamp < time || record.offset < start) return true;
      hit = {record.offset, record.timestamp};
      return false;
    }));
    if (hit.offset != unknown_offset) return hit;
  }
  return {};
}

// How a tool of lmdb-utils ends on `path`, with its output.
std::pair<int, std::string> run_tool(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  while (const auto got = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

BOOST_AUTO_TEST_SUITE(log_reader)

BOOST_AUTO_TEST_CASE(every_offset_is_found_before_and_after_closing) {
  LogFixture log(small_segments());
  fill(log);
  const auto end = log.next_offset();
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(log.log->manifest().segments.size() > 3U);
    for (Offset from; from < end; from = from.plus(7)) {
      const auto batches = must(log.log->view()->read_offsets(from, {end, 30'000, true}));
      BOOST_REQUIRE(!batches.empty());
      check_batches(log, from, batches);
    }
    BOOST_TEST(must(log.log->view()->read_offsets(end, {end, 1000, true})).empty());
    log.finish_background();
  }
}

BOOST_AUTO_TEST_CASE(limits_of_a_read_hold) {
  LogFixture log(small_segments());
  fill(log);
  const auto view = log.log->view();
  const auto size = log.entries.front().payload.size();
  const auto end = log.next_offset();
  BOOST_TEST(must(view->read_offsets(Offset(0), {end, 1, true})).size() == 1U);
  BOOST_TEST(must(view->read_offsets(Offset(0), {end, 1, false})).empty());
  BOOST_TEST(must(view->read_offsets(Offset(0), {end, 3 * size, true})).size() == 3U);
  BOOST_TEST(must(view->read_offsets(Offset(0), {Offset(10), SIZE_MAX, true})).size() == 1U);
  BOOST_TEST(must(view->read_offsets(Offset(10), {Offset(10), SIZE_MAX, true})).empty());
  BOOST_TEST(must(view->read_entries(RaftIndex(2), RaftIndex(4), SIZE_MAX)).size() == 3U);
  BOOST_TEST(must(view->read_entries(RaftIndex(2), RaftIndex(50), 1)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_outlives_the_segment_it_came_from) {
  LogFixture log(small_segments());
  fill(log);
  log.finish_background();
  const auto batches = must(log.log->view()->read_offsets(Offset(0), {log.next_offset(), 50'000, true}));
  must(log.log->set_log_start(log.next_offset()));
  log.finish_background();
  must(log.log->close());
  check_batches(log, Offset(0), batches);
}

// Whatever was open stays readable, the rest is no damage: who holds an old view tries again.
BOOST_AUTO_TEST_CASE(a_view_whose_segments_were_forgotten_reads_them_or_says_to_try_again) {
  for (const bool reopened : {false, true}) {
    LogFixture log(small_segments());
    fill(log);
    log.finish_background();
    LogWrite applied;
    applied.applied = RaftIndex(log.entries.size());
    must(log.log->write(applied, log.now));
    if (reopened) log.reopen(); // no closed segment is mapped yet
    const auto view = log.log->view();
    must(log.log->set_log_start(log.next_offset()));
    log.finish_background();
    const auto read = view->read_offsets(Offset(0), {log.next_offset(), 50'000, true});
    BOOST_REQUIRE_EQUAL(read.ok(), !reopened);
    if (reopened) BOOST_TEST(read.error().code == ErrorCode::not_leader_or_follower, read.error().message);
    if (!reopened) check_batches(log, Offset(0), *read);
  }
}

// The same of one that was rolled but not closed, while it is being closed.
BOOST_AUTO_TEST_CASE(a_view_outlives_segments_that_were_forgotten_before_they_were_closed) {
  LogFixture log(small_segments());
  fill(log);
  BOOST_REQUIRE(log.log->manifest().segments.size() > 3U);
  must(log.log->run_background_step());
  const auto view = log.log->view();
  must(log.log->set_log_start(log.log->manifest().segments[2].base_offset));
  log.finish_background();
  check_batches(log, Offset(0), must(view->read_offsets(Offset(0), {log.next_offset(), 50'000, true})));
  const auto first = log.log->manifest().segments.front();
  log.reopen();
  log.check_content(first.first_index);
}

BOOST_AUTO_TEST_CASE(times_are_found_as_a_walk_over_all_records_finds_them) {
  LogFixture log(small_segments());
  fill(log);
  for (int round = 0; round < 2; ++round) {
    const auto view = log.log->view();
    const auto upper = log.next_offset().plus(-25);
    const auto start = log.entries.front().max_timestamp - 20;
    for (auto time = start; time < log.now + 20; time += 13) {
      const auto hit = must(view->find_time(time, upper));
      const auto expected = expected_hit(log, time, Offset(0), upper);
      BOOST_REQUIRE_EQUAL(hit.offset, expected.offset);
      BOOST_REQUIRE_EQUAL(hit.timestamp, expected.timestamp);
    }
    const auto newest = must(view->find_max_time(log.next_offset()));
    BOOST_TEST(newest.offset == log.next_offset().prev());
    BOOST_TEST(newest.timestamp == log.entries.back().max_timestamp);
    log.finish_background();
  }
}

BOOST_AUTO_TEST_CASE(times_that_go_back_and_forth_are_found_too) {
  LogFixture log(small_segments());
  std::mt19937 random(11);
  for (int i = 0; i < 120; ++i) {
    log.now = 1'700'000'000'000 + static_cast<TimestampMs>(random() % 5000);
    log.append_batches(1, 10, 700);
  }
  log.finish_background();
  const auto view = log.log->view();
  for (TimestampMs time = 1'700'000'000'000; time < 1'700'000'005'100; time += 97) {
    const auto hit = must(view->find_time(time, log.next_offset()));
    BOOST_REQUIRE_EQUAL(hit.offset, expected_hit(log, time, Offset(0), log.next_offset()).offset);
  }
  const auto newest = must(view->find_max_time(log.next_offset()));
  BOOST_TEST(newest.offset == expected_hit(log, newest.timestamp, Offset(0), log.next_offset()).offset);
  BOOST_TEST(must(view->find_time(newest.timestamp + 1, log.next_offset())).offset == unknown_offset);
}

BOOST_AUTO_TEST_CASE(times_before_the_log_start_are_not_found) {
  LogFixture log;
  log.append_batches(5, 10, 100);
  must(log.log->set_log_start(Offset(13)));
  const auto hit = must(log.log->view()->find_time(0, log.next_offset()));
  BOOST_TEST(hit.offset == Offset(13));
}

BOOST_AUTO_TEST_CASE(an_empty_log_has_no_times) {
  LogFixture log;
  BOOST_TEST(must(log.log->view()->find_time(0, Offset(0))).offset == unknown_offset);
  BOOST_TEST(must(log.log->view()->find_max_time(Offset(0))).offset == unknown_offset);
}

BOOST_AUTO_TEST_CASE(lmdb_s_own_tools_read_the_segments_of_a_stopped_node) {
  LogFixture log(small_segments());
  fill(log);
  log.finish_background();
  const auto paths = {log.segment_file(0), log.segment_file(log.log->manifest().segments.size() - 1),
                      log.directory.path() + "/node-state.mdb"};
  must(log.log->close());
  log.log.reset();
  log.node.reset();
  for (const auto& path : paths) {
    const auto [stat, tables] = run_tool("mdb_stat -a -n " + path);
    BOOST_TEST(stat == 0, tables);
    BOOST_TEST((tables.find("entries") != std::string::npos || tables.find("groups") != std::string::npos));
    const auto [dump, rows] = run_tool("mdb_dump -a -n " + path);
    BOOST_TEST(dump == 0);
    BOOST_TEST(rows.find("DATA=END") != std::string::npos);
  }
  log.reopen();
  log.check_content();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
