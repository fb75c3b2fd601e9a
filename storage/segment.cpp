#include "storage/segment.h"

#include <algorithm>
#include <cerrno>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/file.h"
#include "storage/segment_check.h"
#include "storage/segment_mark.h"
#include "storage/write_check.h"

namespace callboard::storage {
namespace {

// The entries of one write share rows, so that they share the last, half-empty page:
// rows of up to 128 whole pages less LMDB's page header, which malloc still serves from
// its heap. The number is bounded because finding one entry walks its row.
constexpr std::size_t row_bytes_max = 128 * page_bytes - 16;
constexpr std::size_t row_entries_max = 512;
constexpr std::uint64_t map_slack_bytes = 4 << 20;

// LMDB's table cursors over one transaction.
class EnvSnapshot final : public SegmentSnapshot {
public:
  EnvSnapshot(Txn& txn, MDB_dbi entries, MDB_dbi index) : entries_(txn, entries), index_(txn, index) {}
  RowCursor& entries() override { return entries_; }
  RowCursor& index() override { return index_; }

private:
  EnvRows entries_;
  EnvRows index_;
};

// The same with a read transaction of its own.
class ReadSnapshot final : public SegmentSnapshot {
public:
  ReadSnapshot(std::shared_ptr<Env> env, MDB_dbi entries, MDB_dbi index)
    : env_(std::move(env)), txn_(*env_, Txn::Kind::read), rows_(txn_, entries, index) {}
  int begun() const { return txn_.begun(); }
  RowCursor& entries() override { return rows_.entries(); }
  RowCursor& index() override { return rows_.index(); }

private:
  std::shared_ptr<Env> env_;
  Txn txn_;
  EnvSnapshot rows_;
};

std::string lock_file(const std::string& path) {
  return path + "-lock"; // LMDB's
}

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + std::string(what)};
}

std::string sealed_applied(RaftIndex applied) {
  return seal_row(applied_row, IntegerKey(applied.value).view());
}

Error changed_while_read(const std::string& path) {
  return {ErrorCode::not_leader_or_follower, path + " changed while it was read; try again"};
}

Error no_good(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

} // namespace

std::string segment_path(const std::string& group_directory, SegmentId id) {
  return group_directory + "/" + hex16(id.value) + ".mdb";
}

Status Segment::still_valid() const {
  return retired_.load() ? changed_while_read(path_) : ok_status();
}

Status Segment::still_kept() const {
  return forgotten_.load() ? changed_while_read(path_) : ok_status();
}

bool SegmentTail::add(const LogEntry& entry, std::size_t size) {
  next_index = entry.next_index();
  next_offset = entry.next_offset();
  last_term = entry.term;
  if (entry.type != EntryType::batch) return false;
  const bool index = !indexed || unindexed_bytes >= index_stride_bytes;
  indexed = true;
  unindexed_bytes = (index ? 0 : unindexed_bytes) + size;
  payload_bytes += size;
  max_timestamp = std::max(max_timestamp, entry.max_timestamp);
  return index;
}

ActiveSegment::ActiveSegment(std::string path, GroupId group, const SegmentInfo& info, const SegmentOptions& options)
  : Segment(std::move(path)), group_(group), info_(info), options_(options) {
  tail_.next_index = info.first_index;
  tail_.next_offset = info.base_offset;
}

ActiveSegment::~ActiveSegment() {
  if (!env_) return;
  pin_.reset();
  const bool poisoned = env_->poisoned();
  if (env_.use_count() > 1) return; // a reader closes it
  env_.reset();
  if (!poisoned) static_cast<void>(remove_file(lock_file(path())));
}

Status ActiveSegment::open_env(std::uint64_t map_bytes_min, Durability durability) {
  const auto map_bytes = std::max(2 * options_.segment_bytes, map_bytes_min) + map_slack_bytes;
  auto env = Env::open({path(), map_bytes, 3, durability == Durability::fsync});
  if (!env) return env.error();
  env_ = std::move(*env);
  return ok_status();
}

