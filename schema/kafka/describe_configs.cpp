#include "schema/kafka/describe_configs.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DescribeConfigsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeConfigsRequest&, std::int16_t, OutputChain&);
template Result<DescribeConfigsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeConfigsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
