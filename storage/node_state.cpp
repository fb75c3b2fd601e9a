#include "storage/node_state.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <limits>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/file.h"
#include "storage/keys.h"
#include "storage/lmdb.h"
#include "storage/page_tree.h"

namespace callboard::storage {
namespace {

constexpr std::uint64_t map_bytes = std::uint64_t{1} << 30;
constexpr std::uint64_t reserve_bytes = 4 << 20;
constexpr std::uint64_t reserve_bytes_min = 64 << 10;
constexpr std::uint64_t free_bytes_to_refill = 2 * reserve_bytes;
constexpr std::string_view format_row = "format";
constexpr std::string_view identity_row = "identity";
constexpr std::string_view boot_row = "boot";
constexpr std::size_t pid_bytes = 16;
constexpr std::size_t uuid_bytes = 16;
constexpr std::size_t boot_id_bytes = 36;

// The kernel's id of this boot, and how the node's life went so far.
struct BootRecord {
  std::string boot_id;
  bool clean = true;
  std::uint64_t unclean_boots = 0;
};

std::string encode(const BootRecord& boot) {
  std::string out = boot.boot_id;
  out.resize(boot_id_bytes, ' ');
  out.push_back(boot.clean ? '\1' : '\0');
  return out.append(text_of(IntegerKey(boot.unclean_boots).view()));
}

std::optional<BootRecord> decode_boot(ByteView value) {
  if (value.size() != boot_id_bytes + 9) return std::nullopt;
  return BootRecord{std::string(text_of(value.first(boot_id_bytes))), value[boot_id_bytes] != 0,
                    load_le<std::uint64_t>(value.data() + boot_id_bytes + 1)};
}

std::string encode(const Identity& identity) {
  std::string out(text_of(identity.cluster.bytes));
  out.append(text_of(identity.node_uuid.bytes));
  return out.append(text_of(IntegerKey(static_cast<std::uint64_t>(identity.node.value)).view()));
}

std::optional<Identity> decode_identity(ByteView value) {
  if (value.size() != 2 * uuid_bytes + 8) return std::nullopt;
  Identity identity;
  std::memcpy(identity.cluster.bytes.data(), value.data(), uuid_bytes);
  std::memcpy(identity.node_uuid.bytes.data(), value.data() + uuid_bytes, uuid_bytes);
  identity.node = NodeId(static_cast<NodeId::rep>(load_le<std::int64_t>(value.data() + 2 * uuid_bytes)));
  return identity;
}

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + std::string(what) + "; wipe this node's data " +
                                          "directory and let it join again as a new node"};
}

// Held while the descriptor is open: one process per data directory.
Result<File> lock_directory(const std::string& directory) {
  auto file = File::open(directory + "/lock", O_RDWR | O_CREAT);
  if (!file) return file;
  if (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error(errno, "lock", file->path());
    char pid[pid_bytes + 1] = {};
    static_cast<void>(::pread(file->fd(), pid, sizeof pid - 1, 0) < 0);
    return Error{ErrorCode::in_use, directory + " is in use by process " + std::to_string(std::atol(pid)) +
                                        "; stop it or choose another directory"};
  }
  auto pid = std::to_string(::getpid());
  pid.resize(pid_bytes, ' '); // overwritten in place: ext4 flushes a file that is truncated and written anew
  pid.back() = '\n';
  if (auto written = file->write_at(0, bytes_of(pid)); !written) return written.error();
  return file;
}

std::string current_boot_id() {
  std::string id(boot_id_bytes, ' ');
  auto file = File::open("/proc/sys/kernel/random/boot_id", O_RDONLY);
  if (file) static_cast<void>(file->read_at(0, {reinterpret_cast<std::uint8_t*>(id.data()), id.size()}));
  return id;
}

// Before LMDB touches an existing file: its format, then every page.
Status vet(const std::string& path) {
  auto pages = FilePages::open(path);
  if (!pages) return pages.error();
  auto tree = PageTree::open(**pages, MetaCheck::sequence);
  if (!tree) return tree.error();
  auto table = tree->table(node_table);
  if (!table) return table.error();
  if (!*table) return damaged(path, "it has no table of the node");
  std::optional<std::uint32_t> format;
  auto read = tree->for_each(**table, [&](ByteView key, ByteView value) -> Status {
    const auto opened = open_row(text_of(key), value);
    if (!opened) return damaged(path, "a row does not match its CRC");
    if (text_of(key) == format_row && opened->size() >= 4) format = load_le<std::uint32_t>(opened->data());
    return ok_status();
  });
  if (!read) return read;
  if (!format) return damaged(path, "it does not say its format");
  if (*format > node_state_format)
    return Error{ErrorCode::newer_format, path + " has format " + std::to_string(*format) +
                                              ", written by a newer Callboard; start that version"};
  return tree->verify();
}

} // namespace