int ActiveSegment::open_tables(Txn& txn, unsigned flags) {
  int code = txn.begun();
  if (code == 0) code = txn.open_table(entries_table, flags | MDB_INTEGERKEY, entries_);
  if (code == 0) code = txn.open_table(index_table, flags | MDB_INTEGERKEY, index_);
  if (code == 0) code = txn.open_table(state_table, flags, state_);
  return code;
}

Result<std::shared_ptr<ActiveSegment>> ActiveSegment::create(const std::string& path, GroupId group,
                                                             const SegmentInfo& info, const SegmentOptions& options,
                                                             const RawRows& state, const LogWrite& first) {
  if (auto removed = remove_file(path); !removed) return removed.error();
  if (auto removed = remove_file(lock_file(path)); !removed) return removed.error();
  std::shared_ptr<ActiveSegment> segment(new ActiveSegment(path, group, info, options));
  auto filled = segment->open_env(3 * first.payload_bytes(), Durability::interval);
  if (filled) filled = segment->fill(state, first);
  if (filled) filled = sync_directory(directory_of(path));
  if (filled) return segment;
  segment.reset();
  static_cast<void>(remove_file(path)); // or the next opening does
  return filled.error();
}

Status ActiveSegment::fill(const RawRows& state, const LogWrite& first) {
  auto tail = tail_;
  {
    Txn txn(*env_, Txn::Kind::write);
    int code = open_tables(txn, MDB_CREATE);
    if (code == 0) code = put_header(txn);
    if (code == 0) code = replace_state(txn, state);
    if (code != 0) return write_error(code, 0);
    auto staged = stage(txn, first, tail);
    if (!staged) return staged.error();
    if (!*staged) return env_->error(MDB_MAP_FULL, "write");
    if (const int failed = txn.commit()) return write_error(failed, first.payload_bytes());
  }
  tail_ = tail;
  // One flush for all of it: nobody looks at the file before the manifest names it.
  if (options_.durability == Durability::interval) {
    if (auto marked = checkpoint(); !marked) return marked;
  } else {
    if (auto synced = env_->sync(); !synced) return synced;
    if (auto set = env_->set_sync(true); !set) return set;
  }
  Txn txn(*env_, Txn::Kind::read);
  MDB_val header;
  int code = txn.begun();
  if (code == 0) code = txn.get(state_, bytes_of(segment_row), header);
  if (code != 0) return env_->error(code, "read");
  env_->locate_map(header);
  return ok_status();
}

Result<ActiveSegment::Opened> ActiveSegment::open(const std::string& path, GroupId group, const SegmentInfo& info,
                                                  const SegmentOptions& options) {
  auto pages = FilePages::open(path);
  if (!pages) return pages.error();
  auto vetted = vet_segment(**pages, group, info);
  if (!vetted) return vetted.error();
  std::shared_ptr<ActiveSegment> segment(new ActiveSegment(path, group, info, options));
  if (auto opened = segment->open_env((*pages)->file_bytes(), options.durability); !opened) return opened.error();
  if (auto attached = segment->attach(); !attached) return attached.error();
  if (options.durability == Durability::fsync) {
    if (auto settled = segment->settle(); !settled) return settled.error();
  }
  return Opened{std::move(segment), std::move(vetted->state)};
}

// Table handles, the place of the map and the tail of an existing file.
Status ActiveSegment::attach() {
  {
    Txn txn(*env_, Txn::Kind::read);
    MDB_val header;
    int code = open_tables(txn, 0);
    if (code == 0) code = txn.get(state_, bytes_of(segment_row), header);
    if (code == 0) env_->locate_map(header);
    if (code == 0) code = txn.commit(); // keeps the table handles
    if (code != 0) return env_->error(code, "read");
  }
  auto rows = snapshot();
  if (!rows) return rows.error();
  auto tail = read_tail(**rows, LastEntry::check_payload);
  if (!tail) return tail.error();
  tail_ = *tail;
  return ok_status();
}

