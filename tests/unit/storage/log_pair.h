#pragma once

#include <algorithm>
#include <array>
#include <span>

#include <rapidcheck.h>

#include "fixture.h"
#include "storage/memory_log.h"

namespace callboard::storage {

// As must(), but so that a case which fails can be shrunk.
template <class T>
T done(Result<T> result) {
  if (!result) RC_FAIL(result.error().message);
  return std::move(result).value();
}
inline void done(const Status& status) {
  if (!status) RC_FAIL(status.error().message);
}

// One group's log twice: in LMDB, through the doors that the writer uses, and in the
// simulator's memory. Operations fit any state of them; what would not be allowed (a
// truncation of what is committed) is bent to something that is, or left out.
//
//   staged   what was given to be written and is not: a crash loses it
//   flushed  what an `interval` log goes back to when the power is cut
//   ahead    a third log that took every write by itself, which `staged` merges
class LogPair {
public:
  explicit LogPair(Durability durability) {
    install_fault_handlers();
    options_.durability = durability;
    options_.segment_bytes = segment_bytes;
    open();
  }

  void append(std::uint32_t size, std::uint32_t choice) {
    LogWrite write;
    add_batches(write, ahead_, size, choice);
    stage(std::move(write), choice);
  }
  void append_other(std::uint32_t choice) {
    LogWrite write;
    auto& entry = write.entries.emplace_back(next_entry(ahead_));
    entry.type = static_cast<EntryType>(static_cast<unsigned>(EntryType::noop) + choice % 3);
    entry.term = Term(last_term(ahead_).value + (entry.type == EntryType::noop ? 1 : 0));
    entry.payload = SharedBytes::copy_of(std::string(choice % 40, 'p'));
    stage(std::move(write), choice / 3);
  }
  // More is committed, and the derived state goes on.
  void write_state(std::uint32_t size, std::uint32_t choice) {
    // Of what is written and will stay.
    const auto kept = staged_.truncate_from.value_or(model_.last_index().next()).prev();
    if (!staged_.reset && committed_ < kept) {
      committed_ = committed_.plus(choice % (kept.value - committed_.value + 1));
    }
    if (committed_.value == 0) return;
    LogWrite write;
    write.applied = committed_;
    for (std::uint32_t i = 0; i < size % 5; ++i) {
      const auto key = "k" + std::to_string((choice + 3 * i) % 10);
      const bool removed = (size + i) % 4 == 0;
      write.state.push_back({key, removed ? std::nullopt : std::optional(std::string(size / 3, 'v') + key)});
    }
    stage(std::move(write), size);
  }
  void truncate(std::uint32_t choice) {
    if (const auto from = some_uncommitted(choice)) {
      LogWrite write;
      write.truncate_from = *from;
      stage(std::move(write), choice);
    }
  }
  void replace(std::uint32_t size, std::uint32_t choice) {
    const auto from = some_uncommitted(choice);
    if (!from) return;
    LogWrite write;
    write.truncate_from = *from;
    auto cut = ahead_;
    done(cut.write(write));
    add_batches(write, cut, size, choice + 7); // its term has grown or not
    stage(std::move(write), size);
  }
  // As behind a snapshot, whose state may be ahead of where the log goes on.
  void reset(std::uint32_t size, std::uint32_t choice) {
    LogWrite write;
    const auto next = ahead_.next_offset().plus(size % 50);
    write.reset = LogReset{ahead_.last_index().plus(1 + choice % 50), next, next.plus(5 * (choice % 3))};
    write.applied = write.reset->first_index.prev().plus(size % 3);
    if (choice % 2 == 0) write.state.push_back({"snapshot", std::to_string(choice)});
    if (size % 4 == 0) {
      auto& entry = write.entries.emplace_back();
      entry.index = write.reset->first_index;
      entry.term = Term(last_term(ahead_).value + 1);
      entry.type = EntryType::noop;
      entry.base_offset = next;
    }
    committed_ = write.applied;
    stage(std::move(write), choice);
  }
  // What does not continue the log is refused by both, and nothing has changed.
  void write_misfit(std::uint32_t size, std::uint32_t choice) {
    commit();
    LogWrite write;
    switch (choice % 5) {
    case 0: write.truncate_from = model_.last_index().plus(2); break;
    case 1: write.truncate_from = model_.first_index().prev(); break;
    case 2: write.reset = LogReset{RaftIndex(9000), model_.next_offset(), model_.next_offset()}; break;
    case 3: write.truncate_from = some_uncommitted(size); break;
    case 4: break;
    }
    add_batches(write, model_, size, 1);
    // In the gap behind it, but for the first two, which are bad enough.
    if (choice % 5 >= 2) write.entries.front().index = write.entries.front().index.plus(1 + size);
    const bool follows_nothing = choice % 5 == 4 && model_.last_index().value == 0 && model_.first_index().value == 1;
    if (follows_nothing) return; // a log begins anywhere
    const auto in_memory = model_.write(write);
    const auto on_disk = log_->write(write, now_);
    RC_ASSERT(!in_memory && in_memory.error().code == ErrorCode::invalid_argument);
    RC_ASSERT(!on_disk && on_disk.error().code == ErrorCode::invalid_argument);
  }

