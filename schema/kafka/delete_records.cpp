#include "schema/kafka/delete_records.h"

#include "schema/kafka/codec.h"

namespace callboard::kafka {

template Result<DeleteRecordsRequest> decode(const SharedBytes&, std::int16_t);
template void encode(const DeleteRecordsRequest&, std::int16_t, OutputChain&);
template Result<DeleteRecordsResponse> decode(const SharedBytes&, std::int16_t);
template void encode(const DeleteRecordsResponse&, std::int16_t, OutputChain&);

} // namespace callboard::kafka
