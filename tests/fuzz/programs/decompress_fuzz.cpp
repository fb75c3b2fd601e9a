#include <cstdint>

#include "schema/decompress.h"

// A codec, a bound and any bytes: never more than the bound comes out, and what does not
// come out says why. codec | bound in 256 bytes | compressed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  if (size < 2) return 0;
  const std::size_t bound = std::size_t{data[1]} << 8;
  const auto plain = decompress(static_cast<Codec>(data[0] % 6), ByteView(data, size).subspan(2), bound);
  if (plain)
    CB_ASSERT(plain->size() <= bound);
  else
    CB_ASSERT(!plain.error().message.empty());
  return 0;
}
