#include "schema/kafka/produce.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<ProduceRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const ProduceRequest&, std::int16_t, OutputChain&);
template Result<ProduceResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const ProduceResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
