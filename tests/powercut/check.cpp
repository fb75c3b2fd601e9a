#include "tests/powercut/check.h"

#include <algorithm>
#include <limits>

#include "schema/record_batch.h"
#include "storage/log_reader.h"
#include "storage/partition_log.h"

namespace callboard::powercut {
namespace {

using storage::LogView;
using storage::NodeState;
using storage::PartitionLog;

constexpr TimestampMs restarted_at = 1'700'001'000'000;
constexpr int background_steps_max = 1000;

void require(bool condition, const std::string& what) {
  if (!condition) throw Violation(what);
}

template <class T>
T require(Result<T> result, const std::string& what) {
  if (!result) throw Violation(what + ": " + result.error().message);
  return std::move(result).value();
}

bool same(const LogEntry& left, const LogEntry& right) {
  return left.index == right.index && left.term == right.term && left.type == right.type &&
         left.base_offset == right.base_offset && left.offset_count == right.offset_count &&
         std::ranges::equal(left.payload.view(), right.payload.view());
}

// A batch that lost its record: by the entries of the log, the same place.
bool is_emptied(const LogEntry& found, const LogEntry& original) {
  if (found.index != original.index || found.term != original.term || found.type != original.type ||
      found.base_offset != original.base_offset || found.offset_count != original.offset_count)
    return false;
  const auto header = read_batch_header(found.payload.view());
  return header && header->count == 0 && header->next_offset() == original.next_offset() &&
         batch_crc_matches(found.payload.view());
}

std::map<std::string, std::string> as_map(const std::vector<StateRow>& rows) {
  std::map<std::string, std::string> map;
  for (const auto& row : rows) map[row.key] = row.value.value_or("(removed)");
  return map;
}

Result<std::vector<LogEntry>> read_all(const LogView& view, RaftIndex first, RaftIndex last) {
  std::vector<LogEntry> entries;
  auto from = first;
  while (from <= last) {
    auto read = view.read_entries(from, last, 64 << 10);
    if (!read) return read.error();
    auto part = std::move(*read);
    if (part.empty()) return Error{ErrorCode::corrupt_storage, "no entry at index " + std::to_string(from.value)};
    from = from.plus(part.size());
    std::ranges::move(part, std::back_inserter(entries));
  }
  return entries;
}

// One group after the restart. Sentences start with its name.
class GroupCheck {
public:
  GroupCheck(NodeState& state, const std::string& directory, const GroupLedger& promised, Position cut,
             const Recorder* recorder)
    : state_(state), directory_(directory), promised_(promised), cut_(cut), recorder_(recorder),
      name_("group " + std::to_string(promised.group.value) + ": "), next_(promised.after(cut)) {}

  GroupLedger run() {
    if (!check_existence()) return next_;
    check_hard_state();
    open();
    check_log_start();
    check_content();
    check_offsets();
    write_more();
    finish();
    return next_;
  }

private:
  void expect(bool condition, const std::string& what) const { require(condition, name_ + what); }
  Position now() const { return recorder_ == nullptr ? 0 : recorder_->position(); }

  bool check_existence();
  void check_hard_state();
  void open();
  void check_log_start();
  void check_content();
  LogContentPtr shortened(const std::vector<LogContentPtr>& allowed, std::size_t i) const;
  std::string mismatch(const LogContent& candidate, const std::vector<LogEntry>& found) const;
  void check_offsets();
  void write_more();
  void finish();

