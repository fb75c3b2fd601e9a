#include "storage/partition_log.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/record_batch.h"
#include "storage/file.h"
#include "storage/keys.h"
#include "storage/partition_log_impl.h"
#include "storage/quarantine.h"
#include "storage/segment_check.h"
#include "storage/segment_mark.h"

namespace callboard::storage {
namespace {

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage,
          path + " is damaged: " + std::string(what) + "; restore this replica from its peers"};
}

// After these a log takes no more writes.
bool fatal(const Error& error) {
  return error.code == ErrorCode::storage_io || error.code == ErrorCode::corrupt_storage;
}

} // namespace

Status PartitionLog::Impl::commit_manifest(Manifest next, std::optional<HardState> hard) {
  const GroupUpdate update{group, std::move(hard), next, false};
  if (auto committed = node.commit({&update, 1}); !committed) return committed;
  manifest = std::move(next);
  view.reset();
  return ok_status();
}

void PartitionLog::Impl::discard(SegmentId id) {
  garbage.push_back(path(id));
  garbage.push_back(path(id) + "-lock");
  garbage.push_back(sidecar_path(path(id)));
  garbage.push_back(mark_path(path(id)));
}

Status PartitionLog::Impl::open_segments(RawRows& state) {
  if (manifest.truncate_from) {
    segments.resize(manifest.segments.size());
    if (auto finished = finish_truncation(std::nullopt); !finished) return finished;
  }
  segments.assign(manifest.segments.size(), nullptr);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& info = manifest.segments[i];
    if (!info.closed) {
      if (auto opened = open_active(i, state); !opened) return opened;
      continue;
    }
    if (auto checked = check_closed(i); !checked) return checked;
    segments[i] = std::make_shared<ClosedSegment>(path(info.id), group, info.id);
  }
  if (!segments.empty()) active = as_active(segments.back());
  // A life that ended without a stop may have left something in the page cache.
  unsynced = active != nullptr && has_unflushed(active->path());
  if (!segments.empty() && !active) return damaged(directory, "its last segment is closed");
  if (auto joined = check_joints(); !joined) return joined;
  return remove_unknown_files();
}

Status PartitionLog::Impl::open_active(std::size_t i, RawRows& state) {
  const auto& info = manifest.segments[i];
  if (const auto mark = fallback_of(path(info.id), node.unclean_boots())) return rebuild(i, *mark, state);
  auto opened = ActiveSegment::open(path(info.id), group, info, segment_options());
  if (!opened) return opened.error();
  segments[i] = opened->segment;
  state = std::move(opened->state);
  return ok_status();
}

// What the flush interval promises: after a power cut the log ends where the last
// flush did. Other replicas may have counted on more: the same commit says so.
Status PartitionLog::Impl::rebuild(std::size_t i, const SegmentMark& mark, RawRows& state) {
  auto next = manifest;
  auto& info = next.segments[i];
  const auto torn = info.id;
  info.id = next.next_segment;
  next.next_segment = next.next_segment.next();
  auto rebuilt = rebuild_segment(path(torn), mark, path(info.id), group, info, segment_options());
  if (!rebuilt) return rebuilt.error();
  auto record = node.read(group);
  if (!record) return record.error();
  const auto hard = *record ? next_life((*record)->hard) : next_life({});
  if (auto committed = commit_manifest(std::move(next), hard); !committed) return committed;
  discard(torn);
  segments[i] = rebuilt->segment;
  state = std::move(rebuilt->state);
  return ok_status();
}

Status PartitionLog::Impl::check_closed(std::size_t i) const {
  const auto& info = manifest.segments[i];
  struct stat about {};
  if (::stat(path(info.id).c_str(), &about) != 0) return damaged(path(info.id), "it is gone");
  if (static_cast<std::uint64_t>(about.st_size) != info.bytes)
    return damaged(path(info.id),
                   "it has " + std::to_string(about.st_size) + " bytes instead of " + std::to_string(info.bytes));
  return ok_status();
}

