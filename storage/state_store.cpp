#include "storage/state_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "schema/assert.h"
#include "storage/file.h"
#include "storage/keys.h"
#include "storage/lmdb.h"
#include "storage/page_tree.h"

namespace callboard::storage {
namespace {

constexpr std::size_t map_bytes_at_first = std::size_t{16} << 20;
constexpr std::size_t overlay_bytes_max = std::size_t{64} << 20;
constexpr std::size_t full_disk_slack = std::size_t{1} << 20;
constexpr std::size_t row_overhead = 64; // of the overlay, about

constexpr std::string_view incoming = ".incoming"; // of another replica's, behind the name

using Overlay = std::map<std::string, std::optional<std::string>, std::less<>>;

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage,
          path + " is damaged: " + std::string(what) + "; restore this replica from its peers"};
}

Status check_key(const StateRow& row, const std::string& path) {
  if (!row.key.empty() && row.key.size() <= state_key_bytes_max) return ok_status();
  return Error{ErrorCode::invalid_argument,
               "a key of " + std::to_string(row.key.size()) + " bytes does not fit into " + path + "; 1 to 511 do"};
}

std::string directory_of_group(const std::string& directory, GroupId group) {
  return directory + "/groups/" + hex16(group.value);
}

// What a replacement left that never took its place.
Status remove_incoming(const std::string& path) {
  for (const auto* suffix : {"", "-lock", ".new", ".new-lock"})
    if (auto removed = remove_file(path + std::string(incoming) + suffix); !removed) return removed;
  return ok_status();
}

// Before LMDB touches an existing file: whose it is, every row, every page.
class Vetting {
public:
  Vetting(const std::string& path, GroupId group) : path_(path), group_(group) {}

  Result<StateMark> run() {
    auto pages = FilePages::open(path_);
    if (!pages) return pages.error();
    auto tree = PageTree::open(**pages, MetaCheck::sequence);
    if (!tree) return tree.error();
    if (auto read = read_meta(*tree); !read) return read.error();
    auto rows = tree->table(rows_table);
    if (!rows) return rows.error();
    if (!*rows) return damaged(path_, "it has no table of rows");
    auto sound = tree->for_each(**rows, [this](ByteView key, ByteView value) -> Status {
      if (!open_row(text_of(key), value)) return damaged(path_, "a row does not match its CRC");
      return ok_status();
    });
    if (sound) sound = tree->verify();
    if (!sound) return sound.error();
    return *applied_;
  }

private:
  Status read_meta(PageTree& tree) {
    auto meta = tree.table(meta_table);
    if (!meta) return meta.error();
    if (!*meta) return damaged(path_, "it is not the state of an internal partition");
    std::optional<StateHeader> header;
    auto read = tree.for_each(**meta, [&](ByteView key, ByteView value) -> Status {
      const auto opened = open_row(text_of(key), value);
      if (!opened) return damaged(path_, "a row does not match its CRC");
      if (text_of(key) == state_header_row) header = decode_state_header(*opened);
      if (text_of(key) == state_applied_row) applied_ = decode_state_mark(*opened);
      return ok_status();
    });
    if (!read) return read;
    if (!header) return damaged(path_, "it does not say its format");
    if (header->format > state_store_format)
      return Error{ErrorCode::newer_format, path_ + " has format " + std::to_string(header->format) +
                                                ", written by a newer Callboard; start that version"};
    if (header->group != group_)
      return Error{ErrorCode::corrupt_storage, path_ + " is the state of group " + std::to_string(header->group.value) +
                                                   ", not of group " + std::to_string(group_.value) +
                                                   "; put the right file back or restore this replica from its peers"};
    if (!applied_) return damaged(path_, "it does not say up to where the log is in it");
    return ok_status();
  }

  const std::string& path_;
  GroupId group_;
  std::optional<StateMark> applied_;
};

// Rows of the file from a key on, in step with the overlay's.
class StoredRows {
public:
  StoredRows(Env* env, MDB_dbi table) {
    if (env == nullptr) return;
    txn_.emplace(*env, Txn::Kind::read);
    if (txn_->begun() == 0) cursor_.emplace(*txn_, table);
  }

  // To the first row at or behind `key`; with none, at_end().
  int seek(std::string_view key) {
    if (!txn_) return 0;
    if (txn_->begun() != 0) return txn_->begun();
    return arrived(key.empty() ? cursor_->get(MDB_FIRST) : cursor_->seek_at_least(bytes_of(key)));
  }
  int next() { return arrived(cursor_->get(MDB_NEXT)); }
  bool at_end() const { return at_end_; }
  const std::string& key() const { return key_; }
  MDB_val value() const { return val_of(cursor_->value()); }

private:
  int arrived(int code) {
    at_end_ = code != 0;
    if (code == MDB_NOTFOUND) return 0;
    if (code != 0) return code;
    key_.resize(cursor_->key().size());
    return cursor_->env().copy(key_.data(), cursor_->key());
  }