  NodeState& state_;
  const std::string& directory_;
  const GroupLedger& promised_;
  Position cut_;
  const Recorder* recorder_;
  std::string name_;
  GroupLedger next_;
  std::unique_ptr<PartitionLog> log_;
  RecoveredLog recovered_;
  LogContentPtr content_;
  std::vector<LogEntry> found_; // what there is of it
};

// False: the group is deleted, as it may be; nothing else is to be checked.
bool GroupCheck::check_existence() {
  const auto destroyed = promised_.destroyed.allowed(cut_);
  const auto record = require(state_.read(promised_.group), name_ + "reading its record");
  expect(destroyed.front() == false || !record, "deleted, but its record is back");
  if (!destroyed.back()) return true;
  // Deleted or about to be: the node finishes the deletion, whatever is left of it.
  return false;
}

void GroupCheck::check_hard_state() {
  const auto record = require(state_.read(promised_.group), name_ + "reading its record");
  auto found = record ? record->hard : HardState();
  expect(found.life == 0 || promised_.interval(), "it says that it lost something, and must not lose");
  found.life = 0; // how often it lost what it may is not in the ledger
  found.recovering = false;
  const auto allowed = promised_.hard.allowed(cut_);
  const auto match =
      std::ranges::find_if(allowed, [&](const auto& hard) { return hard.value_or(HardState()) == found; });
  expect(match != allowed.end(), "vote lost: found term " + std::to_string(found.term.value) + ", promised term " +
                                     std::to_string(allowed.front().value_or(HardState()).term.value));
  next_.hard.begin(now(), *match);
  next_.hard.promise(now());
}

void GroupCheck::open() {
  log_ = require(PartitionLog::open(state_, promised_.group, directory_, promised_.options, restarted_at),
                 name_ + "the log does not open");
  recovered_ = log_->take_recovered();
}

void GroupCheck::check_log_start() {
  const auto allowed = promised_.log_start.allowed(cut_);
  expect(std::ranges::find(allowed, recovered_.log_start) != allowed.end(),
         "log start is " + std::to_string(recovered_.log_start.value) + ", promised " +
             std::to_string(allowed.front().value));
  next_.log_start.begin(now(), recovered_.log_start);
  next_.log_start.promise(now());
}

void GroupCheck::check_content() {
  const auto found = require(read_all(*log_->view(), recovered_.first_index, recovered_.last_index), name_ + "reading");
  const auto allowed = promised_.log.allowed(cut_);
  std::string why;
  for (auto i = allowed.size(); i-- > 0;) {
    const auto candidate = promised_.interval() ? shortened(allowed, i) : allowed[i];
    why = mismatch(*candidate, found);
    if (!why.empty()) continue;
    content_ = candidate;
    found_ = found;
    next_.log.begin(now(), content_);
    next_.log.promise(now());
    return;
  }
  expect(false, "none of the " + std::to_string(allowed.size()) + " contents it may have; at least it should " + why);
}

// An `interval` log may end at any entry of the calls after the promise, and its derived
// state may be as of an older index, since the entries after that are replayed.
LogContentPtr GroupCheck::shortened(const std::vector<LogContentPtr>& allowed, std::size_t i) const {
  auto content = *allowed[i];
  auto shortest = content.last_index();
  for (std::size_t j = 0; j < i; ++j) shortest = std::min(shortest, allowed[j]->last_index());
  if (recovered_.last_index >= shortest) content.truncate(recovered_.last_index.next());
  for (const auto& version : promised_.log.history(cut_)) {
    if (version->applied != recovered_.applied || version->state != as_map(recovered_.state)) continue;
    content.applied = version->applied;
    content.state = version->state;
    break;
  }
  return std::make_shared<LogContent>(std::move(content));
}

// Empty: the log holds exactly `candidate`.
std::string GroupCheck::mismatch(const LogContent& candidate, const std::vector<LogEntry>& found) const {
  const auto number = [](auto strong) { return std::to_string(strong.value); };
  if (recovered_.last_index != candidate.last_index()) {
    return "end at index " + number(candidate.last_index()) + ", not " + number(recovered_.last_index);
  }
  if (recovered_.last_term != candidate.last_term()) return "have last term " + number(candidate.last_term());
  if (recovered_.next_offset != candidate.next_offset()) return "go on at offset " + number(candidate.next_offset());
  for (auto index = RaftIndex(1); index < recovered_.first_index; index = index.next()) {
    if (candidate.at(index).next_offset() > recovered_.log_start) return "still have index " + number(index);
  }
  const auto cuts = promised_.cut.allowed(cut_);
  const auto must_be = newest_below(candidate, cuts.front());
  const auto may_be = newest_below(candidate, *std::ranges::max_element(cuts));
  for (const auto& entry : found) {
    const auto& original = candidate.at(entry.index);
    const auto superseded = [&](const auto& newest) {
      if (original.type != EntryType::batch) return false;
      const auto known = newest.find(key_of(original));
      return known != newest.end() && known->second > original.base_offset;
    };
    if (same(entry, original) && !superseded(must_be)) continue;
    if (!is_emptied(entry, original) || !superseded(may_be)) return "have other bytes at index " + number(entry.index);
  }
  if (recovered_.applied != candidate.applied) return "have applied index " + number(candidate.applied);
  if (as_map(recovered_.state) != candidate.state) return "have other derived state";
  auto next = std::max(recovered_.applied.next(), recovered_.first_index);
  for (const auto& entry : recovered_.suffix) {
    if (entry.index != next || entry.term != candidate.at(next).term) return "replay index " + number(next);
    next = next.next();
  }
  return next == candidate.last_index().next() ? "" : "replay up to index " + number(candidate.last_index());
}

// By offset: the same batches, back to back, from the one that holds the log start on. Those
// without a record need not be there.
void GroupCheck::check_offsets() {
  std::string expected;
  for (const auto& entry : found_) {
    if (entry.type != EntryType::batch || entry.next_offset() <= recovered_.log_start) continue;
    if (require(read_batch_header(entry.payload.view()), name_ + "a batch").count > 0) expected += entry.payload.text();
  }
  std::string found;
  const auto view = log_->view();
  auto from = recovered_.log_start;
  while (from < recovered_.next_offset) {
    const auto part = require(view->read_offsets(from, {recovered_.next_offset, 256 << 10, true}),
                              name_ + "reading offset " + std::to_string(from.value));
    expect(!part.empty(), "nothing to read at offset " + std::to_string(from.value));
    for (const auto& bytes : part) {
      const auto header = require(read_batch_header(bytes.view()), name_ + "a batch read by offset");
      expect(header.next_offset() > from, "a batch read by offset ends at or before it");
      from = header.next_offset();
      if (header.count > 0) found += bytes.text();
    }
  }
  expect(found == expected, "other bytes by offset than by index");
}

void GroupCheck::write_more() {
  const auto term = std::max(content_->last_term(), next_.hard.latest().value_or(HardState()).term).next();
  LogWrite more;
  more.entries.push_back(next_batch(*content_, term, 1000, content_->last_index().value));
  const auto after = std::make_shared<LogContent>(content_->after(more));
  next_.log.begin(now(), after);
  require(log_->write(more, restarted_at), name_ + "a further write is refused");
  require(log_->sync(), name_ + "a further sync is refused");
  next_.log.promise(now());
  const auto found = require(read_all(*log_->view(), after->last_index(), after->last_index()), name_ + "reading");
  expect(same(found.front(), after->entries.back()), "a further write reads back differently");
}

// Background work ends, and so does the log; what was written is there again.
void GroupCheck::finish() {
  for (int i = 0; require(log_->run_background_step(), name_ + "background work fails"); ++i) {
    expect(i < background_steps_max, "background work does not end");
  }
  require(log_->close(), name_ + "the log does not close");
  log_.reset();
  open();
  expect(recovered_.last_index == next_.log.latest()->last_index(), "a further write is lost at an orderly restart");
}

} // namespace

Ledger check_restart(const std::string& directory, const Ledger& ledger, Position cut, const Recorder* recorder) {
  const auto state = require(NodeState::open(directory), "the node state does not open");
  auto next = ledger.after(cut);
  const auto identity = require(state->identity(), "reading the identity");
  const auto identified = ledger.identified.allowed(cut);
  require(std::ranges::find(identified, identity.has_value()) != identified.end(), "the identity is lost");
  require(!identity || identity->node_uuid == test_identity().node_uuid, "the identity is another one");
  for (std::size_t i = 0; i < ledger.groups.size(); ++i) {
    next.groups[i] = GroupCheck(*state, directory, ledger.groups[i], cut, recorder).run();
  }
  return next;
}

} // namespace callboard::powercut
