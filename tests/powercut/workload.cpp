#include "tests/powercut/workload.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "storage/compaction_job.h"
#include "storage/file.h"
#include "tests/powercut/disk.h"
#include "tests/powercut/image.h"
#include "tests/powercut/random.h"

namespace callboard::powercut {
namespace {

using storage::GroupUpdate;
using storage::NodeState;
using storage::PartitionLog;

constexpr int steps = 320;
constexpr std::size_t groups_at_once = 4;
constexpr TimestampMs start_of_time = 1'700'000'000'000;

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

bool is_node_state(std::string_view path) {
  return path.starts_with("node-state");
}

class Workload {
public:
  Workload(const std::string& directory, std::uint64_t seed, Sabotage sabotage)
    : directory_(directory), random_(seed), sabotage_(sabotage), recorder_(directory) {}

  History run(std::uint64_t seed);

private:
  struct Group {
    std::size_t ledger; // position in ledger_.groups
    std::unique_ptr<PartitionLog> log;
    Term term;
    RaftIndex committed;
    LogContentPtr synced; // what a cut cannot take
  };

  // Where the segment lies that `group` writes to; empty: nowhere yet.
  std::string active_segment(const Group& group);
  GroupLedger& ledger_of(const Group& group) { return ledger_.groups[group.ledger]; }
  const LogContent& content_of(const Group& group) { return *ledger_of(group).log.latest(); }
  Position now() const { return recorder_.position(); }
  Group& any_group() { return groups_[random_.below(groups_.size())]; }
  TimestampMs time() { return start_of_time + static_cast<TimestampMs>(++ticks_); }
  // Runs `call` while the syncs of the paths chosen by `lost` do not happen.
  void without_syncs(SyncFilter lost, const std::function<void()>& call);

  void step();
  void start_node();
  void add_group();
  void open_log(Group& group);
  void append(Group& group);
  void truncate(Group& group);
  void write(Group& group, const LogWrite& write);
  using Segments = std::vector<storage::SegmentInfo>;
  void count(const LogWrite& write, const Segments& before, const Segments& after);
  void add_state(Group& group, LogWrite& write);
  void promise_log(Group& group);
  void vote();
  void trim(Group& group);
  void compact(Group& group);
  bool run_job(Group& group);
  void sync(Group& group);
  void background(Group& group);
  void reopen(Group& group);
  void restart_node();
  void destroy(Group& group);
  std::size_t value_bytes();

