#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "tests/powercut/image.h"
#include "tests/powercut/random.h"
#include "tests/powercut/recorder.h"

namespace callboard::powercut {

inline constexpr std::size_t sector_bytes = 512;

// Asked once for every change that may or may not have reached the disk.
using Keep = std::function<bool()>;

// One file: what programs see of it, what surely is on the disk, and the changes
// between the two. Each change carries its sequence number within the disk.
//
// A sector is written by the kernel at any time after it changed, with the content
// that it has then: so after a cut it holds its durable content or that after any of
// the later writes to it, independently of all other sectors. So does the length.
class FileOnDisk {
public:
  void write(std::uint64_t sequence, std::uint64_t offset, ByteView bytes);
  void resize(std::uint64_t sequence, std::uint64_t size);
  // Everything is durable.
  void sync();
  // The sectors of the last change, a write, and what ftruncate did before it are
  // durable: a write through O_DSYNC. Other sectors stay as they are.
  void sync_last_write();
  // The last change, a write, was under way at the cut: one of its sectors may be torn.
  void tear_last_write();

  const std::vector<std::uint8_t>& cached() const { return cached_; }
  std::vector<std::uint8_t> after_cut(Random& random) const;

private:
  struct Change {
    std::uint64_t sequence;
    bool resize;
    std::uint64_t size;                // of the file, after it
    std::uint64_t first_sector = 0;    // write: where `sectors` begin
    std::vector<std::uint8_t> sectors; // write: whole sectors, as cached after it
    bool under_way = false;
  };

  void settle(std::vector<std::uint8_t>& content, const Change& change, const Keep& keep) const;

  std::vector<std::uint8_t> cached_;
  std::vector<std::uint8_t> durable_;
  std::vector<Change> pending_;
  // Older changes than these cannot come back: of a sector, of the length.
  std::map<std::uint64_t, std::uint64_t> sector_settled_at_;
  std::uint64_t size_settled_at_ = 0;
};

// The names of one tree, as programs see them and as they surely are on the disk.
// A cut keeps either a prefix of the changes in between (ext4's journal) or any
// subset of them (a file system that does not order names of different files).
class NamesOnDisk {
public:
  void change(std::uint64_t sequence, const Operation& operation);
  // fsync of a file: the name under which it was created is durable, and its directories.
  void sync_file(FileId file);
  // fsync of a directory: every name in it is, and its own.
  void sync_directory(const std::string& path);

  std::map<std::string, FileId> cached() const;
  std::map<std::string, FileId> after_cut(Random& random) const;

private:
  struct Change {
    std::uint64_t sequence;
    OperationKind kind;
    FileId file;
    std::string path;
    std::string new_path; // rename
  };
  using Names = std::map<std::string, FileId>;

  void settle(Names& names, const Change& change) const;
  void make_durable(const std::function<bool(const Change&)>& chosen);

  Names durable_;
  std::vector<Change> pending_;
  std::map<std::string, std::uint64_t> settled_at_; // older changes of a name cannot come back
};

// A disk with a file system like ext4 on it, which runs the recorded log of calls up
// to some point. Then the power goes: cut() says what one could find afterwards.
class Disk {
public:
  // The next call of the log; it returned.
  void apply(const Operation& operation);
  // The call that was under way when the power went.
  void interrupt(const Operation& operation);

  // What programs see.
  Image cached() const;
  // One of the many contents that a power cut may leave.
  Image after_cut(Random& random) const;

private:
  std::map<FileId, FileOnDisk> files_;
  NamesOnDisk names_;
  std::uint64_t sequence_ = 0;
};

} // namespace callboard::powercut