  void commit() {
    if (staged_.empty()) return;
    const auto write = std::exchange(staged_, {});
    const auto before = model_;
    const auto manifest = log_->manifest();
    done(log_->write(write, now_));
    done(model_.write(write));
    note_flushed(before, manifest, write);
    if (++unflushed_commits_ > unflushed_commits_max) sync();
    compare_merged();
  }
  void move_log_start(std::uint32_t choice) {
    const auto* last = model_.find(committed_);
    if (last == nullptr) return;
    const auto room = last->next_offset().value - model_.log_start().value;
    if (room <= 0) return;
    const auto to = model_.log_start().plus(choice % 4 == 0 ? room : 1 + (room - 1) * choice / 1000);
    // A replica waits: segments may go that hold an uncommitted entry at this offset.
    const auto* next = ahead_.find(committed_.next());
    if (next != nullptr && next->type != EntryType::batch && next->base_offset <= to) return;
    done(log_->set_log_start(to));
    for (auto* log : {&model_, &ahead_}) log->set_log_start(to);
    flushed_ = model_;
    unflushed_commits_ = 0;
  }
  void store_hard_state(std::uint32_t size, std::uint32_t choice) {
    hard_.term = Term(static_cast<Term::rep>(size));
    hard_.vote = NodeId(static_cast<NodeId::rep>(choice % 5));
    hard_.membership.voters.assign(1 + choice % 4, NodeId(1));
    for (std::size_t i = 0; i < hard_.membership.voters.size(); ++i) {
      hard_.membership.voters[i] = NodeId(static_cast<NodeId::rep>(i + 1));
    }
    hard_.membership_index = committed_;
    const GroupUpdate update{group_, hard_, std::nullopt, false};
    done(node_->commit({&update, 1}));
  }
  void roll() {
    roll_asked_ = true;
    log_->roll_at_next_write();
    model_.roll_at_next_write();
  }
  void run_background_step() { done(log_->run_background_step()); }
  void sync() {
    done(log_->sync());
    RC_ASSERT(!log_->needs_sync());
    flushed_ = model_;
    unflushed_commits_ = 0;
  }
  void change_durability() {
    const bool fsync = options_.durability == Durability::fsync;
    options_.durability = fsync ? Durability::interval : Durability::fsync;
    log_->set_options(options_);
    flushed_ = model_;
    marked_ = false;
  }

  // The process ends in order, or it does not, or the machine does not.
  void stop_and_start() {
    commit();
    done(log_->close());
    done(node_->mark_clean());
    flushed_ = model_;
    open();
  }
  void crash() { open(); }
  void cut_power() {
    done(node_->settle()); // or there is no life on disk that could end
    log_.reset();
    node_.reset();
    pretend_power_cut(directory_.path());
    const auto had = model_.last_index();
    if (options_.durability == Durability::interval) model_ = flushed_;
    open();
    RC_ASSERT(node_->unclean_boot());
    // Whoever lost something says so; others do not.
    const auto hard = done(node_->read(group_)).value_or(GroupRecord{}).hard;
    const bool new_life = hard.life == hard_.life + 1;
    RC_ASSERT((new_life ? hard.recovering : hard.life == hard_.life));
    RC_ASSERT(!new_life || options_.durability == Durability::interval);
    RC_ASSERT(new_life || model_.last_index() == had);
    hard_.life = hard.life;
    hard_.recovering = hard.recovering;
  }
  void finish() {
    stop_and_start();
    compare();
  }

  // Everything that can be read.
  void compare() {
    ++compared_;
    compare_manifest();
    const auto view = log_->view();
    const auto all = done(view->read_entries(model_.first_index(), model_.last_index(), SIZE_MAX));
    compare_entries(all, model_.read_entries(model_.first_index(), model_.last_index(), SIZE_MAX));
    RC_ASSERT(all.size() + model_.first_index().value == model_.last_index().value + 1);
    compare_some_entries(*view);
    compare_offsets(*view, model_.log_start(), SIZE_MAX);
    compare_offsets(*view, Offset(static_cast<Offset::rep>(some(model_.next_offset().value + 10))), some(3000));
    compare_times(*view);
  }

private:
  static constexpr std::uint64_t segment_bytes = 3000;
  static constexpr int unflushed_commits_max = 100; // or the map of a segment is full before it is

