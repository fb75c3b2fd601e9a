#include "schema/membership.h"

#include <algorithm>
#include <string>

#include "schema/big_endian.h"

namespace callboard {
namespace {

constexpr std::uint8_t membership_version = 1;
constexpr std::size_t list_max = 255;

bool has(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

Error unfit(std::string what) {
  return {ErrorCode::invalid_argument, "This membership is impossible: " + std::move(what) + "."};
}

void put(std::vector<std::uint8_t>& out, const std::vector<NodeId>& nodes) {
  out.push_back(static_cast<std::uint8_t>(nodes.size()));
  for (const auto node : nodes) {
    out.resize(out.size() + sizeof node.value);
    store_big_endian(&out[out.size() - sizeof node.value], node.value);
  }
}

bool take(ByteView& in, std::vector<NodeId>& nodes) {
  if (in.empty()) return false;
  const std::size_t count = in[0];
  in = in.subspan(1);
  if (in.size() < count * sizeof(NodeId::rep)) return false;
  for (std::size_t i = 0; i < count; ++i)
    nodes.emplace_back(load_big_endian<NodeId::rep>(&in[i * sizeof(NodeId::rep)]));
  in = in.subspan(count * sizeof(NodeId::rep));
  return true;
}

} // namespace

bool Membership::is_voter(NodeId node) const {
  return has(voters, node) || has(outgoing, node);
}

bool Membership::is_learner(NodeId node) const {
  return has(learners, node);
}

std::vector<NodeId> Membership::members() const {
  auto all = voters;
  all.insert(all.end(), outgoing.begin(), outgoing.end());
  all.insert(all.end(), learners.begin(), learners.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Result<Membership> checked_membership(Membership membership) {
  if (membership.voters.empty()) return unfit("it has no voter");
  for (auto* nodes : {&membership.voters, &membership.outgoing, &membership.learners}) {
    std::sort(nodes->begin(), nodes->end());
    if (nodes->size() > list_max) return unfit("more than 255 nodes in one list");
    if (!nodes->empty() && nodes->front().value < 0) return unfit("a node id is negative");
    const auto twice = std::adjacent_find(nodes->begin(), nodes->end());
    if (twice != nodes->end()) return unfit("node " + std::to_string(twice->value) + " is named twice");
  }
  for (const auto learner : membership.learners) {
    if (membership.is_voter(learner)) return unfit("node " + std::to_string(learner.value) + " is voter and learner");
  }
  return membership;
}

SharedBytes encode_membership(const Membership& membership) {
  std::vector<std::uint8_t> out{membership_version};
  put(out, membership.voters);
  put(out, membership.outgoing);
  put(out, membership.learners);
  return SharedBytes::copy_of(out);
}

Result<Membership> decode_membership(ByteView payload) {
  const Error damaged{ErrorCode::corrupt_storage, "A membership entry is damaged."};
  if (payload.empty() || payload[0] != membership_version) return damaged;
  auto in = payload.subspan(1);
  Membership read;
  if (!take(in, read.voters) || !take(in, read.outgoing) || !take(in, read.learners) || !in.empty()) return damaged;
  auto checked = checked_membership(read);
  if (!checked || *checked != read) return damaged;
  return checked;
}

} // namespace callboard
