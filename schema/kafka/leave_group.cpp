#include "schema/kafka/leave_group.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<LeaveGroupRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const LeaveGroupRequest&, std::int16_t, OutputChain&);
template Result<LeaveGroupResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const LeaveGroupResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
