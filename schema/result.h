#pragma once

#include <string>
#include <utility>
#include <variant>

#include "schema/assert.h"
#include "schema/error_code.h"

namespace callboard {

// Why something did not happen. `message` is a sentence for a person: what was
// refused, which value, and what to do.
struct Error {
  ErrorCode code = ErrorCode::unknown_server_error;
  std::string message;
};

// A value, or why there is none. Expected outcomes travel in it; bugs are assertions.
template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CB_ASSERT(ok());
    return std::get<0>(held_);
  }
  const T& value() const& {
    CB_ASSERT(ok());
    return std::get<0>(held_);
  }
  T&& value() && {
    CB_ASSERT(ok());
    return std::get<0>(std::move(held_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CB_ASSERT(!ok());
    return std::get<1>(held_);
  }

private:
  std::variant<T, Error> held_;
};

struct Unit {};
using Status = Result<Unit>;
inline Status ok_status() {
  return Unit{};
}

} // namespace callboard
