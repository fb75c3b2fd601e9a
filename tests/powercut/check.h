#pragma once

#include <stdexcept>
#include <string>

#include "tests/powercut/ledger.h"
#include "tests/powercut/recorder.h"

namespace callboard::powercut {

// A broken promise, in a sentence.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Starts a node on `directory`, as a cut at `cut` left it, and checks that it holds
// what `ledger` allows: identity, term and vote of every group, every entry byte for
// byte in its place by index and by offset, derived state, log start; that deleted
// groups are gone; that a further write is accepted and found again.
// Returns what holds from then on, at positions of `recorder` (null: nothing records),
// so that this restart itself can be cut. Throws Violation.
Ledger check_restart(const std::string& directory, const Ledger& ledger, Position cut, const Recorder* recorder);

} // namespace callboard::powercut
