#include "schema/kafka/alter_partition_reassignments.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<AlterPartitionReassignmentsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const AlterPartitionReassignmentsRequest&, std::int16_t, OutputChain&);
template Result<AlterPartitionReassignmentsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const AlterPartitionReassignmentsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
