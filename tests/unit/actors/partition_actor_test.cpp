#include "actors/partition/partition_actor.h"

#include <boost/test/unit_test.hpp>
#include <caf/send.hpp>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>

#include "actors/partition/internal_log.h"
#include "actors/runtime/actor_registry.h"
#include "actors/storage/compactor_actor.h"
#include "actors/storage/reader_actor.h"
#include "actors/storage/writer_actor.h"
#include "storage/log_reader.h"
#include "tests/unit/actors/partition_stage.h"

// Partition actors in a real CAF system, on a KJ loop: once with the test as their
// writer, which decides when the disk has something, and once with the real one.
namespace callboard {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The test is the writer: nothing is on disk before it says so.
struct WithScriptedWriter : Stage {
  caf::actor partition = spawn_on<PartitionActor>(*loop, registry, wiring(me(), me()));

  ~WithScriptedWriter() { end(partition); }

  void lead() {
    self->send(partition, TouchPartition{});
    BOOST_TEST((expect<OpenLog>().group == group));
    self->send(partition, LogOpened{});
    const auto vote = expect<StageHardState>();
    BOOST_TEST((vote.hard.vote == NodeId{1}));
    self->send(partition, HardStateStored{vote.sequence});
    store(expect<StageWrite>());
    BOOST_TEST((expect<LeaderAnnouncement>().leader == NodeId{1}));
  }

  void store(const StageWrite& staged) { self->send(partition, Written{staged.sequence, nullptr}); }
};

// An internal partition: the test applies its log, too, and is its reader.
struct WithApplier : Stage {
  caf::actor partition = spawn_on<PartitionActor>(*loop, registry, internal());

  ~WithApplier() { end(partition); }

  PartitionWiring internal() {
    auto out = wiring(me(), me());
    out.applier = me();
    out.shows_uncommitted = true;
    return out;
  }

  // A log of one batch that the state on disk does not know to be committed.
  void open(Membership membership) {
    BatchBuilder builder(1000);
    builder.add(std::nullopt, bytes_of(std::string(500, 'x')), 1000);
    LogEntry whole{RaftIndex{1}, Term{1}, EntryType::batch, Offset{0}, 1, 1000, builder.finish()};
    auto cut = whole;
    cut.payload = SharedBytes::copy_of(whole.payload.view().first(batch_header_bytes));
    LogOpened opened;
    opened.hard.term = Term{1};
    opened.hard.membership = std::move(membership);
    opened.log.last_index = RaftIndex{1};
    opened.log.last_term = Term{1};
    opened.log.next_offset = Offset{1};
    opened.log.suffix = {cut};
    self->send(partition, TouchPartition{});
    expect<OpenLog>();
    self->send(partition, std::move(opened));
    const auto read = expect<ReplayEntries>();
    BOOST_TEST((read.first == RaftIndex{1} && read.last == RaftIndex{1}));
    self->send(partition, EntriesReplayed{{whole}});
  }
};

// The real writer and reader on threads of their own, with a directory that goes.
struct WithRealStorage {
  std::string directory = fresh_directory();
  std::unique_ptr<storage::NodeState> state = std::move(storage::NodeState::open(directory)).value();
  Stage stage;
  BlockingHost writer_host{stage.system, "writer"};
  BlockingHost reader_host{stage.system, "reader"};
  BlockingHost compactor_host{stage.system, "compactor"};
  caf::actor compactor = spawn_on<CompactorActor>(compactor_host, stage.registry, "compactor", std::size_t{1} << 20);
  caf::actor writer =
      spawn_on<WriterActor>(writer_host, stage.registry, "writer", *state, directory, Duration(50'000'000), compactor);
  caf::actor reader = spawn_on<ReaderActor>(reader_host, stage.registry, "reader");
  caf::actor partition = spawn();

  ~WithRealStorage() {
    stage.end(partition);
    close_logs();
    stage.end(writer);
    stage.end(compactor);
    stage.end(reader);
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  static std::string fresh_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "callboard-test-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(pattern.data()) != nullptr);
    return pattern;
  }

