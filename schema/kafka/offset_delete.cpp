#include "schema/kafka/offset_delete.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<OffsetDeleteRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetDeleteRequest&, std::int16_t, OutputChain&);
template Result<OffsetDeleteResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetDeleteResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
