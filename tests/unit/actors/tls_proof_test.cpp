#include "actors/tls/proof.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include "actors/peer/door_proof.h"

namespace callboard {
namespace {

tls::Secret secret_of(const std::string& text) {
  auto secret = tls::Secret::of(text);
  BOOST_REQUIRE(secret.ok());
  return std::move(*secret);
}

const std::string right = "0123456789abcdef0123456789abcdef";
const std::string wrong = "0123456789abcdef0123456789abcdeF";

PeerHello own() {
  PeerHello hello;
  hello.node = NodeId{2};
  hello.peer = {"b", 9092};
  hello.version = "0.5";
  return hello;
}

std::shared_ptr<Security> guarded(const std::string& secret = right) {
  auto security = std::make_shared<Security>();
  security->secret = secret_of(secret);
  return security;
}

tls::Channel channel_with(std::uint8_t binding) {
  tls::Channel channel;
  channel.encrypted = true;
  channel.binding.emplace();
  channel.binding->fill(binding);
  return channel;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tls_proof)

BOOST_AUTO_TEST_CASE(a_secret_is_long_and_loses_the_white_space_around_it) {
  BOOST_TEST(!tls::Secret::of("short").ok());
  BOOST_TEST(!tls::Secret::of(std::string(31, 'x') + "   \n").ok());
  BOOST_TEST(!tls::Secret::of(std::string(5000, 'x')).ok());
  const tls::Nonce a{1}, b{2};
  BOOST_TEST((tls::prove(secret_of(" " + right + "\n"), tls::Side::door, a, b, {}) ==
              tls::prove(secret_of(right), tls::Side::door, a, b, {})));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_secret_never_says_it) {
  const std::string canary = "canary-7f3a";
  const auto file = std::filesystem::temp_directory_path() / ("secret-too-short-" + std::to_string(::getpid()));
  std::ofstream(file) << canary;
  const auto secret = tls::Secret::load(file.string());
  std::filesystem::remove(file);
  BOOST_REQUIRE(!secret.ok());
  BOOST_TEST(contains(secret.error().message, "secret-too-short"));
  BOOST_TEST(!contains(secret.error().message, canary));
  BOOST_TEST(contains(tls::Secret::load("there-is-no-such-file").error().message, "cannot be read"));
}

// HMAC-SHA-256 by another implementation: python3 -c "import hmac; print(hmac.new(
// b'0123456789abcdef0123456789abcdef', b'callboard peer 1 dialler' + bytes([1]*32) + bytes([2]*32)
// + bytes([3]*32), 'sha256').hexdigest())"
BOOST_AUTO_TEST_CASE(a_proof_has_golden_bytes) {
  tls::Nonce of_dialler, of_door;
  of_dialler.fill(1);
  of_door.fill(2);
  const auto proof = tls::prove(secret_of(right), tls::Side::dialler, of_dialler, of_door, channel_with(3).binding);
  std::string hex;
  for (const auto byte : proof) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hex += digits;
  }
  BOOST_TEST(hex == "7f4295a4cf531aacb83b7ed548b3a4c836236fd9f60049c4845b1146bcb9e672");
}

BOOST_AUTO_TEST_CASE(a_proof_depends_on_everything_that_goes_in) {
  const auto secret = secret_of(right);
  const tls::Nonce a{1}, b{2};
  const auto binding = channel_with(3).binding;
  const std::vector<tls::Proof> proofs = {tls::prove(secret, tls::Side::dialler, a, b, binding),
                                          tls::prove(secret, tls::Side::door, a, b, binding),
                                          tls::prove(secret, tls::Side::dialler, b, a, binding),
                                          tls::prove(secret, tls::Side::dialler, a, b, {}),
                                          tls::prove(secret, tls::Side::dialler, a, b, channel_with(4).binding),
                                          tls::prove(secret_of(wrong), tls::Side::dialler, a, b, binding)};
  for (std::size_t i = 0; i < proofs.size(); ++i)
    for (std::size_t j = 0; j < proofs.size(); ++j) BOOST_TEST(tls::same(proofs[i], proofs[j]) == (i == j));
}

BOOST_AUTO_TEST_CASE(who_knows_the_secret_is_admitted_and_told_that_the_door_knows_it) {
  const auto channel = channel_with(3);
  DoorProof door(guarded(), channel, "10.0.0.3");
  BOOST_TEST(!door.admitted(own()).ok());
  const tls::Nonce nonce{9};
  const auto asked = door.challenge();
  const auto shown =
      door.prove(own(), nonce, tls::prove(secret_of(right), tls::Side::dialler, nonce, asked, channel.binding));
  BOOST_REQUIRE(shown.ok());
  BOOST_TEST((*shown == tls::prove(secret_of(right), tls::Side::door, nonce, asked, channel.binding)));
  BOOST_TEST(door.admitted(own()).ok());
}

BOOST_AUTO_TEST_CASE(a_wrong_secret_is_refused_with_both_sides_and_has_no_second_try) {
  DoorProof door(guarded(), channel_with(3), "10.0.0.3");
  const tls::Nonce nonce{9};
  const auto shown = door.prove(
      own(), nonce, tls::prove(secret_of(wrong), tls::Side::dialler, nonce, door.challenge(), channel_with(3).binding));
  BOOST_REQUIRE(!shown.ok());
  BOOST_TEST((shown.error().code == ErrorCode::cluster_authorization_failed));
  BOOST_TEST(contains(shown.error().message, "Node 2 at b:9092"));
  BOOST_TEST(contains(shown.error().message, "10.0.0.3"));
  BOOST_TEST(contains(shown.error().message, "--secret"));
  BOOST_TEST(!contains(shown.error().message, right));
  const auto again = door.challenge();
  BOOST_TEST(
      !door.prove(own(), nonce, tls::prove(secret_of(right), tls::Side::dialler, nonce, again, channel_with(3).binding))
           .ok());
  BOOST_TEST(!door.admitted(own()).ok());
}

// Each of these is the right secret's proof, of something else.
BOOST_AUTO_TEST_CASE(a_proof_is_of_no_use_a_second_time_or_elsewhere) {
  const auto secret = secret_of(right);
  const auto channel = channel_with(3);
  const tls::Nonce nonce{9};
  const auto tried = [&](auto proof_of) {
    DoorProof door(guarded(), channel, "10.0.0.3");
    const auto asked = door.challenge();
    return door.prove(own(), nonce, proof_of(asked)).ok();
  };
  BOOST_TEST(tried(
      [&](const tls::Nonce& asked) { return tls::prove(secret, tls::Side::dialler, nonce, asked, channel.binding); }));
  // Heard on another connection.
  BOOST_TEST(!tried([&](const tls::Nonce&) {
    return tls::prove(secret, tls::Side::dialler, nonce, tls::Nonce{7}, channel.binding);
  }));
  // The door's own kind, sent back to it.
  BOOST_TEST(!tried(
      [&](const tls::Nonce& asked) { return tls::prove(secret, tls::Side::door, nonce, asked, channel.binding); }));
  // Passed on from another TLS session by somebody in the middle; or from before TLS 1.3.
  BOOST_TEST(!tried([&](const tls::Nonce& asked) {
    return tls::prove(secret, tls::Side::dialler, nonce, asked, channel_with(4).binding);
  }));
  BOOST_TEST(!tried([&](const tls::Nonce& asked) { return tls::prove(secret, tls::Side::dialler, nonce, asked, {}); }));
}

BOOST_AUTO_TEST_CASE(a_challenge_serves_once_and_none_is_no_proof) {
  const auto secret = secret_of(right);
  const tls::Nonce nonce{9};
  DoorProof unasked(guarded(), {}, "10.0.0.3");
  BOOST_TEST(!unasked.prove(own(), nonce, tls::prove(secret, tls::Side::dialler, nonce, tls::Nonce{}, {})).ok());
  DoorProof door(guarded(), {}, "10.0.0.3");
  const auto asked = door.challenge();
  const auto proof = tls::prove(secret, tls::Side::dialler, nonce, asked, {});
  BOOST_TEST(door.prove(own(), nonce, proof).ok());
  BOOST_TEST(!door.prove(own(), nonce, proof).ok());
  BOOST_TEST((door.challenge() != asked));
}

BOOST_AUTO_TEST_CASE(what_a_door_asks_for_follows_from_what_it_has) {
  const tls::Channel plain;
  auto certified = channel_with(3);
  certified.certified = true;
  auto of_a_node = certified;
  of_a_node.server_certified = true;
  const auto admitted = [](std::shared_ptr<const Security> security, const tls::Channel& channel) {
    return DoorProof(std::move(security), channel, "10.0.0.3").admitted(own());
  };
  BOOST_TEST(admitted(std::make_shared<Security>(), plain).ok());

  auto mutual = std::make_shared<Security>();
  mutual->certificate_proves = true;
  BOOST_TEST(!admitted(mutual, plain).ok());
  BOOST_TEST(contains(admitted(mutual, certified).error().message, "client's certificate"));
  BOOST_TEST(admitted(mutual, of_a_node).ok());
  mutual->secret = secret_of(right);
  BOOST_TEST(contains(admitted(mutual, of_a_node).error().message, "--secret"));
}

BOOST_AUTO_TEST_CASE(who_has_a_secret_is_told_that_the_door_has_none) {
  DoorProof door(std::make_shared<Security>(), {}, "10.0.0.3");
  const auto shown = door.prove(own(), tls::Nonce{9}, tls::Proof{});
  BOOST_TEST(contains(shown.error().message, "this one has none"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
