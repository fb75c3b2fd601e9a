#include "schema/kafka/incremental_alter_configs.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<IncrementalAlterConfigsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const IncrementalAlterConfigsRequest&, std::int16_t, OutputChain&);
template Result<IncrementalAlterConfigsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const IncrementalAlterConfigsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
