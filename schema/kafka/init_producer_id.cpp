#include "schema/kafka/init_producer_id.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<InitProducerIdRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const InitProducerIdRequest&, std::int16_t, OutputChain&);
template Result<InitProducerIdResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const InitProducerIdResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
