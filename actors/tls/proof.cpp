#include "actors/tls/proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "schema/assert.h"

namespace callboard::tls {
namespace {

constexpr std::size_t secret_bytes_min = 32;
constexpr std::size_t secret_bytes_max = 4096;
constexpr std::string_view white_space = " \t\r\n";

std::string_view label_of(Side side) {
  switch (side) {
  case Side::dialler: return "callboard peer 1 dialler";
  case Side::door: return "callboard peer 1 door";
  }
  return {};
}

} // namespace

Secret::~Secret() {
  OPENSSL_cleanse(text_.data(), text_.size());
}

Result<Secret> Secret::of(std::string text) {
  const auto begin = text.find_first_not_of(white_space);
  const auto end = text.find_last_not_of(white_space);
  std::string trimmed = begin == std::string::npos ? std::string() : text.substr(begin, end - begin + 1);
  OPENSSL_cleanse(text.data(), text.size());
  Secret secret(std::move(trimmed));
  if (secret.text_.size() < secret_bytes_min)
    return Error{ErrorCode::invalid_argument, "has fewer than 32 characters, so it could be guessed; `openssl rand "
                                              "-hex 32` makes a good one"};
  if (secret.text_.size() > secret_bytes_max)
    return Error{ErrorCode::invalid_argument, "has more than 4096 characters; `openssl rand -hex 32` makes a good one"};
  return secret;
}

Result<Secret> Secret::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(secret_bytes_max + 2 * white_space.size() + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.gcount() == 0 && !file.eof()))
    return Error{ErrorCode::invalid_argument, "The secret file " + path +
                                                  " cannot be read; check that it is there, "
                                                  "is a file, and is readable for this user."};
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto secret = of(std::move(text));
  if (!secret) return Error{ErrorCode::invalid_argument, "The secret in " + path + " " + secret.error().message + "."};
  return secret;
}

Proof prove(const Secret& secret, Side side, const Nonce& of_dialler, const Nonce& of_door,
            const std::optional<Binding>& binding) {
  const auto label = label_of(side);
  std::vector<std::uint8_t> said(label.begin(), label.end());
  said.insert(said.end(), of_dialler.begin(), of_dialler.end());
  said.insert(said.end(), of_door.begin(), of_door.end());
  if (binding) said.insert(said.end(), binding->begin(), binding->end());
  Proof proof;
  unsigned size = 0;
  const auto* done = HMAC(EVP_sha256(), secret.text_.data(), static_cast<int>(secret.text_.size()), said.data(),
                          said.size(), proof.data(), &size);
  CB_ASSERT(done != nullptr && size == proof.size());
  return proof;
}

bool same(const Proof& expected, const Proof& shown) {
  return CRYPTO_memcmp(expected.data(), shown.data(), expected.size()) == 0;
}

Nonce fresh_nonce() {
  Nonce nonce;
  CB_ASSERT(RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) == 1);
  return nonce;
}

} // namespace callboard::tls
