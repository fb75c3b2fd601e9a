#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "schema/bytes.h"
#include "schema/result.h"

namespace callboard::tls {

using Binding = std::array<std::uint8_t, 32>;
using Nonce = std::array<std::uint8_t, 32>;
using Proof = std::array<std::uint8_t, 32>;

enum class Side : std::uint8_t { dialler, door };

// The cluster's secret, which whoever is a node of it knows. Is shown to nobody: no way
// leads from here to a text, and its memory is wiped.
class Secret {
public:
  // A file's content without the white space around it: 32 to 4096 bytes, so that nobody
  // finds it by trying. Errors (invalid_argument) name the file and never what it holds.
  static Result<Secret> load(const std::string& path);
  static Result<Secret> of(std::string text);
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

private:
  friend Proof prove(const Secret&, Side, const Nonce&, const Nonce&, const std::optional<Binding>&);
  explicit Secret(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// That `side` knows the secret, said to the other side of this very connection:
//
//   dialler                                   door
//      -------- challenge -------------------->
//      <------- its nonce ---------------------
//      -- own nonce, prove(dialler, ...) ----->   compares; a stranger learns nothing more
//      <-------- prove(door, ...) --------------
//   compares
//
//   HMAC-SHA-256(secret, "callboard peer 1 dialler" | dialler's nonce | door's nonce | binding)
//
// Both nonces are fresh, so nothing said before is of use again; who it is about is named, so
// a proof cannot be sent back to its sender; and the TLS session is part of it, so somebody in
// the middle of two sessions has nothing to pass on, whatever certificate he was given. Without
// TLS that last one is missing: there a proof can be passed on while it is made.
Proof prove(const Secret& secret, Side side, const Nonce& of_dialler, const Nonce& of_door,
            const std::optional<Binding>& binding);

// Takes as long wherever they differ.
bool same(const Proof& expected, const Proof& shown);

Nonce fresh_nonce();

} // namespace callboard::tls
