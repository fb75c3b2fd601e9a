#include "schema/rpc/translate_peer.h"

#include <algorithm>
#include <kj/debug.h>

#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_node.h"

namespace callboard::rpc {
namespace {

// Of a host, a rack, a version: far more than any has.
constexpr std::size_t name_bytes_max = 1024;
constexpr unsigned seeds_max = 1024;
constexpr unsigned members_max = 255; // as in a Membership

std::string read_name(capnp::Text::Reader from) {
  KJ_REQUIRE(from.size() <= name_bytes_max, "a name between nodes is longer than any");
  return to_string(from);
}

HostPort read_address(wire::HostPort::Reader from) {
  return {read_name(from.getHost()), from.getPort()};
}

Uuid read_id(capnp::Data::Reader from) {
  const auto id = to_uuid(from);
  KJ_REQUIRE(id.has_value(), "an identity between nodes is not 16 bytes long");
  return *id;
}

void write_nodes(const std::vector<NodeId>& from, capnp::List<std::int32_t>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, from[i].value);
}

std::vector<NodeId> read_nodes(capnp::List<std::int32_t>::Reader from) {
  KJ_REQUIRE(from.size() <= members_max, "a list of a group's members is longer than any");
  std::vector<NodeId> nodes;
  for (const auto node : from) {
    KJ_REQUIRE(node >= 0, "a member of a group is no node", node);
    nodes.emplace_back(node);
  }
  return nodes;
}

void write_announcement(const LeaderAnnouncement& from, wire::LeaderAnnouncement::Builder to) {
  to.setGroup(from.group.value);
  to.setTerm(from.term.value);
  to.setLeader(from.leader.value);
  to.setRevision(from.revision);
  write_nodes(from.voters, to.initVoters(to_list_size(from.voters.size())));
  write_nodes(from.learners, to.initLearners(to_list_size(from.learners.size())));
  write_nodes(from.in_sync, to.initInSync(to_list_size(from.in_sync.size())));
  to.setAsOf(from.as_of.value);
}

LeaderAnnouncement read_announcement(wire::LeaderAnnouncement::Reader from) {
  LeaderAnnouncement announcement;
  announcement.group = GroupId(from.getGroup());
  announcement.term = Term(from.getTerm());
  announcement.leader = NodeId(from.getLeader());
  announcement.revision = from.getRevision();
  KJ_REQUIRE(announcement.term.value >= 0 && announcement.leader >= no_node, "a leader that cannot be was announced");
  announcement.voters = read_nodes(from.getVoters());
  announcement.learners = read_nodes(from.getLearners());
  announcement.in_sync = read_nodes(from.getInSync());
  announcement.as_of = RaftIndex(from.getAsOf());
  return announcement;
}

} // namespace

void write(const PeerHello& from, wire::PeerHello::Builder to) {
  to.setProtocol(from.protocol);
  to.setNode(from.node.value);
  to.setCluster(to_data(from.cluster));
  to.setIdentity(to_data(from.identity));
  to.setIncarnation(from.incarnation);
  write(from.peer, to.initPeer());
  write(from.client, to.initClient());
  to.setRack(to_text(from.rack));
  to.setVersion(to_text(from.version));
  to.setWallMs(from.wall);
}

PeerHello read(wire::PeerHello::Reader from) {
  PeerHello hello;
  hello.protocol = from.getProtocol();
  hello.node = NodeId(from.getNode());
  hello.cluster = read_id(from.getCluster());
  hello.identity = read_id(from.getIdentity());
  hello.incarnation = from.getIncarnation();
  hello.peer = read_address(from.getPeer());
  hello.client = read_address(from.getClient());
  hello.rack = read_name(from.getRack());
  hello.version = read_name(from.getVersion());
  hello.wall = from.getWallMs();
  return hello;
}

void write(const Probe& from, wire::Probe::Builder to) {
  to.setProtocol(from.protocol);
  to.setIdentity(to_data(from.identity));
  if (from.cluster) to.setCluster(to_data(*from.cluster));
  auto seeds = to.initSeeds(to_list_size(from.seeds.size()));
  for (unsigned i = 0; i < seeds.size(); ++i) seeds.set(i, to_text(from.seeds[i]));
  if (from.founding.empty()) return;
  auto founding = to.initFounding(to_list_size(from.founding.size()));
  for (unsigned i = 0; i < founding.size(); ++i) founding.set(i, to_data(from.founding[i]));
}

Probe read(wire::Probe::Reader from) {
  Probe probe;
  probe.protocol = from.getProtocol();
  probe.identity = read_id(from.getIdentity());
  if (from.hasCluster()) probe.cluster = read_id(from.getCluster());
  const auto seeds = from.getSeeds();
  KJ_REQUIRE(seeds.size() <= seeds_max, "a list of seeds is longer than any", seeds.size());
  for (const auto seed : seeds) probe.seeds.push_back(read_name(seed));
  const auto founding = from.getFounding();
  KJ_REQUIRE(founding.size() <= seeds_max, "more nodes found a cluster than any", founding.size());
  for (const auto node : founding) probe.founding.push_back(read_id(node));
  return probe;
}

