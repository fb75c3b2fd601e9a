#pragma once

#include <optional>
#include <vector>

#include "actors/client/routes.h"
#include "schema/rpc/translate_api.h"

namespace callboard::client {

// Wall time for records that bring none.
TimestampMs now();

// What a Producer consists of, kept out of its header together with KJ.
struct Producer::State {
  State(std::shared_ptr<Routes> to, std::string of_topic, std::int32_t of_partition, const ProducerOptions& chosen)
    : routes(std::move(to)), topic(std::move(of_topic)), partition(of_partition), options(chosen),
      connection(routes->to(topic, partition)), producer(open()) {}

  // At the partition's leader, as far as that is known.
  rpc::wire::Producer::Client open() {
    auto request = connection->partition(topic, partition).openProducerRequest();
    request.setAcks(rpc::to_wire(options.acks));
    request.setTimeoutMs(connection->timeout_ms());
    return request.send().getProducer();
  }

  std::shared_ptr<Routes> routes;
  std::string topic;
  std::int32_t partition;
  ProducerOptions options;
  std::shared_ptr<Connection> connection;
  rpc::wire::Producer::Client producer;
  std::optional<BatchBuilder> packing;
  kj::Promise<void> room = kj::READY_NOW; // resolves when the next send is welcome
  // What was sent since the last flush, to be sent again if the leader changes.
  std::vector<SharedBytes> sent;
  std::size_t sent_bytes = 0;
};

} // namespace callboard::client
