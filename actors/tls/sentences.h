#pragma once

#include <string>

// What OpenSSL's numbers mean for the person who has to do something about them: half a
// sentence each, about "it", the other side.
namespace callboard::tls {

// Why a certificate that was shown is refused.
struct Doubt {
  int error = 0;       // X509_V_ERR_...; 0: it is not refused
  std::string names{}; // that it is for
  std::string since{}; // and how long
  std::string until{};
  std::string signer{};
  std::string wanted{}; // the host that was dialled; empty: this side was dialled
};
std::string sentence_of(const Doubt& doubt);

// Of OpenSSL's error queue.
std::string sentence_of_error(unsigned long error);

// A server that ends without a word.
inline constexpr char text_of_silent_end[] =
    "it closed the connection instead of answering in TLS: if it goes on like that, it has no TLS; give it "
    "--tls-cert, --tls-key and --tls-ca, or take them from this side";

} // namespace callboard::tls
