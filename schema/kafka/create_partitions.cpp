#include "schema/kafka/create_partitions.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<CreatePartitionsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const CreatePartitionsRequest&, std::int16_t, OutputChain&);
template Result<CreatePartitionsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const CreatePartitionsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