  void open() {
    log_.reset();
    node_.reset();
    node_ = done(NodeState::open(directory_.path()));
    log_ = done(PartitionLog::open(*node_, group_, directory_.path(), options_, now_));
    compare_recovered(log_->take_recovered(), model_.recover());
    staged_ = {};
    ahead_ = model_;
    committed_ = std::max(model_.recover().applied, std::min(committed_, model_.last_index()));
    marked_ = false;
    if (roll_asked_) roll(); // asked of both again: a process that ended has forgotten it
  }

  LogEntry next_entry(const MemoryLog& log) const {
    LogEntry entry;
    entry.index = log.last_index().next();
    entry.base_offset = log.next_offset();
    return entry;
  }
  static Term last_term(const MemoryLog& log) {
    const auto* last = log.find(log.last_index());
    return last == nullptr ? Term(1) : last->term;
  }
  // Mostly small ones, now and then larger than a segment.
  void add_batches(LogWrite& write, const MemoryLog& behind, std::uint32_t size, std::uint32_t choice) {
    auto entry = next_entry(behind);
    entry.term = Term(last_term(behind).value + (choice % 7 == 0 ? 1 : 0));
    const auto value_bytes = size % 40 == 39 ? 5000 : size % 300;
    for (std::uint32_t i = 0; i <= choice % 9; ++i) {
      entry.offset_count = static_cast<std::int32_t>(1 + (choice + i) % 4);
      const auto time = now_ - static_cast<TimestampMs>(some(50)); // producers' clocks differ
      entry.payload = make_batch(entry.offset_count, value_bytes, time, size + i);
      entry.max_timestamp = time + entry.offset_count - 1;
      stamp_batch(entry.payload.stampable(), entry.base_offset, entry.term);
      write.entries.push_back(entry);
      entry.base_offset = entry.next_offset();
      entry.index = entry.index.next();
      now_ += 7;
    }
  }
  void stage(LogWrite write, std::uint32_t choice) {
    done(ahead_.write(write));
    staged_.append(std::move(write));
    if (choice % 3 > 0) commit();
  }
  std::optional<RaftIndex> some_uncommitted(std::uint32_t choice) const {
    const auto low = std::max(committed_.next(), ahead_.first_index());
    const auto high = ahead_.last_index().next();
    if (low > high) return std::nullopt;
    return RaftIndex(high.value - choice % std::min<std::uint64_t>(high.value - low.value + 1, 60));
  }
  // Numbers of the pair's own, a function of what happened before.
  std::uint64_t some(std::uint64_t bound) const {
    return (static_cast<std::uint64_t>(now_) * 31 + compared_ * 7919) % std::max<std::uint64_t>(bound, 1);
  }

  // A roll, a reset and a truncation across segments flush on their way; the first write
  // of a segment's life flushes what was before.
  void note_flushed(const MemoryLog& before, const Manifest& manifest, const LogWrite& write) {
    const auto& now = log_->manifest();
    const bool rolled = now.next_segment != manifest.next_segment;
    if (options_.durability == Durability::fsync || rolled) {
      flushed_ = model_;
      unflushed_commits_ = 0;
    } else if (now.segments.size() != manifest.segments.size()) {
      LogWrite cut;
      cut.truncate_from = write.truncate_from;
      flushed_ = before;
      done(flushed_.write(cut));
    } else if (!marked_) {
      flushed_ = before;
    }
    marked_ = true;
  }