// Closed segments' ends are checked by whoever reads up to them.
Status PartitionLog::Impl::check_joints() const {
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto& next = manifest.segments[i + 1];
    const auto open = as_active(segments[i]);
    const bool joins = open
                           ? open->tail().next_index == next.first_index && open->tail().next_offset <= next.base_offset
                           : manifest.segments[i].first_index <= next.first_index;
    if (!joins) return damaged(path(next.id), "it does not join the segment before it");
  }
  return ok_status();
}

Status PartitionLog::Impl::remove_unknown_files() const {
  std::set<std::string> known;
  for (const auto& info : manifest.segments) {
    const auto name = hex16(info.id.value);
    known.insert(name + ".mdb");
    known.insert(name + (info.closed ? ".sum" : ".mdb-lock"));
    if (!info.closed) known.insert(name + ".mark");
  }
  auto names = list_directory(directory);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (known.contains(name) || name.starts_with(state_file)) continue; // the latter is a StateStore's
    if (auto removed = remove_file(directory + "/" + name); !removed) return removed;
  }
  return ok_status();
}

Status PartitionLog::Impl::recover(const RawRows& state) {
  recovered.log_start = manifest.log_start;
  recovered.next_offset = manifest.log_start;
  if (!active) return ok_status();
  auto applied = applied_state(state);
  recovered.applied = applied.applied;
  recovered.state = std::move(applied.rows);
  recovered.first_index = manifest.segments.front().first_index;
  recovered.first_offset = manifest.segments.front().base_offset;
  recovered.last_index = active->tail().next_index.prev();
  recovered.next_offset = active->tail().next_offset;
  const auto term = last_term();
  if (!term) return term.error();
  recovered.last_term = *term;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto open = as_active(segments[i]);
    const auto& info = manifest.segments[i];
    recovered.payload_bytes += open ? open->tail().payload_bytes : info.payload_bytes;
    recovered.max_timestamp = std::max(recovered.max_timestamp, open ? open->tail().max_timestamp : info.max_timestamp);
  }
  return recover_suffix();
}

Result<Term> PartitionLog::Impl::last_term() const {
  if (active->tail().last_term.value > 0 || recovered.last_index < recovered.first_index)
    return active->tail().last_term;
  auto last = current_view()->read_entries(recovered.last_index, recovered.last_index, 0);
  if (!last) return last.error();
  return last->empty() ? Term{} : last->front().term;
}

Status PartitionLog::Impl::recover_suffix() {
  const auto from = std::max(recovered.applied.next(), recovered.first_index);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool ends_before = i + 1 < segments.size() && manifest.segments[i + 1].first_index <= from;
    if (ends_before || from > recovered.last_index) continue;
    auto snapshot = segments[i]->snapshot();
    if (!snapshot) return snapshot.error();
    EntryWalker walker(**snapshot, group, segments[i]->path());
    auto more = walker.seek_index(from);
    if (more && *more) more = walker.next();
    for (; more && *more; more = walker.next()) {
      auto head = walker.payload_head();
      if (!head) return head.error();
      recovered.suffix.push_back(walker.entry());
      recovered.suffix.back().payload = std::move(*head);
    }
    if (!more) return more.error();
  }
  return ok_status();
}

LogExtent PartitionLog::Impl::extent() const {
  if (!active) return {RaftIndex{1}, RaftIndex{1}, false};
  return {manifest.segments.front().first_index, active->tail().next_index};
}

