#include "cluster/partition/follower_reads.h"

#include <algorithm>

namespace callboard::partition {
namespace {

const raft::Progress* find_peer(const raft::Raft& raft, NodeId node) {
  const auto& peers = raft.progress();
  const auto found = std::find_if(peers.begin(), peers.end(), [&](const auto& peer) { return peer.node() == node; });
  return found == peers.end() ? nullptr : &*found;
}

} // namespace

void FollowerReads::want(const raft::ReadRequest& request) {
  take(request.to);
  wanted_.push_back(request);
  // What was sent from there on is to be sent again.
  for (auto& held : held_)
    if (held.last && held.to == request.to && held.from >= request.from) held.last = RaftIndex{};
}

std::optional<raft::ReadRequest> FollowerReads::take(NodeId to) {
  const auto found =
      std::find_if(wanted_.begin(), wanted_.end(), [&](const raft::ReadRequest& wanted) { return wanted.to == to; });
  if (found == wanted_.end()) return std::nullopt;
  const auto request = *found;
  wanted_.erase(found);
  return request;
}

bool FollowerReads::is_needed(const raft::Raft& raft, const raft::ReadRequest& request) {
  const auto* peer = raft.leads() ? find_peer(raft, request.to) : nullptr;
  return peer != nullptr && !peer->away && peer->reading && peer->next() == request.from;
}

void FollowerReads::start(GrantId id, const raft::ReadRequest& request) {
  held_.push_back({id, request.to, request.from, std::nullopt});
}

std::optional<GrantId> FollowerReads::finish(const raft::ReadRequest& request, const std::vector<LogEntry>& entries) {
  const auto found = std::find_if(held_.begin(), held_.end(), [&](const Held& held) {
    return !held.last && held.to == request.to && held.from == request.from;
  });
  if (found == held_.end()) return std::nullopt;
  found->last = entries.empty() ? RaftIndex{} : entries.back().index;
  return found->id;
}

std::vector<FollowerReads::Release> FollowerReads::settle(const raft::Raft& raft) {
  std::vector<Release> over;
  for (const auto& held : held_)
    if (is_over(raft, held)) over.push_back({held.to, held.id});
  std::erase_if(held_, [&](const Held& held) { return is_over(raft, held); });
  return over;
}

// In flight until the follower has it, or it is to be sent again: `next` is then not behind it.
bool FollowerReads::is_over(const raft::Raft& raft, const Held& held) {
  if (!held.last) return false;
  const auto* peer = raft.leads() ? find_peer(raft, held.to) : nullptr;
  if (peer == nullptr || peer->away || peer->match() >= *held.last) return true;
  switch (peer->state()) {
  case raft::Progress::State::probe: return peer->next() != held.from;
  case raft::Progress::State::replicate: return peer->next() <= *held.last;
  case raft::Progress::State::snapshot: return true;
  }
  return true;
}

std::vector<FollowerReads::Release> FollowerReads::drop() {
  std::vector<Release> all;
  for (const auto& held : held_) all.push_back({held.to, held.id});
  held_.clear();
  wanted_.clear();
  return all;
}

} // namespace callboard::partition
