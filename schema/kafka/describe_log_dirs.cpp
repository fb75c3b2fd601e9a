#include "schema/kafka/describe_log_dirs.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DescribeLogDirsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeLogDirsRequest&, std::int16_t, OutputChain&);
template Result<DescribeLogDirsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeLogDirsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
