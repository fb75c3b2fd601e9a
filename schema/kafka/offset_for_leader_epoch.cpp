#include "schema/kafka/offset_for_leader_epoch.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<OffsetForLeaderEpochRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetForLeaderEpochRequest&, std::int16_t, OutputChain&);
template Result<OffsetForLeaderEpochResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetForLeaderEpochResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
