#pragma once

#include <ostream>
#include <string>

#include "schema/error_code.h"
#include "schema/result.h"

namespace callboard {

// How Boost.Test shows an error in a failed comparison.
inline std::ostream& boost_test_print_type(std::ostream& out, ErrorCode code) {
  return out << name_of(code);
}

// Why there is no value; empty if there is one.
template <class T>
std::string why(const Result<T>& result) {
  return result.ok() ? std::string() : result.error().message;
}

} // namespace callboard
