#include "schema/kafka/describe_cluster.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DescribeClusterRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeClusterRequest&, std::int16_t, OutputChain&);
template Result<DescribeClusterResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeClusterResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
