#include "schema/kafka/offset_fetch.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<OffsetFetchRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetFetchRequest&, std::int16_t, OutputChain&);
template Result<OffsetFetchResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetFetchResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