  caf::actor spawn() { return spawn_on<PartitionActor>(*stage.loop, stage.registry, stage.wiring(writer, reader)); }

  void close_logs() {
    stage.self->send(writer, CloseLogs{stage.me()});
    stage.expect<LogsClosed>();
  }

  // As a node that stops and starts again.
  void restart() {
    stage.end(partition);
    close_logs();
    partition = spawn();
  }
};

BOOST_AUTO_TEST_SUITE(partition_actor)

BOOST_FIXTURE_TEST_CASE(a_log_is_opened_by_the_first_command_and_not_before, WithScriptedWriter) {
  BOOST_TEST(contains(status(partition), "not opened yet"));
  BOOST_TEST(nothing_came());
  produce(partition, "a");
  BOOST_TEST((expect<OpenLog>().group == group));
  BOOST_TEST(contains(status(partition), "1 commands wait"));
}

BOOST_FIXTURE_TEST_CASE(a_batch_is_acknowledged_when_the_disk_has_it_and_not_before, WithScriptedWriter) {
  lead();
  const auto token = produce(partition, "a");
  const auto staged = expect<StageWrite>();
  BOOST_TEST(contains(status(partition), "1 acknowledgements"));
  BOOST_TEST(nothing_came());
  store(staged);
  const auto answer = expect_produced();
  BOOST_TEST(answer.token == token);
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.base_offset == Offset{0}));
}

BOOST_FIXTURE_TEST_CASE(what_waits_for_one_write_is_answered_in_one_message, WithScriptedWriter) {
  lead();
  const auto first = produce(partition, "a");
  const auto second = produce(partition, "b");
  expect<StageWrite>();
  store(expect<StageWrite>());
  const auto answers = expect<ProduceAnswers>().answers;
  BOOST_REQUIRE(answers.size() == 2U);
  BOOST_TEST(answers[0].token == first);
  BOOST_TEST(answers[1].token == second);
  BOOST_TEST((answers[1].base_offset == Offset{1}));
}

BOOST_FIXTURE_TEST_CASE(a_write_that_finds_no_room_is_refused_and_the_next_one_is_taken, WithScriptedWriter) {
  lead();
  produce(partition, "a");
  self->send(partition, WriteFailed{expect<StageWrite>().generation, {ErrorCode::storage_full, "The disk is full."}});
  BOOST_TEST((expect_produced().error != ErrorCode::none));
  produce(partition, "b");
  store(expect<StageWrite>());
  const auto answer = expect_produced();
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.base_offset == Offset{0}));
}

BOOST_FIXTURE_TEST_CASE(a_fetch_parks_and_a_commit_wakes_it, WithScriptedWriter) {
  lead();
  const auto token = fetch(partition, 0, true);
  BOOST_TEST(contains(status(partition), "1 fetches wait"));
  produce(partition, "a");
  const auto staged = expect<StageWrite>();
  BOOST_TEST(nothing_came());
  store(staged);
  const auto answer = expect<FetchAnswer>();
  BOOST_TEST(answer.token == token);
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.high_watermark == Offset{1}));
  BOOST_TEST(answer.batches.size() == 1U);
}

// Another leader may undo it; it is told only once it is known to be committed, and whole.
BOOST_FIXTURE_TEST_CASE(the_end_of_an_internal_log_is_applied_once_it_is_committed, WithApplier) {
  open({{NodeId{1}}, {}, {}});
  BOOST_TEST(expect<UncommittedFound>().entries.size() == 1U);
  BOOST_TEST((expect<InternalLogOpened>().last == RaftIndex{0}));
  self->send(partition, HardStateStored{expect<StageHardState>().sequence});
  const auto staged = expect<StageWrite>();
  BOOST_TEST((expect<LeaderAnnouncement>().leader == NodeId{1}));
  BOOST_TEST(nothing_came());
  self->send(partition, Written{staged.sequence, nullptr});
  const auto committed = expect<EntriesCommitted>().entries;
  BOOST_REQUIRE(!committed.empty());
  BOOST_TEST((committed.front().index == RaftIndex{1}));
  BOOST_TEST(committed.front().payload.size() > 500U);
}

