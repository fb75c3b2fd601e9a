// The libc functions that change files, defined by this program itself, so that its
// own code, LMDB's and the standard library's resolve to them. Each does its work by
// system call and then tells the active recorder. What slips past them (a mapping
// written to, a stdio stream) shows when a test compares the recorded state with the
// real directory.
//
// sync_file_range is not here: it promises nothing about a power cut.

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "schema/assert.h"
#include "tests/powercut/recorder.h"

namespace callboard::powercut {
namespace {

Recorder* active = nullptr;
const char* boot_id_path = nullptr; // read instead of the kernel's; null: the kernel's

// What is at `path`, relative to the directory open as `directory`.
std::string absolute(int directory, const char* path) {
  if (path[0] == '/') return path;
  char base[4096];
  const auto link =
      directory == AT_FDCWD ? std::string("/proc/self/cwd") : "/proc/self/fd/" + std::to_string(directory);
  const auto size = readlink(link.c_str(), base, sizeof base);
  CB_ASSERT(size > 0 && size < static_cast<ssize_t>(sizeof base));
  return std::string(base, static_cast<std::size_t>(size)) + "/" + path;
}

const char* redirected(const char* path) {
  const bool boot_id = boot_id_path != nullptr && std::string_view(path) == "/proc/sys/kernel/random/boot_id";
  return boot_id ? boot_id_path : path;
}

int open_file(int directory, const char* path, int flags, mode_t mode) {
  const auto fd = static_cast<int>(syscall(SYS_openat, directory, redirected(path), flags, mode));
  if (fd >= 0 && active != nullptr) active->opened(fd, absolute(directory, path), flags);
  return fd;
}

ssize_t write_parts(int fd, const iovec* parts, int count) {
  const bool watched = active != nullptr && active->watches(fd);
  const auto offset = watched ? syscall(SYS_lseek, fd, 0, SEEK_CUR) : 0;
  const auto written = syscall(SYS_writev, fd, parts, count);
  if (watched && written > 0) {
    active->wrote(fd, static_cast<std::uint64_t>(offset), parts, count, static_cast<std::size_t>(written));
  }
  return written;
}

ssize_t write_parts_at(int fd, const iovec* parts, int count, off_t offset) {
  const auto written = syscall(SYS_pwritev, fd, parts, count, offset, 0);
  if (written > 0 && active != nullptr) {
    active->wrote(fd, static_cast<std::uint64_t>(offset), parts, count, static_cast<std::size_t>(written));
  }
  return written;
}

int resize_file(int fd, off_t size) {
  const auto status = static_cast<int>(syscall(SYS_ftruncate, fd, size));
  if (status == 0 && active != nullptr) active->resized(fd, static_cast<std::uint64_t>(size));
  return status;
}

int resize_path(const char* path, off_t size) {
  const auto status = static_cast<int>(syscall(SYS_truncate, path, size));
  if (status == 0 && active != nullptr) active->resized(absolute(AT_FDCWD, path), static_cast<std::uint64_t>(size));
  return status;
}

int allocate(int fd, int mode, off_t offset, off_t length) {
  const auto status = static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, length));
  if (status != 0 || active == nullptr || !active->watches(fd)) return status;
  CB_ASSERT((mode & ~FALLOC_FL_KEEP_SIZE) == 0); // punched holes are not modelled
  if (mode == 0) active->extended(fd, static_cast<std::uint64_t>(offset + length));
  return status;
}

int sync_file(long call, int fd) {
  const auto status = static_cast<int>(syscall(call, fd));
  if (status == 0 && active != nullptr) active->synced(fd);
  return status;
}