Status PartitionLog::Impl::write(const LogWrite& write, TimestampMs now) {
  // Before anything is done: a truncation across segments is more than one commit.
  if (auto checked = check_write(write, extent()); !checked) {
    return Error{ErrorCode::invalid_argument, directory + ": " + checked.error().message};
  }
  if (write.reset) return start_over(write, now);
  if (active && write.truncate_from && *write.truncate_from < active->info().first_index) {
    if (auto truncated = truncate_across(*write.truncate_from); !truncated) return truncated;
  }
  if (!active || must_roll(write, now)) {
    if (active && write.truncate_from) {
      LogWrite truncation;
      truncation.truncate_from = write.truncate_from;
      auto done = active->write(truncation);
      if (!done) return done.error();
      unsynced = options.durability == Durability::interval;
    }
    return roll(write, now);
  }
  auto written = active->write(write);
  if (!written) return written.error();
  if (!*written) return roll(write, now);
  unsynced = options.durability == Durability::interval;
  return ok_status();
}

bool PartitionLog::Impl::must_roll(const LogWrite& write, TimestampMs now) const {
  const auto& tail = active->tail();
  const bool empty = tail.next_index == active->info().first_index;
  if (write.entries.empty() || empty) return false;
  if (write.truncate_from && *write.truncate_from < tail.next_index) return false;
  const bool full = tail.payload_bytes + write.payload_bytes() > options.segment_bytes;
  return full || roll_wanted || now - active->info().created_at >= options.segment_ms;
}

Status PartitionLog::Impl::make_group_directory() {
  if (directory_made) return ok_status();
  if (auto made = make_directory(directory_of(directory)); !made) return made;
  if (auto made = make_directory(directory); !made) return made;
  directory_made = true;
  return ok_status();
}

// The old segment is on disk before the new one can be acknowledged, the new file
// before the manifest names it, the manifest before this returns.
Status PartitionLog::Impl::roll(const LogWrite& write, TimestampMs now) {
  if (auto settled = node.settle(); !settled) return settled;
  if (auto made = make_group_directory(); !made) return made;
  RawRows state;
  SegmentInfo info;
  info.id = manifest.next_segment;
  info.created_at = now;
  info.first_index = RaftIndex{1};
  if (active) {
    if (auto synced = flush(); !synced) return synced;
    auto rows = active->state();
    if (!rows) return rows.error();
    state = std::move(*rows);
    info.first_index = active->tail().next_index;
    info.base_offset = active->tail().next_offset;
  } else if (!write.entries.empty()) {
    info.first_index = write.entries.front().index;
    info.base_offset = write.entries.front().base_offset;
  }
  auto first = write;
  first.truncate_from.reset();
  auto created = ActiveSegment::create(path(info.id), group, info, segment_options(), state, first);
  if (!created) return created.error();
  auto next = manifest;
  next.segments.push_back(info);
  next.next_segment = info.id.next();
  if (auto committed = commit_manifest(std::move(next)); !committed) {
    created->reset();
    static_cast<void>(remove_file(path(info.id)));
    return committed;
  }
  active = *created;
  segments.push_back(active);
  unsynced = roll_wanted = false;
  return ok_status();
}

// Behind an installed snapshot: one new segment, which the manifest names in place of all
// others at once.
Status PartitionLog::Impl::start_over(const LogWrite& write, TimestampMs now) {
  if (auto settled = node.settle(); !settled) return settled;
  if (auto made = make_group_directory(); !made) return made;
  SegmentInfo info;
  info.id = manifest.next_segment;
  info.created_at = now;
  info.first_index = write.reset->first_index;
  info.base_offset = write.reset->next_offset;
  auto first = write;
  first.reset.reset();
  first.truncate_from.reset();
  auto created = ActiveSegment::create(path(info.id), group, info, segment_options(), {}, first);
  if (!created) return created.error();
  auto next = manifest;
  next.segments = {info};
  next.next_segment = info.id.next();
  next.log_start = write.reset->log_start;
  next.truncate_from.reset();
  next.compacted = {};
  const auto before = manifest.segments;
  if (auto committed = commit_manifest(std::move(next)); !committed) {
    created->reset();
    static_cast<void>(remove_file(path(info.id)));
    return committed;
  }
  for (const auto& gone : before) discard(gone.id);
  closer.reset();
  task = 0;
  active = *created;
  segments.assign(1, active);
  unsynced = false;
  return ok_status();
}

