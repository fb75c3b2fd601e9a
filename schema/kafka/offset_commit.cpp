#include "schema/kafka/offset_commit.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<OffsetCommitRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetCommitRequest&, std::int16_t, OutputChain&);
template Result<OffsetCommitResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const OffsetCommitResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
