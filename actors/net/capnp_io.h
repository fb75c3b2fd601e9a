#pragma once

#include <unordered_map>

#include "actors/inspector/actor_page.h"
#include "actors/net/capnp_door.h"
#include "actors/net/pending.h"
#include "actors/peer/peer_inbox.h"
#include "actors/rpc/broker_connection.h"

// What a CapnpConnection holds, for the files that implement it.
namespace callboard::net {

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
  Pending<ControllerOutcome> controlled;
  Pending<std::string> states; // of actors, one by one
  Pending<std::vector<std::string>> troubles;
  Pending<GroupAnswer> groups;
  Pending<GroupsListed> listings;
  std::unordered_map<std::uint64_t, PendingPage> pages;
  Fulfiller<void> stop;
  kj::Own<PeerInbox> peers;
  kj::Own<rpc::BrokerConnection> connection; // last: its calls die before what they wait for
};

} // namespace callboard::net
