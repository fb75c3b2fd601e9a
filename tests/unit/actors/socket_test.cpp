#include "actors/net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <kj/io.h>

namespace callboard::net {
namespace {

Error refusal_of(const HostPort& address) {
  auto fd = listen_on(address);
  BOOST_REQUIRE(!fd.ok());
  return fd.error();
}

bool says(const Error& error, const std::string& part) {
  return error.message.find(part) != std::string::npos;
}

kj::AutoCloseFd listening(const HostPort& address) {
  auto fd = listen_on(address);
  if (!fd) BOOST_FAIL(fd.error().message);
  return kj::AutoCloseFd(*fd);
}

BOOST_AUTO_TEST_SUITE(net_socket)

BOOST_AUTO_TEST_CASE(with_port_0_the_kernel_chooses_and_the_address_says_which) {
  const auto fd = listening({"127.0.0.1", 0});
  const auto address = local_address(fd);
  BOOST_TEST(address.host == "127.0.0.1");
  BOOST_TEST(address.port != 0);
}

BOOST_AUTO_TEST_CASE(a_peer_that_vanished_is_found_out_within_two_minutes) {
  const kj::AutoCloseFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  tune_connection(fd);
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    BOOST_REQUIRE(getsockopt(fd, level, name, &value, &size) == 0);
    return value;
  };
  BOOST_TEST(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  const auto asked_within_s =
      option(IPPROTO_TCP, TCP_KEEPIDLE) + option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT);
  BOOST_TEST(asked_within_s <= 120);
  BOOST_TEST(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 120'000);
  BOOST_TEST(option(IPPROTO_TCP, TCP_NODELAY) == 1);
}

BOOST_AUTO_TEST_CASE(a_listening_socket_does_not_block_and_is_not_inherited) {
  const auto fd = listening({"127.0.0.1", 0});
  BOOST_TEST((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  BOOST_TEST((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_refused_with_advice) {
  const auto fd = listening({"127.0.0.1", 0});
  const auto taken = local_address(fd);
  const auto error = refusal_of(taken);
  BOOST_TEST((error.code == ErrorCode::in_use));
  BOOST_TEST(says(error, taken.text()), error.message);
  BOOST_TEST(says(error, "--listen"), error.message);
}

BOOST_AUTO_TEST_CASE(an_address_of_another_machine_is_refused_by_name) {
  const auto error = refusal_of({"192.0.2.1", 0}); // RFC 5737: nobody's
  BOOST_TEST((error.code == ErrorCode::invalid_argument));
  BOOST_TEST(says(error, "192.0.2.1:0"), error.message);
  BOOST_TEST(says(error, "No network interface"), error.message);
}

BOOST_AUTO_TEST_CASE(a_name_that_cannot_be_one_is_refused) {
  const std::string longer_than_any(300, 'x');
  const auto error = refusal_of({longer_than_any, 0});
  BOOST_TEST((error.code == ErrorCode::invalid_argument));
  BOOST_TEST(says(error, longer_than_any), error.message);
}

BOOST_AUTO_TEST_CASE(both_ends_of_a_connection_know_each_other) {
  const auto listener = listening({"127.0.0.1", 0});
  const auto address = local_address(listener);
  const kj::AutoCloseFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  BOOST_TEST((peer_address(client) == address));
  BOOST_TEST(local_address(client).host == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_has_no_address) {
  BOOST_TEST(local_address(-1).host == "unknown");
  BOOST_TEST(peer_address(-1).host == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::net