Status PartitionLog::Impl::truncate_across(RaftIndex from) {
  task = 0; // it may read what is to be written
  auto state = active->state();
  if (!state) return state.error();
  auto next = manifest;
  next.truncate_from = from;
  if (auto intended = commit_manifest(std::move(next)); !intended) return intended;
  return finish_truncation(*state);
}

// Back to the segment that holds the intent's index. Its derived state is replaced by
// the newest: that is as of a committed index, so it outlives any truncation. With no
// `state` given (after a crash) it comes from the newest segment's file.
Status PartitionLog::Impl::finish_truncation(const std::optional<RawRows>& state) {
  const auto from = *manifest.truncate_from;
  std::size_t keep = manifest.segments.size();
  while (keep > 0 && manifest.segments[keep - 1].first_index > from) --keep;
  if (keep == 0) return damaged(directory, "it is to be truncated to an entry that is gone");
  const auto last = keep - 1;
  auto rows = state ? Result<RawRows>(*state) : newest_state();
  if (!rows) return rows.error();
  auto reopened = reopen(last);
  if (!reopened) return reopened.error();
  if (auto rewound = (*reopened)->rewind(from, *rows); !rewound) return rewound;
  auto next = manifest;
  next.truncate_from.reset();
  next.segments.resize(keep);
  auto& info = next.segments[last];
  info.closed = false;
  info.max_timestamp = no_timestamp;
  info.bytes = info.payload_bytes = info.tombstones = 0;
  const std::vector<SegmentInfo> dropped(manifest.segments.begin() + static_cast<std::ptrdiff_t>(keep),
                                         manifest.segments.end());
  if (auto committed = commit_manifest(std::move(next)); !committed) return committed;
  for (const auto& gone : dropped) discard(gone.id);
  garbage.push_back(sidecar_path(path(manifest.segments[last].id)));
  closer.reset();
  for (std::size_t i = keep; i < segments.size(); ++i)
    if (segments[i]) segments[i]->forget();
  segments.resize(keep);
  segments[last] = active = *reopened;
  return ok_status();
}

// The derived state of the newest segment, out of its file.
Result<RawRows> PartitionLog::Impl::newest_state() const {
  const auto& newest = manifest.segments.back();
  auto pages = FilePages::open(path(newest.id));
  if (!pages) return pages.error();
  if (const auto mark = fallback_of(path(newest.id), node.unclean_boots())) {
    auto tree = PageTree::as_of(**pages, mark->tree);
    auto stored = read_state(tree);
    if (!stored) return stored.error();
    return std::move(stored->state);
  }
  auto stored = vet_segment(**pages, group, newest);
  if (!stored) return stored.error();
  return std::move(stored->state);
}

// One environment must not be open twice in a process: what readers still hold is
// taken up again.
Result<std::shared_ptr<ActiveSegment>> PartitionLog::Impl::reopen(std::size_t i) {
  auto open = as_active(segments[i]);
  if (const auto closed = std::dynamic_pointer_cast<ClosedSegment>(segments[i])) {
    closed->retire();
    open = closed->writable();
  }
  if (open) {
    // It knows the durability of when it was the active one.
    if (auto set = open->set_durability(options.durability); !set) return set.error();
    return open;
  }
  const auto& info = manifest.segments[i];
  auto opened = ActiveSegment::open(path(info.id), group, info, segment_options());
  if (!opened) return opened.error();
  return opened->segment;
}

// After a full disk LMDB may want to be opened anew before it takes the next write.
Status PartitionLog::Impl::replace_broken() {
  if (!active || !active->broken()) return ok_status();
  active->retire();
  const auto info = active->info();
  auto opened = ActiveSegment::open(path(info.id), group, info, segment_options());
  if (!opened) return opened.error();
  active = std::move(opened->segment);
  segments.back() = active;
  view.reset();
  return ok_status();
}