void write(const JoinRequest& from, wire::JoinRequest::Builder to) {
  to.setProtocol(from.protocol);
  to.setIdentity(to_data(from.identity));
  write(from.peer, to.initPeer());
  write(from.client, to.initClient());
  to.setRack(to_text(from.rack));
  to.setVersion(to_text(from.version));
}

JoinRequest read(wire::JoinRequest::Reader from) {
  return {from.getProtocol(),           read_id(from.getIdentity()),
          read_address(from.getPeer()), read_address(from.getClient()),
          read_name(from.getRack()),    read_name(from.getVersion())};
}

void write(const JoinAnswer& from, wire::JoinAnswer::Builder to) {
  to.setCluster(to_data(from.cluster));
  to.setNode(from.node.value);
  auto nodes = to.initNodes(to_list_size(from.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) write(from.nodes[i], nodes[i]);
}

JoinAnswer read(wire::JoinAnswer::Reader from) {
  JoinAnswer answer;
  answer.cluster = read_id(from.getCluster());
  answer.node = NodeId(from.getNode());
  KJ_REQUIRE(answer.node.value >= 0, "who joins was given an id that is none");
  for (const auto node : from.getNodes()) {
    auto record = read(node);
    KJ_REQUIRE(record.ok(), "a node of the cluster is in a form that this version does not know");
    KJ_REQUIRE(record->id.value >= 0, "a node of the cluster has an id that is none");
    answer.nodes.push_back(std::move(*record));
  }
  return answer;
}

void write(const Result<JoinAnswer>& from, wire::JoinOutcome::Builder to) {
  if (from)
    write(*from, to.initJoined());
  else
    write(from.error(), to.initRefused());
}

Result<JoinAnswer> read(wire::JoinOutcome::Reader from) {
  if (from.isRefused()) return read(from.getRefused());
  KJ_REQUIRE(from.isJoined(), "an answer to who joins that this version does not know");
  return read(from.getJoined());
}

void write(const std::vector<LeaderAnnouncement>& from, capnp::List<wire::LeaderAnnouncement>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) write_announcement(from[i], to[i]);
}

std::vector<LeaderAnnouncement> read(capnp::List<wire::LeaderAnnouncement>::Reader from) {
  std::vector<LeaderAnnouncement> announcements;
  for (const auto announcement : from) announcements.push_back(read_announcement(announcement));
  return announcements;
}

void write(const PeerHeartbeat& from, wire::PeerHeartbeat::Builder to) {
  to.setIncarnation(from.incarnation);
  auto stopped = to.initStopped(to_list_size(from.stopped.size()));
  for (unsigned i = 0; i < stopped.size(); ++i) stopped.set(i, from.stopped[i].value);
}

PeerHeartbeat read(wire::PeerHeartbeat::Reader from) {
  PeerHeartbeat heartbeat;
  heartbeat.incarnation = from.getIncarnation();
  for (const auto group : from.getStopped()) heartbeat.stopped.emplace_back(group);
  return heartbeat;
}

void write(const PeerCommand& from, wire::PeerLink::CommandParams::Builder to) {
  to.setKind(from.kind);
  to.setBody(to_data(from.body.view()));
}

PeerCommand read(wire::PeerLink::CommandParams::Reader from) {
  return {from.getKind(), SharedBytes::copy_of(to_view(from.getBody()))};
}

void write(const PeerCommandOutcome& from, wire::PeerLink::CommandResults::Builder to) {
  to.setCode(static_cast<std::int16_t>(on_kafka_wire(from.error)));
  to.setMessage(to_text(from.message));
  to.setBody(to_data(from.body.view()));
  to.setIndex(from.index.value);
}

PeerCommandOutcome read(wire::PeerLink::CommandResults::Reader from) {
  return {static_cast<ErrorCode>(from.getCode()), to_string(from.getMessage()),
          SharedBytes::copy_of(to_view(from.getBody())), RaftIndex(from.getIndex())};
}

void write(const Error& from, wire::Refusal::Builder to) {
  to.setCode(static_cast<std::int16_t>(on_kafka_wire(from.code)));
  to.setMessage(from.message.empty() ? std::string(name_of(from.code)) : from.message);
}

Error read(wire::Refusal::Reader from) {
  return {static_cast<ErrorCode>(from.getCode()), to_string(from.getMessage())};
}

std::array<std::uint8_t, 32> read_challenge(capnp::Data::Reader from) {
  std::array<std::uint8_t, 32> bytes{};
  KJ_REQUIRE(from.size() == bytes.size(), "what is to prove a secret is not 32 bytes long");
  std::copy(from.begin(), from.end(), bytes.begin());
  return bytes;
}

} // namespace callboard::rpc