Result<SegmentTail> ActiveSegment::read_tail(SegmentSnapshot& snapshot, LastEntry last) const {
  SegmentTail tail;
  tail.next_index = info_.first_index;
  tail.next_offset = info_.base_offset;
  EntryWalker walker(snapshot, group_, path());
  auto row = walker.seek_last_index_row();
  if (!row) return row.error();
  if (*row) {
    tail.indexed = true;
    tail.max_timestamp = (*row)->max_timestamp_before;
    tail.payload_bytes = (*row)->payload_bytes_before;
  }
  auto more = walker.next();
  for (; more && *more; more = walker.next()) tail.add(walker.entry(), walker.payload_bytes());
  if (!more) return more.error();
  if (tail.last_term.value > 0 && last == LastEntry::check_payload) {
    if (auto payload = walker.payload(); !payload) return payload.error();
  }
  return tail;
}

Error ActiveSegment::write_error(int code, std::size_t bytes) const {
  // LMDB reports a write cut short by a full disk as EIO.
  struct statvfs disk {};
  const bool may_be_full = code == EIO && ::statvfs(path().c_str(), &disk) == 0;
  if (may_be_full && disk.f_bavail * disk.f_frsize < 2 * bytes + map_slack_bytes) code = ENOSPC;
  return env_->error(code, "write");
}

Status ActiveSegment::checkpoint() {
  if (auto synced = env_->sync(); !synced) return synced;
  auto pages = FilePages::open(path());
  if (!pages) return pages.error();
  const auto tree = PageTree::open(**pages, MetaCheck::sequence);
  if (!tree) return tree.error();
  auto pin = std::make_unique<Txn>(*env_, Txn::Kind::read);
  if (pin->begun() != 0) return env_->error(pin->begun(), "read");
  if (auto stored = store_mark(mark_path(path()), {options_.boots, tree.value().mark()}); !stored) return stored;
  pin_ = std::move(pin);
  return ok_status();
}

Status ActiveSegment::settle() {
  const bool marked = ::access(mark_path(path()).c_str(), F_OK) == 0;
  if (!marked) return ok_status();
  if (auto synced = env_->sync(); !synced) return synced;
  pin_.reset();
  return remove_mark(mark_path(path()));
}

Result<bool> ActiveSegment::write(const LogWrite& write) {
  auto tail = tail_;
  if (auto good = check_write(write, {info_.first_index, tail_.next_index}); !good) {
    return no_good(path() + ": " + good.error().message);
  }
  if (!pin_ && options_.durability == Durability::interval) {
    if (auto marked = checkpoint(); !marked) return marked.error();
  }
  Txn txn(*env_, Txn::Kind::write);
  if (txn.begun() != 0) return env_->error(txn.begun(), "write");
  auto staged = stage(txn, write, tail);
  if (!staged || !*staged) return staged;
  const int code = txn.commit();
  if (code == MDB_MAP_FULL) return false;
  if (code != 0) return write_error(code, write.payload_bytes());
  tail_ = tail;
  return true;
}

Result<bool> ActiveSegment::stage(Txn& txn, const LogWrite& write, SegmentTail& tail) {
  if (write.truncate_from && *write.truncate_from < tail.next_index) {
    if (auto cut = truncate(txn, *write.truncate_from, tail); !cut) return cut.error();
  }
  int code = append(txn, write.entries, tail);
  if (code == 0) code = put_state(txn, write);
  if (code == MDB_MAP_FULL) return false;
  if (code == MDB_KEYEXIST) return no_good("batches of " + path() + " must have rising offsets");
  if (code != 0) return write_error(code, write.payload_bytes());
  return true;
}

