#include "storage/partition_log.h"

#include "fixture.h"
#include "schema/crc32c.h"
#include "storage/closed_segment.h"
#include "storage/segment_mark.h"

namespace callboard::storage {
namespace {

LogOptions small_segments(Durability durability = Durability::fsync) {
  LogOptions options;
  options.durability = durability;
  options.segment_bytes = 20'000;
  return options;
}

StateRow row(const std::string& key, const std::string& value) {
  return {key, value};
}

std::vector<std::string> files_of_group(const LogFixture& log) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(log.segment_file(0)).parent_path()))
    names.push_back(file.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

BOOST_AUTO_TEST_SUITE(partition_log)

BOOST_AUTO_TEST_CASE(an_empty_log_recovers_as_empty) {
  LogFixture log;
  const auto recovered = log.log->take_recovered();
  BOOST_TEST(recovered.first_index == RaftIndex(1));
  BOOST_TEST(recovered.last_index == RaftIndex(0));
  BOOST_TEST(recovered.next_offset == Offset(0));
  BOOST_TEST(recovered.suffix.empty());
  BOOST_TEST(must(log.log->view()->read_offsets(Offset(0), {Offset(0), 1000, true})).empty());
}

BOOST_AUTO_TEST_CASE(what_was_written_is_there_after_reopening) {
  LogFixture log;
  must(log.append(log.make_noop(Term(3))));
  log.append_batches(20);
  must(log.append(log.make_entry(700, 100, Term(3)))); // a row of its own
  log.reopen();
  const auto recovered = log.log->take_recovered();
  BOOST_TEST(recovered.last_index == RaftIndex(22));
  BOOST_TEST(recovered.last_term == Term(3));
  BOOST_TEST(recovered.next_offset == log.next_offset());
  BOOST_TEST(recovered.max_timestamp == log.entries.back().max_timestamp);
  std::uint64_t payload = 0;
  for (const auto& entry : log.entries) payload += entry.payload.size();
  BOOST_TEST(recovered.payload_bytes == payload);
  BOOST_REQUIRE_EQUAL(recovered.suffix.size(), 22U);
  BOOST_TEST(recovered.suffix.back().payload.size() == batch_header_bytes);
  log.check_content();
}

BOOST_AUTO_TEST_CASE(small_entries_of_one_write_share_rows_and_read_back_one_by_one) {
  LogFixture log;
  LogWrite write;
  for (int i = 0; i < 500; ++i) {
    write.entries.push_back(log.make_entry(1, 200));
    log.entries.push_back(write.entries.back());
  }
  must(log.log->write(write, log.now));
  log.check_content();
  log.check_content(RaftIndex(333));
  log.reopen();
  log.check_content(RaftIndex(77));
  must(log.truncate(RaftIndex(250))); // in the middle of a row
  log.check_content();
  log.append_batches(3);
  log.reopen();
  log.check_content();
}

BOOST_AUTO_TEST_CASE(state_rows_are_as_of_the_applied_index_and_the_rest_is_replayed) {
  LogFixture log;
  log.append_batches(5);
  LogWrite write;
  write.state = {row("a", "1"), row("b", std::string(5000, 'x'))};
  write.applied = RaftIndex(3);
  must(log.log->write(write, log.now));
  write.state = {row("a", "2"), {"b", std::nullopt}, row("c", "")};
  write.applied = RaftIndex(4);
  must(log.log->write(write, log.now));
  log.reopen();
  const auto recovered = log.log->take_recovered();
  BOOST_TEST(recovered.applied == RaftIndex(4));
  const std::vector<StateRow> expected{row("a", "2"), row("c", "")};
  BOOST_TEST((recovered.state == expected));
  BOOST_REQUIRE_EQUAL(recovered.suffix.size(), 1U);
  BOOST_TEST(recovered.suffix.front().index == RaftIndex(5));
}

BOOST_AUTO_TEST_CASE(a_log_of_state_alone_is_a_log) {
  LogFixture log;
  LogWrite write;
  write.state = {row("k", "v")};
  write.applied = RaftIndex(1);
  must(log.log->write(write, log.now));
  log.reopen();
  BOOST_TEST(log.log->take_recovered().state.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_reset_leaves_nothing_but_what_comes_with_it) {
  LogFixture log(small_segments());
  log.append_batches(100);
  LogWrite old;
  old.state = {row("old", "1")};
  old.applied = RaftIndex(50);
  must(log.log->write(old, log.now));
  LogWrite reset;
  reset.reset = LogReset{RaftIndex(501), Offset(7000), Offset(7100)};
  reset.state = {row("new", "2")};
  reset.applied = RaftIndex(510); // ahead of the entries
  must(log.log->write(reset, log.now));
  for (int lives = 0; lives < 2; ++lives) {
    BOOST_TEST(log.log->manifest().segments.size() == 1U);
    log.finish_background();
    BOOST_TEST(files_of_group(log).size() <= 3U);
    log.reopen();
    const auto recovered = log.log->take_recovered();
    BOOST_TEST(recovered.first_index == RaftIndex(501));
    BOOST_TEST(recovered.first_offset == Offset(7000));
    BOOST_TEST(recovered.last_index == RaftIndex(500));
    BOOST_TEST(recovered.next_offset == Offset(7000));
    BOOST_TEST(recovered.log_start == Offset(7100));
    BOOST_TEST(recovered.applied == RaftIndex(510));
    BOOST_TEST((recovered.state == reset.state));
    BOOST_TEST(recovered.suffix.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_full_segment_rolls_and_carries_the_state_along) {
  for (const auto durability : {Durability::fsync, Durability::interval}) {
    LogFixture log(small_segments(durability));
    LogWrite write;
    write.state = {row("producer", "42")};
    write.applied = RaftIndex(1);
    log.append_batches(1);
    must(log.log->write(write, log.now));
    log.append_batches(200);
    BOOST_TEST(log.log->manifest().segments.size() > 3U);
    BOOST_TEST(log.log->has_background_work());
    log.check_content();
    const auto before = log.log->view();
    log.finish_background();
    log.check_content();
    BOOST_TEST(must(before->read_entries(RaftIndex(1), RaftIndex(201), SIZE_MAX)).size() == 201U);
    auto payload = log.log->active_extent().payload_bytes;
    for (std::size_t i = 0; i + 1 < log.log->manifest().segments.size(); ++i) {
      const auto& info = log.log->manifest().segments[i];
      BOOST_TEST(info.closed);
      BOOST_TEST(info.bytes == std::filesystem::file_size(log.segment_file(i)));
      BOOST_TEST(info.payload_bytes > 0U);
      payload += info.payload_bytes;
    }
    log.reopen();
    log.check_content();
    const auto recovered = log.log->take_recovered();
    BOOST_TEST(recovered.payload_bytes == payload);
    BOOST_TEST(recovered.state.size() == 1U);
    BOOST_TEST(recovered.applied == RaftIndex(1));
    BOOST_TEST(recovered.suffix.size() == 200U);
  }
}

BOOST_AUTO_TEST_CASE(a_roll_that_was_not_closed_before_a_crash_is_closed_after_it) {
  LogFixture log(small_segments());
  log.append_batches(150);
  log.reopen(); // the background work never ran
  log.check_content();
  BOOST_TEST(log.log->has_background_work());
  log.finish_background();
  log.reopen();
  log.check_content();
  BOOST_TEST(!log.log->has_background_work());
}

BOOST_AUTO_TEST_CASE(an_old_segment_rolls_by_age) {
  auto options = small_segments();
  options.segment_ms = 1000;
  LogFixture log(options);
  log.append_batches(1);
  log.now += 2000;
  log.append_batches(1);
  BOOST_TEST(log.log->manifest().segments.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_write_larger_than_a_segment_succeeds) {
  auto options = small_segments();
  options.segment_bytes = 4096;
  LogFixture log(options);
  must(log.append(log.make_entry(30, 1 << 20)));
  log.append_batches(3);
  must(log.append(log.make_entry(12, 1 << 20)));
  log.check_content();
  log.finish_background();
  log.reopen();
  log.check_content();
}

BOOST_AUTO_TEST_CASE(a_full_map_rolls_and_the_write_goes_into_the_next_segment) {
  auto options = small_segments();
  options.segment_bytes = 1 << 20;
  LogFixture log(options);
  // Nothing but non-batch entries: they do not count as payload, yet fill the map.
  for (int i = 0; i < 120; ++i) {
    auto entry = log.make_noop(Term(1));
    entry.type = EntryType::membership;
    entry.payload = SharedBytes::copy_of(std::string(100'000, static_cast<char>('a' + i % 26)));
    must(log.append(std::move(entry)));
  }
  BOOST_TEST(log.log->manifest().segments.size() > 1U);
  log.check_content();
  log.finish_background();
  log.reopen();
  log.check_content();
}

BOOST_AUTO_TEST_CASE(truncation_within_the_active_segment_replaces_entries) {
  LogFixture log;
  log.append_batches(10);
  LogWrite write;
  write.truncate_from = RaftIndex(4);
  log.entries.resize(3);
  for (int i = 0; i < 2; ++i) {
    write.entries.push_back(log.make_entry(5, 3000, Term(2)));
    log.entries.push_back(write.entries.back());
  }
  must(log.log->write(write, log.now));
  log.check_content();
  log.reopen();
  log.check_content();
  BOOST_TEST(log.log->take_recovered().last_term == Term(2));
}

BOOST_AUTO_TEST_CASE(truncation_across_rolls_reaches_closed_and_unclosed_segments_and_keeps_the_newest_state) {
  for (const bool closed : {false, true}) {
    LogFixture log(small_segments());
    log.append_batches(150);
    LogWrite write;
    write.state = {row("k", "newest")};
    write.applied = RaftIndex(20);
    must(log.log->write(write, log.now));
    if (closed) log.finish_background();
    const auto reader = log.log->view();
    must(log.truncate(RaftIndex(30)));
    log.check_content();
    BOOST_TEST(!log.log->manifest().truncate_from);
    log.append_batches(5);
    log.finish_background();
    log.check_content();
    // A view from before either reads right or says that the log changed.
    const auto stale = reader->read_entries(RaftIndex(1), RaftIndex(29), SIZE_MAX);
    if (stale) {
      for (const auto& entry : *stale) log.check_entry(entry);
    } else {
      BOOST_TEST(stale.error().code == ErrorCode::not_leader_or_follower);
    }
    log.reopen();
    log.check_content();
    const auto recovered = log.log->take_recovered();
    BOOST_TEST(recovered.applied == RaftIndex(20));
    BOOST_REQUIRE_EQUAL(recovered.state.size(), 1U);
    BOOST_TEST(*recovered.state.front().value == "newest");
  }
}

BOOST_AUTO_TEST_CASE(opening_finishes_a_truncation_that_a_crash_left_as_intent) {
  LogFixture log(small_segments());
  log.append_batches(150);
  log.finish_background();
  auto manifest = log.log->manifest();
  manifest.truncate_from = RaftIndex(40);
  log.log.reset();
  const GroupUpdate intent{log.group, std::nullopt, manifest, false};
  must(log.node->commit({&intent, 1}));
  log.entries.resize(39);
  log.reopen();
  log.check_content();
  BOOST_TEST(log.log->take_recovered().last_index == RaftIndex(39));
  BOOST_TEST(!log.log->manifest().truncate_from);
  log.append_batches(100);
  log.finish_background();
  log.reopen();
  log.check_content();
}

BOOST_AUTO_TEST_CASE(retention_unlinks_whole_segments_only) {
  LogFixture log(small_segments());
  log.append_batches(150);
  log.finish_background();
  const auto third = log.log->manifest().segments.at(2);
  must(log.log->set_log_start(third.base_offset.plus(1)));
  BOOST_TEST(log.log->manifest().segments.front().id == third.id);
  log.finish_background();
  BOOST_TEST(log.log->view()->read_offsets(third.base_offset, {log.next_offset(), 1, true}).error().code ==
             ErrorCode::offset_out_of_range);
  log.reopen();
  BOOST_TEST(log.log->take_recovered().first_index == third.first_index);
  log.check_content(third.first_index);
  must(log.log->set_log_start(log.next_offset()));
  BOOST_TEST(log.log->manifest().segments.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_expired_active_segment_makes_room_for_another) {
  LogFixture log;
  log.append_batches(10);
  const auto expired = log.segment_file(0);
  log.log->roll_at_next_write();
  BOOST_TEST(log.log->manifest().segments.size() == 1U);
  const auto end = log.next_offset();
  must(log.append(log.make_noop(Term(2)))); // as the entry is that moves the log start
  must(log.log->set_log_start(end));
  BOOST_TEST(log.log->manifest().segments.size() == 1U);
  log.finish_background();
  BOOST_TEST(!std::filesystem::exists(expired));
  log.append_batches(1);
  BOOST_TEST(log.log->manifest().segments.size() == 1U); // once
  log.reopen();
  const auto recovered = log.log->take_recovered();
  BOOST_TEST(recovered.first_index == RaftIndex(11));
  BOOST_TEST(recovered.last_index == RaftIndex(12));
  BOOST_TEST(recovered.log_start == end);
  log.check_content(RaftIndex(11));
}

BOOST_AUTO_TEST_CASE(files_that_the_manifest_does_not_know_are_removed) {
  LogFixture log(small_segments());
  log.append_batches(100);
  log.finish_background();
  const auto known = files_of_group(log);
  const auto folder = std::filesystem::path(log.segment_file(0)).parent_path().string();
  write_file(folder + "/00000000000000ff.mdb", "half a roll");
  write_file(folder + "/0000000000000001.sum.tmp", "half a sidecar");
  log.reopen();
  BOOST_TEST(files_of_group(log) == known, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_hole_between_segments_is_found) {
  LogFixture log(small_segments());
  log.append_batches(150);
  log.finish_background();
  auto manifest = log.log->manifest();
  const auto hole = manifest.segments[1].base_offset;
  manifest.segments.erase(manifest.segments.begin() + 1);
  log.log.reset();
  const GroupUpdate update{log.group, std::nullopt, manifest, false};
  must(log.node->commit({&update, 1}));
  log.reopen();
  const auto read = log.log->view()->read_offsets(hole.prev(), {log.next_offset(), SIZE_MAX, true});
  BOOST_TEST(read.error().code == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(a_write_that_does_not_follow_the_log_is_refused_and_changes_nothing) {
  LogFixture log;
  log.append_batches(3);
  auto skipped = log.make_entry();
  skipped.index = RaftIndex(9);
  BOOST_TEST(log.append(skipped).error().code == ErrorCode::invalid_argument);
  log.append_batches(1);
  log.check_content();
}

// A truncation across segments is more than one commit, so all is looked at before.
BOOST_AUTO_TEST_CASE(a_refused_write_has_not_truncated_across_segments) {
  LogFixture log(small_segments());
  log.append_batches(150);
  LogWrite write;
  write.truncate_from = RaftIndex(3);
  write.entries.push_back(log.make_entry()); // behind the 150
  BOOST_TEST(log.log->write(write, log.now).error().code == ErrorCode::invalid_argument);
  log.check_content();
  log.reopen();
  log.check_content();
}

BOOST_AUTO_TEST_CASE(an_interval_log_asks_for_its_sync) {
  LogFixture log(small_segments(Durability::interval));
  BOOST_TEST(!log.log->needs_sync());
  log.append_batches(2); // the first creates the segment, synced
  BOOST_TEST(log.log->needs_sync());
  must(log.log->sync());
  BOOST_TEST(!log.log->needs_sync());
  log.append_batches(1);
  auto options = log.options;
  options.durability = Durability::fsync;
  log.log->set_options(options);
  BOOST_TEST(!log.log->needs_sync());
  log.append_batches(1);
  log.check_content();
}

BOOST_AUTO_TEST_CASE(a_closed_log_refuses_and_a_destroyed_one_leaves_nothing) {
  LogFixture log(small_segments());
  log.append_batches(100);
  const auto folder = std::filesystem::path(log.segment_file(0)).parent_path();
  must(log.log->close());
  BOOST_TEST(log.append(log.make_entry()).error().code == ErrorCode::shutting_down);
  log.reopen();
  log.check_content();
  must(log.log->destroy());
  BOOST_TEST(!std::filesystem::exists(folder));
  BOOST_TEST(!must(log.node->read(log.group)));
}

BOOST_AUTO_TEST_CASE(random_appends_truncations_rolls_and_restarts_keep_log_and_model_equal) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 random(seed);
      LogFixture log(small_segments(seed % 2 == 0 ? Durability::interval : Durability::fsync));
      const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
      for (int step = 0; step < 120; ++step) {
        const auto dice = below(100);
        if (dice < 70) {
          LogWrite write;
          for (auto n = below(6) + 1; n > 0; --n) {
            write.entries.push_back(below(8) == 0 ? log.make_noop(Term(1))
                                                  : log.make_entry(static_cast<int>(below(5)) + 1, below(900)));
            log.entries.push_back(write.entries.back());
          }
          must(log.log->write(write, log.now));
        } else if (dice < 78 && !log.entries.empty()) {
          must(log.truncate(RaftIndex(log.entries.size() - below(std::min<std::size_t>(40, log.entries.size())))));
        } else if (dice < 92) {
          if (log.log->has_background_work()) must(log.log->run_background_step());
        } else {
          log.reopen();
          BOOST_REQUIRE_EQUAL(log.log->take_recovered().last_index.value, log.entries.size());
        }
        if (!log.entries.empty() && step % 10 == 0) log.check_content();
      }
    }
  }
}

// However it is computed: from the bytes, or from what large batches carry.
BOOST_AUTO_TEST_CASE(a_sidecar_holds_the_checksums_of_the_files_bytes) {
  for (const std::size_t value_bytes : {100, 16'000, 70'000, 300'000, 1'500'000}) {
    LogOptions options;
    options.segment_bytes = 6'000'000;
    LogFixture log(options);
    while (log.log->manifest().segments.size() < 2) {
      must(log.append(log.make_noop(Term(1))));
      LogWrite write;
      for (int i = 0; i < 3; ++i) {
        write.entries.push_back(log.make_entry(1 + i % 2, value_bytes + log.entries.size() * 37));
        log.entries.push_back(write.entries.back());
      }
      must(log.log->write(write, log.now));
    }
    log.finish_background();
    const auto file = read_file(log.segment_file(0));
    const auto sidecar = must(load_sidecar(sidecar_path(log.segment_file(0))));
    BOOST_REQUIRE_EQUAL(sidecar.file_bytes, file.size());
    for (std::size_t i = 0; i < sidecar.chunk_crcs.size(); ++i) {
      const auto chunk = bytes_of(std::string_view(file).substr(i * sidecar_chunk_bytes, sidecar_chunk_bytes));
      BOOST_TEST(sidecar.chunk_crcs[i] == crc32c(chunk), value_bytes << " bytes, chunk " << i);
    }
    log.check_content();
    log.reopen();
    log.check_content();
  }
}

// Closing a segment must not take from it what it needs when a truncation revives it.
BOOST_AUTO_TEST_CASE(a_revived_segment_keeps_its_mark) {
  LogFixture log(small_segments(Durability::interval));
  while (log.log->manifest().segments.size() < 2) log.append_batches(1);
  const auto mark = mark_path(log.segment_file(0));
  while (!log.log->manifest().segments[0].closed) must(log.log->run_background_step());
  must(log.truncate(RaftIndex(5)));
  log.append_batches(1);
  BOOST_REQUIRE(std::filesystem::exists(mark));
  log.finish_background();
  BOOST_TEST(std::filesystem::exists(mark));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
