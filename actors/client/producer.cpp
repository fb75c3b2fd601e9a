#include "actors/client/producer_state.h"
#include "schema/rpc/translate_api.h"

namespace callboard::client {
namespace {

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
  return stream(batch.view());
}

Status Producer::send_batch(ByteView batch) {
  if (auto sent = send_packed(); !sent) return sent;
  return stream(batch);
}

Status Producer::stream(ByteView batch) {
  if (auto welcome = state_->connection->wait(kj::mv(state_->room)); !welcome) {
    state_->room = kj::Promise<void>(
        kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__, kj::str(welcome.error().message.c_str())));
    return welcome;
  }
  constexpr std::size_t envelope_words = 64;
  auto request =
      state_->producer.sendRequest(capnp::MessageSize{batch.size() / sizeof(capnp::word) + envelope_words, 1});
  request.initMessages().setBatch(rpc::to_data(batch));
  state_->room = request.send();
  return ok_status();
}

Result<Flushed> Producer::flush() {
  if (auto sent = send_packed(); !sent) return sent.error();
  return state_->connection->wait(state_->producer.flushRequest().send().then(
      [](auto&& response) -> Result<Flushed> { return rpc::read(response.getFlushed()); }));
}

} // namespace callboard::client
