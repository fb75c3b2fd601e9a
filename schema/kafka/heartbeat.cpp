#include "schema/kafka/heartbeat.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<HeartbeatRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const HeartbeatRequest&, std::int16_t, OutputChain&);
template Result<HeartbeatResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const HeartbeatResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
