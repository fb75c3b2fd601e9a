#include "schema/kafka/join_group.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<JoinGroupRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const JoinGroupRequest&, std::int16_t, OutputChain&);
template Result<JoinGroupResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const JoinGroupResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