  void compare_merged() const {
    RC_ASSERT(ahead_.last_index() == model_.last_index());
    RC_ASSERT(ahead_.next_offset() == model_.next_offset());
    const auto from = std::max(ahead_.first_index(), model_.first_index());
    compare_entries(ahead_.read_entries(from, ahead_.last_index(), SIZE_MAX),
                    model_.read_entries(from, model_.last_index(), SIZE_MAX));
    RC_ASSERT((ahead_.recover().state == model_.recover().state));
  }
  static void compare_entries(const std::vector<LogEntry>& a, const std::vector<LogEntry>& b) {
    RC_ASSERT(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      RC_ASSERT(a[i].index == b[i].index);
      RC_ASSERT(a[i].term == b[i].term);
      RC_ASSERT(a[i].type == b[i].type);
      RC_ASSERT(a[i].base_offset == b[i].base_offset);
      RC_ASSERT(a[i].offset_count == b[i].offset_count);
      RC_ASSERT(a[i].max_timestamp == b[i].max_timestamp);
      RC_ASSERT(a[i].payload.text() == b[i].payload.text());
    }
  }
  static void compare_recovered(const RecoveredLog& disk, const RecoveredLog& memory) {
    RC_ASSERT(disk.first_index == memory.first_index);
    RC_ASSERT(disk.first_offset == memory.first_offset);
    RC_ASSERT(disk.last_index == memory.last_index);
    RC_ASSERT(disk.last_term == memory.last_term);
    RC_ASSERT(disk.log_start == memory.log_start);
    RC_ASSERT(disk.next_offset == memory.next_offset);
    RC_ASSERT(disk.applied == memory.applied);
    RC_ASSERT((disk.state == memory.state));
    compare_entries(disk.suffix, memory.suffix);
    RC_ASSERT(disk.payload_bytes == memory.payload_bytes);
    RC_ASSERT(disk.max_timestamp == memory.max_timestamp);
  }
  void compare_manifest() const {
    const auto& manifest = log_->manifest();
    RC_ASSERT(manifest.log_start == model_.log_start());
    RC_ASSERT(!manifest.truncate_from);
    RC_ASSERT(manifest.segments.size() == model_.segments().size());
    for (std::size_t i = 0; i < manifest.segments.size(); ++i) {
      const auto& segment = model_.segments()[i];
      RC_ASSERT(manifest.segments[i].first_index == segment.first_index);
      RC_ASSERT(manifest.segments[i].base_offset == segment.base_offset);
      if (manifest.segments[i].closed) RC_ASSERT(manifest.segments[i].payload_bytes == segment.payload_bytes);
    }
    if (!manifest.segments.empty()) {
      RC_ASSERT(log_->active_extent().payload_bytes == model_.segments().back().payload_bytes);
      RC_ASSERT(log_->active_extent().next_offset == model_.next_offset());
    }
    const auto record = done(node_->read(group_));
    RC_ASSERT(record.value_or(GroupRecord{}).hard == hard_);
    RC_ASSERT(record.value_or(GroupRecord{}).manifest == manifest);
  }
  void compare_some_entries(const LogView& view) const {
    const auto from = model_.first_index().plus(some(model_.last_index().value + 2 - model_.first_index().value));
    const auto last = from.plus(some(30));
    const auto bytes = some(4000);
    compare_entries(done(view.read_entries(from, last, bytes)), model_.read_entries(from, last, bytes));
    if (model_.segments().empty()) return;
    const auto gone = view.read_entries(model_.first_index().prev(), last, bytes);
    RC_ASSERT(!gone && gone.error().code == ErrorCode::offset_out_of_range);
  }
  // Below the log start the disk's says so, the simulator's has nothing.
  void compare_offsets(const LogView& view, Offset from, std::size_t bytes_max) const {
    const auto upper = Offset(model_.next_offset().value - static_cast<Offset::rep>(some(5)));
    const auto expected = model_.read_offsets(from, upper, bytes_max);
    const auto read = view.read_offsets(from, {upper, bytes_max, true});
    RC_ASSERT(read.ok() == (from >= model_.log_start()));
    if (!read) RC_ASSERT(read.error().code == ErrorCode::offset_out_of_range);
    RC_ASSERT((read ? read->size() : 0) == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) RC_ASSERT((*read)[i].text() == expected[i].text());
  }
  void compare_times(const LogView& view) const {
    const auto upper = model_.next_offset();
    const auto records = records_from_log_start();
    const auto by_time = [](const TimestampHit& a, const TimestampHit& b) { return a.timestamp < b.timestamp; };
    const auto newest = std::max_element(records.begin(), records.end(), by_time);
    compare_hit(done(view.find_max_time(upper)), newest == records.end() ? TimestampHit{} : *newest);
    const auto time = now_ - static_cast<TimestampMs>(some(400));
    const auto late =
        std::find_if(records.begin(), records.end(), [&](const auto& it) { return it.timestamp >= time; });
    compare_hit(done(view.find_time(time, upper)), late == records.end() ? TimestampHit{} : *late);
  }
  static void compare_hit(const TimestampHit& a, const TimestampHit& b) {
    RC_ASSERT(a.offset == b.offset);
    RC_ASSERT(a.timestamp == b.timestamp);
  }
  std::vector<TimestampHit> records_from_log_start() const {
    std::vector<TimestampHit> records;
    for (const auto& batch : model_.read_offsets(model_.log_start(), model_.next_offset(), SIZE_MAX)) {
      done(for_each_record(batch.view(), [&](const RecordView& record) {
        if (record.offset >= model_.log_start()) records.push_back({record.offset, record.timestamp});
        return true;
      }));
    }
    return records;
  }

  TemporaryDirectory directory_;
  GroupId group_{7};
  LogOptions options_;
  TimestampMs now_ = 1'700'000'000'000;
  std::unique_ptr<NodeState> node_;
  std::unique_ptr<PartitionLog> log_;
  MemoryLog model_{segment_bytes};
  MemoryLog flushed_{segment_bytes};
  MemoryLog ahead_{segment_bytes};
  LogWrite staged_;
  RaftIndex committed_;
  HardState hard_;
  bool marked_ = false; // this life has left a mark of what is flushed
  bool roll_asked_ = false;
  int unflushed_commits_ = 0;
  std::uint64_t compared_ = 0;
};

} // namespace callboard::storage
