#include "schema/kafka/describe_producers.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DescribeProducersRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeProducersRequest&, std::int16_t, OutputChain&);
template Result<DescribeProducersResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeProducersResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
