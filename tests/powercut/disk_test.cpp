// The recorder and the disk model by themselves, on plain files.

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/bytes.h"
#include "tests/powercut/disk.h"
#include "tests/powercut/image.h"
#include "tests/powercut/recorder.h"

namespace callboard::powercut {
namespace {

constexpr int cuts = 300;

// A watched directory, with short forms of the calls.
struct Scene {
  ScratchDirectory scratch;
  Recorder recorder{scratch.path()};
  Recording recording{recorder};

  std::string at(const std::string& name) const { return scratch.path() + "/" + name; }
  int open_file(const std::string& name, int flags = 0) const {
    const int fd = ::open(at(name).c_str(), O_RDWR | O_CREAT | flags, 0600);
    BOOST_REQUIRE(fd >= 0);
    return fd;
  }
  static void put(int fd, char letter, std::size_t size, off_t offset) {
    const std::string text(size, letter);
    BOOST_REQUIRE_EQUAL(::pwrite(fd, text.data(), size, offset), static_cast<ssize_t>(size));
  }
  void sync_directory() const {
    const int fd = ::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY);
    BOOST_REQUIRE_EQUAL(::fsync(fd), 0);
    ::close(fd);
  }

  Disk disk() const {
    Disk disk;
    for (const auto& operation : recorder.log()) disk.apply(operation);
    return disk;
  }
  // Every content of `name` seen over many cuts; "absent" if it has none.
  std::set<std::string> outcomes(const std::string& name) const { return outcomes(disk(), name); }
  static std::set<std::string> outcomes(const Disk& disk, const std::string& name) {
    std::set<std::string> seen;
    for (int seed = 0; seed < cuts; ++seed) {
      Random random(static_cast<std::uint64_t>(seed));
      const auto image = disk.after_cut(random);
      const auto found = image.files.find(name);
      seen.emplace(found == image.files.end() ? "absent" : text_of(found->second));
    }
    return seen;
  }
};

std::set<std::string> all(std::initializer_list<std::string> texts) {
  return texts;
}

} // namespace

BOOST_AUTO_TEST_SUITE(disk)

