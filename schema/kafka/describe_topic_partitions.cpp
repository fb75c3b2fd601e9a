#include "schema/kafka/describe_topic_partitions.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DescribeTopicPartitionsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeTopicPartitionsRequest&, std::int16_t, OutputChain&);
template Result<DescribeTopicPartitionsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DescribeTopicPartitionsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
