#include "actors/client/topic_consumer.h"

#include <algorithm>
#include <deque>

#include "actors/client/outcome.h"
#include "actors/client/routes.h"
#include "schema/rpc/record_codec.h"

namespace callboard::client {
namespace {

constexpr std::size_t answers_bytes = std::size_t{16} << 20; // of all partitions
constexpr std::size_t fetch_bytes_min = std::size_t{64} << 10;
constexpr std::size_t fetch_bytes_max = std::size_t{1} << 20;

struct Reading {
  TopicConsumer::Place place;
  bool asked = false;
  std::shared_ptr<Connection> leader{};     // that was asked
  std::optional<Routes::Backoff> looking{}; // while nobody who leads it was found
  kj::Promise<void> fetching = nullptr;     // its end puts the answer among the arrived
};

struct Arrived {
  std::int32_t partition = 0;
  Result<Fetched> answer;
};

} // namespace

struct TopicConsumer::State {
  std::shared_ptr<Routes> routes;
  std::string topic;
  std::chrono::milliseconds park;
  std::uint32_t bytes_max = 0;
  std::deque<Arrived> arrived;
  kj::Own<kj::PromiseFulfiller<void>> wake; // of the poll that waits
  std::optional<Error> ended;               // why the last reading did
  std::vector<Reading> readings;            // last: their fetches use what is above

  void ask(Reading& reading) {
    reading.leader = routes->to(topic, reading.place.partition);
    auto request = reading.leader->partition(topic, reading.place.partition).fetchRequest();
    request.setOffset(reading.place.offset.value);
    request.setMaxBytes(bytes_max);
    request.setMaxWaitMs(static_cast<std::uint32_t>(park.count()));
    reading.asked = true;
    reading.fetching =
        outcome_of(kj::mv(request))
            .then([this, partition = reading.place.partition](Result<Fetched> answer) {
              arrived.push_back({partition, std::move(answer)});
            })
            .catch_([this, partition = reading.place.partition, leader = reading.leader](kj::Exception&& e) {
              arrived.push_back({partition, leader->failure(e)});
            })
            .then([this] {
              if (wake.get() != nullptr) wake->fulfill();
            })
            .eagerlyEvaluate(nullptr);
  }

  Status wait_for_answer(std::chrono::milliseconds wait_max) {
    auto paf = kj::newPromiseAndFulfiller<void>();
    wake = kj::mv(paf.fulfiller);
    auto& home = routes->home();
    return home.wait(paf.promise.exclusiveJoin(home.after(wait_max)), wait_max);
  }

  // Whether it is to be asked again: of another node, that leads it now.
  bool look_again(Reading& reading, const Error& error) {
    const bool gone = error.code == ErrorCode::network_exception;
    if (!gone && !Routes::is_elsewhere(error)) return false;
    if (gone) routes->lost(reading.leader);
    if (!reading.looking) reading.looking.emplace(*routes, routes->home().options().request_timeout);
    const auto found = routes->find_leader(topic, reading.place.partition);
    if (!found && found.error().code == ErrorCode::network_exception && gone) return false;
    if (!reading.looking->wait()) return false;
    reading.asked = false;
    return true;
  }

  std::vector<Reading>::iterator find(std::int32_t partition) {
    return std::find_if(readings.begin(), readings.end(),
                        [partition](const auto& r) { return r.place.partition == partition; });
  }
};

TopicConsumer::TopicConsumer(const Client& client, std::string topic, const std::vector<Place>& places,
                             std::chrono::milliseconds park)
  : state_(std::make_unique<State>()) {
  state_->routes = client.routes_;
  state_->topic = std::move(topic);
  state_->park = std::clamp(park, std::chrono::milliseconds(0), std::chrono::milliseconds(rpc::request_ms_max));
  const auto share = answers_bytes / std::max<std::size_t>(places.size(), 1);
  state_->bytes_max = static_cast<std::uint32_t>(std::clamp(share, fetch_bytes_min, fetch_bytes_max));
  for (const auto& place : places) state_->readings.push_back({place});
}

TopicConsumer::TopicConsumer(TopicConsumer&&) noexcept = default;
TopicConsumer::~TopicConsumer() = default;

Result<std::optional<Polled>> TopicConsumer::poll(std::chrono::milliseconds wait_max) {
  auto& state = *state_;
  if (state.readings.empty() && state.ended) return *state.ended;
  for (auto& reading : state.readings)
    if (!reading.asked) state.ask(reading);
  if (state.arrived.empty())
    if (auto waited = state.wait_for_answer(wait_max); !waited) return waited.error();
  if (state.arrived.empty()) return std::optional<Polled>();

  const auto [partition, answer] = std::move(state.arrived.front());
  state.arrived.pop_front();
  const auto reading = state.find(partition);
  if (!answer && state.look_again(*reading, answer.error())) return std::optional<Polled>();
  if (!answer) {
    state.readings.erase(reading);
    state.ended = answer.error();
    return answer.error();
  }
  auto decoded = rpc::decode_records(answer->batches, reading->place.offset);
  if (!decoded) {
    state.readings.erase(reading);
    return decoded.error();
  }
  reading->looking.reset();
  reading->place.offset = decoded->next;
  reading->asked = false;
  return std::optional(Polled{partition, std::move(decoded->records), decoded->next, answer->high_watermark});
}

void TopicConsumer::drop(std::int32_t partition) {
  std::erase_if(state_->arrived, [partition](const auto& a) { return a.partition == partition; });
  if (const auto reading = state_->find(partition); reading != state_->readings.end()) state_->readings.erase(reading);
}

std::size_t TopicConsumer::partitions() const {
  return state_->readings.size();
}

} // namespace callboard::client
