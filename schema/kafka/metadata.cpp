#include "schema/kafka/metadata.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<MetadataRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const MetadataRequest&, std::int16_t, OutputChain&);
template Result<MetadataResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const MetadataResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
