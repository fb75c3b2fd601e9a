#include "cluster/groups/members.h"

#include <algorithm>
#include <utility>

namespace callboard::groups {
namespace {

constexpr std::size_t protocol_bytes = 64; // what one takes beside its texts

bool has_earlier(const std::vector<Protocol>& protocols, std::size_t at) {
  return std::any_of(protocols.begin(), protocols.begin() + static_cast<std::ptrdiff_t>(at),
                     [&](const Protocol& earlier) { return earlier.name == protocols[at].name; });
}

} // namespace

std::size_t bytes_of(const std::vector<Protocol>& protocols) {
  std::size_t bytes = 0;
  for (const auto& protocol : protocols) bytes += protocol_bytes + protocol.name.size() + protocol.metadata.size();
  return bytes;
}

SharedBytes Member::metadata_for(std::string_view protocol) const {
  const auto found =
      std::find_if(protocols.begin(), protocols.end(), [&](const Protocol& p) { return p.name == protocol; });
  return found == protocols.end() ? SharedBytes() : found->metadata;
}

bool Member::offers(const std::vector<Protocol>& others) const {
  return std::equal(
      protocols.begin(), protocols.end(), others.begin(), others.end(),
      [](const Protocol& a, const Protocol& b) { return a.name == b.name && a.metadata.text() == b.metadata.text(); });
}

std::size_t Member::bytes() const {
  return id.size() + (instance_id ? instance_id->size() : 0) + client_id.size() + client_host.size() +
         bytes_of(protocols) + assignment.size();
}

Member* Members::find(std::string_view id) {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

const Member* Members::find(std::string_view id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

const std::string* Members::find_static(std::string_view instance_id) const {
  const auto found = static_.find(instance_id);
  return found == static_.end() ? nullptr : &found->second;
}

Member& Members::add(Member member) {
  CB_ASSERT(!member.id.empty() && !member.join && !member.sync);
  if (members_.empty()) leader_ = member.id;
  if (member.instance_id) {
    const bool free = static_.emplace(*member.instance_id, member.id).second;
    CB_ASSERT(free);
  }
  count_protocols(member, true);
  bytes_ += member.bytes();
  auto id = member.id;
  const auto [at, added] = members_.emplace(std::move(id), std::move(member));
  CB_ASSERT(added);
  return at->second;
}

void Members::remove(std::string_view id) {
  const auto at = members_.find(id);
  CB_ASSERT(at != members_.end() && !at->second.join && !at->second.sync);
  const bool led = leader_ == id;
  if (at->second.instance_id) static_.erase(*at->second.instance_id);
  count_protocols(at->second, false);
  bytes_ -= at->second.bytes();
  members_.erase(at);
  if (led) leader_ = members_.empty() ? std::string() : members_.begin()->first;
}

Member& Members::rename(std::string_view id, const std::string& new_id) {
  auto node = members_.extract(members_.find(id));
  CB_ASSERT(!node.empty() && node.mapped().instance_id && !members_.contains(new_id));
  auto& member = node.mapped();
  if (leader_ == member.id) leader_ = new_id;
  static_[*member.instance_id] = new_id;
  bytes_ = bytes_ - member.id.size() + new_id.size();
  node.key() = new_id;
  member.id = new_id;
  return members_.insert(std::move(node)).position->second;
}

void Members::set_protocols(Member& member, std::vector<Protocol> protocols) {
  count_protocols(member, false);
  bytes_ = bytes_ - bytes_of(member.protocols) + bytes_of(protocols);
  member.protocols = std::move(protocols);
  count_protocols(member, true);
}

void Members::set_assignment(Member& member, SharedBytes assignment) {
  bytes_ = bytes_ - member.assignment.size() + assignment.size();
  member.assignment = std::move(assignment);
}

void Members::set_client(Member& member, std::string client_id, std::string client_host) {
  bytes_ = bytes_ - member.client_id.size() - member.client_host.size() + client_id.size() + client_host.size();
  member.client_id = std::move(client_id);
  member.client_host = std::move(client_host);
}

void Members::park_join(Member& member, WaiterId waiter) {
  CB_ASSERT(!member.join);
  member.join = waiter;
  ++parked_joins_;
}

std::optional<WaiterId> Members::take_join(Member& member) {
  if (member.join) --parked_joins_;
  return std::exchange(member.join, std::nullopt);
}

bool Members::elect_joined_leader() {
  const auto* leader = find(leader_);
  if (leader != nullptr && leader->join) return true;
  const auto joined = std::find_if(members_.begin(), members_.end(), [](const auto& m) { return m.second.join; });
  if (joined == members_.end()) return false;
  leader_ = joined->first;
  return true;
}

bool Members::supports(const std::vector<Protocol>& protocols) const {
  return members_.empty() || std::any_of(protocols.begin(), protocols.end(), [this](const Protocol& protocol) {
           const auto found = supporters_.find(protocol.name);
           return found != supporters_.end() && found->second == members_.size();
         });
}

std::string Members::choose_protocol() const {
  std::map<std::string_view, std::size_t> votes;
  for (const auto& [id, member] : members_) {
    for (const auto& protocol : member.protocols) {
      if (supporters_.find(protocol.name)->second != members_.size()) continue;
      ++votes[protocol.name];
      break;
    }
  }
  const auto* leader = find(leader_);
  if (leader == nullptr) return {};
  std::string_view chosen;
  for (const auto& protocol : leader->protocols) {
    const auto counted = votes.find(protocol.name);
    if (counted != votes.end() && (chosen.empty() || counted->second > votes[chosen])) chosen = protocol.name;
  }
  return std::string(chosen);
}

Duration Members::rebalance_timeout() const {
  Duration longest{0};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout());
  return longest;
}

void Members::count_protocols(const Member& member, bool add) {
  for (std::size_t i = 0; i < member.protocols.size(); ++i) {
    if (has_earlier(member.protocols, i)) continue; // named twice counts once
    const auto at = supporters_.try_emplace(member.protocols[i].name, 0).first;
    at->second = add ? at->second + 1 : at->second - 1;
    if (at->second == 0) supporters_.erase(at);
  }
}

} // namespace callboard::groups
