#include "schema/kafka/list_groups.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<ListGroupsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const ListGroupsRequest&, std::int16_t, OutputChain&);
template Result<ListGroupsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const ListGroupsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