  std::string directory_;
  Random random_;
  Sabotage sabotage_;
  Recorder recorder_;
  Ledger ledger_;
  Coverage coverage_;
  std::unique_ptr<NodeState> state_;
  std::vector<Group> groups_;
  std::uint64_t ticks_ = 0;
  std::uint64_t next_group_ = 1;
};

History Workload::run(std::uint64_t seed) {
  {
    Recording recording(recorder_);
    start_node();
    while (groups_.size() < groups_at_once) add_group();
    for (int i = 0; i < steps; ++i) step();
    restart_node();
    groups_.clear();
    state_.reset();
  }
  const auto first = recorder_.first_position();
  return {seed, recorder_.take_log(), first, std::move(ledger_), coverage_};
}

void Workload::without_syncs(SyncFilter lost, const std::function<void()>& call) {
  recorder_.lose_syncs(std::move(lost));
  call();
  recorder_.lose_syncs({});
}

void Workload::step() {
  auto& group = any_group();
  const auto dice = random_.below(100);
  if (dice < 44) {
    append(group);
  } else if (dice < 51) {
    truncate(group);
  } else if (dice < 59) {
    vote();
  } else if (dice < 73) {
    background(group);
  } else if (dice < 79) {
    compact(group);
  } else if (dice < 87) {
    trim(group);
  } else if (dice < 93) {
    sync(group);
  } else if (dice < 97) {
    reopen(group);
  } else if (dice < 99) {
    restart_node();
  } else {
    destroy(group);
    add_group();
  }
}

void Workload::start_node() {
  state_ = must(NodeState::open(directory_));
  if (ledger_.identified.latest()) return;
  ledger_.identified.begin(now(), true);
  must(state_->set_identity(test_identity()));
  ledger_.identified.promise(now());
}

// Every third group has durability `interval`. Small segments, so that they roll.
void Workload::add_group() {
  GroupLedger ledger;
  ledger.group = GroupId(next_group_++);
  ledger.options.durability = ledger.group.value % 3 == 0 ? storage::Durability::interval : storage::Durability::fsync;
  ledger.options.segment_bytes = random_.between(1, 4) << 15;
  ledger_.groups.push_back(std::move(ledger));
  groups_.push_back({ledger_.groups.size() - 1, nullptr, Term(1), RaftIndex(), std::make_shared<LogContent>()});
  open_log(groups_.back());
}

void Workload::open_log(Group& group) {
  const auto& ledger = ledger_of(group);
  group.log = must(PartitionLog::open(*state_, ledger.group, directory_, ledger.options, time()));
  const auto recovered = group.log->take_recovered();
  if (recovered.last_index != content_of(group).last_index()) throw std::runtime_error("reopening lost entries");
}

std::size_t Workload::value_bytes() {
  const auto dice = random_.below(100);
  if (dice < 60) return random_.between(0, 300);
  if (dice < 88) return random_.between(300, 16 << 10);
  if (dice < 97) return random_.between(16 << 10, 64 << 10);
  return random_.between(64 << 10, 250 << 10);
}

void Workload::append(Group& group) {
  LogWrite next;
  auto content = content_of(group);
  for (auto count = random_.between(1, 4); count > 0; --count) {
    const bool noop = random_.chance(0.1);
    next.entries.push_back(noop ? next_noop(content, group.term)
                                : next_batch(content, group.term, value_bytes(), random_.next()));
    content.entries.push_back(next.entries.back());
  }
  if (random_.chance(0.3)) add_state(group, next);
  write(group, next);
  if (random_.chance(0.25)) {
    const auto last = content_of(group).last_index();
    group.committed = RaftIndex(random_.between(group.committed.value, last.value));
  }
}

void Workload::add_state(Group& group, LogWrite& next) {
  const auto applied = content_of(group).applied;
  if (group.committed <= applied) return;
  next.applied = RaftIndex(random_.between(applied.value + 1, group.committed.value));
  for (auto rows = random_.between(0, 3); rows > 0; --rows) {
    StateRow row{"row " + std::to_string(random_.below(8)), std::nullopt};
    if (random_.chance(0.8)) row.value = "as of " + std::to_string(next.applied.value);
    next.state.push_back(std::move(row));
  }
}

// A new leader's entries take the place of some that were not committed.
void Workload::truncate(Group& group) {
  const auto last = content_of(group).last_index();
  if (last <= group.committed) return;
  group.term = group.term.next();
  LogWrite next;
  next.truncate_from = RaftIndex(random_.between(group.committed.value + 1, last.value));
  auto content = content_of(group);
  content.truncate(*next.truncate_from);
  if (random_.chance(0.7)) next.entries.push_back(next_batch(content, group.term, value_bytes(), random_.next()));
  write(group, next);
}

void Workload::write(Group& group, const LogWrite& next) {
  auto& log = ledger_of(group).log;
  const auto before = log.latest();
  const auto begun = now();
  if (next.truncate_from) {
    // A cut between the removal and the append is allowed: what was removed was not committed.
    auto truncated = *before;
    truncated.truncate(*next.truncate_from);
    log.begin(begun, std::make_shared<LogContent>(std::move(truncated)));
  }
  log.begin(begun, std::make_shared<LogContent>(before->after(next)));
  const bool promised = !ledger_of(group).interval();
  if (promised && sabotage_ == Sabotage::reply_before_flush) promise_log(group);
  const auto segments = group.log->manifest().segments;
  const auto active = active_segment(group);
  const auto write = [&] { must(group.log->write(next, time())); };
  if (sabotage_ == Sabotage::roll_without_sync) {
    without_syncs([&](std::string_view path) { return !promised && path == active; }, write);
  } else {
    write();
  }
  if (promised) promise_log(group);
  count(next, segments, group.log->manifest().segments);
}

void Workload::count(const LogWrite& write, const Segments& before, const Segments& after) {
  ++(write.truncate_from ? coverage_.truncations : coverage_.appends);
  if (!before.empty() && after.back().id > before.back().id) ++coverage_.rolls;
  if (!before.empty() && after.back().id < before.back().id) ++coverage_.truncations_across_a_roll;
}

std::string Workload::active_segment(const Group& group) {
  const auto& segments = group.log->manifest().segments;
  if (segments.empty()) return "";
  return "groups/" + storage::hex16(ledger_of(group).group.value) + "/" + storage::hex16(segments.back().id.value) +
         ".mdb";
}

void Workload::promise_log(Group& group) {
  ledger_of(group).log.promise(now());
  group.synced = ledger_of(group).log.latest();
}

// Raft's term and vote of one to three groups, in one commit.
void Workload::vote() {
  std::vector<GroupUpdate> updates;
  const auto begun = now();
  const auto first = random_.below(groups_.size());
  const auto count = random_.between(1, 3);
  for (std::size_t i = 0; i < count; ++i) {
    auto& group = groups_[(first + i) % groups_.size()];
    group.term = group.term.next();
    HardState hard{group.term, NodeId(static_cast<std::int32_t>(random_.below(5))), {{NodeId(1), NodeId(2)}}};
    ledger_of(group).hard.begin(begun, hard);
    updates.push_back({ledger_of(group).group, hard, std::nullopt, false});
  }
  const auto commit = [&] { must(state_->commit(updates)); };
  if (sabotage_ == Sabotage::vote_not_synced) {
    without_syncs(is_node_state, commit);
  } else {
    commit();
  }
  for (std::size_t i = 0; i < count; ++i) ledger_of(groups_[(first + i) % groups_.size()]).hard.promise(now());
  ++coverage_.votes;
}

// Retention: at a segment's boundary or anywhere, below what is applied and durable.
void Workload::trim(Group& group) {
  const auto& content = content_of(group);
  const auto& segments = group.log->manifest().segments;
  const auto last = std::min({content.applied, group.synced->applied, group.synced->last_index()});
  if (last.value == 0 || segments.empty()) return;
  const auto highest = content.at(last).next_offset();
  auto target = Offset(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(highest.value) + 1)));
  if (random_.chance(0.6)) target = segments[random_.below(segments.size())].base_offset;
  auto& log_start = ledger_of(group).log_start;
  if (target > highest || target <= log_start.latest()) return;
  log_start.begin(now(), target);
  const auto segments_before = static_cast<int>(segments.size());
  must(group.log->set_log_start(target));
  coverage_.segments_dropped_by_retention += segments_before - static_cast<int>(segments.size());
  log_start.promise(now());
}

