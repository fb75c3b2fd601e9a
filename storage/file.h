#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/bytes.h"
#include "schema/result.h"

namespace callboard::storage {

// "cannot `doing` `path`: why". No space left is storage_full, all else storage_io.
Error io_error(int error_number, std::string_view doing, const std::string& path);

// A file descriptor, owned.
class File {
public:
  File() = default;
  explicit File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~File();

  // `flags` as of open(2); O_CLOEXEC is added.
  static Result<File> open(const std::string& path, int flags);

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  Result<std::uint64_t> size() const;
  // Exactly `out`; a file that ends before is corrupt_storage.
  Status read_at(std::uint64_t at, std::span<std::uint8_t> out) const;
  Status write_at(std::uint64_t at, ByteView data) const;
  Status sync() const;

private:
  int fd_ = -1;
  std::string path_;
};

// Creates it and makes its name durable; fine if it is there.
Status make_directory(const std::string& path);
Status sync_directory(const std::string& path);
// Fine if it is not there.
Status remove_file(const std::string& path);
// Names of what is in it; none if it is not there.
Result<std::vector<std::string>> list_directory(const std::string& path);
// All of `content` or what was there before, also after a power cut.
Status replace_file(const std::string& path, ByteView content);
std::string directory_of(const std::string& path);
// 16 lower-case hexadecimal digits: names of groups and segments on disk.
std::string hex16(std::uint64_t value);

} // namespace callboard::storage
