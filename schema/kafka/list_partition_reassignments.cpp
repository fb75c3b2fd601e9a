#include "schema/kafka/list_partition_reassignments.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<ListPartitionReassignmentsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const ListPartitionReassignmentsRequest&, std::int16_t, OutputChain&);
template Result<ListPartitionReassignmentsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const ListPartitionReassignmentsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
