#include "schema/kafka/alter_configs.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<AlterConfigsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const AlterConfigsRequest&, std::int16_t, OutputChain&);
template Result<AlterConfigsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const AlterConfigsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
