#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/client/connection.h"

namespace callboard::client {

// The ways of one client through its cluster: the connection it opened, and further ones
// to the nodes that lead the partitions it uses. Who leads is asked for when a node refuses
// since it does not. Belongs to the client's thread.
class Routes {
public:
  explicit Routes(std::shared_ptr<Connection> home) : home_(std::move(home)) {}

  // To any node.
  Connection& home() { return *home_; }
  std::shared_ptr<Connection> to(const HostPort& address, Status& reached);
  // To who led the partition when it was last asked for; else home.
  std::shared_ptr<Connection> to(const std::string& topic, std::int32_t partition);

  // Finds out who leads, so that to() leads there. Errors besides those of the way:
  // unknown_topic_or_partition, leader_not_available.
  Status find_leader(const std::string& topic, std::int32_t partition);
  // Again with back-off while nobody leads, as long as a request may take.
  Status wait_for_leader(const std::string& topic, std::int32_t partition);
  // A topic's partitions as one node tells them, all or those that follow `after`, and
  // where the other leaders are.
  Result<rpc::PartitionPage> partitions(Connection& node, const std::string& topic);
  // The connection is of no more use.
  void lost(const std::shared_ptr<Connection>& connection);

  // Whether another node may answer what this error refuses.
  static bool is_elsewhere(const Error& error);

  // call(connection) at the partition's leader; again, with back-off and until `patience` is over,
  // when that was another node.
  template <class Call>
  auto follow(const std::string& topic, std::int32_t partition, std::chrono::milliseconds patience, Call call)
      -> decltype(call(std::declval<Connection&>())) {
    for (Backoff backoff(*this, patience);;) {
      const auto node = to(topic, partition);
      auto answer = call(*node);
      if (answer) return answer;
      if (answer.error().code == ErrorCode::network_exception) lost(node);
      if (!is_elsewhere(answer.error())) return answer;
      // Who has just heard of the leader first is asked at once.
      (void)find_leader(topic, partition);
      if (!backoff.wait()) return answer;
    }
  }
  template <class Call>
  auto follow(const std::string& topic, std::int32_t partition, Call call) {
    return follow(topic, partition, home_->options().request_timeout, std::move(call));
  }

  // Waits longer and longer between attempts.
  class Backoff {
  public:
    Backoff(Routes& routes, std::chrono::milliseconds patience) : routes_(&routes), left_(patience) {}
    // False: no attempt is left.
    bool wait();

  private:
    Routes* routes_;
    std::chrono::milliseconds left_;
    std::chrono::milliseconds next_{10};
    bool first_ = true; // which waits for nothing
  };

private:
  Result<rpc::PartitionPage> page(Connection& node, const std::string& topic, std::int32_t after, std::uint32_t limit);
  // Home again, or another node that was heard of.
  Status replace_home();
  void hear_of(const std::vector<rpc::NodeAddress>& nodes);

  std::shared_ptr<Connection> home_;
  std::map<std::string, std::shared_ptr<Connection>> nodes_; // by address
  std::map<std::pair<std::string, std::int32_t>, std::shared_ptr<Connection>> leaders_;
  std::map<NodeId, HostPort> heard_of_;
};

} // namespace callboard::client
