// Compaction of whole logs: what is left, what survives a crash at any point, what must
// not be touched.
#include "storage/compaction_job.h"

#include "compacted_log.h"
#include "storage/closed_segment.h"

namespace callboard::storage {
namespace {

BOOST_AUTO_TEST_SUITE(compaction_job)

BOOST_AUTO_TEST_CASE(the_newest_record_of_each_key_stays) {
  CompactedLog log;
  log.append_records({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  log.append_records({{"a", "2"}, {"b", "2"}});
  log.append_records({{"a", "3"}});
  const auto cut = log.cut_here();
  log.append_records({{"c", "2"}}); // above the cut
  log.compact(cut);
  log.check();
  const auto left = log.expected();
  BOOST_TEST(left.size() == 4U); // c, b, a; and c once more
  BOOST_TEST(log.log->manifest().compacted.upto == cut.upto);
  log.reopen();
  log.check();
  BOOST_TEST(log.log->manifest().compacted.upto == cut.upto);
}

BOOST_AUTO_TEST_CASE(a_tombstone_stays_until_a_cut_lets_it_go) {
  CompactedLog log;
  log.append_one("a", "1");
  log.append_one("a", std::nullopt);
  log.append_one("b", "1");
  const auto first = log.cut_here();
  log.compact(first);
  log.check();
  BOOST_TEST(log.expected().contains(Offset(1)));
  BOOST_TEST(log.log->manifest().segments.front().tombstones == 1U);

  log.compact({first.upto, first.upto, log.now});
  log.check();
  BOOST_TEST(!log.expected().contains(Offset(1)));
  BOOST_TEST(log.log->manifest().segments.front().tombstones == 0U);
  BOOST_TEST(log.log->manifest().compacted.tombstones_below == first.upto);
}

BOOST_AUTO_TEST_CASE(a_consumer_gets_past_records_that_are_gone) {
  CompactedLog log;
  for (int i = 0; i < 50; ++i) log.append_one("only", std::to_string(i));
  log.append_one("only", std::nullopt);
  const auto first = log.cut_here();
  log.compact(first);
  log.compact({first.upto, first.upto, log.now}); // nothing is left at all
  log.check();
  BOOST_TEST(log.expected().empty());
  const auto batches = must(log.log->view()->read_offsets(Offset(3), {log.next_offset(), 10'000, true}));
  BOOST_REQUIRE_EQUAL(batches.size(), 1U); // the last one's header
  BOOST_TEST(must(read_batch_header(batches.front().view())).next_offset() == log.next_offset());
}

BOOST_AUTO_TEST_CASE(thousands_of_updates_become_one_gap) {
  CompactedLog log;
  for (int i = 0; i < 3000; ++i) log.append_one("k" + std::to_string(i % 3), std::to_string(i));
  log.compact(log.cut_here());
  log.check();
  BOOST_TEST(log.payload_bytes() < 1000U);
  BOOST_TEST(log.log->manifest().segments.front().bytes < 50'000U);
  log.reopen();
  log.check();
  // Any entry can be asked for, also within a gap.
  for (const std::uint64_t index : {1, 2, 1500, 2900, 2996, 2997, 2998, 2999, 3000})
    log.check_entries(*log.log->view(), RaftIndex(index));
}

BOOST_AUTO_TEST_CASE(times_are_found_among_what_is_left) {
  CompactedLog log;
  const auto start = log.now;
  for (int i = 0; i < 100; ++i) log.append_one(i % 10 == 0 ? "rare" + std::to_string(i) : "often", "x");
  const auto end = log.next_offset();
  log.compact(log.cut_here());
  log.check();
  // Batch i has timestamp start + 10 i; of "often" only 99 is left.
  const auto view = log.log->view();
  BOOST_TEST(must(view->find_time(start, end)).offset == Offset(0));
  BOOST_TEST(must(view->find_time(start + 1, end)).offset == Offset(10));
  BOOST_TEST(must(view->find_time(start + 901, end)).offset == Offset(99));
  BOOST_TEST(must(view->find_max_time(end)).offset == Offset(99));
}

BOOST_AUTO_TEST_CASE(every_codec_is_opened) {
  CompactedLog log;
  for (const auto codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    for (int i = 0; i < 3; ++i)
      log.append_records({{"same", std::string(200, 'x')}, {std::to_string(int(codec)), std::to_string(i)}}, codec);
  }
  log.compact(log.cut_here());
  log.check();
  BOOST_TEST(log.expected().size() == 6U);
}

BOOST_AUTO_TEST_CASE(the_last_batch_of_a_producer_keeps_its_header) {
  CompactedLog log;
  for (std::int32_t i = 0; i < 5; ++i) {
    log.append_records({{"a", "x"}}, Codec::none, {ProducerId(100), i});
    log.append_records({{"a", "x"}}, Codec::none, {ProducerId(200), i});
  }
  log.append_one("a", "newest");
  log.compact(log.cut_here());
  log.check();
  std::map<std::int64_t, std::int32_t> last_sequence;
  const RaftIndex last(log.entries.size());
  for (const auto& entry : must(log.log->view()->read_entries(RaftIndex(1), last, SIZE_MAX))) {
    if (entry.type != EntryType::batch) continue;
    const auto header = must(read_batch_header(entry.payload.view()));
    if (header.idempotent()) last_sequence[header.producer.value] = header.last_sequence();
  }
  BOOST_TEST((last_sequence == std::map<std::int64_t, std::int32_t>{{100, 4}, {200, 4}}));
}

BOOST_AUTO_TEST_CASE(keys_that_find_no_room_take_more_passes) {
  CompactedLog log;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 1000; ++i) log.append_one(std::to_string(i), std::to_string(round));
  const auto cut = log.cut_here();
  log.compact(cut, 256 * 24); // 192 keys a pass
  log.check();
  BOOST_TEST(log.passes > 5);
  BOOST_TEST(log.expected().size() == 1000U);
}

BOOST_AUTO_TEST_CASE(small_segments_are_joined_and_lossless_ones_left_alone) {
  LogOptions options;
  options.segment_bytes = 1 << 20;
  CompactedLog log(options);
  for (int segment = 0; segment < 4; ++segment) {
    if (segment > 0) log.roll();
    log.append_one("k" + std::to_string(segment), "x");
  }
  log.compact(log.cut_here());
  BOOST_TEST(log.log->manifest().segments.size() == 2U);
  log.check();
  const auto id = log.log->manifest().segments.front().id;
  log.compact({log.cuts.back().upto, log.cuts.back().upto, log.now + 1}); // nothing to gain
  BOOST_TEST(log.log->manifest().segments.front().id == id);
  log.check();
}

BOOST_AUTO_TEST_CASE(a_segment_that_takes_entries_ends_first) {
  CompactedLog log;
  log.append_one("a", "1");
  log.append_one("a", "2");
  log.log->set_cut({Offset(2), Offset{}, log.now});
  BOOST_TEST(!log.log->begin_compaction());
  log.append_one("b", "1"); // rolls
  BOOST_TEST(log.log->manifest().segments.size() == 2U);
  log.finish_background();
  log.compact({Offset(2), Offset{}, log.now});
  log.check();
  BOOST_TEST(log.expected().size() == 2U);
}

// Boundaries differ from replica to replica: a cut may lie inside a segment.
BOOST_AUTO_TEST_CASE(what_lies_above_a_cut_within_a_segment_stays) {
  CompactedLog log;
  for (int i = 0; i < 10; ++i) log.append_one("a", std::to_string(i));
  log.roll();
  log.compact({Offset(5), Offset{}, log.now});
  log.check();
  BOOST_TEST(log.expected().size() == 6U);
  log.compact({Offset(7), Offset{}, log.now});
  log.check();
  BOOST_TEST(log.expected().size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_batch_that_cannot_be_walked_stays) {
  CompactedLog log;
  log.append_one("a", "1");
  auto broken = log.make_entry();
  auto header = must(read_batch_header(broken.payload.view()));
  broken.payload = build_batch(header, bytes_of("no records"));
  must(log.append(std::move(broken)));
  log.append_one("a", "2");
  const auto cut = log.cut_here();
  log.compact(cut);
  const auto entries = must(log.log->view()->read_entries(RaftIndex(1), RaftIndex(3), SIZE_MAX));
  BOOST_TEST(must(read_batch_header(entries[0].payload.view())).count == 0);
  BOOST_TEST(entries[1].payload.text() == log.entries[1].payload.text());
}

BOOST_AUTO_TEST_CASE(a_crash_at_any_point_leaves_either) {
  LogOptions options;
  options.segment_bytes = 20'000;
  CompactedLog log(options);
  for (int i = 0; i < 400; ++i)
    log.append_one("k" + std::to_string(i % 37), i % 50 == 49 ? std::nullopt : std::optional(std::string(200, 'v')));
  const auto cut = log.cut_here();
  BOOST_TEST(log.log->manifest().segments.size() > 4U);
  const auto before = CompactedLog::consume(*log.log->view(), Offset(0), log.next_offset());
  int crashes = 0;
  // As kill -9 leaves it: what was written is there, what was in memory is not.
  log.compact(cut, 1 << 20, [&] {
    TemporaryDirectory copy;
    std::filesystem::copy(log.directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    auto node = must(NodeState::open(copy.path()));
    auto reopened = must(PartitionLog::open(*node, log.group, copy.path(), options, log.now));
    const auto read = CompactedLog::consume(*reopened->view(), Offset(0), log.next_offset());
    const auto after = log.expected();
    for (const auto& [offset, record] : read) BOOST_REQUIRE(before.at(offset) == record);
    for (const auto& [offset, record] : after) BOOST_REQUIRE(read.contains(offset));
    log.check_entries(*reopened->view(), RaftIndex(1));
    // It goes on from there, to the same end.
    reopened->set_cut(cut);
    while (auto task = reopened->begin_compaction()) {
      CompactionJob job(std::move(*task), 1 << 20, 9);
      for (auto step = CompactionJob::Step::more; step != CompactionJob::Step::done;) {
        step = must(job.step());
        if (step == CompactionJob::Step::segment) BOOST_REQUIRE(must(reopened->install(job.take_segment())));
      }
      must(reopened->finish_compaction(job.take_result()));
    }
    BOOST_REQUIRE(CompactedLog::consume(*reopened->view(), Offset(0), log.next_offset()) == after);
    ++crashes;
  });
  BOOST_TEST(crashes > 20);
  log.check();
}

BOOST_AUTO_TEST_CASE(an_unfinished_job_leaves_no_file) {
  CompactedLog log;
  for (int i = 0; i < 100; ++i) log.append_one("a", std::string(100, 'x'));
  log.log->set_cut(log.cut_here());
  const auto count = [&] {
    const std::filesystem::directory_iterator files(std::filesystem::path(log.segment_file(0)).parent_path());
    return std::distance(begin(files), end(files));
  };
  const auto files = count();
  for (int steps = 1; steps < 4; ++steps) {
    CompactionJob job(std::move(*log.log->begin_compaction()), 1 << 20, 1);
    for (int i = 0; i < steps; ++i) must(job.step());
    log.log->abandon_compaction();
  }
  BOOST_TEST(count() == files);
}

BOOST_AUTO_TEST_CASE(damage_is_found) {
  CompactedLog log;
  for (int i = 0; i < 100; ++i) log.append_one("a", std::string(1000, 'x'));
  const auto cut = log.cut_here();
  log.reopen_untouched();
  log.log->set_cut(cut);
  const auto path = log.segment_file(0);
  auto content = read_file(path);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  write_file(path, content);
  CompactionJob job(std::move(*log.log->begin_compaction()), 1 << 20, 1);
  auto step = job.step();
  while (step && *step != CompactionJob::Step::done) step = job.step();
  BOOST_REQUIRE(!step);
  BOOST_TEST(step.error().code == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(a_segment_dropped_meanwhile_is_no_damage) {
  CompactedLog log;
  log.append_one("a", "1");
  log.roll();
  log.append_one("a", "2");
  const auto cut = log.cut_here();
  log.reopen_untouched();
  log.log->set_cut(cut);
  CompactionJob job(std::move(*log.log->begin_compaction()), 1 << 20, 1);
  must(log.log->set_log_start(Offset(1)));
  log.finish_background(); // the file is gone
  auto step = job.step();
  while (step && *step != CompactionJob::Step::segment) step = job.step();
  BOOST_REQUIRE(!step);
  BOOST_TEST(step.error().code == ErrorCode::not_leader_or_follower);
}

BOOST_AUTO_TEST_CASE(what_was_truncated_meanwhile_is_not_put_in_place) {
  CompactedLog log;
  for (int i = 0; i < 10; ++i) log.append_one("a", std::to_string(i));
  log.roll();
  log.append_one("b", "1");
  log.log->set_cut({Offset(5), Offset{}, log.now});
  CompactionJob job(std::move(*log.log->begin_compaction()), 1 << 20, 1);
  auto step = CompactionJob::Step::more;
  while (step != CompactionJob::Step::segment) step = must(job.step());
  must(log.truncate(RaftIndex(9)));
  log.written.erase(log.written.lower_bound(Offset(8)), log.written.end());
  BOOST_TEST(!must(log.log->install(job.take_segment())));
  log.finish_background();
  log.check();
  log.append_one("a", "again");
  log.roll();
  log.compact({Offset(5), Offset{}, log.now});
  log.check();
}

// A compacted segment takes entries again after a truncation across a roll.
BOOST_AUTO_TEST_CASE(a_compacted_segment_can_be_truncated) {
  CompactedLog log;
  for (int i = 0; i < 10; ++i) log.append_one("a", std::to_string(i));
  log.roll();
  log.compact({Offset(5), Offset{}, log.now});
  must(log.truncate(RaftIndex(8)));
  log.written.erase(log.written.lower_bound(Offset(7)), log.written.end());
  log.check();
  log.append_one("a", "again");
  log.check();
  log.reopen();
  log.check();
}

BOOST_AUTO_TEST_CASE(readers_of_the_old_segments_finish_their_read) {
  CompactedLog log;
  for (int i = 0; i < 50; ++i) log.append_one("a", std::to_string(i));
  const auto cut = log.cut_here();
  const auto before = log.log->view();
  const auto all = CompactedLog::consume(*before, Offset(0), log.next_offset());
  log.compact(cut);
  BOOST_TEST((CompactedLog::consume(*before, Offset(0), log.next_offset()) == all));
  log.check();
}

// Random updates, cuts, passes with little room, truncations, trims and reopenings.
BOOST_AUTO_TEST_CASE(any_history_leaves_what_the_last_cut_says) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937_64 random(seed);
      const auto below = [&](std::uint64_t n) { return random() % n; };
      LogOptions options;
      options.segment_bytes = 2000 + below(20'000);
      options.durability = below(2) == 0 ? Durability::fsync : Durability::interval;
      CompactedLog log(options);
      const auto keys = 1 + below(60);
      Offset cut_upto;
      for (int step = 0; step < 120; ++step) {
        const auto what = below(20);
        if (what < 14) {
          std::vector<KeyedRecord> records;
          for (auto left = 1 + below(5); left > 0; --left) {
            KeyedRecord record{"key" + std::to_string(below(keys)), {}};
            if (below(5) != 0) record.value = std::string(below(300), static_cast<char>('a' + below(26)));
            records.push_back(std::move(record));
          }
          ProducerOfBatch producer;
          if (below(2) == 0) producer = {ProducerId(static_cast<std::int64_t>(below(4))), step};
          log.append_records(records, static_cast<Codec>(below(5)), producer);
        } else if (what < 16) {
          auto cut = log.cut_here();
          if (!log.cuts.empty()) cut.tombstones_below = log.cuts[below(log.cuts.size())].upto;
          if (!log.cuts.empty())
            cut.tombstones_below = std::max(cut.tombstones_below, log.cuts.back().tombstones_below);
          log.compact(cut, below(2) == 0 ? 1 << 20 : 16 * 24 + below(2000));
          cut_upto = cut.upto;
        } else if (what == 16) {
          ++log.term.value;
          log.roll();
        } else if (what == 17) {
          log.reopen();
        } else if (what == 18 && log.entries.size() > 2) {
          // Only what lies above the cut is uncommitted.
          const auto from = RaftIndex(log.entries.size() - below(2));
          if (log.entries[from.value - 1].base_offset <= cut_upto) continue;
          must(log.truncate(from));
          log.written.erase(log.written.lower_bound(log.next_offset()), log.written.end());
          log.term = Term(log.term.value + 1);
        } else if (what == 19 && below(3) == 0 && log.next_offset() > Offset(10)) {
          must(log.log->set_log_start(log.log->manifest().segments.front().base_offset.plus(3)));
        }
        if (!log.entries.empty()) log.check();
      }
      log.finish_background();
      log.reopen();
      if (!log.entries.empty()) log.check();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