// The writer may roll or trim the log while it is read.
BOOST_FIXTURE_TEST_CASE(an_internal_log_that_changes_while_it_is_read_is_read_again, WithApplier) {
  LogOpened opened;
  opened.hard.term = Term{1};
  opened.log.last_index = RaftIndex{1};
  opened.log.last_term = Term{1};
  opened.log.suffix = {{RaftIndex{1}, Term{1}, EntryType::noop, Offset{0}, 0, no_timestamp, {}}};
  self->send(partition, TouchPartition{});
  expect<OpenLog>();
  self->send(partition, opened);
  for (int i = 0; i < 3; ++i) {
    expect<ReplayEntries>();
    self->send(partition, LogChanged{});
  }
  expect<ReplayEntries>();
  self->send(partition, EntriesReplayed{opened.log.suffix});
  expect<InternalLogOpened>();
}

BOOST_FIXTURE_TEST_CASE(an_internal_log_is_replayed_from_where_it_begins, WithApplier) {
  LogOpened opened;
  opened.hard.term = Term{1};
  opened.log.first_index = RaftIndex{5};
  opened.log.last_index = opened.log.applied = RaftIndex{9};
  opened.log.last_term = Term{1};
  opened.log.first_offset = opened.log.next_offset = opened.log.log_start = Offset{40};
  self->send(partition, TouchPartition{});
  expect<OpenLog>();
  self->send(partition, opened);
  const auto told = expect<InternalLogOpened>();
  BOOST_TEST((told.first == RaftIndex{5} && told.first_offset == Offset{40} && told.last == RaftIndex{9}));
  self->send(partition, ReplayLog{me(), RaftIndex{5}, RaftIndex{9}});
  const auto read = expect<ReplayEntries>();
  BOOST_TEST((read.first == RaftIndex{5} && read.last == RaftIndex{9}));
  self->send(partition, ReplayLog{me(), RaftIndex{4}, RaftIndex{9}});
  BOOST_TEST((expect<LogTrimmed>().first == RaftIndex{5}));
}

BOOST_FIXTURE_TEST_CASE(who_reads_what_is_gone_is_told_that_the_log_changed, WithRealStorage) {
  stage.produce(partition, "a");
  stage.expect_produced();
  restart();
  // As after retention: nothing lies before the first entry.
  stage.self->send(writer, OpenLog{group, stage.me(), {}, {}, {}});
  const auto view = stage.expect<LogOpened>().view;
  stage.self->send(reader, ReplayEntries{stage.me(), view, RaftIndex{0}, RaftIndex{1}});
  stage.expect<LogChanged>();
}

BOOST_FIXTURE_TEST_CASE(an_internal_log_of_several_replicas_waits_for_their_majority, WithApplier) {
  open({{NodeId{1}, NodeId{2}, NodeId{3}}, {}, {}});
  BOOST_TEST(expect<UncommittedFound>().entries.size() == 1U);
  BOOST_TEST((expect<InternalLogOpened>().last == RaftIndex{0}));
  BOOST_TEST(contains(status(partition), "without a leader"));
  BOOST_TEST(nothing_came());
}

BOOST_FIXTURE_TEST_CASE(a_watch_says_once_that_there_is_something, WithScriptedWriter) {
  lead();
  self->send(partition, WatchPartition{me(), 7, Offset{0}, 1, -1});
  BOOST_TEST(contains(status(partition), "1 fetches wait"));
  BOOST_TEST(nothing_came());
  produce(partition, "a");
  store(expect<StageWrite>());
  BOOST_TEST(expect<PartitionReady>().token == 7U);
  expect_produced();
  produce(partition, "b");
  store(expect<StageWrite>());
  expect_produced();
  BOOST_TEST(contains(status(partition), "0 fetches wait"));
  BOOST_TEST(nothing_came());
}

