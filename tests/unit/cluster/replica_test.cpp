// What transcripts cannot show: damaged logs, limits, memory. The rest is in
// tests/transcripts.
#include <boost/test/unit_test.hpp>

#include <functional>

#include "replica_harness.h"
#include "schema/crc32c.h"

namespace callboard::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(partition_replica, ReplicaHarness)

void produce(ReplicaHarness& node, const BatchSpec& spec = {}, std::int16_t acks = -1) {
  node.replica->produce(produce_command(1, acks, spec), 5000);
}

BOOST_AUTO_TEST_CASE(batches_are_stamped_with_offset_and_term) {
  lead();
  produce(*this, {.records = 3});
  produce(*this, {.records = 2});
  const auto effects = take();
  BOOST_REQUIRE(effects.write.entries.size() == 2u);
  const auto header = check_produced_batch(effects.write.entries[1].payload.view());
  BOOST_REQUIRE(header.ok());
  BOOST_TEST(header->base_offset.value == 3);
  BOOST_TEST(header->leader_epoch.value == 1);
  BOOST_TEST(effects.write.entries[1].offset_count == 2);
  BOOST_TEST(effects.write.entries[1].max_timestamp == 1000);
}

BOOST_AUTO_TEST_CASE(log_append_time_keeps_the_checksum_right) {
  options.log_append_time = true;
  lead();
  produce(*this, {.records = 3});
  const auto effects = take();
  const auto batch = effects.write.entries[0].payload.view();
  const auto header = read_batch_header(batch);
  BOOST_REQUIRE(header.ok());
  BOOST_TEST(header->log_append_time());
  BOOST_TEST(header->crc == crc32c(batch.subspan(21)));
  BOOST_TEST(header->max_timestamp == 5000);
  BOOST_TEST(effects.write.entries[0].max_timestamp == 5000);
}

BOOST_AUTO_TEST_CASE(the_applied_index_reaches_the_disk_now_and_then) {
  lead();
  int writes_with_state = 0;
  for (int i = 0; i < 1000; ++i) {
    produce(*this);
    writes_with_state += take().write.applied.value > 0;
    write();
  }
  // Once for the term's row, then every 256 entries.
  BOOST_TEST(writes_with_state == 4);
  BOOST_TEST(disk.recover().suffix.size() <= 257u);
}

BOOST_AUTO_TEST_CASE(big_batches_bring_it_there_sooner) {
  lead();
  int writes_with_state = 0;
  for (int i = 0; i < 41; ++i) {
    produce(*this, {.value_bytes = std::size_t{1} << 19});
    writes_with_state += take().write.applied.value > 0;
    write();
  }
  BOOST_TEST(writes_with_state == 6); // the term's row, then every 4 MiB
}

BOOST_AUTO_TEST_CASE(the_state_covers_what_a_log_start_move_lets_go) {
  lead();
  for (int i = 0; i < 5; ++i) produce(*this, {.producer = ProducerId(7), .sequence = i});
  settle_writes();
  BOOST_TEST((replica->move_log_start(Offset(5)) == ErrorCode::none));
  settle_writes();
  BOOST_TEST(disk.applied().value == 6u);
  BOOST_TEST(disk.log_start.value == 5);
}