  std::optional<Txn> txn_;
  std::optional<Cursor> cursor_;
  std::string key_;
  bool at_end_ = true;
};

} // namespace

struct StateStore::Impl {
  GroupId group;
  std::string directory;      // DIR/groups/GROUP
  std::string path;           // of the file
  std::shared_ptr<Env> env{}; // null: nothing was flushed yet
  MDB_dbi meta = 0;
  MDB_dbi rows = 0;
  StateMark flushed{};
  StateMark applied{};
  Overlay overlay{};
  std::size_t overlay_bytes = 0;
  std::optional<Error> failed{};

  Status open();
  Status open_env();
  Status locate_map();
  Status create();
  int fill_new(Env& fresh) const;
  int put_overlay(Txn& txn) const;
  Status commit();
  Status flush_overlay();
  Error write_error(int code) const;
  Status replace_broken();
  void put_row(StateRow row);
  Result<std::string> value_of(std::string_view key, const MDB_val& sealed) const;
  Result<std::optional<std::string>> stored(std::string_view key) const;
};

Status StateStore::Impl::open() {
  if (auto removed = remove_incoming(path); !removed) return removed;
  if (::access(path.c_str(), F_OK) != 0) return ok_status();
  auto vetted = Vetting(path, group).run();
  if (!vetted) return vetted.error();
  flushed = *vetted;
  return open_env();
}

Status StateStore::Impl::open_env() {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return io_error(errno, "open", path);
  const auto map_bytes = std::max(map_bytes_at_first, 2 * static_cast<std::size_t>(about.st_size));
  auto opened = Env::open({path, map_bytes, 2, true});
  if (!opened) return opened.error();
  Txn txn(**opened, Txn::Kind::read);
  int code = txn.begun();
  if (code == 0) code = txn.open_table(meta_table, 0, meta);
  if (code == 0) code = txn.open_table(rows_table, 0, rows);
  if (code == 0) code = txn.commit(); // keeps the handles
  if (code != 0) return (*opened)->error(code, "read");
  env = std::move(*opened);
  return locate_map();
}

Status StateStore::Impl::locate_map() {
  Txn txn(*env, Txn::Kind::read);
  MDB_val header;
  int code = txn.begun();
  if (code == 0) code = txn.get(meta, bytes_of(state_header_row), header);
  if (code != 0) return env->error(code, "read");
  env->locate_map(header);
  return ok_status();
}

// An empty state under another name first: at `path` there is a whole file or none.
Status StateStore::Impl::create() {
  if (auto made = make_directory(directory_of(directory)); !made) return made;
  if (auto made = make_directory(directory); !made) return made;
  const auto fresh_path = path + ".new";
  const auto lock_path = fresh_path + "-lock";
  if (auto removed = remove_file(fresh_path); !removed) return removed;
  {
    auto fresh = Env::open({fresh_path, map_bytes_at_first, 2, true});
    if (!fresh) return fresh.error();
    if (const int code = fill_new(**fresh)) return (*fresh)->error(code, "write");
  }
  if (auto removed = remove_file(lock_path); !removed) return removed;
  if (std::rename(fresh_path.c_str(), path.c_str()) != 0) return io_error(errno, "rename", fresh_path);
  if (auto synced = sync_directory(directory); !synced) return synced;
  return open_env();
}

int StateStore::Impl::fill_new(Env& fresh) const {
  Txn txn(fresh, Txn::Kind::write);
  MDB_dbi tables[2] = {};
  int code = txn.begun();
  if (code == 0) code = txn.open_table(meta_table, MDB_CREATE, tables[0]);
  if (code == 0) code = txn.open_table(rows_table, MDB_CREATE, tables[1]);
  const auto header = seal_row(state_header_row, bytes_of(encode_state_header({state_store_format, group})));
  const auto mark = seal_row(state_applied_row, bytes_of(encode_state_mark({})));
  if (code == 0) code = txn.put(tables[0], bytes_of(state_header_row), bytes_of(header));
  if (code == 0) code = txn.put(tables[0], bytes_of(state_applied_row), bytes_of(mark));
  return code == 0 ? txn.commit() : code;
}

