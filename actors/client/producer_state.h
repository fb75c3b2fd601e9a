#pragma once

#include <optional>

#include "actors/client/connection.h"

namespace callboard::client {

// Wall time for records that bring none.
TimestampMs now();

// What a Producer consists of, kept out of its header together with KJ.
struct Producer::State {
  State(std::shared_ptr<Connection> open_connection, rpc::wire::Producer::Client opened, const ProducerOptions& chosen)
    : connection(std::move(open_connection)), producer(kj::mv(opened)), options(chosen) {}

  std::shared_ptr<Connection> connection;
  rpc::wire::Producer::Client producer;
  ProducerOptions options;
  std::optional<BatchBuilder> packing;
  kj::Promise<void> room = kj::READY_NOW; // resolves when the next send is welcome
};

} // namespace callboard::client