Result<bool> PartitionLog::Impl::close_step() {
  if (!closer) {
    closing = 0;
    while (manifest.segments[closing].closed) ++closing;
    closer.emplace(as_active(segments[closing]), group, manifest.segments[closing].id);
  }
  auto closed = closer->step();
  if (!closed) {
    closer.reset();
    return closed.error();
  }
  if (!*closed) return true;
  auto next = manifest;
  auto& info = next.segments[closing];
  info.closed = true;
  info.max_timestamp = closer->tail().max_timestamp;
  info.bytes = closer->file_bytes();
  info.payload_bytes = closer->tail().payload_bytes;
  closer.reset();
  if (auto committed = commit_manifest(std::move(next)); !committed) return committed.error();
  segments[closing] = *closed;
  return true;
}

std::shared_ptr<const LogView> PartitionLog::Impl::current_view() const {
  if (view) return view;
  std::vector<ViewPart> parts;
  for (std::size_t i = 0; i < segments.size(); ++i) parts.push_back({manifest.segments[i], segments[i]});
  view = make_log_view(group, manifest.log_start, std::move(parts));
  return view;
}

// Everything in the active segment is on disk and stays there.
Status PartitionLog::Impl::flush() {
  if (!active) return ok_status();
  if (auto settled = active->settle(); !settled) return settled;
  unsynced = false;
  return ok_status();
}

// `interval`: what was committed so far survives a power cut.
Status PartitionLog::Impl::checkpoint() {
  if (!unsynced) return ok_status();
  auto synced = active->checkpoint();
  if (!synced) failed = synced.error();
  unsynced = !synced;
  return synced;
}

PartitionLog::PartitionLog() = default;
PartitionLog::~PartitionLog() = default;

Result<std::unique_ptr<PartitionLog>> PartitionLog::open(NodeState& state, GroupId group, const std::string& directory,
                                                         const LogOptions& options, TimestampMs) {
  auto record = state.read(group);
  if (!record) return record.error();
  std::unique_ptr<PartitionLog> log(new PartitionLog());
  log->impl_.reset(new Impl{state, group, directory, options, directory + "/groups/" + hex16(group.value),
                            *record ? (*record)->manifest : Manifest{}});
  if (options.durability == Durability::interval) {
    if (auto settled = state.settle(); !settled) return settled.error();
  }
  RawRows rows;
  if (auto opened = log->impl_->open_segments(rows); !opened) return opened.error();
  if (auto recovered = log->impl_->recover(rows); !recovered) return recovered.error();
  return log;
}

RecoveredLog PartitionLog::take_recovered() {
  return std::exchange(impl_->recovered, {});
}

Status PartitionLog::write(const LogWrite& write, TimestampMs now) {
  if (impl_->failed) return *impl_->failed;
  if (write.empty()) return ok_status();
  auto written = impl_->write(write, now);
  if (written) return written;
  if (fatal(written.error())) {
    impl_->failed = written.error();
  } else if (auto usable = impl_->replace_broken(); !usable) {
    impl_->failed = usable.error();
  }
  return written;
}

Status PartitionLog::set_log_start(Offset log_start) {
  if (impl_->failed) return *impl_->failed;
  auto next = impl_->manifest;
  if (log_start <= next.log_start) return ok_status();
  // A manifest that survived a power cut must not be ahead of the log that did.
  if (auto synced = sync(); !synced) return synced;
  next.log_start = log_start;
  std::size_t gone = 0;
  while (gone + 1 < next.segments.size() && next.segments[gone + 1].base_offset <= log_start) ++gone;
  const std::vector<SegmentInfo> dropped(next.segments.begin(),
                                         next.segments.begin() + static_cast<std::ptrdiff_t>(gone));
  next.segments.erase(next.segments.begin(), next.segments.begin() + static_cast<std::ptrdiff_t>(gone));
  if (auto committed = impl_->commit_manifest(std::move(next)); !committed) return committed;
  for (std::size_t i = 0; i < gone; ++i) impl_->segments[i]->forget();
  if (impl_->closing < gone) impl_->closer.reset();
  impl_->closing -= std::min(impl_->closing, gone);
  impl_->segments.erase(impl_->segments.begin(), impl_->segments.begin() + static_cast<std::ptrdiff_t>(gone));
  for (const auto& info : dropped) impl_->discard(info.id);
  return ok_status();
}