int rename_entry(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  const auto status = static_cast<int>(syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
  if (status != 0 || active == nullptr) return status;
  active->renamed(absolute(from_directory, from), absolute(to_directory, to));
  return status;
}

int unlink_entry(int directory, const char* path, int flags) {
  const auto status = static_cast<int>(syscall(SYS_unlinkat, directory, path, flags));
  if (status != 0 || active == nullptr) return status;
  const auto full = absolute(directory, path);
  (flags & AT_REMOVEDIR) != 0 ? active->removed_directory(full) : active->unlinked(full);
  return status;
}

int make_directory(int directory, const char* path, mode_t mode) {
  const auto status = static_cast<int>(syscall(SYS_mkdirat, directory, path, mode));
  if (status == 0 && active != nullptr) active->made_directory(absolute(directory, path));
  return status;
}

// The mode argument of open, which is there only when the call may create a file.
mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

using OpenStream = std::FILE* (*)(const char*, const char*);

std::FILE* open_stream(const char* path, const char* mode) {
  static const auto next = reinterpret_cast<OpenStream>(dlsym(RTLD_NEXT, "fopen64"));
  return next(redirected(path), mode);
}

} // namespace

Recording::Recording(Recorder& recorder) {
  CB_ASSERT(active == nullptr);
  active = &recorder;
}

Recording::~Recording() {
  active = nullptr;
}

void pretend_restarted_machine() {
  boot_id_path = "/proc/sys/kernel/random/uuid";
}

} // namespace callboard::powercut

namespace cut = callboard::powercut;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = cut::mode_of(flags, arguments);
  va_end(arguments);
  return cut::open_file(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = cut::mode_of(flags, arguments);
  va_end(arguments);
  return cut::open_file(AT_FDCWD, path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = cut::mode_of(flags, arguments);
  va_end(arguments);
  return cut::open_file(directory, path, flags, mode);
}
int openat64(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = cut::mode_of(flags, arguments);
  va_end(arguments);
  return cut::open_file(directory, path, flags, mode);
}
int creat(const char* path, mode_t mode) {
  return cut::open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char* path, mode_t mode) {
  return creat(path, mode);
}

std::FILE* fopen(const char* path, const char* mode) {
  return cut::open_stream(path, mode);
}
std::FILE* fopen64(const char* path, const char* mode) {
  return cut::open_stream(path, mode);
}

int close(int fd) {
  if (cut::active != nullptr) cut::active->closed(fd);
  return static_cast<int>(syscall(SYS_close, fd));
}

ssize_t write(int fd, const void* data, size_t size) {
  const iovec part{const_cast<void*>(data), size};
  return cut::write_parts(fd, &part, 1);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return cut::write_parts(fd, parts, count);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  const iovec part{const_cast<void*>(data), size};
  return cut::write_parts_at(fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return pwrite(fd, data, size, offset);
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return cut::write_parts_at(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  return cut::write_parts_at(fd, parts, count, offset);
}

int ftruncate(int fd, off_t size) noexcept {
  return cut::resize_file(fd, size);
}
int ftruncate64(int fd, off64_t size) noexcept {
  return cut::resize_file(fd, size);
}
int truncate(const char* path, off_t size) noexcept {
  return cut::resize_path(path, size);
}
int truncate64(const char* path, off64_t size) noexcept {
  return cut::resize_path(path, size);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  return cut::allocate(fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  return cut::allocate(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
  return cut::allocate(fd, 0, offset, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) {
  return posix_fallocate(fd, offset, length);
}

int fdatasync(int fd) {
  return cut::sync_file(SYS_fdatasync, fd);
}
int fsync(int fd) {
  return cut::sync_file(SYS_fsync, fd);
}

int rename(const char* from, const char* to) noexcept {
  return cut::rename_entry(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  return cut::rename_entry(from_directory, from, to_directory, to, 0);
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) noexcept {
  return cut::rename_entry(from_directory, from, to_directory, to, flags);
}
int unlink(const char* path) noexcept {
  return cut::unlink_entry(AT_FDCWD, path, 0);
}
int unlinkat(int directory, const char* path, int flags) noexcept {
  return cut::unlink_entry(directory, path, flags);
}
int rmdir(const char* path) noexcept {
  return cut::unlink_entry(AT_FDCWD, path, AT_REMOVEDIR);
}
int remove(const char* path) noexcept {
  const auto status = cut::unlink_entry(AT_FDCWD, path, 0);
  return status != 0 && errno == EISDIR ? rmdir(path) : status;
}
int mkdir(const char* path, mode_t mode) noexcept {
  return cut::make_directory(AT_FDCWD, path, mode);
}
int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  return cut::make_directory(directory, path, mode);
}

} // extern "C"