int StateStore::Impl::put_overlay(Txn& txn) const {
  for (const auto& [key, value] : overlay) {
    const int code = value ? txn.put(rows, bytes_of(key), bytes_of(seal_row(key, bytes_of(*value))))
                           : txn.remove(rows, bytes_of(key));
    if (code != 0) return code;
  }
  const auto mark = seal_row(state_applied_row, bytes_of(encode_state_mark(applied)));
  return txn.put(meta, bytes_of(state_applied_row), bytes_of(mark));
}

Status StateStore::Impl::commit() {
  for (;;) {
    int code = 0;
    {
      Txn txn(*env, Txn::Kind::write);
      code = txn.begun();
      if (code == 0) code = put_overlay(txn);
      if (code == 0) code = txn.commit();
    }
    if (code == 0) return ok_status();
    if (code != MDB_MAP_FULL) return write_error(code);
    if (auto grown = env->grow(); !grown) return grown;
    if (auto found = locate_map(); !found) return found;
  }
}

// LMDB reports a write cut short as EIO; with no space left that is a full disk.
Error StateStore::Impl::write_error(int code) const {
  struct statvfs disk {};
  const bool full = code == EIO && ::statvfs(directory.c_str(), &disk) == 0 &&
                    disk.f_bavail * disk.f_frsize < 2 * overlay_bytes + full_disk_slack;
  return env->error(full ? ENOSPC : code, "write");
}

// After a full disk LMDB may want to be opened anew before it takes the next write.
Status StateStore::Impl::replace_broken() {
  if (!env || Txn(*env, Txn::Kind::read).begun() != MDB_PANIC) return ok_status();
  env.reset();
  return open_env();
}

Status StateStore::Impl::flush_overlay() {
  auto written = env ? ok_status() : create();
  if (written) written = commit();
  if (written) {
    flushed = applied;
    overlay.clear();
    overlay_bytes = 0;
    return written;
  }
  if (written.error().code != ErrorCode::storage_full) {
    failed = written.error();
  } else if (auto usable = replace_broken(); !usable) {
    failed = usable.error();
  }
  return written;
}

void StateStore::Impl::put_row(StateRow row) {
  const auto size_of = [](const auto& key, const auto& value) {
    return key.size() + (value ? value->size() : 0) + row_overhead;
  };
  const auto found = overlay.find(row.key);
  overlay_bytes += size_of(row.key, row.value);
  if (found == overlay.end()) {
    overlay.emplace(std::move(row.key), std::move(row.value));
    return;
  }
  overlay_bytes -= size_of(found->first, found->second);
  found->second = std::move(row.value);
}

Result<std::string> StateStore::Impl::value_of(std::string_view key, const MDB_val& sealed) const {
  std::string copy(sealed.mv_size, '\0');
  if (const int code = env->copy(copy.data(), view_of(sealed))) return env->error(code, "read");
  const auto value = open_row(key, bytes_of(copy));
  if (!value) return damaged(path, "a row does not match its CRC");
  copy.resize(value->size());
  return copy;
}

Result<std::optional<std::string>> StateStore::Impl::stored(std::string_view key) const {
  if (!env) return std::optional<std::string>();
  Txn txn(*env, Txn::Kind::read);
  MDB_val sealed;
  int code = txn.begun();
  if (code == 0) code = txn.get(rows, bytes_of(key), sealed);
  if (code == MDB_NOTFOUND) return std::optional<std::string>();
  if (code != 0) return env->error(code, "read");
  auto value = value_of(key, sealed);
  if (!value) return value.error();
  return std::optional(std::move(*value));
}

StateStore::StateStore() = default;
StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(const std::string& directory, GroupId group) {
  std::unique_ptr<StateStore> store(new StateStore());
  const auto of_group = directory_of_group(directory, group);
  store->impl_.reset(new Impl{group, of_group, of_group + "/" + std::string(state_file)});
  if (auto opened = store->impl_->open(); !opened) return opened.error();
  store->impl_->applied = store->impl_->flushed;
  return store;
}

Result<std::unique_ptr<StateStore>> StateStore::begin_replacement(const std::string& directory, GroupId group) {
  std::unique_ptr<StateStore> store(new StateStore());
  const auto of_group = directory_of_group(directory, group);
  const auto path = of_group + "/" + std::string(state_file);
  if (auto removed = remove_incoming(path); !removed) return removed.error();
  store->impl_.reset(new Impl{group, of_group, path + std::string(incoming)});
  if (auto created = store->impl_->create(); !created) return created.error();
  return store;
}

Status StateStore::put(std::vector<StateRow> rows) {
  for (const auto& row : rows)
    if (auto fits = check_key(row, impl_->path); !fits) return fits;
  for (auto& row : rows) impl_->put_row(std::move(row));
  return impl_->flush_overlay();
}

