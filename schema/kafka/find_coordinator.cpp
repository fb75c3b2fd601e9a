#include "schema/kafka/find_coordinator.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<FindCoordinatorRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const FindCoordinatorRequest&, std::int16_t, OutputChain&);
template Result<FindCoordinatorResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const FindCoordinatorResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
