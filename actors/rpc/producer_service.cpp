#include "actors/rpc/producer_service.h"

#include <algorithm>

#include "schema/rpc/translate_api.h"

namespace callboard::rpc {

ProducerService::ProducerService(kj::Own<Session> session, TopicPartition partition, const ProduceTerms& terms)
  : session_(kj::mv(session)), counted_(session_->count_capability()), partition_(std::move(partition)), terms_(terms) {
}

kj::Promise<void> ProducerService::send(SendContext context) {
  return session_->produce_credits()
      .take(credits_of(context.getParams().getMessages()))
      .then([this, context](kj::Own<Credits::Grant> grant) mutable {
        append(context.getParams().getMessages(), kj::mv(grant));
      });
}

void ProducerService::append(wire::Messages::Reader messages, kj::Own<Credits::Grant> grant) {
  const auto send = span_->sends++;
  auto batch = read_messages(messages, terms_, *session_);
  if (!batch) return span_->fail(send, batch.error());
  ++span_->unanswered;
  const auto records = batch->header.last_offset_delta + 1;
  auto span = kj::addRef(*span_);
  auto& waiting = *span;
  session_->run(session_->backend()
                    .produce(partition_, std::move(*batch))
                    .then(
                        [&waiting, send, records](Result<Produced> produced) {
                          if (produced)
                            waiting.acknowledge(*produced, records);
                          else
                            waiting.fail(send, produced.error());
                          waiting.answered();
                        },
                        [&waiting, send](kj::Exception&& e) {
                          waiting.fail(send, {ErrorCode::unknown_server_error, e.getDescription().cStr()});
                          waiting.answered();
                        })
                    .attach(kj::mv(grant), kj::mv(span)));
}

kj::Promise<void> ProducerService::flush(FlushContext context) {
  auto span = kj::mv(span_);
  span_ = kj::refcounted<Span>();
  kj::Promise<void> done = kj::READY_NOW;
  if (span->unanswered > 0) {
    auto waiting = kj::newPromiseAndFulfiller<void>();
    span->waiting = kj::mv(waiting.fulfiller);
    done = kj::mv(waiting.promise);
  }
  return done
      .then([context, &flushed = span->flushed]() mutable { write(flushed, context.getResults().initFlushed()); })
      .attach(kj::mv(span), session_->count_call());
}

void ProducerService::Span::acknowledge(const Produced& produced, std::int32_t records) {
  ++flushed.acknowledged;
  if (produced.base_offset == unknown_offset) return; // acks=none knows no offset
  const bool lowest = flushed.first_offset == unknown_offset || produced.base_offset < flushed.first_offset;
  if (lowest) flushed.first_offset = produced.base_offset;
  flushed.last_offset = std::max(flushed.last_offset, produced.base_offset.plus(records - 1));
}

void ProducerService::Span::fail(std::uint64_t send, Error error) {
  ++flushed.failed;
  if (flushed.failures.size() < failures_max) flushed.failures.push_back({send, std::move(error)});
}

void ProducerService::Span::answered() {
  if (--unanswered > 0) return;
  KJ_IF_MAYBE (flush, waiting) flush->get()->fulfill();
}

} // namespace callboard::rpc
