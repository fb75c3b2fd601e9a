#include "actors/rpc/partition_service.h"

#include <algorithm>

#include "actors/rpc/produce.h"
#include "actors/rpc/producer_service.h"
#include "schema/rpc/record_codec.h"
#include "schema/rpc/translate_api.h"

namespace callboard::rpc {
namespace {

constexpr std::size_t fetch_bytes_floor = 8 << 10;    // granted under pressure
constexpr std::uint32_t unpacked_bytes_max = 1 << 20; // of batches whose records are asked for
constexpr std::size_t reply_overhead_bytes = 1 << 10; // the call's envelope and the outcome

std::size_t bytes_of_all(const std::vector<SharedBytes>& batches) {
  std::size_t bytes = 0;
  for (const auto& batch : batches) bytes += batch.size();
  return bytes;
}

// What a fetch may bring: what it asks for, at most a quarter of what is left of the
// first half of the connection's credits. The other half is for small ones, so that
// many parked fetches leave room for each other.
FetchRange read_range(wire::Partition::FetchParams::Reader params, Session& session) {
  const auto half = session.limits().reply_bytes / 2;
  const auto left = session.reply_credits().left();
  const auto share = std::max(fetch_bytes_floor, left > half ? (left - half) / 4 : 0);
  auto most = static_cast<std::uint32_t>(std::min(share, session.limits().fetch_bytes));
  if (params.getForm() == wire::Form::RECORDS) most = std::min(most, unpacked_bytes_max);
  FetchRange range;
  range.offset = Offset(params.getOffset());
  range.bytes_max = std::min(params.getMaxBytes(), most);
  range.bytes_min = std::min(params.getMinBytes(), range.bytes_max);
  range.wait_ms_max = std::min(params.getMaxWaitMs(), request_ms_max);
  return range;
}

void write_batches(const Fetched& fetched, Offset from, wire::Outcome<wire::Fetched>::Builder to) {
  const auto next = next_offset(fetched.batches, from);
  if (!next) return write(next.error(), to.initError());
  auto value = to.initValue();
  write(fetched, value);
  value.setNextOffset(next->value);
}

void write_records(const Fetched& fetched, Offset from, std::uint32_t records_max,
                   wire::Outcome<wire::Fetched>::Builder to) {
  auto decoded = decode_records(fetched.batches, from);
  if (!decoded) return write(decoded.error(), to.initError());
  auto& [records, next] = *decoded;
  if (records.size() > records_max) {
    next = records[records_max].offset;
    records.resize(records_max);
  }
  auto value = to.initValue();
  write(records, value.initRecords(to_list_size(records.size())));
  value.setHighWatermark(fetched.high_watermark.value);
  value.setLogStart(fetched.log_start.value);
  value.setNextOffset(next.value);
}

} // namespace

PartitionService::PartitionService(kj::Own<Session> session, TopicPartition partition)
  : session_(kj::mv(session)), counted_(session_->count_capability()), partition_(std::move(partition)) {}

kj::Promise<void> PartitionService::produce(ProduceContext context) {
  auto call = session_->count_call();
  return session_->produce_credits()
      .take(credits_of(context.getParams().getMessages()))
      .then([this, context](kj::Own<Credits::Grant> grant) mutable {
        const auto params = context.getParams();
        const auto terms = read_terms(params.getAcks(), params.getTimeoutMs());
        auto batch = read_messages(params.getMessages(), terms, *session_);
        context.releaseParams();
        auto produced = batch ? session_->backend().produce(partition_, std::move(*batch))
                              : kj::Promise<Result<Produced>>(Result<Produced>(batch.error()));
        return produced.attach(kj::mv(grant));
      })
      .then([context](Result<Produced> produced) mutable {
        write<Produced, wire::Produced>(produced, context.getResults().initResult());
      })
      .attach(kj::mv(call));
}

kj::Promise<void> PartitionService::openProducer(OpenProducerContext context) {
  const auto params = context.getParams();
  const auto terms = read_terms(params.getAcks(), params.getTimeoutMs());
  context.getResults().setProducer(kj::heap<ProducerService>(kj::addRef(*session_), partition_, terms));
  return kj::READY_NOW;
}

kj::Promise<void> PartitionService::fetch(FetchContext context) {
  context.allowCancellation();
  const auto range = read_range(context.getParams(), *session_);
  auto call = session_->count_call();
  return session_->reply_credits()
      .take(range.bytes_max)
      .then([this, range](kj::Own<Credits::Grant> grant) {
        return session_->backend().fetch(partition_, range).attach(kj::mv(grant));
      })
      .then([this, context, range](Result<Fetched> fetched) mutable {
        return answer_fetch(context, range, std::move(fetched));
      })
      .attach(kj::mv(call));
}

// The reply has its own credits, for what it really weighs and until it is written:
// waiting for them while holding the first ones could wait for ever.
kj::Promise<void> PartitionService::answer_fetch(FetchContext context, FetchRange range, Result<Fetched> fetched) {
  if (!fetched) {
    write(fetched.error(), context.getResults().initResult().initError());
    return kj::READY_NOW;
  }
  const auto bytes = bytes_of_all(fetched->batches);
  if (bytes + reply_overhead_bytes > message_bytes_max) {
    const Error too_large{ErrorCode::message_too_large,
                          "the batch at this offset is larger than a Cap'n Proto reply; read it with a Kafka client"};
    write(too_large, context.getResults().initResult().initError());
    return kj::READY_NOW;
  }
  return session_->reply_credits().take(bytes).then(
      [this, context, range, bytes, held = std::move(*fetched)](kj::Own<Credits::Grant> grant) mutable {
        if (context.getParams().getForm() == wire::Form::BATCHES) {
          const auto words = (bytes + reply_overhead_bytes) / sizeof(capnp::word) + 2 * held.batches.size();
          write_batches(held, range.offset, context.getResults(capnp::MessageSize{words, 0}).initResult());
        } else {
          write_records(held, range.offset, session_->limits().records, context.getResults().initResult());
        }
        session_->gate().hold_until_written(kj::mv(grant), bytes);
      });
}

kj::Promise<void> PartitionService::offsetAt(OffsetAtContext context) {
  context.allowCancellation();
  return session_->backend()
      .list_offset(partition_, context.getParams().getTimestampMs())
      .then([context](Result<OffsetInfo> found) mutable {
        write<OffsetInfo, wire::OffsetInfo>(found, context.getResults().initResult());
      })
      .attach(session_->count_call());
}

} // namespace callboard::rpc
