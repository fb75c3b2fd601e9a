#include "schema/kafka/delete_groups.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DeleteGroupsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DeleteGroupsRequest&, std::int16_t, OutputChain&);
template Result<DeleteGroupsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DeleteGroupsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