struct NodeState::Impl {
  std::string directory;
  File lock;
  std::shared_ptr<Env> env;
  MDB_dbi node = 0;
  MDB_dbi groups = 0;
  BootRecord boot;
  bool unclean = false;
  std::atomic<bool> ready{false};   // there are tables
  std::atomic<bool> settled{false}; // the boot row and the file's name are on disk
  std::atomic<bool> failed{false};  // a failed flush is never retried
  std::atomic<std::uint64_t> reserved{0};

  Status open();
  Result<bool> keep_existing(const std::string& path) const;
  Status open_tables();
  Status start_boot();
  int put_boot(Txn& txn);
  Status settle();
  Status locate_map();
  Error refusal() const;
  void refill_reserve();
  bool spend_reserve();

  // One synced transaction of what `change` puts; when the disk is full, again with
  // space given back from the reserve.
  template <class Change>
  Status commit(Change change);
  int apply(Txn& txn, const GroupUpdate& update, std::optional<Error>& refused);
  Result<std::optional<std::string>> read_row(MDB_dbi table, ByteView key) const;
};

template <class Change>
Status NodeState::Impl::commit(Change change) {
  for (;;) {
    if (failed.load()) return refusal();
    std::optional<Error> refused;
    int code = 0;
    {
      Txn txn(*env, Txn::Kind::write);
      code = txn.begun();
      if (code == 0 && !settled.load()) code = put_boot(txn);
      if (code == 0) code = change(txn, refused);
      if (refused) return *refused;
      if (code == 0) code = txn.commit();
    }
    if (code == 0) break;
    // LMDB reports a write cut short by a full disk as EIO.
    if ((code == ENOSPC || code == EIO) && spend_reserve()) continue;
    const auto error = env->error(code, "write");
    if (error.code != ErrorCode::storage_full) failed.store(true);
    return error;
  }
  if (reserved.load() < reserve_bytes) refill_reserve();
  return settled.load() ? ok_status() : settle();
}

// After the first commit. Without DIR/groups nothing was ever promised here.
Status NodeState::Impl::settle() {
  if (!ready.load()) {
    if (auto found = locate_map(); !found) return found;
    ready.store(true);
  }
  const auto groups_directory = directory + "/groups";
  if (::mkdir(groups_directory.c_str(), 0700) != 0 && errno != EEXIST)
    return io_error(errno, "create directory", groups_directory);
  auto synced = sync_directory(directory);
  (synced ? settled : failed).store(true);
  return synced;
}

Error NodeState::Impl::refusal() const {
  return {ErrorCode::storage_io, env->path() + " takes no more writes since one failed; check the disk and restart"};
}

// Gives half of it back to the file system; false if nothing is left to give, or the
// disk is not full at all.
bool NodeState::Impl::spend_reserve() {
  struct statvfs disk {};
  const bool full = ::statvfs(directory.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < reserve_bytes;
  const auto left = reserved.load() / 2 < reserve_bytes_min ? 0 : reserved.load() / 2;
  if (!full || reserved.load() == 0) return false;
  if (::truncate((directory + "/reserve").c_str(), static_cast<off_t>(left)) != 0) return false;
  reserved.store(left);
  return true;
}

// Not worth an error: without it a full disk only blocks more than it has to.
void NodeState::Impl::refill_reserve() {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0 || disk.f_bavail * disk.f_frsize < free_bytes_to_refill) return;
  auto file = File::open(directory + "/reserve", O_RDWR | O_CREAT);
  if (file && ::posix_fallocate(file->fd(), 0, reserve_bytes) == 0) reserved.store(reserve_bytes);
}

Status NodeState::Impl::open() {
  if (auto made = make_directory(directory); !made) return made;
  auto locked = lock_directory(directory);
  if (!locked) return locked.error();
  lock = std::move(*locked);
  const auto path = directory + "/node-state.mdb";
  const auto existing = keep_existing(path);
  if (!existing) return existing.error();
  auto opened = Env::open({path, map_bytes, 2, true});
  if (!opened) return opened.error();
  env = std::move(*opened);
  if (*existing) {
    if (auto tables = open_tables(); !tables) return tables;
  }
  if (auto started = start_boot(); !started) return started;
  refill_reserve();
  return ok_status();
}

