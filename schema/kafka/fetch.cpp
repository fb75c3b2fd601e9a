#include "schema/kafka/fetch.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<FetchRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const FetchRequest&, std::int16_t, OutputChain&);
template Result<FetchResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const FetchResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