BOOST_AUTO_TEST_CASE(applied_entries_are_delivered_with_their_payload_once) {
  deliver_applied = true;
  lead();
  produce(*this, {.records = 2});
  const auto first = settle_writes();
  BOOST_REQUIRE(first.applied.size() == 1u);
  BOOST_TEST(check_produced_batch(first.applied[0].payload.view()).ok());
  produce(*this);
  BOOST_TEST(settle_writes().applied.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_cache_gives_its_memory_back) {
  {
    lead();
    produce(*this);
    settle_writes();
    BOOST_TEST(replica->cached_bytes() > 0u);
    BOOST_TEST(cache->used.load() == replica->cached_bytes());
    replica->drop_cache();
    BOOST_TEST(cache->used.load() == 0u);
    produce(*this);
  }
  replica->stop({ErrorCode::unknown_topic_or_partition, "The topic was deleted."});
  BOOST_TEST(cache->used.load() == 0u);
  const auto effects = take();
  BOOST_TEST(effects.write.empty());
  BOOST_TEST((effects.produced.at(0).error == ErrorCode::unknown_topic_or_partition));
}

// A log that contradicts itself, made from a good one.
void check_refused(const std::function<void(RecoveredLog&)>& damage) {
  ReplicaHarness node;
  node.lead();
  for (int i = 0; i < 3; ++i) {
    produce(node, {.records = 2, .producer = ProducerId(7), .sequence = 2 * i});
    node.settle_writes();
  }
  auto log = node.disk.recover();
  BOOST_REQUIRE(log.suffix.size() == 1u);
  damage(log);
  node.replica.emplace(PartitionReplica::Start{NodeId(1), node.disk.hard, log, {}, node.cache, false});
  BOOST_TEST(node.replica->stopped());
  node.replica->campaign();
  produce(node);
  auto effects = node.replica->take_effects();
  BOOST_TEST(!effects.hard_state.has_value());
  BOOST_TEST((effects.produced.at(0).error == ErrorCode::corrupt_storage));
  BOOST_TEST(effects.produced.at(0).message == node.replica->stop_reason()->message);
}

BOOST_AUTO_TEST_CASE(a_damaged_log_puts_it_out_of_service) {
  check_refused([](RecoveredLog& log) { log.applied = log.last_index.next(); });
  check_refused([](RecoveredLog& log) { log.suffix.clear(); });
  check_refused([](RecoveredLog& log) { log.suffix[0].index = log.suffix[0].index.next(); });
  check_refused([](RecoveredLog& log) { log.last_index = log.last_index.next(); });
  check_refused([](RecoveredLog& log) { log.next_offset = log.next_offset.next(); });
  check_refused([](RecoveredLog& log) { log.suffix[0].base_offset = Offset(1); });
  check_refused([](RecoveredLog& log) { log.suffix[0].offset_count = -1; });
  check_refused([](RecoveredLog& log) { log.suffix[0].payload = {}; });
  check_refused([](RecoveredLog& log) { log.suffix[0].payload = SharedBytes::copy_of(std::string(61, '\0')); });
  check_refused([](RecoveredLog& log) { log.state[0].value->pop_back(); });
  check_refused([](RecoveredLog& log) { log.state.push_back({"x", "1"}); });
  check_refused([](RecoveredLog& log) { log.state.push_back({"", "1"}); });
  check_refused([](RecoveredLog& log) { log.state.push_back({"s", std::string("\x01", 1)}); });
  check_refused([](RecoveredLog& log) { log.log_start = log.next_offset.next(); });
}

BOOST_AUTO_TEST_CASE(a_trimmed_log_is_accepted) {
  lead();
  for (int i = 0; i < 3; ++i) {
    produce(*this);
    settle_writes();
  }
  auto log = disk.recover();
  log.first_index = RaftIndex(3);
  log.suffix.erase(log.suffix.begin(), std::find_if(log.suffix.begin(), log.suffix.end(),
                                                    [](const LogEntry& entry) { return entry.index.value >= 3; }));
  log.log_start = Offset(1);
  replica.emplace(PartitionReplica::Start{NodeId(1), disk.hard, log, {}, cache, false});
  BOOST_TEST(!replica->stopped());
  BOOST_TEST(replica->log_end().value == 3);
}

BOOST_AUTO_TEST_CASE(answers_from_the_past_are_ignored) {
  lead();
  replica->hard_state_stored(1);
  replica->written(1);
  replica->written(2);
  replica->write_failed(99, {ErrorCode::storage_full, "late"});
  BOOST_TEST(replica->settled());
  BOOST_TEST(take().write.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
