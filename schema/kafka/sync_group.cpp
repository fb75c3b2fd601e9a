#include "schema/kafka/sync_group.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<SyncGroupRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const SyncGroupRequest&, std::int16_t, OutputChain&);
template Result<SyncGroupResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const SyncGroupResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
