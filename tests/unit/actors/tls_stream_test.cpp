#include "actors/tls/stream.h"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "actors/tls/authority.h"
#include "actors/tls/context.h"

namespace callboard::tls {
namespace {

// A folder with a CA and certificates, made once.
struct Certificates {
  Certificates() {
    char name[] = "/tmp/callboard-tls-XXXXXX";
    folder = mkdtemp(name);
    make(folder);
    make(folder + "/other");
  }
  ~Certificates() { std::filesystem::remove_all(folder); }
  static void make(const std::string& where) {
    const auto made = make_certificates({where, {{"node.test", "10.1.2.3"}}, {"someone"}});
    BOOST_REQUIRE_MESSAGE(made.ok(), (made ? "" : made.error().message));
  }
  Files files(const std::string& name, const std::string& ca = "") const {
    if (name.empty()) return {"", "", folder + "/" + ca + "ca.crt"};
    return {folder + "/" + name + ".crt", folder + "/" + name + ".key", folder + "/" + ca + "ca.crt"};
  }
  std::string folder;
};

const Certificates& certificates() {
  static const Certificates all;
  return all;
}

std::shared_ptr<const Context> server(const Files& files, bool ask = false) {
  auto made = Context::server(files, ask);
  BOOST_REQUIRE_MESSAGE(made.ok(), (made ? "" : made.error().message));
  return *made;
}
std::shared_ptr<const Context> client(const Files& files) {
  auto made = Context::client(files);
  BOOST_REQUIRE_MESSAGE(made.ok(), (made ? "" : made.error().message));
  return *made;
}

// Two ends of a socket; what becomes of a handshake between them.
struct Ends {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe pipe = sockets();
  kj::Own<Stream> door;
  kj::Own<Stream> dialler;
  std::string door_failed;
  std::string dialler_failed;

  kj::TwoWayPipe sockets() { return io.provider->newTwoWayPipe(); }