// False: there is none to keep, a new one may be made at `path`. A damaged file that
// never came to its first promise is no loss.
Result<bool> NodeState::Impl::keep_existing(const std::string& path) const {
  if (::access(path.c_str(), F_OK) != 0) return false;
  const auto sound = vet(path);
  if (sound) return true;
  const bool promised = ::access((directory + "/groups").c_str(), F_OK) == 0;
  if (promised || sound.error().code != ErrorCode::corrupt_storage) return sound.error();
  if (auto removed = remove_file(path); !removed) return removed.error();
  return false;
}

// Of a new file they are made by the first commit, with everything else.
Status NodeState::Impl::open_tables() {
  {
    Txn txn(*env, Txn::Kind::read);
    int code = txn.begun();
    if (code == 0) code = txn.open_table(node_table, 0, node);
    if (code == 0) code = txn.open_table(groups_table, MDB_INTEGERKEY, groups);
    if (code == 0) code = txn.commit(); // keeps the handles
    if (code != 0) return env->error(code, "read");
  }
  if (auto found = locate_map(); !found) return found;
  ready.store(true);
  return ok_status();
}

Status NodeState::Impl::locate_map() {
  Txn txn(*env, Txn::Kind::read);
  MDB_val format;
  int code = txn.begun();
  if (code == 0) code = txn.get(node, bytes_of(format_row), format);
  if (code != 0) return env->error(code, "read");
  env->locate_map(format);
  return ok_status();
}

// The record of this boot goes to the disk with the first commit (put_boot).
Status NodeState::Impl::start_boot() {
  std::optional<BootRecord> last;
  if (ready.load()) {
    auto row = read_row(node, bytes_of(boot_row));
    if (!row) return row.error();
    if (*row) last = decode_boot(bytes_of(**row));
    if (!last) return damaged(env->path(), "it does not say how the last run ended");
  }
  boot = {current_boot_id(), false, last ? last->unclean_boots : 0};
  unclean = last && !last->clean && last->boot_id != boot.boot_id;
  if (unclean) ++boot.unclean_boots;
  return ok_status();
}

int NodeState::Impl::put_boot(Txn& txn) {
  int code = 0;
  if (!ready.load()) {
    std::uint8_t format[4];
    store_le(format, node_state_format);
    code = txn.open_table(node_table, MDB_CREATE, node);
    if (code == 0) code = txn.open_table(groups_table, MDB_CREATE | MDB_INTEGERKEY, groups);
    if (code == 0) code = txn.put(node, bytes_of(format_row), bytes_of(seal_row(format_row, format)));
  }
  if (code != 0) return code;
  return txn.put(node, bytes_of(boot_row), bytes_of(seal_row(boot_row, bytes_of(encode(boot)))));
}

Result<std::optional<std::string>> NodeState::Impl::read_row(MDB_dbi table, ByteView key) const {
  if (!ready.load()) return std::optional<std::string>();
  Txn txn(*env, Txn::Kind::read);
  MDB_val value;
  std::string copy;
  int code = txn.begun();
  if (code == 0) code = txn.get(table, key, value);
  if (code == MDB_NOTFOUND) return std::optional<std::string>();
  if (code == 0) {
    copy.resize(value.mv_size);
    code = env->copy(copy.data(), view_of(value));
  }
  if (code != 0) return env->error(code, "read");
  if (table == groups) return std::optional(std::move(copy)); // decode_group_record() checks it
  const auto opened = open_row(text_of(key), bytes_of(copy));
  if (!opened) return damaged(env->path(), "a row does not match its CRC");
  return std::optional(std::string(text_of(*opened)));
}

int NodeState::Impl::apply(Txn& txn, const GroupUpdate& update, std::optional<Error>& refused) {
  const IntegerKey key(update.group.value);
  if (update.forget) return txn.remove(groups, key.view());
  GroupRecord record;
  record.group = update.group;
  MDB_val stored;
  const int code = txn.get(groups, key.view(), stored);
  if (code == 0) {
    std::string copy(stored.mv_size, '\0');
    if (const int faulted = env->copy(copy.data(), view_of(stored))) return faulted;
    auto decoded = decode_group_record(update.group, bytes_of(copy));
    if (!decoded) {
      refused = decoded.error();
      return 0;
    }
    record = std::move(*decoded);
  } else if (code != MDB_NOTFOUND) {
    return code;
  }
  if (update.hard) record.hard = *update.hard;
  if (update.manifest) record.manifest = *update.manifest;
  return txn.put(groups, key.view(), bytes_of(encode_group_record(record)));
}

NodeState::NodeState() : impl_(std::make_unique<Impl>()) {}
NodeState::~NodeState() = default;

Result<std::unique_ptr<NodeState>> NodeState::open(const std::string& directory) {
  std::unique_ptr<NodeState> state(new NodeState());
  state->impl_->directory = directory;
  if (auto opened = state->impl_->open(); !opened) return opened.error();
  return state;
}

