#include "storage/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace callboard::storage {

Error io_error(int error_number, std::string_view doing, const std::string& path) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  std::string message = "cannot " + std::string(doing) + " " + path + ": " + std::strerror(error_number);
  if (full) message += "; free some space, writing resumes by itself";
  if (error_number == EMFILE || error_number == ENFILE) message += "; raise the limit of open files (ulimit -n)";
  return {full ? ErrorCode::storage_full : ErrorCode::storage_io, std::move(message)};
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return io_error(errno, "open", path);
  return File(fd, path);
}

Result<std::uint64_t> File::size() const {
  struct stat about {};
  if (::fstat(fd_, &about) != 0) return io_error(errno, "look at", path_);
  return static_cast<std::uint64_t>(about.st_size);
}

Status File::read_at(std::uint64_t at, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const auto got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(errno, "read", path_);
    if (got == 0)
      return Error{ErrorCode::corrupt_storage, path_ + " ends at byte " + std::to_string(at) + ", too early"};
    out = out.subspan(static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
  return ok_status();
}

Status File::write_at(std::uint64_t at, ByteView data) const {
  while (!data.empty()) {
    const auto put = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return io_error(errno, "write", path_);
    data = data.subspan(static_cast<std::size_t>(put));
    at += static_cast<std::uint64_t>(put);
  }
  return ok_status();
}

Status File::sync() const {
  if (::fsync(fd_) == 0) return ok_status();
  auto error = io_error(errno, "sync", path_);
  error.code = ErrorCode::storage_io; // also when the disk is full: a failed fsync is never retried
  return error;
}

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(directory_of(path));
  if (errno == EEXIST) return ok_status();
  return io_error(errno, "create directory", path);
}

Status sync_directory(const std::string& path) {
  auto directory = File::open(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return directory.error();
  return directory->sync();
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return ok_status();
  return io_error(errno, "remove", path);
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory && errno == ENOENT) return std::vector<std::string>();
  if (!directory) return io_error(errno, "list", path);
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

Status replace_file(const std::string& path, ByteView content) {
  const auto temporary = path + ".tmp";
  {
    auto file = File::open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) return file.error();
    if (auto written = file->write_at(0, content); !written) return written;
    if (auto synced = file->sync(); !synced) return synced;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error(errno, "rename", temporary);
  return sync_directory(directory_of(path));
}

std::string directory_of(const std::string& path) {
  const auto end = path.find_last_not_of('/');
  const auto slash = path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string hex16(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

} // namespace callboard::storage
