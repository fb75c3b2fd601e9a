#pragma once

#include <fmt/format.h>
#include <kj/async-io.h>

#include <string>
#include <string_view>
#include <unordered_map>

#include "schema/result.h"

// How a connection of the Cap'n Proto door waits for actors: a question to an actor
// carries a token, expect() promises its answer, the actor's handler keep()s it.
namespace callboard::net {

// For every question that has no time-out of its own.
inline constexpr auto answer_within = 30 * kj::SECONDS;

template <class T>
using Fulfiller = kj::Own<kj::PromiseFulfiller<T>>;
template <class T>
using Pending = std::unordered_map<std::uint64_t, Fulfiller<T>>;

template <class T>
kj::Promise<T> expect(Pending<T>& pending, std::uint64_t token) {
  auto paf = kj::newPromiseAndFulfiller<T>();
  pending[token] = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

template <class T>
void keep(Pending<T>& pending, std::uint64_t token, T value) {
  auto node = pending.extract(token);
  if (!node.empty()) node.mapped()->fulfill(kj::mv(value));
}

inline Error too_late(std::string_view what) {
  return Error{ErrorCode::request_timed_out, fmt::format("{} did not happen in time; it may still.", what)};
}

inline Error error_of(ErrorCode code, std::string message) {
  if (message.empty()) message = std::string(name_of(code));
  return Error{code, std::move(message)};
}

} // namespace callboard::net