Result<std::optional<Identity>> NodeState::identity() const {
  auto row = impl_->read_row(impl_->node, bytes_of(identity_row));
  if (!row) return row.error();
  if (!*row) return std::optional<Identity>();
  auto identity = decode_identity(bytes_of(**row));
  if (!identity) return damaged(impl_->env->path(), "its identity cannot be read");
  return identity;
}

Status NodeState::set_identity(const Identity& fresh) {
  const auto known = identity();
  if (!known) return known.error();
  const bool replaces = *known && (*known)->cluster.is_zero() && (*known)->node_uuid == fresh.node_uuid;
  return impl_->commit([&](Txn& txn, std::optional<Error>& refused) {
    const auto row = seal_row(identity_row, bytes_of(encode(fresh)));
    const int code = txn.put(impl_->node, bytes_of(identity_row), bytes_of(row), replaces ? 0 : MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST)
      refused = Error{ErrorCode::wrong_data_directory,
                      impl_->directory + " already belongs to a node; choose an empty directory"};
    return code;
  });
}

Status NodeState::commit(std::span<const GroupUpdate> updates) {
  if (updates.empty()) return ok_status();
  return impl_->commit([&](Txn& txn, std::optional<Error>& refused) {
    for (const auto& update : updates) {
      if (const int code = impl_->apply(txn, update, refused); code != 0 || refused) return code;
    }
    return 0;
  });
}

Result<std::optional<GroupRecord>> NodeState::read(GroupId group) const {
  auto row = impl_->read_row(impl_->groups, IntegerKey(group.value).view());
  if (!row) return row.error();
  if (!*row) return std::optional<GroupRecord>();
  auto record = decode_group_record(group, bytes_of(**row));
  if (!record) return record.error();
  return std::optional(std::move(*record));
}

Status NodeState::for_each(const std::function<void(const GroupRecord&)>& visit) const {
  if (!impl_->ready.load()) return ok_status();
  Txn txn(*impl_->env, Txn::Kind::read);
  if (txn.begun() != 0) return impl_->env->error(txn.begun(), "read");
  Cursor cursor(txn, impl_->groups);
  int code = cursor.get(MDB_FIRST);
  for (; code == 0; code = cursor.get(MDB_NEXT)) {
    std::uint64_t group = 0;
    if (cursor.key().size() != sizeof group) return damaged(impl_->env->path(), "a group's key is torn");
    std::string copy(cursor.value().size(), '\0');
    code = impl_->env->copy(&group, cursor.key());
    if (code == 0) code = impl_->env->copy(copy.data(), cursor.value());
    if (code != 0) break;
    auto record = decode_group_record(GroupId(group), bytes_of(copy));
    if (!record) return record.error();
    visit(*record);
  }
  return code == MDB_NOTFOUND ? ok_status() : impl_->env->error(code, "read");
}

Result<std::optional<GroupRecord>> NodeState::next(GroupId group) const {
  if (!impl_->ready.load() || group.value == std::numeric_limits<std::uint64_t>::max())
    return std::optional<GroupRecord>();
  Txn txn(*impl_->env, Txn::Kind::read);
  if (txn.begun() != 0) return impl_->env->error(txn.begun(), "read");
  Cursor cursor(txn, impl_->groups);
  std::uint64_t found = 0;
  std::string copy;
  int code = cursor.seek_at_least(IntegerKey(group.value + 1).view());
  if (code == MDB_NOTFOUND) return std::optional<GroupRecord>();
  if (code == 0 && cursor.key().size() != sizeof found) return damaged(impl_->env->path(), "a group's key is torn");
  if (code == 0) code = impl_->env->copy(&found, cursor.key());
  if (code == 0) {
    copy.resize(cursor.value().size());
    code = impl_->env->copy(copy.data(), cursor.value());
  }
  if (code != 0) return impl_->env->error(code, "read");
  auto record = decode_group_record(GroupId(found), bytes_of(copy));
  if (!record) return record.error();
  return std::optional(std::move(*record));
}

bool NodeState::unclean_boot() const {
  return impl_->unclean;
}

std::uint64_t NodeState::unclean_boots() const {
  return impl_->boot.unclean_boots;
}

Status NodeState::settle() {
  if (impl_->settled.load()) return ok_status();
  return impl_->commit([](Txn&, std::optional<Error>&) { return 0; });
}

Status NodeState::mark_clean() {
  impl_->boot.clean = true;
  return impl_->commit([this](Txn& txn, std::optional<Error>&) { return impl_->put_boot(txn); });
}

} // namespace callboard::storage
