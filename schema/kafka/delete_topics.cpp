#include "schema/kafka/delete_topics.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DeleteTopicsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DeleteTopicsRequest&, std::int16_t, OutputChain&);
template Result<DeleteTopicsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DeleteTopicsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
