#include "schema/kafka/create_topics.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<CreateTopicsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const CreateTopicsRequest&, std::int16_t, OutputChain&);
template Result<CreateTopicsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const CreateTopicsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
