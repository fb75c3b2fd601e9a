#include "tests/bench/cluster_cost/wire.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "schema/rpc/api.h"
#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_peer.h"

namespace callboard::bench {
namespace {

using rpc::wire::PeerLink;

capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = rpc::message_bytes_max / sizeof(capnp::word);
  return options;
}

} // namespace

Call encode(NodeId to, const std::vector<raft::Message>& messages) {
  capnp::MallocMessageBuilder message;
  rpc::write(messages, message.initRoot<PeerLink::RaftParams>().initMessages(rpc::to_list_size(messages.size())));
  return {to, false, capnp::messageToFlatArray(message)};
}

Call encode(NodeId to, const std::vector<LeaderAnnouncement>& leaders) {
  capnp::MallocMessageBuilder message;
  rpc::write(leaders, message.initRoot<PeerLink::AnnounceParams>().initLeaders(rpc::to_list_size(leaders.size())));
  return {to, true, capnp::messageToFlatArray(message)};
}

std::vector<raft::Message> decode_messages(const Call& call) {
  capnp::FlatArrayMessageReader reader(call.words, reader_options());
  return rpc::read(reader.getRoot<PeerLink::RaftParams>().getMessages());
}

std::vector<LeaderAnnouncement> decode_leaders(const Call& call) {
  capnp::FlatArrayMessageReader reader(call.words, reader_options());
  return rpc::read(reader.getRoot<PeerLink::AnnounceParams>().getLeaders());
}

} // namespace callboard::bench
