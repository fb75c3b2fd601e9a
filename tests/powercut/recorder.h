#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/uio.h>
#include <vector>

namespace callboard::powercut {

// A file of the watched directory, whatever it is called at the moment.
using FileId = std::uint32_t;
inline constexpr FileId directory_id = 0; // what a name of a directory refers to

enum class OperationKind : std::uint8_t {
  create,         // `path` now names the new, empty `file`
  make_directory, // `path`
  write,          // `bytes` at `offset` of `file`; `durable`: through O_DSYNC or O_SYNC
  resize,         // `file` is `offset` bytes long
  sync_file,      // fdatasync or fsync of `file`
  sync_directory, // fsync of `path`
  rename,         // `path`, naming `file`, is `new_path` now
  unlink,         // `path` no longer names `file`
  remove_directory,
};

// One call that changed the watched directory, or made a change durable. Paths are
// relative to it; "" is the directory itself.
struct Operation {
  OperationKind kind;
  FileId file = directory_id;
  std::string path{};
  std::string new_path{};
  std::uint64_t offset = 0;
  std::vector<std::uint8_t> bytes{};
  bool durable = false;
};

// Which calls to record as if they had not made anything durable: a sync of this
// path is left out, a write through O_DSYNC counts as a plain one.
using SyncFilter = std::function<bool(std::string_view path)>;

// The log of everything that happens to the files under one directory, in order.
// Fed by the libc functions that interpose.cpp defines while a Recording is alive;
// its position is the number of operations so far. For one thread.
class Recorder {
public:
  // What is already there becomes the head of the log, as durable content.
  explicit Recorder(std::string directory);

  const std::vector<Operation>& log() const { return log_; }
  std::vector<Operation> take_log() { return std::move(log_); }
  std::size_t position() const { return log_.size(); }
  // Where the log goes on after what was there at the start.
  std::size_t first_position() const { return first_position_; }
  void lose_syncs(SyncFilter filter) { lose_ = std::move(filter); }

  // Called after the operating system did it; what lies elsewhere is ignored.
  void opened(int fd, const std::string& path, int flags);
  void closed(int fd) { open_.erase(fd); }
  bool watches(int fd) const { return open_.contains(fd); }
  void wrote(int fd, std::uint64_t offset, const iovec* parts, int count, std::size_t written);
  void resized(int fd, std::uint64_t size);
  void resized(const std::string& path, std::uint64_t size);
  // fallocate: the file is at least this long.
  void extended(int fd, std::uint64_t size);
  void synced(int fd);
  void renamed(const std::string& from, const std::string& to);
  void unlinked(const std::string& path);
  void made_directory(const std::string& path);
  void removed_directory(const std::string& path);

private:
  struct OpenFile {
    FileId file;
    std::string path;
    bool durable;
  };

  void add_existing();
  std::optional<std::string> inside(const std::string& path) const;
  void resize(FileId file, const std::string& path, std::uint64_t size);
  bool lost(const std::string& path) const { return lose_ && lose_(path); }
  void add(Operation operation) { log_.push_back(std::move(operation)); }

  std::string directory_;
  std::vector<Operation> log_;
  std::size_t first_position_ = 0;
  std::map<std::string, FileId> names_;
  std::map<FileId, std::uint64_t> sizes_;
  std::map<int, OpenFile> open_;
  FileId next_file_ = directory_id + 1;
  SyncFilter lose_;
};

// While it lives, the calls of this process go to `recorder`. One at a time.
class Recording {
public:
  explicit Recording(Recorder& recorder);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
};

// From now on this process reads another boot id than the machine's: what a node
// finds when it starts again after the power came back.
void pretend_restarted_machine();

} // namespace callboard::powercut