BOOST_FIXTURE_TEST_CASE(a_watch_on_what_is_there_or_cannot_be_is_told_at_once, WithScriptedWriter) {
  lead();
  produce(partition, "a");
  store(expect<StageWrite>());
  expect_produced();
  self->send(partition, WatchPartition{me(), 7, Offset{0}, 1, -1});
  BOOST_TEST(expect<PartitionReady>().token == 7U);
  self->send(partition, WatchPartition{me(), 8, Offset{99}, 1, -1});
  BOOST_TEST(expect<PartitionReady>().token == 8U);
  self->send(partition, WatchPartition{me(), 9, Offset{1}, 1, 0}); // of a leader epoch that is over
  BOOST_TEST(expect<PartitionReady>().token == 9U);
}

BOOST_FIXTURE_TEST_CASE(a_watch_can_be_withdrawn_before_and_after_the_partition_leads, WithScriptedWriter) {
  self->send(partition, WatchPartition{me(), 7, Offset{0}, 1, -1});
  self->send(partition, CancelFetch{me()->id(), 7});
  lead();
  BOOST_TEST(contains(status(partition), "0 fetches wait"));
  self->send(partition, WatchPartition{me(), 8, Offset{0}, 1, -1});
  self->send(partition, CancelFetch{me()->id(), 8});
  produce(partition, "a");
  store(expect<StageWrite>());
  expect_produced();
  BOOST_TEST(contains(status(partition), "0 fetches wait"));
  BOOST_TEST(nothing_came());
}

BOOST_FIXTURE_TEST_CASE(a_watch_on_a_partition_that_goes_is_told, WithScriptedWriter) {
  lead();
  self->send(partition, WatchPartition{me(), 7, Offset{0}, 1, -1});
  self->send(partition, RemovePartition{});
  BOOST_TEST(expect<PartitionReady>().token == 7U);
  self->send(partition, WatchPartition{me(), 8, Offset{0}, 1, -1});
  BOOST_TEST(expect<PartitionReady>().token == 8U);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_an_epoch_is_told, WithScriptedWriter) {
  lead();
  produce(partition, "a");
  store(expect<StageWrite>());
  expect_produced();
  self->send(partition, FindEpochEnd{me(), 7, 1, -1});
  const auto end = expect<OffsetAnswer>();
  BOOST_TEST(end.token == 7U);
  BOOST_TEST((end.error == ErrorCode::none));
  BOOST_TEST((end.leader_epoch == Term{1}));
  BOOST_TEST((end.offset == Offset{1}));
  self->send(partition, FindEpochEnd{me(), 8, 1, 5});
  BOOST_TEST((expect<OffsetAnswer>().error == ErrorCode::unknown_leader_epoch));
  self->send(partition, RemovePartition{});
  self->send(partition, FindEpochEnd{me(), 9, 1, -1});
  BOOST_TEST((expect<OffsetAnswer>().error == ErrorCode::unknown_topic_or_partition));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_tiered, WithScriptedWriter) {
  lead();
  self->send(partition, ListOffsetOfPartition{me(), 7, -5, -1});
  const auto answer = expect<OffsetAnswer>();
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.offset == unknown_offset));
  BOOST_TEST((answer.leader_epoch == Term{-1}));
}

BOOST_FIXTURE_TEST_CASE(a_fetch_that_does_not_park_is_answered_empty, WithScriptedWriter) {
  lead();
  fetch(partition, 0);
  const auto answer = expect<FetchAnswer>();
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST(answer.batches.empty());
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_fetch_is_never_answered, WithScriptedWriter) {
  lead();
  const auto cancelled = fetch(partition, 0, true);
  const auto kept = fetch(partition, 0, true);
  self->send(partition, CancelFetch{me()->id(), cancelled});
  BOOST_TEST(contains(status(partition), "1 fetches wait"));
  produce(partition, "a");
  store(expect<StageWrite>());
  BOOST_TEST(expect<FetchAnswer>().token == kept);
  expect_produced();
  BOOST_TEST(contains(status(partition), "0 fetches wait"));
  BOOST_TEST(nothing_came());
}

