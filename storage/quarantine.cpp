#include "storage/quarantine.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "storage/file.h"

namespace callboard::storage {
namespace {

struct Quarantined {
  std::string path;
  timespec since{}; // its directory changed last when it was moved, or before
  std::uint64_t bytes = 0;
};

Status remove_all(const std::string& directory) {
  auto names = list_directory(directory);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (auto removed = remove_file(directory + "/" + name); !removed) return removed;
  }
  if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) return io_error(errno, "remove directory", directory);
  return ok_status();
}

// HEX16-LIFE, as set_aside() names them.
bool is_of_ours(const std::string& name) {
  const auto digits = name.find_first_not_of("0123456789abcdef");
  return digits == 16 && name[16] == '-' && name.size() > 17 &&
         name.find_first_not_of("0123456789", 17) == std::string::npos;
}

// Newest first.
Result<std::vector<Quarantined>> quarantined(const std::string& directory) {
  auto names = list_directory(directory);
  if (!names) return names.error();
  std::vector<Quarantined> logs;
  for (const auto& name : *names) {
    if (!is_of_ours(name)) continue;
    Quarantined log{directory + "/" + name};
    struct stat about {};
    if (::stat(log.path.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) continue;
    log.since = about.st_ctim;
    auto files = list_directory(log.path);
    if (!files) return files.error();
    for (const auto& file : *files) {
      // A segment's file is as large as it may grow; what counts is what it takes.
      if (::stat((log.path + "/" + file).c_str(), &about) == 0)
        log.bytes += static_cast<std::uint64_t>(about.st_blocks) * 512;
    }
    logs.push_back(std::move(log));
  }
  std::sort(logs.begin(), logs.end(), [](const Quarantined& a, const Quarantined& b) {
    return std::tie(a.since.tv_sec, a.since.tv_nsec) > std::tie(b.since.tv_sec, b.since.tv_nsec);
  });
  return logs;
}

Status shrink(const std::string& directory) {
  auto logs = quarantined(directory);
  if (!logs) return logs.error();
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  for (const auto& log : *logs) {
    ++count;
    bytes += log.bytes;
    if (count <= quarantined_logs_max && bytes <= quarantined_bytes_max) continue;
    if (auto removed = remove_all(log.path); !removed) return removed;
  }
  return ok_status();
}

} // namespace

HardState next_life(HardState hard) {
  ++hard.life;
  hard.recovering = true;
  return hard;
}

Result<std::string> set_aside(NodeState& state, GroupId group, const std::string& directory) {
  auto record = state.read(group);
  if (!record) return record.error();
  const auto known = *record ? std::move(**record) : GroupRecord{group, {}, {}};
  GroupUpdate update;
  update.group = group;
  update.hard = next_life(known.hard);
  update.manifest = Manifest{};
  update.manifest->next_segment = known.manifest.next_segment;

  const auto quarantine = directory + "/quarantine";
  if (auto made = make_directory(quarantine); !made) return made.error();
  const auto from = directory + "/groups/" + hex16(group.value);
  const auto to = quarantine + "/" + hex16(group.value) + "-" + std::to_string(update.hard->life);
  // First the files: without them a record that names them is found damaged again.
  if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) return io_error(errno, "rename", from);
  if (auto synced = sync_directory(directory + "/groups"); !synced) return synced.error();
  if (auto synced = sync_directory(quarantine); !synced) return synced.error();
  if (auto committed = state.commit({&update, 1}); !committed) return committed.error();
  static_cast<void>(shrink(quarantine)); // what stays too long is no reason to stay out of service
  return ::access(to.c_str(), F_OK) == 0 ? to : std::string();
}

} // namespace callboard::storage
