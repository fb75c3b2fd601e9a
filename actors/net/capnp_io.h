#pragma once

#include <fmt/format.h>
#include <unordered_map>

#include "actors/inspector/actor_page.h"
#include "actors/net/capnp_door.h"
#include "actors/rpc/broker_connection.h"

// What a CapnpConnection waits for, for the files that implement it: a question to an
// actor carries a token, expect() promises its answer, the actor's handler keep()s it.
namespace callboard::net {

// For every question that has no time-out of its own.
inline constexpr auto answer_within = 30 * kj::SECONDS;

template <class T>
using Fulfiller = kj::Own<kj::PromiseFulfiller<T>>;
template <class T>
using Pending = std::unordered_map<std::uint64_t, Fulfiller<T>>;

template <class T>
kj::Promise<T> expect(Pending<T>& pending, std::uint64_t token) {
  auto paf = kj::newPromiseAndFulfiller<T>();
  pending[token] = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

template <class T>
void keep(Pending<T>& pending, std::uint64_t token, T value) {
  auto node = pending.extract(token);
  if (!node.empty()) node.mapped()->fulfill(kj::mv(value));
}

inline Error too_late(std::string_view what) {
  return Error{ErrorCode::request_timed_out, fmt::format("{} did not happen in time; it may still.", what)};
}

inline Error error_of(ErrorCode code, std::string message) {
  if (message.empty()) message = std::string(name_of(code));
  return Error{code, std::move(message)};
}

struct CapnpConnection::PendingPage {
  ActorSelection selection;
  std::unordered_map<std::uint64_t, std::size_t> row_of; // by actor id
  std::size_t missing = 0;
  Fulfiller<rpc::ActorPage> done;
};

struct CapnpConnection::Io {
  explicit Io(NodeMetrics::Open o) : open(std::move(o)) {}

  NodeMetrics::Open open;
  Pending<Result<rpc::Produced>> produced;
  Pending<Result<rpc::Fetched>> fetched;
  Pending<Result<rpc::OffsetInfo>> offsets;
  Pending<std::int64_t> log_sizes;
  Pending<Result<rpc::TopicInfo>> created;
  Pending<Status> deleted;
  Pending<Status> changed;
  Pending<GroupAnswer> groups;
  Pending<GroupsListed> listings;
  std::unordered_map<std::uint64_t, PendingPage> pages;
  Fulfiller<void> stop;
  kj::Own<rpc::BrokerConnection> connection; // last: its calls die before what they wait for
};

} // namespace callboard::net
