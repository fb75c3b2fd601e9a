#include "schema/kafka/elect_leaders.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<ElectLeadersRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const ElectLeadersRequest&, std::int16_t, OutputChain&);
template Result<ElectLeadersResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const ElectLeadersResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