// Up to anywhere below what the state on disk covers. Some jobs are given up on the way.
void Workload::compact(Group& group) {
  const auto& content = content_of(group);
  if (content.applied.value == 0 || content.last_index() < content.applied) return;
  const auto highest = content.at(content.applied).next_offset();
  if (highest.value == 0) return;
  auto& cut = ledger_of(group).cut;
  auto upto = highest;
  if (random_.chance(0.5))
    upto = Offset(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(highest.value))));
  if (upto <= cut.latest()) return;
  group.log->set_cut({upto, Offset(), time()});
  cut.begin(now(), upto);
  while (run_job(group)) {
  }
  if (group.log->manifest().compacted.upto >= upto) cut.promise(now());
}

// False: nothing to do, or it was given up.
bool Workload::run_job(Group& group) {
  auto task = group.log->begin_compaction();
  if (!task) return false;
  const auto given_up_at = random_.chance(0.2) ? random_.below(12) : std::uint64_t{1} << 32;
  storage::CompactionJob job(std::move(*task), 1 << 20, random_.next());
  for (std::uint64_t i = 0; i < given_up_at; ++i) {
    const auto step = must(job.step());
    if (step == storage::CompactionJob::Step::done) {
      must(group.log->finish_compaction(job.take_result()));
      return true;
    }
    if (step != storage::CompactionJob::Step::segment) continue;
    if (!must(group.log->install(job.take_segment()))) throw std::runtime_error("a compacted segment does not fit");
    ++coverage_.segments_compacted;
  }
  group.log->abandon_compaction();
  return false;
}

void Workload::sync(Group& group) {
  must(group.log->sync());
  promise_log(group);
}

void Workload::background(Group& group) {
  (void)must(group.log->run_background_step());
}

void Workload::reopen(Group& group) {
  if (random_.chance(0.5)) {
    must(group.log->close());
    promise_log(group);
  }
  group.log.reset();
  open_log(group);
}

void Workload::restart_node() {
  const bool orderly = random_.chance(0.5);
  for (auto& group : groups_) {
    if (orderly) {
      must(group.log->close());
      promise_log(group);
    }
    group.log.reset();
  }
  if (orderly) must(state_->mark_clean());
  state_.reset();
  start_node();
  for (auto& group : groups_) open_log(group);
  ++coverage_.restarts;
}

void Workload::destroy(Group& group) {
  auto& destroyed = ledger_of(group).destroyed;
  destroyed.begin(now(), true);
  must(group.log->destroy());
  destroyed.promise(now());
  ++coverage_.deletions;
  groups_.erase(groups_.begin() + (&group - groups_.data()));
}

// What the recorder knows must be what is there, or the cuts would prove nothing.
// Lock files are mapped and mean nothing after a restart.
void check_recording(const History& history, const std::string& directory) {
  Disk disk;
  for (const auto& operation : history.operations) disk.apply(operation);
  auto recorded = disk.cached();
  auto real = Image::of(directory);
  const auto is_lock = [](const auto& file) { return file.first.ends_with("lock"); };
  std::erase_if(recorded.files, is_lock);
  std::erase_if(real.files, is_lock);
  if (recorded != real) throw std::runtime_error("a change of a file went past the recorder");
}

} // namespace

Coverage& Coverage::operator+=(const Coverage& other) {
  appends += other.appends;
  rolls += other.rolls;
  truncations += other.truncations;
  truncations_across_a_roll += other.truncations_across_a_roll;
  segments_dropped_by_retention += other.segments_dropped_by_retention;
  segments_compacted += other.segments_compacted;
  votes += other.votes;
  deletions += other.deletions;
  restarts += other.restarts;
  return *this;
}

History run_workload(const std::string& directory, std::uint64_t seed, Sabotage sabotage) {
  auto history = Workload(directory, seed, sabotage).run(seed);
  check_recording(history, directory);
  return history;
}

} // namespace callboard::powercut