int ActiveSegment::append(Txn& txn, const std::vector<LogEntry>& entries, SegmentTail& tail) {
  const auto bytes_of_entry = [](const LogEntry& entry) { return entry_header_bytes + entry.payload.size(); };
  for (std::size_t first = 0; first < entries.size();) {
    auto end = first + 1;
    auto bytes = bytes_of_entry(entries[first]);
    const auto limit = std::min(entries.size(), first + row_entries_max);
    while (end < limit && bytes + bytes_of_entry(entries[end]) <= row_bytes_max)
      bytes += bytes_of_entry(entries[end++]);
    std::uint8_t* room = nullptr;
    if (const int code = txn.reserve(entries_, IntegerKey(entries[first].index.value).view(), bytes, MDB_APPEND, room))
      return code;
    for (auto i = first; i < end; ++i) {
      put_entry(room, group_, entries[i]);
      room += bytes_of_entry(entries[i]);
    }
    for (; first < end; ++first) {
      const auto before = tail;
      if (!tail.add(entries[first], entries[first].payload.size())) continue;
      if (const int code = index_row(txn, entries[first], before)) return code;
    }
  }
  return 0;
}

int ActiveSegment::index_row(Txn& txn, const LogEntry& entry, const SegmentTail& before) {
  const auto offset = static_cast<std::uint64_t>(entry.base_offset.value);
  const auto row = encode_index_row(offset, {entry.index, before.max_timestamp, before.payload_bytes});
  return txn.put(index_, IntegerKey(offset).view(), row, MDB_APPEND);
}

int ActiveSegment::put_header(Txn& txn) {
  SegmentHeader header;
  header.group = group_;
  header.segment = info_.id;
  header.first_index = info_.first_index;
  header.base_offset = info_.base_offset;
  const auto row = seal_row(segment_row, bytes_of(encode_segment_header(header)));
  return txn.put(state_, bytes_of(segment_row), bytes_of(row));
}

int ActiveSegment::put_state(Txn& txn, const LogWrite& write) {
  if (write.applied.value == 0) return 0;
  for (const auto& row : write.state) {
    const auto key = replica_row_prefix + row.key;
    const int code = row.value ? txn.put(state_, bytes_of(key), bytes_of(seal_row(key, bytes_of(*row.value))))
                               : txn.remove(state_, bytes_of(key));
    if (code != 0) return code;
  }
  return txn.put(state_, bytes_of(applied_row), bytes_of(sealed_applied(write.applied)));
}

int ActiveSegment::replace_state(Txn& txn, const RawRows& rows) {
  Cursor cursor(txn, state_);
  int code = cursor.get(MDB_FIRST);
  for (; code == 0; code = cursor.get(MDB_NEXT)) {
    if (text_of(cursor.key()) != segment_row) code = cursor.remove();
    if (code != 0) return code;
  }
  if (code != MDB_NOTFOUND) return code;
  for (const auto& [key, value] : rows) {
    if (const int failed = txn.put(state_, bytes_of(key), bytes_of(value))) return failed;
  }
  return 0;
}

Status ActiveSegment::truncate(Txn& txn, RaftIndex from, SegmentTail& tail) {
  if (auto cut = cut_row(txn, from); !cut) return cut;
  EnvSnapshot rows(txn, entries_, index_);
  auto& entries = static_cast<EnvRows&>(rows.entries());
  for (;;) {
    auto last = entries.seek_at_most(~std::uint64_t{0});
    if (!last) return last.error();
    if (!*last || entries.key() < from.value) break;
    if (auto removed = entries.remove(); !removed) return removed;
  }
  auto& index = static_cast<EnvRows&>(rows.index());
  for (;;) {
    auto last = index.seek_at_most(~std::uint64_t{0});
    if (!last) return last.error();
    std::array<std::uint8_t, 8> points_to{};
    if (!*last) break;
    if (auto copied = index.copy(0, points_to); !copied) return copied;
    if (load_le<std::uint64_t>(points_to.data()) < from.value) break;
    if (auto removed = index.remove(); !removed) return removed;
  }
  auto read = read_tail(rows, LastEntry::trust);
  if (!read) return read.error();
  tail = *read;
  return ok_status();
}

