#include "tests/powercut/image.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "schema/assert.h"

namespace callboard::powercut {

namespace fs = std::filesystem;

Image Image::of(const std::string& directory) {
  Image image;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const auto path = entry.path().lexically_relative(directory).string();
    if (entry.is_directory()) {
      image.directories.insert(path);
      continue;
    }
    std::ifstream in(entry.path(), std::ios::binary);
    auto& bytes = image.files[path];
    bytes.resize(entry.file_size());
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    CB_ASSERT(in.good() || bytes.empty());
  }
  return image;
}

void Image::write_to(const std::string& directory) const {
  fs::remove_all(directory);
  fs::create_directories(directory);
  for (const auto& path : directories) fs::create_directories(fs::path(directory) / path);
  for (const auto& [path, bytes] : files) {
    const auto target = fs::path(directory) / path;
    fs::create_directories(target.parent_path());
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    CB_ASSERT(out.good());
  }
}

ScratchDirectory::ScratchDirectory() {
  const auto* configured = std::getenv("TMPDIR");
  auto parent = fs::path(configured != nullptr ? configured : "/tmp");
  if (access("/dev/shm", W_OK) == 0) parent = "/dev/shm";
  auto pattern = (parent / "callboard-powercut-XXXXXX").string();
  CB_ASSERT(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

} // namespace callboard::powercut
