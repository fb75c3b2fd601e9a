#pragma once

#include <string>

#include "schema/record_batch.h"

namespace callboard {

// `records` as Kafka's Java clients compress them by `codec`: what decompress() takes. Asserts
// that the codec is known.
std::string compress(Codec codec, ByteView records);

} // namespace callboard