  bool shake(const Context& at_door, const Context& at_dialler, const std::string& host = "node.test") {
    auto accepted = at_door.accept(kj::mv(pipe.ends[0]))
                        .then([this](kj::Own<Stream> stream) { door = kj::mv(stream); })
                        .catch_([this](kj::Exception&& e) { door_failed = e.getDescription().cStr(); });
    auto connected = at_dialler.connect(kj::mv(pipe.ends[1]), host)
                         .then([this](kj::Own<Stream> stream) { dialler = kj::mv(stream); })
                         .catch_([this](kj::Exception&& e) { dialler_failed = e.getDescription().cStr(); });
    auto both = kj::heapArrayBuilder<kj::Promise<void>>(2);
    both.add(kj::mv(accepted));
    both.add(kj::mv(connected));
    kj::joinPromises(both.finish()).wait(io.waitScope);
    return door_failed.empty() && dialler_failed.empty();
  }
};

std::vector<kj::byte> random_bytes(std::size_t size, std::uint32_t seed) {
  std::vector<kj::byte> bytes(size);
  for (auto& byte : bytes) byte = static_cast<kj::byte>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tls_stream)

BOOST_AUTO_TEST_CASE(bytes_go_both_ways_at_once_in_any_pieces) {
  Ends ends;
  BOOST_REQUIRE(ends.shake(*server(certificates().files("node.test")), *client(certificates().files(""))));
  const auto out = random_bytes(3'000'000, 1);
  const auto back = random_bytes(2'000'000, 2);
  const std::vector<std::size_t> sizes = {1, 0, 7, 16383, 16384, 16385, 100, 100, 70000, 200000, 3};
  std::vector<kj::ArrayPtr<const kj::byte>> pieces;
  for (std::size_t at = 0, i = 0; at < out.size(); ++i) {
    const auto size = std::min(sizes[i % sizes.size()], out.size() - at);
    pieces.push_back(kj::arrayPtr(out.data() + at, size));
    at += size;
  }
  std::vector<kj::byte> got_out(out.size()), got_back(back.size());
  auto all = kj::heapArrayBuilder<kj::Promise<void>>(4);
  all.add(ends.dialler->write(kj::arrayPtr(pieces.data(), pieces.size())));
  all.add(ends.door->write(back.data(), back.size()));
  all.add(ends.door->read(got_out.data(), got_out.size()));
  all.add(ends.dialler->read(got_back.data(), got_back.size()));
  kj::joinPromises(all.finish()).wait(ends.io.waitScope);
  BOOST_TEST((got_out == out));
  BOOST_TEST((got_back == back));
}

BOOST_AUTO_TEST_CASE(an_end_is_read_as_an_end_said_or_not) {
  Ends ends;
  BOOST_REQUIRE(ends.shake(*server(certificates().files("node.test")), *client(certificates().files(""))));
  char byte = 0;
  ends.door->write("ab", 2).wait(ends.io.waitScope);
  ends.door->shutdownWrite();
  char both[3];
  BOOST_TEST(ends.dialler->tryRead(both, 3, 3).wait(ends.io.waitScope) == 2U);
  ends.dialler->write("c", 1).wait(ends.io.waitScope); // the other direction goes on
  BOOST_TEST(ends.door->tryRead(&byte, 1, 1).wait(ends.io.waitScope) == 1U);
  ends.dialler = nullptr;
  BOOST_TEST(ends.door->tryRead(&byte, 1, 1).wait(ends.io.waitScope) == 0U);
}

BOOST_AUTO_TEST_CASE(a_write_given_up_on_does_not_break_what_follows) {
  Ends ends;
  BOOST_REQUIRE(ends.shake(*server(certificates().files("node.test")), *client(certificates().files(""))));
  const auto large = random_bytes(65536, 5); // one round: all of it leaves, whoever waits
  { auto dropped = ends.door->write(large.data(), large.size()); }
  ends.door->write("end", 3).wait(ends.io.waitScope);
  std::vector<kj::byte> got(large.size() + 3);
  ends.dialler->read(got.data(), got.size()).wait(ends.io.waitScope);
  BOOST_TEST(std::equal(large.begin(), large.end(), got.begin()));
  BOOST_TEST(std::memcmp(got.data() + large.size(), "end", 3) == 0);
}

BOOST_AUTO_TEST_CASE(both_ends_of_a_session_have_the_same_binding_and_no_other_session_has) {
  const auto at_door = server(certificates().files("node.test"));
  const auto at_dialler = client(certificates().files(""));
  std::optional<Binding> before;
  for (int i = 0; i < 2; ++i) {
    Ends ends;
    BOOST_REQUIRE(ends.shake(*at_door, *at_dialler));
    const auto binding = ends.door->channel().binding;
    BOOST_REQUIRE(binding.has_value());
    BOOST_TEST((binding == ends.dialler->channel().binding));
    BOOST_TEST((binding != before));
    before = binding;
    BOOST_TEST(ends.door->channel().encrypted);
    BOOST_TEST(!ends.door->channel().certified);
    BOOST_TEST(ends.dialler->channel().server_certified);
  }
}

BOOST_AUTO_TEST_CASE(a_certificate_is_for_its_names_and_addresses_and_for_nothing_else) {
  const auto at_door = server(certificates().files("node.test"));
  const auto at_dialler = client(certificates().files(""));
  for (const auto* host : {"node.test", "NODE.test", "10.1.2.3", "localhost", "127.0.0.1", "::1"}) {
    Ends ends;
    BOOST_TEST(ends.shake(*at_door, *at_dialler, host), host << ": " << ends.dialler_failed);
  }
  for (const auto* host : {"other.test", "node.test.evil", "10.1.2.4", "test"}) {
    Ends ends;
    BOOST_TEST(!ends.shake(*at_door, *at_dialler, host));
    BOOST_TEST(
        contains(ends.dialler_failed, "its certificate is for localhost, 127.0.0.1, ::1, node.test, 10.1.2.3, not for"),
        ends.dialler_failed);
    BOOST_TEST(contains(ends.dialler_failed, host));
  }
}

BOOST_AUTO_TEST_CASE(another_authority_is_not_trusted_and_both_sides_say_so) {
  Ends ends;
  BOOST_TEST(!ends.shake(*server(certificates().files("node.test")), *client(certificates().files("", "other/"))));
  BOOST_TEST(contains(ends.dialler_failed, "not in this side's --tls-ca"), ends.dialler_failed);
  BOOST_TEST(contains(ends.door_failed, "does not trust the CA"), ends.door_failed);
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_says_since_when) {
  const auto where = certificates().folder + "/expired";
  BOOST_REQUIRE(make_certificates({where, {{"node.test"}}, {}, -1}).ok());
  Ends ends;
  const auto at_door = server({where + "/node.test.crt", where + "/node.test.key", ""});
  BOOST_TEST(contains(at_door->advice(), "has expired on"), at_door->advice());
  BOOST_TEST(!ends.shake(*at_door, *client({"", "", where + "/ca.crt"})));
  BOOST_TEST(contains(ends.dialler_failed, "has expired on 20"), ends.dialler_failed);
  BOOST_TEST(contains(ends.dialler_failed, "init-tls"), ends.dialler_failed);
}

BOOST_AUTO_TEST_CASE(a_door_that_asks_for_certificates_tells_nodes_from_clients) {
  const auto at_door = server(certificates().files("node.test"), true);
  for (const std::string name : {"node.test", "someone"}) {
    Ends ends;
    BOOST_REQUIRE(ends.shake(*at_door, *client(certificates().files(name))));
    BOOST_TEST(ends.door->channel().certified);
    BOOST_TEST(ends.door->channel().server_certified == (name == "node.test"));
  }
}

// In TLS 1.3 the dialler hears of it with its first read.
BOOST_AUTO_TEST_CASE(a_door_that_asks_for_certificates_refuses_none_and_strangers) {
  const auto at_door = server(certificates().files("node.test"), true);
  const auto what_dialler_hears = [&](const Files& files, std::string& door_says) {
    Ends ends;
    ends.shake(*at_door, *client(files));
    door_says = ends.door_failed;
    if (!ends.dialler_failed.empty()) return ends.dialler_failed;
    char byte = 0;
    return ends.dialler->tryRead(&byte, 1, 1)
        .then([](std::size_t) { return std::string("nothing"); },
              [](kj::Exception&& e) { return std::string(e.getDescription().cStr()); })
        .wait(ends.io.waitScope);
  };
  std::string door;
  BOOST_TEST(contains(what_dialler_hears(certificates().files(""), door), "asks for a certificate"));
  BOOST_TEST(contains(door, "shows no certificate"), door);
  auto stranger = certificates().files("other/node.test");
  BOOST_TEST(contains(what_dialler_hears(stranger, door), "does not trust the CA"));
  BOOST_TEST(contains(door, "not in this side's --tls-ca"), door);
}

BOOST_AUTO_TEST_CASE(a_clients_certificate_does_not_make_a_server) {
  Ends ends;
  BOOST_TEST(!ends.shake(*server(certificates().files("someone")), *client(certificates().files("")), "someone"));
  BOOST_TEST(contains(ends.dialler_failed, "not made for servers"), ends.dialler_failed);
}

BOOST_AUTO_TEST_CASE(what_is_no_tls_ends_the_handshake_with_a_sentence) {
  const auto at_door = server(certificates().files("node.test"));
  for (const auto& garbage :
       {std::string("\x16\x03\x01\xff\xff garbage", 13), std::string("\x16\x03\x01\x00\x10", 5) + std::string(16, '\1'),
        std::string("\x16\x03\x03\x00\x00", 5) + std::string(100, '\0'), std::string(70'000, '\x16')}) {
    Ends ends;
    auto accepting = at_door->accept(kj::mv(ends.pipe.ends[0]));
    // What could go on is waited for: the deadline is the caller's. So it ends here.
    auto writing = ends.pipe.ends[1]
                       ->write(garbage.data(), garbage.size())
                       .then([&ends] { ends.pipe.ends[1]->shutdownWrite(); })
                       .eagerlyEvaluate([](kj::Exception&&) {});
    BOOST_CHECK_THROW(accepting.wait(ends.io.waitScope), kj::Exception);
  }
  Ends ends;
  auto connecting = client(certificates().files(""))->connect(kj::mv(ends.pipe.ends[1]), "node.test");
  ends.pipe.ends[0] = nullptr;
  BOOST_CHECK_EXCEPTION(connecting.wait(ends.io.waitScope), kj::Exception, [](const kj::Exception& e) {
    return contains(e.getDescription().cStr(), "instead of answering in TLS");
  });
}

BOOST_AUTO_TEST_CASE(files_that_are_no_good_are_named) {
  const auto& all = certificates();
  const auto says = [](const Files& files) { return Context::server(files, false).error().message; };
  BOOST_TEST(contains(says({"/nowhere.crt", "/nowhere.key", ""}), "/nowhere.crt"));
  BOOST_TEST(contains(says({all.folder + "/node.test.crt", all.folder + "/someone.key", ""}), "someone.key"));
  BOOST_TEST(contains(says({all.folder + "/node.test.crt", all.folder + "/secret", ""}), "secret"));
  BOOST_TEST(contains(says({all.folder + "/node.test.crt", all.folder + "/node.test.key", "/nowhere-ca.crt"}),
                      "/nowhere-ca.crt"));
  BOOST_TEST(contains(says({all.folder + "/node.test.crt", "", ""}), "--tls-key"));
}

BOOST_AUTO_TEST_CASE(keys_are_their_owners_alone_and_nothing_is_written_twice) {
  const auto where = certificates().folder + "/modes";
  BOOST_REQUIRE(make_certificates({where, {{"a"}}}).ok());
  const auto mode = [&](const std::string& name) {
    struct stat info {};
    BOOST_REQUIRE(stat((where + "/" + name).c_str(), &info) == 0);
    return info.st_mode & 0777;
  };
  for (const auto* secret : {"ca.key", "a.key", "secret"}) BOOST_TEST(mode(secret) == 0600U, secret);
  BOOST_TEST((mode(".") == 0700U));
  const auto more = make_certificates({where, {{"a"}, {"b", "::2"}}});
  BOOST_REQUIRE(more.ok());
  BOOST_TEST((*more == std::vector<std::string>{where + "/b.crt", where + "/b.key"}));
  for (const auto* host : {"../a", "", "a:9092", "a,b", "-a", "a b"})
    BOOST_TEST(!make_certificates({where, {{host}}}).ok(), host);
  BOOST_TEST(!make_certificates({where, {{"ca"}}}).ok());
  BOOST_TEST(!make_certificates({where, {{"c"}, {"c"}}}).ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::tls
