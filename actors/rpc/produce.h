#pragma once

#include "actors/rpc/session.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::rpc {

// The terms on which a client produces.
struct ProduceTerms {
  Acks acks = Acks::all;
  Duration timeout{};
};
ProduceTerms read_terms(wire::Acks acks, std::uint32_t timeout_ms);

// What a client sent, as a checked batch: records are packed, a batch is copied out of
// the message. The errors are those of check_produced_batch(), and
// record_list_too_large.
Result<ProduceBatch> read_messages(wire::Messages::Reader messages, const ProduceTerms& terms, const Session& session);

// The bytes for which a produce needs credits.
std::size_t credits_of(wire::Messages::Reader messages);

} // namespace callboard::rpc