BOOST_FIXTURE_TEST_CASE(a_fetch_cancelled_before_the_partition_leads_is_never_answered, WithScriptedWriter) {
  const auto token = fetch(partition, 0, true);
  self->send(partition, CancelFetch{me()->id(), token});
  BOOST_TEST(contains(status(partition), "0 commands wait"));
}

BOOST_FIXTURE_TEST_CASE(a_log_that_cannot_be_opened_stops_the_partition_and_answers_who_waits, WithScriptedWriter) {
  const auto token = fetch(partition, 0, true);
  expect<OpenLog>();
  self->send(partition, LogUnusable{{ErrorCode::newer_format, "Written by a newer version."}});
  const auto answer = expect<FetchAnswer>();
  BOOST_TEST(answer.token == token);
  BOOST_TEST((answer.error == ErrorCode::kafka_storage_error));
  BOOST_TEST(contains(status(partition), "Written by a newer version."));
}

BOOST_FIXTURE_TEST_CASE(damage_stops_the_partition_and_all_are_told, WithScriptedWriter) {
  lead();
  const auto parked = fetch(partition, 0, true);
  self->send(partition, DamageFound{{ErrorCode::corrupt_storage, "A page is damaged."}});
  const auto woken = expect<FetchAnswer>();
  BOOST_TEST(woken.token == parked);
  BOOST_TEST((woken.error == ErrorCode::kafka_storage_error));
  const auto announced = expect<LeaderAnnouncement>();
  BOOST_TEST((announced.group == group));
  BOOST_TEST((announced.leader == no_node));
  produce(partition, "a");
  const auto refused = expect_produced();
  BOOST_TEST((refused.error == ErrorCode::kafka_storage_error));
  BOOST_TEST(refused.message == "A page is damaged.");
  fetch(partition, 0);
  BOOST_TEST((expect<FetchAnswer>().error == ErrorCode::kafka_storage_error));
}

BOOST_FIXTURE_TEST_CASE(a_removed_partition_refuses_everything_and_its_log_goes, WithScriptedWriter) {
  lead();
  const auto parked = fetch(partition, 0, true);
  self->send(partition, RemovePartition{});
  const auto woken = expect<FetchAnswer>();
  BOOST_TEST(woken.token == parked);
  BOOST_TEST((woken.error == ErrorCode::unknown_topic_or_partition));
  BOOST_TEST((expect<DestroyLog>().group == group));
  produce(partition, "a");
  BOOST_TEST((expect_produced().error == ErrorCode::unknown_topic_or_partition));
}

BOOST_FIXTURE_TEST_CASE(a_replica_leaves_when_it_is_not_wanted_and_a_later_leader_says_that_it_is_out,
                        WithScriptedWriter) {
  self->send(partition, TouchPartition{});
  expect<OpenLog>();
  LogOpened opened;
  opened.hard.term = Term{4};
  opened.hard.membership.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  opened.hard.membership_index = RaftIndex{40};
  self->send(partition, std::move(opened));
  self->send(partition, LeftGroup{RaftIndex{50}}); // wanted here: it only lags behind
  self->send(partition, PlacePartition{{{NodeId{2}, NodeId{3}}, {}, false}});
  BOOST_TEST((expect<DestroyLog>().group == group));
  produce(partition, "a");
  BOOST_TEST((expect_produced().error == ErrorCode::not_leader_or_follower));
}

BOOST_FIXTURE_TEST_CASE(what_was_said_before_a_replica_came_back_does_not_take_it_away, WithScriptedWriter) {
  self->send(partition, TouchPartition{});
  expect<OpenLog>();
  LogOpened opened;
  opened.hard.term = Term{4};
  opened.hard.membership.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  opened.hard.membership_index = RaftIndex{40};
  self->send(partition, std::move(opened));
  self->send(partition, PlacePartition{{{NodeId{2}, NodeId{3}}, {}, false}});
  self->send(partition, LeftGroup{RaftIndex{39}});
  BOOST_TEST(contains(status(partition), "without a leader"));
  self->send(partition, LeftGroup{RaftIndex{40}});
  BOOST_TEST((expect<DestroyLog>().group == group));
}

