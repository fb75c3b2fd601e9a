#include "tests/powercut/recorder.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <utility>

#include "schema/assert.h"
#include "tests/powercut/image.h"

namespace callboard::powercut {

Recorder::Recorder(std::string directory) : directory_(std::move(directory)) {
  add_existing();
  first_position_ = position();
}

void Recorder::add_existing() {
  auto image = Image::of(directory_);
  for (const auto& path : image.directories) {
    made_directory(directory_ + "/" + path);
    add({.kind = OperationKind::sync_directory, .path = path});
  }
  for (auto& [path, bytes] : image.files) {
    const auto file = next_file_++;
    names_[path] = file;
    sizes_[file] = bytes.size();
    add({.kind = OperationKind::create, .file = file, .path = path});
    add({.kind = OperationKind::write, .file = file, .path = path, .bytes = std::move(bytes)});
    add({.kind = OperationKind::sync_file, .file = file, .path = path});
  }
}

std::optional<std::string> Recorder::inside(const std::string& path) const {
  auto normal = std::filesystem::path(path).lexically_normal().string();
  while (normal.ends_with('/')) normal.pop_back();
  if (normal == directory_) return std::string();
  if (normal.starts_with(directory_ + "/")) return normal.substr(directory_.size() + 1);
  return std::nullopt;
}

void Recorder::opened(int fd, const std::string& path, int flags) {
  open_.erase(fd);
  const auto name = inside(path);
  if (!name) return;
  auto found = names_.find(*name);
  if (found == names_.end() && (flags & O_CREAT) != 0) {
    found = names_.emplace(*name, next_file_++).first;
    sizes_[found->second] = 0;
    add({.kind = OperationKind::create, .file = found->second, .path = *name});
  }
  const auto file = found == names_.end() ? directory_id : found->second;
  if (file != directory_id && (flags & O_TRUNC) != 0) resize(file, *name, 0);
  open_[fd] = {file, *name, (flags & O_DSYNC) != 0};
}

void Recorder::wrote(int fd, std::uint64_t offset, const iovec* parts, int count, std::size_t written) {
  const auto found = open_.find(fd);
  if (found == open_.end() || written == 0) return;
  const auto& open = found->second;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(written);
  for (int i = 0; i < count && bytes.size() < written; ++i) {
    const auto* data = static_cast<const std::uint8_t*>(parts[i].iov_base);
    bytes.insert(bytes.end(), data, data + std::min(parts[i].iov_len, written - bytes.size()));
  }
  auto& size = sizes_[open.file];
  size = std::max(size, offset + bytes.size());
  add({.kind = OperationKind::write,
       .file = open.file,
       .path = open.path,
       .offset = offset,
       .bytes = std::move(bytes),
       .durable = open.durable && !lost(open.path)});
}

void Recorder::resize(FileId file, const std::string& path, std::uint64_t size) {
  if (std::exchange(sizes_[file], size) == size) return;
  add({.kind = OperationKind::resize, .file = file, .path = path, .offset = size});
}

void Recorder::resized(int fd, std::uint64_t size) {
  if (const auto found = open_.find(fd); found != open_.end()) resize(found->second.file, found->second.path, size);
}

void Recorder::resized(const std::string& path, std::uint64_t size) {
  if (const auto name = inside(path)) resize(names_.at(*name), *name, size);
}

void Recorder::extended(int fd, std::uint64_t size) {
  const auto found = open_.find(fd);
  if (found != open_.end() && size > sizes_[found->second.file]) resized(fd, size);
}

void Recorder::synced(int fd) {
  const auto found = open_.find(fd);
  if (found == open_.end() || lost(found->second.path)) return;
  const auto& [file, path, durable] = found->second;
  const auto kind = file == directory_id ? OperationKind::sync_directory : OperationKind::sync_file;
  add({.kind = kind, .file = file, .path = path});
}

void Recorder::renamed(const std::string& from, const std::string& to) {
  const auto old_name = inside(from);
  const auto new_name = inside(to);
  if (!old_name && !new_name) return;
  CB_ASSERT(old_name && new_name); // nothing moves into or out of the watched directory
  const auto file = names_.at(*old_name);
  CB_ASSERT(file != directory_id); // renamed directories are not modelled
  names_.erase(*old_name);
  names_[*new_name] = file;
  for (auto& [fd, open] : open_) {
    if (open.file == file) open.path = *new_name;
  }
  add({.kind = OperationKind::rename, .file = file, .path = *old_name, .new_path = *new_name});
}

void Recorder::unlinked(const std::string& path) {
  const auto name = inside(path);
  if (!name) return;
  const auto file = names_.at(*name);
  names_.erase(*name);
  add({.kind = OperationKind::unlink, .file = file, .path = *name});
}

void Recorder::made_directory(const std::string& path) {
  const auto name = inside(path);
  if (!name || name->empty()) return;
  names_[*name] = directory_id;
  add({.kind = OperationKind::make_directory, .path = *name});
}

void Recorder::removed_directory(const std::string& path) {
  const auto name = inside(path);
  if (!name || name->empty()) return;
  names_.erase(*name);
  add({.kind = OperationKind::remove_directory, .path = *name});
}

} // namespace callboard::powercut
