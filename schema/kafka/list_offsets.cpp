#include "schema/kafka/list_offsets.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<ListOffsetsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const ListOffsetsRequest&, std::int16_t, OutputChain&);
template Result<ListOffsetsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const ListOffsetsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