// The row in which `from` is not the first entry keeps what comes before it.
Status ActiveSegment::cut_row(Txn& txn, RaftIndex from) {
  std::vector<std::uint8_t> kept;
  std::uint64_t key = 0;
  {
    EnvSnapshot rows(txn, entries_, index_);
    EntryWalker walker(rows, group_, path());
    auto found = walker.seek_index(from);
    if (found && *found) found = walker.next();
    if (!found) return found.error();
    if (!*found || walker.row_key() >= from.value) return ok_status();
    key = walker.row_key();
    kept.resize(walker.position_in_row());
    if (auto copied = rows.entries().copy(0, kept); !copied) return copied;
  }
  const int code = txn.put(entries_, IntegerKey(key).view(), kept);
  return code == 0 ? ok_status() : write_error(code, kept.size());
}

Status ActiveSegment::rewind(RaftIndex from, const RawRows& state) {
  if (auto settled = settle(); !settled) return settled;
  if (auto synced = env_->set_sync(true); !synced) return synced;
  auto tail = tail_;
  {
    Txn txn(*env_, Txn::Kind::write);
    if (txn.begun() != 0) return env_->error(txn.begun(), "truncate");
    if (from < tail.next_index) {
      if (auto cut = truncate(txn, from, tail); !cut) return cut;
    }
    int code = replace_state(txn, state);
    if (code == 0) code = txn.commit();
    if (code != 0) return write_error(code, 0);
  }
  tail_ = tail;
  return env_->set_sync(options_.durability == Durability::fsync);
}

Status ActiveSegment::set_durability(Durability durability) {
  if (durability == options_.durability) return ok_status();
  options_.durability = durability;
  if (durability == Durability::interval) return env_->set_sync(false);
  if (auto settled = settle(); !settled) return settled;
  return env_->set_sync(true);
}

bool ActiveSegment::broken() const {
  return Txn(*env_, Txn::Kind::read).begun() == MDB_PANIC;
}

Status ActiveSegment::still_valid() const {
  return broken() ? changed_while_read(path()) : Segment::still_valid();
}

Result<std::unique_ptr<SegmentSnapshot>> ActiveSegment::snapshot() const {
  auto snapshot = std::make_unique<ReadSnapshot>(env_, entries_, index_);
  if (snapshot->begun() != 0) return env_->error(snapshot->begun(), "read");
  return std::unique_ptr<SegmentSnapshot>(std::move(snapshot));
}

Result<RawRows> ActiveSegment::state() const {
  Txn txn(*env_, Txn::Kind::read);
  if (txn.begun() != 0) return env_->error(txn.begun(), "read");
  RawRows rows;
  Cursor cursor(txn, state_);
  int code = cursor.get(MDB_FIRST);
  for (; code == 0; code = cursor.get(MDB_NEXT)) {
    std::string key(cursor.key().size(), '\0');
    std::string value(cursor.value().size(), '\0');
    code = env_->copy(key.data(), cursor.key());
    if (code == 0) code = env_->copy(value.data(), cursor.value());
    if (code != 0) break;
    if (!open_row(key, bytes_of(value))) return damaged(path(), "a state row does not match its CRC");
    if (key != segment_row) rows.emplace_back(std::move(key), std::move(value));
  }
  if (code != MDB_NOTFOUND) return env_->error(code, "read");
  return rows;
}

AppliedState applied_state(const RawRows& raw) {
  AppliedState state;
  for (const auto& [key, value] : raw) {
    const auto opened = open_row(key, bytes_of(value));
    CB_ASSERT(opened.has_value());
    if (key == applied_row && opened->size() == 8) state.applied = RaftIndex(load_le<std::uint64_t>(opened->data()));
    if (key.front() == replica_row_prefix) state.rows.push_back({key.substr(1), std::string(text_of(*opened))});
  }
  return state;
}

} // namespace callboard::storage
