// The background check of closed segments, and what becomes of a damaged log.
#include "storage/scrub.h"

#include "fixture.h"
#include "storage/closed_segment.h"
#include "storage/quarantine.h"

namespace callboard::storage {
namespace {

LogOptions small_segments(Durability durability = Durability::fsync) {
  LogOptions options;
  options.segment_bytes = 64 << 10;
  options.durability = durability;
  return options;
}

struct Pass {
  std::uint64_t bytes = 0;
  std::vector<ScrubFinding> damage;
};

Pass pass(Scrubber& scrubber) {
  Pass seen;
  for (;;) {
    auto step = must(scrubber.step());
    seen.bytes += step.bytes;
    if (step.damage) seen.damage.push_back(std::move(*step.damage));
    if (step.pass_done) return seen;
  }
}

std::uint64_t closed_bytes(const LogFixture& log) {
  std::uint64_t bytes = 0;
  for (const auto& info : log.log->manifest().segments) bytes += info.closed ? info.bytes : 0;
  return bytes;
}

std::string segment_of(const LogFixture& log, std::size_t i) {
  return segment_path(log.directory.path() + "/groups/" + hex16(log.group.value), log.log->manifest().segments[i].id);
}

void flip(const std::string& path, std::size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

BOOST_AUTO_TEST_SUITE(scrub)

BOOST_AUTO_TEST_CASE(a_pass_reads_every_closed_segment_once) {
  LogFixture log(small_segments());
  Scrubber scrubber(*log.node, log.directory.path());
  BOOST_TEST(pass(scrubber).bytes == 0U);
  log.append_batches(60, 3, 2000);
  log.finish_background();
  BOOST_REQUIRE(log.log->manifest().segments.size() > 3);
  for (int passes = 0; passes < 2; ++passes) {
    const auto seen = pass(scrubber);
    BOOST_TEST(seen.bytes == closed_bytes(log));
    BOOST_TEST(seen.damage.empty());
    BOOST_TEST(scrubber.position().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_a_short_file_and_a_missing_one_are_found) {
  for (int what = 0; what < 4; ++what) {
    LogFixture log(small_segments());
    log.append_batches(60, 3, 2000);
    log.finish_background();
    const auto path = segment_of(log, 1);
    if (what == 0) flip(path, std::filesystem::file_size(path) / 2);
    if (what == 1) std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    if (what == 2) std::filesystem::remove(path);
    if (what == 3) flip(sidecar_path(path), 20);
    Scrubber scrubber(*log.node, log.directory.path());
    const auto seen = pass(scrubber);
    BOOST_TEST_CONTEXT(what) {
      BOOST_REQUIRE(seen.damage.size() == 1U);
      BOOST_TEST(seen.damage.front().group == log.group);
      BOOST_TEST(seen.damage.front().error.message.find(hex16(log.log->manifest().segments[1].id.value)) !=
                 std::string::npos);
    }
  }
}

// Between two steps anything may happen to the segment under way.
BOOST_AUTO_TEST_CASE(a_segment_that_goes_meanwhile_is_no_damage) {
  LogFixture log(small_segments());
  log.append_batches(60, 3, 2000);
  log.finish_background();
  Scrubber scrubber(*log.node, log.directory.path());
  while (scrubber.position().find("segment 1,") == std::string::npos) must(scrubber.step());
  must(log.log->set_log_start(log.log->manifest().segments[2].base_offset));
  log.finish_background();
  BOOST_TEST(
      !std::filesystem::exists(log.directory.path() + "/groups/" + hex16(log.group.value) + "/" + hex16(1) + ".mdb"));
  BOOST_TEST(pass(scrubber).damage.empty());
}

BOOST_AUTO_TEST_CASE(a_log_set_aside_begins_anew_in_another_life) {
  LogFixture log(small_segments());
  HardState hard;
  hard.term = Term(7);
  hard.vote = NodeId(2);
  hard.membership.voters = {NodeId(1), NodeId(2), NodeId(3)};
  const GroupUpdate vote{log.group, hard, std::nullopt, false};
  must(log.node->commit({&vote, 1}));
  log.append_batches(60, 3, 2000);
  const auto first_file = segment_of(log, 0);
  const auto next_segment = log.log->manifest().next_segment;
  log.log.reset();

  const auto where = must(set_aside(*log.node, log.group, log.directory.path()));
  BOOST_TEST(std::filesystem::exists(where + "/" + std::filesystem::path(first_file).filename().string()));
  BOOST_TEST(!std::filesystem::exists(first_file));
  const auto record = must(log.node->read(log.group));
  hard.life = 1;
  hard.recovering = true;
  BOOST_TEST((record->hard == hard));
  BOOST_TEST(record->manifest.segments.empty());

  log.entries.clear();
  log.reopen();
  BOOST_TEST(log.log->take_recovered().last_index.value == 0U);
  log.append_batches(3);
  BOOST_TEST(log.log->manifest().segments.front().id == next_segment); // no file of the old ones' names
}

BOOST_AUTO_TEST_CASE(few_logs_set_aside_are_kept_and_none_is_needed) {
  LogFixture log(small_segments());
  for (std::size_t i = 0; i < quarantined_logs_max + 3; ++i) {
    log.append_batches(1);
    log.log.reset();
    must(set_aside(*log.node, log.group, log.directory.path()));
    log.entries.clear();
    log.reopen();
  }
  const auto kept = must(list_directory(log.directory.path() + "/quarantine"));
  BOOST_TEST(kept.size() == quarantined_logs_max);
  log.log.reset();
  std::filesystem::remove_all(log.directory.path() + "/groups/" + hex16(log.group.value));
  BOOST_TEST(must(set_aside(*log.node, log.group, log.directory.path())).empty());
  BOOST_TEST(must(log.node->read(log.group))->hard.life == quarantined_logs_max + 4);
}

BOOST_AUTO_TEST_CASE(an_interval_log_that_lost_its_end_begins_another_life) {
  LogFixture log(small_segments(Durability::interval));
  log.append_batches(5);
  must(log.log->sync());
  log.append_batches(5);
  must(log.node->settle());
  log.log.reset();
  log.node.reset();
  pretend_power_cut(log.directory.path());
  log.entries.resize(5);
  log.reopen();
  BOOST_TEST(log.log->take_recovered().last_index.value == 5U);
  const auto hard = must(log.node->read(log.group))->hard;
  BOOST_TEST(hard.life == 1U);
  BOOST_TEST(hard.recovering);
  log.reopen(); // the end of a process is no power cut
  BOOST_TEST(must(log.node->read(log.group))->hard.life == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