Status StateStore::complete(RaftIndex index, Offset next_offset) {
  impl_->applied = {index, next_offset};
  return impl_->flush_overlay();
}

Status StateStore::take_place() {
  impl_->env.reset();
  const auto path = impl_->directory + "/" + std::string(state_file);
  if (auto removed = remove_file(path + "-lock"); !removed) return removed;
  if (std::rename(impl_->path.c_str(), path.c_str()) != 0) return io_error(errno, "rename", impl_->path);
  if (auto removed = remove_file(impl_->path + "-lock"); !removed) return removed;
  return sync_directory(impl_->directory);
}

Status StateStore::apply(std::vector<StateRow> rows, RaftIndex index, Offset next_offset) {
  CB_ASSERT(index > impl_->applied.index);
  for (const auto& row : rows)
    if (auto fits = check_key(row, impl_->path); !fits) return fits;
  if (impl_->overlay_bytes > overlay_bytes_max)
    return Error{ErrorCode::storage_full,
                 "64 MiB of changes wait to be written to " + impl_->path + "; make room on the disk"};
  for (auto& row : rows) impl_->put_row(std::move(row));
  impl_->applied = {index, next_offset};
  return ok_status();
}

Status StateStore::flush() {
  if (impl_->failed) return *impl_->failed;
  return dirty() ? impl_->flush_overlay() : ok_status();
}

Result<std::optional<std::string>> StateStore::get(std::string_view key) const {
  if (key.empty() || key.size() > state_key_bytes_max) return std::optional<std::string>();
  if (const auto found = impl_->overlay.find(key); found != impl_->overlay.end()) return found->second;
  return impl_->stored(key);
}

Result<StateScan> StateStore::scan(std::string_view prefix, std::string_view after, std::size_t limit,
                                   std::size_t bytes_max) const {
  StateScan out;
  std::size_t bytes = 0;
  const auto from = std::max(prefix, after);
  auto newer = impl_->overlay.lower_bound(from);
  StoredRows older(impl_->env.get(), impl_->rows);
  int code = older.seek(from);
  while (code == 0 && (newer != impl_->overlay.end() || !older.at_end())) {
    const bool from_overlay = newer != impl_->overlay.end() && (older.at_end() || newer->first <= older.key());
    StateRow row{from_overlay ? newer->first : older.key(), std::nullopt};
    if (!row.key.starts_with(prefix)) break;
    const bool wanted = (after.empty() || row.key > after) && (!from_overlay || newer->second);
    if (wanted && !out.rows.empty() && (out.rows.size() >= limit || bytes >= bytes_max)) {
      out.more = true;
      break;
    }
    if (wanted && from_overlay) row.value = newer->second;
    if (wanted && !from_overlay) {
      auto value = impl_->value_of(row.key, older.value());
      if (!value) return value.error();
      row.value = std::move(*value);
    }
    if (!older.at_end() && older.key() == row.key) code = older.next();
    if (from_overlay) ++newer;
    if (!wanted) continue;
    bytes += row.key.size() + row.value->size();
    out.rows.push_back(std::move(row));
  }
  if (code != 0) return impl_->env->error(code, "read");
  return out;
}

RaftIndex StateStore::applied() const {
  return impl_->applied.index;
}
Offset StateStore::next_offset() const {
  return impl_->applied.next_offset;
}
RaftIndex StateStore::flushed() const {
  return impl_->flushed.index;
}
Offset StateStore::flushed_offset() const {
  return impl_->flushed.next_offset;
}
std::size_t StateStore::overlay_bytes() const {
  return impl_->overlay_bytes;
}

Status StateStore::copy_to(const std::string& path) const {
  if (!impl_->env)
    return Error{ErrorCode::invalid_argument, "there is no " + impl_->path + " yet that could be copied"};
  if (auto removed = remove_file(path); !removed) return removed;
  if (const int code = impl_->env->run([&] { return mdb_env_copy2(impl_->env->raw(), path.c_str(), 0); }))
    return impl_->env->error(code, "copy");
  auto copy = File::open(path, O_RDWR);
  if (!copy) return copy.error();
  if (auto synced = copy->sync(); !synced) return synced;
  return sync_directory(directory_of(path));
}

Status StateStore::remove(const std::string& directory, GroupId group) {
  const auto of_group = directory_of_group(directory, group);
  const auto path = of_group + "/" + std::string(state_file);
  for (const auto* suffix : {"", "-lock", ".new", ".new-lock"})
    if (auto removed = remove_file(path + suffix); !removed) return removed;
  if (auto removed = remove_incoming(path); !removed) return removed;
  if (::rmdir(of_group.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
    return io_error(errno, "remove directory", of_group);
  return ok_status();
}

} // namespace callboard::storage