BOOST_FIXTURE_TEST_CASE(a_deletion_of_records_is_answered_when_it_is_in_effect_and_not_before, WithScriptedWriter) {
  lead();
  produce(partition, "a");
  store(expect<StageWrite>());
  expect_produced();
  self->send(partition, DeleteRecordsOfPartition{me(), 5});
  const auto staged = expect<StageWrite>();
  BOOST_TEST(!contains(status(partition), "offsets 1 to 1"));
  BOOST_TEST(nothing_came());
  store(staged);
  const auto answer = expect<RecordsDeleted>();
  BOOST_TEST(answer.token == 5U);
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.log_start == Offset{1}));
  BOOST_TEST(contains(status(partition), "offsets 1 to 1"));
}

BOOST_FIXTURE_TEST_CASE(a_deletion_outside_the_log_is_refused_or_changes_nothing, WithScriptedWriter) {
  lead();
  produce(partition, "a");
  store(expect<StageWrite>());
  expect_produced();
  for (const std::int64_t offset : {std::int64_t{2}, std::int64_t{-2}, std::numeric_limits<std::int64_t>::max()}) {
    self->send(partition, DeleteRecordsOfPartition{me(), 5, offset});
    BOOST_TEST((expect<RecordsDeleted>().error == ErrorCode::offset_out_of_range));
  }
  self->send(partition, DeleteRecordsOfPartition{me(), 5, 0});
  const auto answer = expect<RecordsDeleted>();
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.log_start == Offset{0}));
  BOOST_TEST(nothing_came());
}

BOOST_FIXTURE_TEST_CASE(a_deletion_that_cannot_be_written_is_refused, WithScriptedWriter) {
  lead();
  produce(partition, "a");
  store(expect<StageWrite>());
  expect_produced();
  self->send(partition, DeleteRecordsOfPartition{me(), 5});
  self->send(partition, WriteFailed{expect<StageWrite>().generation, {ErrorCode::storage_full, "The disk is full."}});
  BOOST_TEST((expect<RecordsDeleted>().error == ErrorCode::kafka_storage_error));
  self->send(partition, DeleteRecordsOfPartition{me(), 6});
  expect<StageWrite>();
  self->send(partition, DamageFound{{ErrorCode::corrupt_storage, "A page is damaged."}});
  BOOST_TEST((expect<RecordsDeleted>().error == ErrorCode::kafka_storage_error));
}

BOOST_FIXTURE_TEST_CASE(a_changed_configuration_holds_for_what_comes_behind_it, WithScriptedWriter) {
  lead();
  ConfigurePartition change;
  change.replica.message_bytes_max = 10;
  change.retention.retention_ms = 77;
  self->send(partition, change);
  produce(partition, "a");
  BOOST_TEST((expect_produced().error == ErrorCode::message_too_large));
  const auto told = expect<ConfigureLog>();
  BOOST_TEST((told.group == group));
  BOOST_TEST(told.retention.retention_ms == 77);
}

BOOST_FIXTURE_TEST_CASE(describing_a_log_does_not_open_it, WithScriptedWriter) {
  self->send(partition, DescribeLogOfPartition{me(), 5});
  const auto asked = expect<DescribeLog>();
  BOOST_TEST(asked.answer.token == 5U);
  BOOST_TEST(asked.answer.uncommitted == 0);
  BOOST_TEST(contains(status(partition), "not opened yet"));
}

