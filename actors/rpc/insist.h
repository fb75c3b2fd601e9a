#pragma once

#include <kj/exception.h>
#include <kj/string.h>

namespace callboard::rpc {

// Throws unless it holds. People read it, here or on the other side: `otherwise` is a sentence, and all
// there is to read, where KJ_REQUIRE would say the condition first.
inline void insist(bool holds, kj::StringPtr otherwise) {
  if (!holds) kj::throwFatalException({kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(otherwise)});
}

} // namespace callboard::rpc
