#include "tests/powercut/disk.h"

#include <algorithm>
#include <array>
#include <utility>

namespace callboard::powercut {
namespace {

constexpr auto keep_all = [] { return true; };

// How likely a change survives: all lost and all kept are the corners where a missing
// sync shows, the rest mixes.
double survival(Random& random) {
  static constexpr std::array chances{0.0, 0.0, 0.1, 0.5, 0.9, 1.0};
  return chances[random.below(chances.size())];
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

bool contains(const std::string& directory, const std::string& path) {
  return path.starts_with(directory + "/");
}

} // namespace

void FileOnDisk::write(std::uint64_t sequence, std::uint64_t offset, ByteView bytes) {
  const auto end = offset + bytes.size();
  if (end > cached_.size()) cached_.resize(end);
  std::copy(bytes.begin(), bytes.end(), cached_.begin() + static_cast<std::ptrdiff_t>(offset));
  const auto first = offset / sector_bytes;
  const auto last = (end + sector_bytes - 1) / sector_bytes;
  const auto from = cached_.begin() + static_cast<std::ptrdiff_t>(first * sector_bytes);
  const auto to = cached_.begin() + static_cast<std::ptrdiff_t>(std::min(last * sector_bytes, cached_.size()));
  std::vector<std::uint8_t> sectors(from, to);
  sectors.resize((last - first) * sector_bytes);
  pending_.push_back({sequence, false, cached_.size(), first, std::move(sectors)});
}

void FileOnDisk::resize(std::uint64_t sequence, std::uint64_t size) {
  cached_.resize(size);
  pending_.push_back({sequence, true, size, 0, {}});
}

void FileOnDisk::sync() {
  for (const auto& change : pending_) settle(durable_, change, keep_all);
  pending_.clear();
  sector_settled_at_.clear();
  CB_ASSERT(durable_.size() == cached_.size());
}

void FileOnDisk::sync_last_write() {
  const auto last = std::move(pending_.back());
  pending_.pop_back();
  for (const auto& change : pending_) {
    if (!change.resize) continue;
    settle(durable_, change, keep_all);
    size_settled_at_ = change.sequence;
  }
  std::erase_if(pending_, [](const auto& change) { return change.resize; });
  const auto end = (last.first_sector * sector_bytes) + last.sectors.size();
  if (durable_.size() < std::min(end, last.size)) durable_.resize(std::min(end, last.size));
  settle(durable_, last, [] { return true; });
  for (std::uint64_t i = 0; i < last.sectors.size() / sector_bytes; ++i) {
    sector_settled_at_[last.first_sector + i] = last.sequence;
  }
}

void FileOnDisk::tear_last_write() {
  pending_.back().under_way = true;
}

void FileOnDisk::settle(std::vector<std::uint8_t>& content, const Change& change, const Keep& keep) const {
  if (change.sequence > size_settled_at_ && (change.resize || change.size > content.size()) && keep()) {
    content.resize(change.size);
  }
  for (std::size_t i = 0; i < change.sectors.size() / sector_bytes; ++i) {
    const auto sector = change.first_sector + i;
    const auto settled = sector_settled_at_.find(sector);
    if (settled != sector_settled_at_.end() && settled->second > change.sequence) continue;
    const auto at = sector * sector_bytes;
    if (at >= content.size() || !keep()) continue;
    const auto size = std::min<std::size_t>(sector_bytes, content.size() - at);
    std::copy_n(change.sectors.begin() + static_cast<std::ptrdiff_t>(i * sector_bytes), size,
                content.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

std::vector<std::uint8_t> FileOnDisk::after_cut(Random& random) const {
  auto content = durable_;
  const auto chance = survival(random);
  for (const auto& change : pending_) {
    const auto before = change.under_way ? content : std::vector<std::uint8_t>();
    settle(content, change, [&] { return random.chance(chance); });
    if (!change.under_way || change.sectors.empty()) continue;
    // The disk was inside one sector: its head is new, its tail is as it was.
    const auto torn = change.first_sector + random.below(change.sectors.size() / sector_bytes);
    const auto from = (torn * sector_bytes) + (random.below(sector_bytes / 8) * 8);
    for (auto at = from; at < std::min<std::uint64_t>((torn + 1) * sector_bytes, content.size()); ++at) {
      content[at] = at < before.size() ? before[at] : 0;
    }
  }
  return content;
}

void NamesOnDisk::change(std::uint64_t sequence, const Operation& operation) {
  pending_.push_back({sequence, operation.kind, operation.file, operation.path, operation.new_path});
}

void NamesOnDisk::settle(Names& names, const Change& change) const {
  const auto current = [&](const std::string& path) {
    const auto settled = settled_at_.find(path);
    return settled == settled_at_.end() || settled->second < change.sequence;
  };
  const bool appears = change.kind == OperationKind::create || change.kind == OperationKind::make_directory;
  if (current(change.path)) {
    if (appears) {
      names[change.path] = change.file;
    } else {
      names.erase(change.path);
    }
  }
  if (change.kind == OperationKind::rename && current(change.new_path)) names[change.new_path] = change.file;
}

void NamesOnDisk::make_durable(const std::function<bool(const Change&)>& chosen) {
  std::vector<Change> rest;
  for (auto& change : pending_) {
    if (!chosen(change)) {
      rest.push_back(std::move(change));
      continue;
    }
    settle(durable_, change);
    settled_at_[change.path] = change.sequence;
    if (change.kind == OperationKind::rename) settled_at_[change.new_path] = change.sequence;
  }
  pending_ = std::move(rest);
}

void NamesOnDisk::sync_file(FileId file) {
  std::string created_at;
  for (const auto& change : pending_) {
    if (change.kind == OperationKind::create && change.file == file) created_at = change.path;
  }
  if (created_at.empty()) return;
  make_durable([&](const Change& change) {
    return (change.kind == OperationKind::create && change.file == file) ||
           (change.kind == OperationKind::make_directory && contains(change.path, created_at));
  });
}

void NamesOnDisk::sync_directory(const std::string& path) {
  make_durable([&](const Change& change) {
    const bool above = change.kind == OperationKind::make_directory && contains(change.path, path + "/");
    const bool moved_in = change.kind == OperationKind::rename && parent_of(change.new_path) == path;
    return above || moved_in || parent_of(change.path) == path;
  });
}

std::map<std::string, FileId> NamesOnDisk::cached() const {
  auto names = durable_;
  for (const auto& change : pending_) settle(names, change);
  return names;
}

std::map<std::string, FileId> NamesOnDisk::after_cut(Random& random) const {
  auto names = durable_;
  const bool journal = random.chance(0.5);
  const auto committed = random.below(pending_.size() + 1);
  const auto chance = survival(random);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (journal ? i < committed : random.chance(chance)) settle(names, pending_[i]);
  }
  return names;
}

void Disk::apply(const Operation& operation) {
  const auto sequence = ++sequence_;
  switch (operation.kind) {
  case OperationKind::write: {
    auto& file = files_[operation.file];
    file.write(sequence, operation.offset, operation.bytes);
    if (operation.durable) {
      file.sync_last_write();
      names_.sync_file(operation.file);
    }
    return;
  }
  case OperationKind::resize: files_[operation.file].resize(sequence, operation.offset); return;
  case OperationKind::sync_file:
    files_[operation.file].sync();
    names_.sync_file(operation.file);
    return;
  case OperationKind::sync_directory: names_.sync_directory(operation.path); return;
  case OperationKind::create:
  case OperationKind::make_directory:
  case OperationKind::rename:
  case OperationKind::unlink:
  case OperationKind::remove_directory: names_.change(sequence, operation); return;
  }
}

void Disk::interrupt(const Operation& operation) {
  const bool sync = operation.kind == OperationKind::sync_file || operation.kind == OperationKind::sync_directory;
  if (sync) return; // what it would have made durable is pending still
  if (operation.kind != OperationKind::write) {
    apply(operation);
    return;
  }
  auto& file = files_[operation.file];
  file.write(++sequence_, operation.offset, operation.bytes);
  file.tear_last_write();
}

Image Disk::cached() const {
  Image image;
  for (const auto& [path, file] : names_.cached()) {
    if (file == directory_id) {
      image.directories.insert(path);
      continue;
    }
    const auto found = files_.find(file);
    image.files[path] = found == files_.end() ? std::vector<std::uint8_t>() : found->second.cached();
  }
  return image;
}

Image Disk::after_cut(Random& random) const {
  Image image;
  for (const auto& [path, file] : names_.after_cut(random)) {
    if (file == directory_id) {
      image.directories.insert(path);
      continue;
    }
    const auto found = files_.find(file);
    image.files[path] = found == files_.end() ? std::vector<std::uint8_t>() : found->second.after_cut(random);
  }
  return image;
}

} // namespace callboard::powercut