BOOST_FIXTURE_TEST_CASE(records_deleted_stay_deleted_after_a_restart, WithRealStorage) {
  stage.produce(partition, "a");
  stage.expect_produced();
  stage.produce(partition, "b");
  stage.expect_produced();
  stage.self->send(partition, DeleteRecordsOfPartition{stage.me(), 5, 1});
  BOOST_TEST((stage.expect<RecordsDeleted>().log_start == Offset{1}));
  restart();
  stage.fetch(partition, 0);
  BOOST_TEST((stage.expect<FetchAnswer>().error == ErrorCode::offset_out_of_range));
  stage.fetch(partition, 1);
  BOOST_TEST((stage.expect<FetchAnswer>().log_start == Offset{1}));
}

BOOST_FIXTURE_TEST_CASE(what_a_log_takes_is_known_without_opening_it, WithRealStorage) {
  const auto bytes = [this] {
    stage.self->send(partition, DescribeLogOfPartition{stage.me(), 5});
    return stage.expect<LogDescribed>().bytes;
  };
  BOOST_TEST(bytes() == 0U);
  stage.produce(partition, std::string(100'000, 'x'));
  stage.expect_produced();
  const auto open = bytes();
  BOOST_TEST(open > 100'000U);
  restart();
  BOOST_TEST(bytes() >= open); // closing may have written a page more
  BOOST_TEST(contains(stage.status(partition), "not opened yet"));
}

BOOST_FIXTURE_TEST_CASE(shorter_retention_reaches_a_log_that_is_not_open, WithRealStorage) {
  stage.produce(partition, "a"); // its record is from 1970
  stage.expect_produced();
  restart();
  ConfigurePartition change;
  change.retention = {1, -1};
  stage.self->send(partition, change);
  for (int looked = 0; contains(stage.status(partition), "not opened yet"); ++looked) {
    stage.status(writer);
    BOOST_REQUIRE(looked < 1'000'000);
  }
}

BOOST_FIXTURE_TEST_CASE(what_was_acknowledged_is_there_after_a_restart, WithRealStorage) {
  stage.produce(partition, "a");
  BOOST_TEST((stage.expect_produced().base_offset == Offset{0}));
  restart();
  stage.fetch(partition, 0);
  const auto answer = stage.expect<FetchAnswer>();
  BOOST_TEST((answer.error == ErrorCode::none));
  BOOST_TEST((answer.high_watermark == Offset{1}));
  BOOST_REQUIRE(answer.batches.size() == 1U);
  BOOST_TEST(contains(std::string(answer.batches[0].text()), "a"));
  stage.produce(partition, "b");
  BOOST_TEST((stage.expect_produced().base_offset == Offset{1}));
}

BOOST_FIXTURE_TEST_CASE(a_parked_fetch_is_woken_by_a_real_commit, WithRealStorage) {
  const auto token = stage.fetch(partition, 0, true);
  stage.produce(partition, "a");
  const auto answer = stage.expect<FetchAnswer>();
  BOOST_TEST(answer.token == token);
  BOOST_TEST(answer.batches.size() == 1U);
  stage.expect_produced();
}

BOOST_FIXTURE_TEST_CASE(a_time_is_found_by_the_reader, WithRealStorage) {
  stage.produce(partition, "a");
  stage.expect_produced();
  stage.self->send(partition, ListOffsetOfPartition{stage.me(), 5, 1000, -1});
  const auto answer = stage.expect<OffsetAnswer>();
  BOOST_TEST(answer.token == 5U);
  BOOST_TEST((answer.offset == Offset{0}));
  BOOST_TEST(answer.timestamp == 1000);
}

BOOST_FIXTURE_TEST_CASE(a_removed_partition_leaves_no_files, WithRealStorage) {
  stage.produce(partition, "a");
  stage.expect_produced();
  const auto groups = std::filesystem::path(directory) / "groups";
  BOOST_TEST(!std::filesystem::is_empty(groups));
  stage.self->send(partition, RemovePartition{});
  stage.status(partition);
  stage.status(writer); // it has handled what the partition sent before
  BOOST_TEST(std::filesystem::is_empty(groups));
  BOOST_TEST(!state->read(group).value().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
