// Whatever peers send: made up, a thousand times over, in any order. No assertion may
// fail, nothing committed may go, and what makes no sense is counted.
// CALLBOARD_SEED=N repeats one run.
#include <cstdlib>
#include <random>

#include "cluster/partition/derived_state.h"
#include "replica_harness.h"

namespace callboard::test {
namespace {

constexpr int steps_per_run = 2000;

class HostileRun {
public:
  explicit HostileRun(std::uint64_t seed) : random_(seed) {
    victim_.disk.hard.membership.voters = {NodeId(1), NodeId(2), NodeId(3)};
    victim_.raft.message_bytes_max = 400;
    victim_.start();
  }

  void run() {
    for (int step = 0; step < steps_per_run; ++step) {
      act();
      observe();
    }
  }
  std::uint64_t refused() const {
    const auto& refusals = victim_.replica->raft().refusals();
    return victim_.replica->refused_messages() + refusals.strangers + refusals.far_future + refusals.malformed +
           refusals.stale + refusals.leader_kept;
  }

private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void act() {
    auto& replica = *victim_.replica;
    const auto dice = below(100);
    if (dice < 60) {
      sent_.push_back(forged());
      replica.step(sent_.back());
    } else if (dice < 70 && !sent_.empty()) {
      const auto again = sent_[below(sent_.size())];
      const auto times = below(20) == 0 ? 1000U : 2U;
      for (std::uint64_t i = 0; i < times; ++i) {
        replica.step(again);
        observe();
      }
    } else if (dice < 80) {
      static_cast<void>(victim_.store_next());
    } else if (dice < 90) {
      replica.tick();
    } else if (dice < 94) {
      replica.campaign();
    } else if (replica.leading()) {
      replica.produce(produce_command(++waiter_, -1, {}), 5000);
    }
  }

  void observe() {
    const auto effects = victim_.take();
    const auto& replica = *victim_.replica;
    const auto commit = replica.raft().commit_index();
    BOOST_REQUIRE(commit >= commit_);
    BOOST_REQUIRE(replica.high_watermark() >= high_watermark_);
    if (effects.write.truncate_from) BOOST_REQUIRE(*effects.write.truncate_from > commit_);
    commit_ = commit;
    high_watermark_ = replica.high_watermark();
  }

