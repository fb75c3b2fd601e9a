#include "schema/kafka/describe_groups.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DescribeGroupsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeGroupsRequest&, std::int16_t, OutputChain&);
template Result<DescribeGroupsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeGroupsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
