#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace callboard::powercut {

// The content of a directory tree, in memory. Paths are relative to its root.
struct Image {
  std::set<std::string> directories;
  std::map<std::string, std::vector<std::uint8_t>> files;

  bool operator==(const Image&) const = default;

  static Image of(const std::string& directory);
  // Replaces what `directory` holds; creates it if needed.
  void write_to(const std::string& directory) const;
};

// A directory of its own in memory (/dev/shm, else TMPDIR); removed at the end.
class ScratchDirectory {
public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace callboard::powercut