Status PartitionLog::sync() {
  if (impl_->failed) return *impl_->failed;
  return impl_->checkpoint();
}

bool PartitionLog::needs_sync() const {
  return impl_->unsynced;
}

Result<bool> PartitionLog::run_background_step() {
  if (impl_->failed) return *impl_->failed;
  if (!impl_->garbage.empty()) {
    const auto path = std::move(impl_->garbage.back());
    impl_->garbage.pop_back();
    if (auto removed = remove_file(path); !removed) return removed.error();
    return true;
  }
  if (!has_background_work()) return false;
  auto stepped = impl_->close_step();
  if (!stepped && fatal(stepped.error())) impl_->failed = stepped.error();
  return stepped;
}

bool PartitionLog::has_background_work() const {
  if (impl_->failed) return false;
  const auto& segments = impl_->manifest.segments;
  const bool rolled = segments.size() > 1 && !segments[segments.size() - 2].closed;
  return rolled || !impl_->garbage.empty();
}

std::shared_ptr<const LogView> PartitionLog::view() const {
  return impl_->current_view();
}

const Manifest& PartitionLog::manifest() const {
  return impl_->manifest;
}

ActiveExtent PartitionLog::active_extent() const {
  if (!impl_->active) return {};
  const auto& tail = impl_->active->tail();
  return {tail.payload_bytes, tail.next_offset, tail.max_timestamp};
}

void PartitionLog::roll_at_next_write() {
  impl_->roll_wanted = true;
}

void PartitionLog::set_options(const LogOptions& options) {
  const bool changes = options.durability != impl_->options.durability;
  impl_->options = options;
  if (!changes || !impl_->active || impl_->failed) return;
  auto set = impl_->node.settle();
  if (set) set = impl_->active->set_durability(options.durability);
  if (!set) impl_->failed = set.error();
  if (options.durability == Durability::fsync) impl_->unsynced = false;
}

Status PartitionLog::close() {
  if (impl_->failed) return *impl_->failed;
  auto synced = sync();
  impl_->failed = Error{ErrorCode::shutting_down, "the log " + impl_->directory + " is closed"};
  impl_->view.reset();
  impl_->closer.reset();
  impl_->task = 0;
  impl_->active.reset();
  impl_->segments.clear();
  return synced;
}

Status PartitionLog::destroy() {
  impl_->unsynced = false;
  static_cast<void>(close());
  const GroupUpdate update{impl_->group, std::nullopt, std::nullopt, true};
  if (auto forgotten = impl_->node.commit({&update, 1}); !forgotten) return forgotten;
  impl_->failed = Error{ErrorCode::shutting_down, "the log " + impl_->directory + " was deleted"};
  auto names = list_directory(impl_->directory);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (auto removed = remove_file(impl_->directory + "/" + name); !removed) return removed;
  }
  if (::rmdir(impl_->directory.c_str()) != 0 && errno != ENOENT)
    return io_error(errno, "remove directory", impl_->directory);
  return ok_status();
}

std::uint64_t disk_bytes(const std::string& directory, GroupId group, const Manifest& manifest) {
  std::uint64_t bytes = 0;
  for (const auto& segment : manifest.segments) {
    const auto path = directory + "/groups/" + hex16(group.value) + "/" + hex16(segment.id.value) + ".mdb";
    struct stat file {};
    if (segment.closed)
      bytes += segment.bytes;
    else if (::stat(path.c_str(), &file) == 0)
      bytes += static_cast<std::uint64_t>(file.st_size);
  }
  return bytes;
}

} // namespace callboard::storage
