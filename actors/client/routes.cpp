#include "actors/client/routes.h"

#include <algorithm>

#include "actors/client/outcome.h"

namespace callboard::client {
namespace {

constexpr std::chrono::milliseconds backoff_max{500};
constexpr std::size_t leaders_max = 10'000;

} // namespace

bool Routes::is_elsewhere(const Error& error) {
  return error.code == ErrorCode::not_leader_or_follower || error.code == ErrorCode::leader_not_available ||
         error.code == ErrorCode::not_coordinator || error.code == ErrorCode::coordinator_not_available ||
         error.code == ErrorCode::coordinator_load_in_progress;
}

bool Routes::Backoff::wait() {
  if (std::exchange(first_, false)) return true;
  if (left_.count() <= 0) return false;
  const auto now = std::min(next_, left_);
  left_ -= now;
  next_ = std::min(next_ * 2, backoff_max);
  return routes_->home_->wait(routes_->home_->after(now)).ok();
}

std::shared_ptr<Connection> Routes::to(const HostPort& address, Status& reached) {
  const auto text = address.text();
  if (const auto known = nodes_.find(text); known != nodes_.end()) return known->second;
  auto opened = Connection::open(text, home_->options());
  if (!opened) {
    reached = opened.error();
    return nullptr;
  }
  return nodes_[text] = std::move(*opened);
}

std::shared_ptr<Connection> Routes::to(const std::string& topic, std::int32_t partition) {
  const auto known = leaders_.find({topic, partition});
  return known == leaders_.end() ? home_ : known->second;
}

Result<rpc::PartitionPage> Routes::page(Connection& node, const std::string& topic, std::int32_t after,
                                        std::uint32_t limit) {
  auto opening = node.broker().topicRequest();
  opening.setName(rpc::to_text(topic));
  auto request = opening.send().getTopic().partitionsRequest();
  request.setAfter(after);
  request.setLimit(limit);
  return node.wait(outcome_of(kj::mv(request)));
}

Result<rpc::PartitionPage> Routes::partitions(Connection& node, const std::string& topic) {
  rpc::PartitionPage all;
  do {
    const auto after = all.partitions.empty() ? -1 : all.partitions.back().id;
    auto next = page(node, topic, after, rpc::partitions_page_max);
    if (!next) return next.error();
    all.more = next->more && !next->partitions.empty();
    std::move(next->partitions.begin(), next->partitions.end(), std::back_inserter(all.partitions));
    std::move(next->leaders.begin(), next->leaders.end(), std::back_inserter(all.leaders));
  } while (all.more);
  hear_of(all.leaders);
  return all;
}

void Routes::hear_of(const std::vector<rpc::NodeAddress>& nodes) {
  for (const auto& [node, address] : nodes) heard_of_[node] = address;
}

Status Routes::find_leader(const std::string& topic, std::int32_t partition) {
  auto found = page(*home_, topic, partition - 1, 1);
  if (!found && found.error().code == ErrorCode::network_exception) {
    if (auto replaced = replace_home(); !replaced) return replaced;
    found = page(*home_, topic, partition - 1, 1);
  }
  if (!found) return found.error();
  hear_of(found->leaders);
  const auto none = [&](ErrorCode code, const std::string& what) -> Status {
    return Error{code, "partition " + std::to_string(partition) + " of topic " + topic + " " + what};
  };
  if (found->partitions.empty() || found->partitions.front().id != partition)
    return none(ErrorCode::unknown_topic_or_partition, "does not exist");
  const auto leader = found->partitions.front().leader;
  if (leader == no_node) return none(ErrorCode::leader_not_available, "has no leader at the moment");
  auto node = home_;
  const auto elsewhere = std::ranges::find(found->leaders, leader, &rpc::NodeAddress::node);
  if (elsewhere != found->leaders.end()) {
    auto reached = ok_status();
    node = to(elsewhere->address, reached);
    if (!reached) return reached;
  }
  if (leaders_.size() >= leaders_max) leaders_.clear();
  leaders_[{topic, partition}] = std::move(node);
  return ok_status();
}

Status Routes::wait_for_leader(const std::string& topic, std::int32_t partition) {
  for (Backoff backoff(*this, home_->options().request_timeout);;) {
    auto found = find_leader(topic, partition);
    if (found || found.error().code != ErrorCode::leader_not_available || !backoff.wait()) return found;
  }
}

void Routes::lost(const std::shared_ptr<Connection>& connection) {
  std::erase_if(leaders_, [&](const auto& leader) { return leader.second == connection; });
  std::erase_if(nodes_, [&](const auto& node) { return node.second == connection; });
}

Status Routes::replace_home() {
  const auto gone = home_;
  lost(gone);
  auto again = Connection::open(gone->address(), gone->options());
  for (auto node = heard_of_.begin(); !again && node != heard_of_.end(); ++node)
    again = Connection::open(node->second.text(), gone->options());
  if (!again) return again.error();
  home_ = std::move(*again);
  return ok_status();
}

} // namespace callboard::client