BOOST_AUTO_TEST_CASE(what_is_synced_survives_and_what_is_not_may_be_lost) {
  Scene scene;
  const int fd = scene.open_file("a");
  scene.put(fd, 'x', 4, 0);
  BOOST_REQUIRE_EQUAL(::fdatasync(fd), 0);
  BOOST_TEST(scene.outcomes("a") == all({"xxxx"}));
  scene.put(fd, 'y', 4, 0);
  BOOST_TEST(scene.outcomes("a") == all({"xxxx", "yyyy"}));
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(sectors_of_unsynced_writes_survive_independently) {
  Scene scene;
  const int fd = scene.open_file("a");
  scene.put(fd, 'a', 2 * sector_bytes, 0);
  ::fsync(fd);
  scene.put(fd, 'b', 2 * sector_bytes, 0);
  scene.put(fd, 'c', 2 * sector_bytes, 0);
  std::set<std::string> seen;
  for (const auto& content : scene.outcomes("a")) {
    BOOST_REQUIRE_EQUAL(content.size(), 2 * sector_bytes);
    BOOST_TEST(std::set<char>(content.begin(), content.begin() + sector_bytes).size() == 1U);
    seen.insert({content.front(), content.back()});
  }
  BOOST_TEST(seen == all({"aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"}));
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(a_write_under_way_may_be_torn_inside_a_sector) {
  Scene scene;
  const int fd = scene.open_file("a");
  scene.put(fd, 'a', sector_bytes, 0);
  ::fsync(fd);
  auto disk = scene.disk();
  const auto before = scene.recorder.position();
  scene.put(fd, 'b', sector_bytes, 0);
  disk.interrupt(scene.recorder.log()[before]);
  bool torn = false;
  for (const auto& content : Scene::outcomes(disk, "a")) {
    torn = torn || (content.front() == 'b' && content.back() == 'a');
    BOOST_TEST(!(content.front() == 'a' && content.back() == 'b'));
  }
  BOOST_TEST(torn);
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(a_write_through_o_dsync_is_durable_and_nothing_else_of_the_file) {
  Scene scene;
  const int plain = scene.open_file("a");
  scene.put(plain, 'a', 2 * sector_bytes, 0);
  ::fsync(plain);
  const int synced = scene.open_file("a", O_DSYNC);
  scene.put(plain, 'b', sector_bytes, sector_bytes);
  scene.put(plain, 'b', sector_bytes, 0);
  scene.put(synced, 'c', sector_bytes, 0);
  std::set<std::string> seen;
  for (const auto& content : scene.outcomes("a")) seen.insert({content.front(), content.back()});
  BOOST_TEST(seen == all({"ca", "cb"}));
  ::close(plain);
  ::close(synced);
}

BOOST_AUTO_TEST_CASE(the_length_is_a_change_like_any_other) {
  Scene scene;
  const int fd = scene.open_file("a");
  scene.put(fd, 'a', 4, 0);
  ::fsync(fd);
  BOOST_REQUIRE_EQUAL(::ftruncate(fd, 2), 0);
  BOOST_TEST(scene.outcomes("a") == all({"aa", "aaaa"}));
  ::fsync(fd);
  BOOST_TEST(scene.outcomes("a") == all({"aa"}));
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(a_new_file_may_be_absent_until_it_or_its_directory_is_synced) {
  Scene scene;
  ::close(scene.open_file("a"));
  BOOST_TEST(scene.outcomes("a") == all({"absent", ""}));
  scene.sync_directory();
  BOOST_TEST(scene.outcomes("a") == all({""}));
  const int fd = scene.open_file("b");
  ::fdatasync(fd);
  BOOST_TEST(scene.outcomes("b") == all({""}));
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(rename_and_unlink_are_durable_with_the_directory) {
  Scene scene;
  for (const auto* name : {"a", "b"}) {
    const int fd = scene.open_file(name);
    scene.put(fd, *name, 1, 0);
    ::fsync(fd);
    ::close(fd);
  }
  BOOST_REQUIRE_EQUAL(::rename(scene.at("a").c_str(), scene.at("b").c_str()), 0);
  BOOST_TEST(scene.outcomes("b") == all({"a", "b"}));
  BOOST_TEST(scene.outcomes("a") == all({"a", "absent"}));
  scene.sync_directory();
  BOOST_TEST(scene.outcomes("b") == all({"a"}));
  BOOST_TEST(scene.outcomes("a") == all({"absent"}));
  BOOST_REQUIRE_EQUAL(::unlink(scene.at("b").c_str()), 0);
  BOOST_TEST(scene.outcomes("b") == all({"a", "absent"}));
}

BOOST_AUTO_TEST_CASE(a_swallowed_sync_leaves_its_writes_in_doubt) {
  Scene scene;
  scene.recorder.lose_syncs([](std::string_view path) { return path == "a"; });
  const int fd = scene.open_file("a", O_DSYNC);
  scene.put(fd, 'x', 1, 0);
  ::fsync(fd);
  BOOST_TEST(scene.outcomes("a").size() > 1U);
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(every_way_to_change_a_file_is_recorded) {
  Scene scene;
  BOOST_REQUIRE_EQUAL(::mkdir(scene.at("d").c_str(), 0700), 0);
  const int fd = scene.open_file("d/a");
  BOOST_REQUIRE_EQUAL(::write(fd, "one", 3), 3);
  char two[] = "two";
  char three[] = "three";
  const iovec parts[] = {{two, 3}, {three, 5}};
  BOOST_REQUIRE_EQUAL(::writev(fd, parts, 2), 8);
  BOOST_REQUIRE_EQUAL(::pwritev(fd, parts, 2, 100), 8);
  BOOST_REQUIRE_EQUAL(::posix_fallocate(fd, 0, 3000), 0);
  ::close(fd);
  BOOST_REQUIRE_EQUAL(::truncate(scene.at("d/a").c_str(), 2000), 0);
  std::filesystem::create_directories(scene.at("e/f"));
  ::close(scene.open_file("e/f/b"));
  std::filesystem::rename(scene.at("e/f/b"), scene.at("e/c"));
  ::close(scene.open_file("e/f/gone"));
  std::filesystem::remove(scene.at("e/f/gone"));
  ::close(scene.open_file("e/f/gone too"));
  std::filesystem::remove_all(scene.at("e/f"));
  BOOST_TEST((scene.disk().cached() == Image::of(scene.scratch.path())));
}

BOOST_AUTO_TEST_CASE(what_was_there_before_the_recording_is_durable) {
  ScratchDirectory scratch;
  std::filesystem::create_directories(scratch.path() + "/d");
  std::ofstream(scratch.path() + "/d/a") << "content";
  Recorder recorder(scratch.path());
  Disk disk;
  for (const auto& operation : recorder.log()) disk.apply(operation);
  for (int seed = 0; seed < cuts; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    BOOST_TEST((disk.after_cut(random) == Image::of(scratch.path())));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::powercut
