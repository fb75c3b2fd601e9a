#include "actors/client/producer_state.h"

#include <algorithm>
#include <numeric>

#include "schema/rpc/translate_api.h"

namespace callboard::client {
namespace {

// More than this is not kept to be sent again.
constexpr std::size_t kept_bytes_max = std::size_t{16} << 20;

std::optional<ByteView> view_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return bytes_of(*text);
}

} // namespace

Producer::Producer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&&) noexcept = default;
Producer::~Producer() = default;

Status Producer::send(const Record& record) {
  const auto timestamp = record.timestamp == no_timestamp ? now() : record.timestamp;
  auto& packing = state_->packing;
  if (!packing) packing.emplace(timestamp);
  packing->add(view_of(record.key), view_of(record.value), timestamp, record.headers);
  return packing->bytes() < state_->options.batch_bytes ? ok_status() : send_packed();
}

Status Producer::send_packed() {
  if (!state_->packing) return ok_status();
  const auto batch = state_->packing->finish();
  state_->packing.reset();
  return stream(batch);
}

Status Producer::send_batch(ByteView batch) {
  if (auto sent = send_packed(); !sent) return sent;
  return stream(SharedBytes::copy_of(batch));
}

Status Producer::stream(const SharedBytes& batch) {
  if (auto welcome = state_->connection->wait(kj::mv(state_->room)); !welcome) {
    state_->room = kj::Promise<void>(
        kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__, kj::str(welcome.error().message.c_str())));
    return welcome;
  }
  constexpr std::size_t envelope_words = 64;
  auto request =
      state_->producer.sendRequest(capnp::MessageSize{batch.size() / sizeof(capnp::word) + envelope_words, 1});
  request.initMessages().setBatch(rpc::to_data(batch.view()));
  state_->room = request.send();
  state_->sent_bytes += batch.size();
  if (state_->sent_bytes <= kept_bytes_max)
    state_->sent.push_back(batch);
  else
    state_->sent.clear();
  return ok_status();
}

Result<Flushed> Producer::flush_once() {
  return state_->connection->wait(state_->producer.flushRequest().send().then(
      [](auto&& response) -> Result<Flushed> { return rpc::read(response.getFlushed()); }));
}

// To whoever leads by now.
Status Producer::resend(const Flushed& refused) {
  auto& state = *state_;
  const auto sent = std::exchange(state.sent, {});
  state.sent_bytes = 0;
  if (auto found = state.routes->wait_for_leader(state.topic, state.partition); !found) return found;
  state.connection = state.routes->to(state.topic, state.partition);
  state.producer = state.open();
  state.room = kj::READY_NOW;
  for (const auto& failure : refused.failures)
    if (auto streamed = stream(sent[failure.send]); !streamed) return streamed;
  return ok_status();
}

Result<Flushed> Producer::flush() {
  if (auto sent = send_packed(); !sent) return sent.error();
  std::vector<std::uint64_t> numbers(state_->sent.size()); // of what is in `sent`, as it was sent first
  std::iota(numbers.begin(), numbers.end(), 0);
  Flushed all;
  for (Routes::Backoff backoff(*state_->routes, state_->connection->options().request_timeout);;) {
    auto flushed = flush_once();
    if (!flushed) return flushed;
    all.acknowledged += flushed->acknowledged;
    if (all.first_offset == unknown_offset) all.first_offset = flushed->first_offset;
    all.last_offset = std::max(all.last_offset, flushed->last_offset);
    const bool elsewhere = flushed->failed > 0 && flushed->failures.size() == flushed->failed &&
                           std::ranges::all_of(flushed->failures, [&](const auto& failure) {
                             return Routes::is_elsewhere(failure.error) && failure.send < state_->sent.size();
                           });
    if (!elsewhere || !backoff.wait() || !resend(*flushed)) {
      all.failed = flushed->failed;
      for (auto& failure : flushed->failures) {
        if (failure.send < numbers.size()) failure.send = numbers[failure.send];
        all.failures.push_back(std::move(failure));
      }
      state_->sent.clear();
      state_->sent_bytes = 0;
      return all;
    }
    std::vector<std::uint64_t> again;
    for (const auto& failure : flushed->failures) again.push_back(numbers[failure.send]);
    numbers = std::move(again);
  }
}

} // namespace callboard::client
