#pragma once

#include "actors/rpc/produce.h"
#include "actors/rpc/session.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::rpc {

// A streamed produce (decision 13): a send is answered when it has its credits, so
// that the next one may come; what became of it is collected for the flush after it.
// Dropping the capability does not call back what was sent.
class ProducerService final : public wire::Producer::Server {
public:
  ProducerService(kj::Own<Session> session, TopicPartition partition, const ProduceTerms& terms);

  kj::Promise<void> send(SendContext context) override;
  kj::Promise<void> flush(FlushContext context) override;

private:
  // The sends between two flushes. Refers to nothing of the producer, which may be gone
  // before its sends are answered.
  struct Span : kj::Refcounted {
    Flushed flushed;
    std::uint64_t sends = 0;
    std::uint64_t unanswered = 0;
    kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> waiting;

    void acknowledge(const Produced& produced, std::int32_t records);
    void fail(std::uint64_t send, Error error);
    void answered();
  };
  void append(wire::Messages::Reader messages, kj::Own<Credits::Grant> grant);

  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
  TopicPartition partition_;
  ProduceTerms terms_;
  kj::Own<Span> span_ = kj::refcounted<Span>();
};

} // namespace callboard::rpc
