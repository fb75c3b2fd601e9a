#include "schema/kafka/api_versions.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<ApiVersionsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const ApiVersionsRequest&, std::int16_t, OutputChain&);
template Result<ApiVersionsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const ApiVersionsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
