#include "actors/rpc/produce.h"

#include <algorithm>

#include "schema/rpc/record_codec.h"
#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

Result<SharedBytes> read_batch(wire::Messages::Reader messages, const Session& session) {
  if (messages.isBatch()) return SharedBytes::copy_of(to_view(messages.getBatch()));
  const auto records = messages.getRecords();
  if (records.size() > session.limits().records)
    return Error{ErrorCode::record_list_too_large, "a produce holds " + std::to_string(records.size()) +
                                                       " records, at most " + std::to_string(session.limits().records) +
                                                       " are accepted; send several"};
  return encode_records(read(records), session.now());
}

} // namespace

ProduceTerms read_terms(wire::Acks acks, std::uint32_t timeout_ms) {
  return {read(acks), std::chrono::milliseconds(std::clamp(timeout_ms, 1U, request_ms_max))};
}

Result<ProduceBatch> read_messages(wire::Messages::Reader messages, const ProduceTerms& terms, const Session& session) {
  auto batch = read_batch(messages, session);
  if (!batch) return batch.error();
  auto header = check_produced_batch(batch->view());
  if (!header) return header.error();
  return ProduceBatch{std::move(*batch), *header, terms.acks, terms.timeout};
}

std::size_t credits_of(wire::Messages::Reader messages) {
  if (messages.isBatch()) return messages.getBatch().size();
  return messages.totalSize().wordCount * sizeof(capnp::word);
}

} // namespace callboard::rpc