  // Close to what would be right, so that much of it passes the first checks.
  RaftIndex some_index() {
    switch (below(12)) {
    case 0: return RaftIndex(0);
    case 1: return RaftIndex(UINT64_MAX);
    case 2: return RaftIndex((std::uint64_t{1} << 62) + below(3));
    default: return RaftIndex(victim_.replica->raft().last_index().value + 3 - below(6)); // may wrap
    }
  }
  Term some_term() {
    const auto now = victim_.replica->term().value;
    switch (below(14)) {
    case 0: return Term(-1);
    case 1: return Term(INT32_MAX);
    case 2: return Term(now - 1);
    case 3: return Term(now + 1);
    default: return Term(now);
    }
  }
  Offset some_offset() {
    const auto end = victim_.replica->log_end().value;
    constexpr std::array extremes{std::int64_t{-1}, std::int64_t{0}, INT64_MAX};
    return Offset(below(8) == 0 ? extremes[below(extremes.size())] : end + static_cast<std::int64_t>(below(3)) - 1);
  }
  std::vector<LogEntry> some_entries(RaftIndex behind, Term term) {
    std::vector<LogEntry> entries;
    auto index = behind;
    auto offset = below(4) == 0 ? some_offset() : victim_.replica->log_end();
    for (auto count = below(4); count > 0; --count) {
      LogEntry entry;
      index = RaftIndex(index.value + 1);
      entry.index = below(10) == 0 ? some_index() : index;
      entry.term = below(10) == 0 ? some_term() : term;
      entry.base_offset = offset;
      fill(entry);
      offset = Offset(static_cast<std::int64_t>(static_cast<std::uint64_t>(offset.value) +
                                                static_cast<std::uint64_t>(entry.offset_count)));
      entries.push_back(std::move(entry));
    }
    return entries;
  }
  void fill(LogEntry& entry) {
    entry.type = static_cast<EntryType>(below(12) == 0 ? below(256) : 1 + below(4));
    if (entry.type == EntryType::batch) {
      BatchSpec spec;
      spec.records = static_cast<std::int32_t>(1 + below(3));
      if (below(2) == 0) spec.producer = ProducerId(static_cast<ProducerId::rep>(below(2)));
      spec.sequence = static_cast<std::int32_t>(below(5));
      entry.payload = produce_command(1, 1, spec).batch;
      entry.offset_count = below(15) == 0 ? -7 : spec.records;
      stamp_batch(entry.payload.stampable(), entry.base_offset, entry.term);
    } else if (entry.type == EntryType::membership) {
      entry.payload = encode_membership(some_membership());
    } else {
      entry.payload = SharedBytes::copy_of(std::string(below(2) * 8, static_cast<char>(below(3))));
    }
  }
  Membership some_membership() {
    Membership membership;
    for (int id = 1; id <= 4; ++id) {
      if (below(3) > 0) membership.voters.emplace_back(id);
    }
    if (below(3) == 0) membership.outgoing = {NodeId(1), NodeId(2), NodeId(3)};
    return membership;
  }
  raft::Body some_body(Term term) {
    switch (below(9)) {
    case 0: return raft::VoteRequest{some_index(), some_term(), below(2) == 0, below(4) == 0};
    case 1: return raft::VoteReply{below(2) == 0, below(2) == 0};
    case 2: return raft::AppendReply{some_index(), below(2) == 0, some_index(), some_index(), some_term()};
    case 3: return some_snapshot(term);
    case 4: return raft::TimeoutNow{};
    case 5: return raft::Stopped{};
    default: break;
    }
    raft::Append append;
    const auto& raft = victim_.replica->raft();
    append.prev_index = below(3) == 0 ? some_index() : raft.last_index();
    append.prev_term = below(6) == 0 ? some_term() : raft.term_at(append.prev_index).value_or(term);
    append.commit = some_index();
    append.rest = below(10) == 0;
    append.entries = some_entries(append.prev_index, term);
    return append;
  }
  raft::Body some_snapshot(Term term) {
    raft::Snapshot snapshot;
    snapshot.index = some_index();
    snapshot.term = term;
    snapshot.applied = below(3) == 0 ? some_index() : snapshot.index;
    snapshot.next_offset = some_offset();
    snapshot.log_start = below(3) == 0 ? some_offset() : snapshot.next_offset;
    snapshot.membership = below(2) == 0 ? some_membership() : victim_.replica->membership();
    snapshot.membership_index = some_index();
    if (below(4) > 0) {
      snapshot.state = {partition::log_start_row(snapshot.log_start), partition::catch_up_row(snapshot.applied)};
    }
    if (below(4) == 0) snapshot.state.push_back({std::string(1, static_cast<char>('a' + below(26))), "?"});
    if (below(15) == 0) return raft::InstallSnapshot{};
    return raft::InstallSnapshot{std::make_shared<raft::Snapshot>(snapshot)};
  }
  raft::Message forged() {
    raft::Message message;
    message.group = GroupId(below(20) == 0 ? 7 : 1);
    message.from = NodeId(static_cast<NodeId::rep>(below(15) == 0 ? below(9) : 2 + below(2)));
    message.to = NodeId(1);
    message.term = some_term();
    message.body = some_body(message.term);
    return message;
  }

  std::mt19937_64 random_;
  ReplicaHarness victim_;
  std::vector<raft::Message> sent_;
  partition::WaiterId waiter_ = 0;
  RaftIndex commit_;
  Offset high_watermark_;
};

BOOST_AUTO_TEST_CASE(no_peer_can_make_an_assertion_fail_or_undo_what_is_committed) {
  std::uint64_t first = 1;
  std::uint64_t runs = 100;
  if (const auto* seed = std::getenv("CALLBOARD_SEED")) {
    first = std::stoull(seed);
    runs = 1;
  }
  if (const auto* count = std::getenv("CALLBOARD_RUNS")) runs = std::stoull(count);
  BOOST_TEST_MESSAGE("seeds " << first << " to " << first + runs - 1);
  for (auto seed = first; seed < first + runs; ++seed) {
    BOOST_TEST_CONTEXT("CALLBOARD_SEED=" << seed) {
      HostileRun hostile(seed);
      hostile.run();
      BOOST_TEST(hostile.refused() > 0U);
    }
  }
}

} // namespace
} // namespace callboard::test
