#pragma once

#include <cstdint>

#include "schema/bytes.h"
#include "schema/kafka/descriptor.h"
#include "schema/kafka/output_chain.h"
#include "schema/result.h"

// Decoding and encoding of Kafka messages. The definitions stand in codec.h and are
// instantiated once per message in its API's .cpp, so that this header stays cheap.
namespace callboard::kafka {

// The message in `body`, which must end where the message ends. Records are slices
// that keep `body`'s memory alive. Takes memory of at most decoded_bytes_max().
// Errors: corrupt_message (with the field it broke at), unsupported_version.
template <Message T>
Result<T> decode(const SharedBytes& body, std::int16_t version);

// Appends the body of `message`. Cannot fail: a text of more than 32,767 bytes, which
// is Kafka's limit in every version, is cut, an absent value where `version` has no
// null is written as empty.
template <Message T>
void encode(const T& message, std::int16_t version, OutputChain& out);

// What the arrays of a message decoded from a frame of this size may take at most;
// a frame that asks for more is refused. No honest message comes near: the worst
// element, a listed group without a name, takes 43 times as much memory as bytes on the
// wire.
constexpr std::size_t decoded_bytes_max(std::size_t body_bytes) {
  return 4096 + 48 * body_bytes;
}

// Tagged fields that one struct may carry, known and unknown together.
inline constexpr std::uint32_t tags_max = 64;

} // namespace callboard::kafka
