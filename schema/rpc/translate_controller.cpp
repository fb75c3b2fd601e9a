#include "schema/rpc/translate_controller.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <utility>

#include "schema/rpc/controller.capnp.h"
#include "schema/rpc/translate.h"
#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_cluster.h"
#include "schema/rpc/translate_node.h"

namespace callboard::rpc {
namespace {

Error malformed(std::string_view why) {
  return {ErrorCode::invalid_request, "a message between nodes cannot be read: " + std::string(why)};
}

void write(wire::ControllerCommand::Builder root, const TopicCreation& creation) {
  const auto& command = creation.command;
  auto out = root.initCreateTopic();
  out.setName(to_text(command.name));
  out.setPartitions(command.partitions);
  out.setReplicationFactor(command.replication_factor);
  auto assignments = out.initAssignments(to_list_size(command.assignments.size()));
  for (unsigned i = 0; i < assignments.size(); ++i) {
    const auto& from = command.assignments[i];
    assignments[i].setPartition(from.partition);
    write_nodes(from.replicas, assignments[i].initReplicas(to_list_size(from.replicas.size())));
  }
  auto configs = out.initConfigs(to_list_size(command.configs.size()));
  for (unsigned i = 0; i < configs.size(); ++i) {
    configs[i].setName(to_text(command.configs[i].first));
    configs[i].setValue(to_text(command.configs[i].second));
  }
  out.setInternal(command.internal);
  out.setValidateOnly(creation.validate_only);
  out.setMentioned(creation.mentioned);
}

void write(wire::ControllerCommand::Builder root, const TopicDeletion& deletion) {
  auto out = root.initDeleteTopic();
  if (deletion.name) out.setName(to_text(*deletion.name));
  out.setId(to_data(deletion.id));
}

void write(wire::ControllerCommand::Builder root, const TopicAlteration& alteration) {
  auto out = root.initAlterTopic();
  out.setName(to_text(alteration.command.name));
  out.setReplace(alteration.command.replace);
  auto changes = out.initChanges(to_list_size(alteration.command.changes.size()));
  for (unsigned i = 0; i < changes.size(); ++i) {
    const auto& from = alteration.command.changes[i];
    changes[i].setName(to_text(from.name));
    changes[i].setOperation(static_cast<std::int8_t>(from.operation));
    if (from.value) changes[i].setValue(to_text(*from.value));
  }
  out.setValidateOnly(alteration.validate_only);
}

void write(wire::ControllerCommand::Builder root, const PartitionAddition& addition) {
  auto out = root.initAddPartitions();
  out.setName(to_text(addition.command.name));
  out.setCount(addition.command.count);
  if (addition.command.assignments) {
    const auto& from = *addition.command.assignments;
    auto assignments = out.initAssignments(to_list_size(from.size()));
    for (unsigned i = 0; i < assignments.size(); ++i)
      write_nodes(from[i], assignments[i].initNodes(to_list_size(from[i].size())));
  }
  out.setValidateOnly(addition.validate_only);
}

void write(wire::ControllerCommand::Builder root, const ProducerIdAllocation&) {
  root.setAllocateProducerId();
}

void write(wire::ControllerCommand::Builder root, const NodeRegistration& registration) {
  rpc::write(registration.node, root.initRegisterNode());
}

void write(wire::ControllerCommand::Builder root, const LeadershipTransfer& transfer) {
  auto out = root.initTransferLeadership();
  out.setGroup(transfer.group.value);
  out.setTo(transfer.to.value);
}

void write(wire::ControllerCommand::Builder root, const NodeDrain& drain) {
  auto out = root.initDrainNode();
  out.setNode(drain.node.value);
  out.setCancel(drain.cancel);
}

void write(wire::ControllerCommand::Builder root, const NodeRemoval& removal) {
  root.setRemoveNode(removal.node.value);
}

void write(wire::ControllerCommand::Builder root, const Rebalance& rebalance) {
  root.initRebalance().setCancel(rebalance.cancel);
}

void write(wire::ControllerCommand::Builder root, const TopicMoving& moving) {
  auto out = root.initMoveTopic();
  out.setName(to_text(moving.command.name));
  rpc::write(moving.command.moves, out.initMoves(to_list_size(moving.command.moves.size())));
  out.setKeepFactor(!moving.command.allow_factor_change);
}

void write(wire::ControllerCommand::Builder root, const LeaderElection& election) {
  auto out = root.initElectLeaders();
  rpc::write(election.partitions, out.initPartitions(to_list_size(election.partitions.size())));
  out.setAll(election.all);
}

void write(wire::ControllerCommand::Builder root, const ClusterStatusQuery&) {
  root.setClusterStatus();
}

ControllerCommand read(wire::TopicCreation::Reader in) {
  TopicCreation creation;
  auto& command = creation.command;
  command.name = to_string(in.getName());
  command.partitions = in.getPartitions();
  command.replication_factor = in.getReplicationFactor();
  for (const auto assignment : in.getAssignments())
    command.assignments.push_back({assignment.getPartition(), read_nodes(assignment.getReplicas())});
  for (const auto config : in.getConfigs())
    command.configs.emplace_back(to_string(config.getName()), to_string(config.getValue()));
  command.internal = in.getInternal();
  creation.validate_only = in.getValidateOnly();
  creation.mentioned = in.getMentioned();
  return creation;
}

ControllerCommand read(wire::TopicAlteration::Reader in) {
  TopicAlteration alteration;
  alteration.command.name = to_string(in.getName());
  alteration.command.replace = in.getReplace();
  for (const auto change : in.getChanges()) {
    auto& out = alteration.command.changes.emplace_back();
    out.name = to_string(change.getName());
    out.operation = static_cast<metadata::ConfigOperation>(change.getOperation());
    if (change.hasValue()) out.value = to_string(change.getValue());
  }
  alteration.validate_only = in.getValidateOnly();
  return alteration;
}

ControllerCommand read(wire::PartitionAddition::Reader in) {
  PartitionAddition addition;
  addition.command.name = to_string(in.getName());
  addition.command.count = in.getCount();
  if (in.hasAssignments()) {
    auto& assignments = addition.command.assignments.emplace();
    for (const auto nodes : in.getAssignments()) assignments.push_back(read_nodes(nodes.getNodes()));
  }
  addition.validate_only = in.getValidateOnly();
  return addition;
}

Result<ControllerCommand> read(wire::ControllerCommand::Reader in) {
  switch (in.which()) {
  case wire::ControllerCommand::NONE: return malformed("it is empty");
  case wire::ControllerCommand::CREATE_TOPIC: return read(in.getCreateTopic());
  case wire::ControllerCommand::DELETE_TOPIC: {
    const auto deletion = in.getDeleteTopic();
    const auto id = to_uuid(deletion.getId());
    if (!id) return malformed("a topic's id is not 16 bytes long");
    TopicDeletion out{std::nullopt, *id};
    if (deletion.hasName()) out.name = to_string(deletion.getName());
    return ControllerCommand(std::move(out));
  }
  case wire::ControllerCommand::ALTER_TOPIC: return read(in.getAlterTopic());
  case wire::ControllerCommand::ADD_PARTITIONS: return read(in.getAddPartitions());
  case wire::ControllerCommand::ALLOCATE_PRODUCER_ID: return ControllerCommand(ProducerIdAllocation{});
  case wire::ControllerCommand::REGISTER_NODE: {
    auto node = rpc::read(in.getRegisterNode());
    if (!node) return malformed(node.error().message);
    return ControllerCommand(NodeRegistration{std::move(*node)});
  }
  case wire::ControllerCommand::TRANSFER_LEADERSHIP: {
    const auto transfer = in.getTransferLeadership();
    return ControllerCommand(LeadershipTransfer{GroupId(transfer.getGroup()), NodeId(transfer.getTo())});
  }
  case wire::ControllerCommand::DRAIN_NODE: {
    const auto drain = in.getDrainNode();
    return ControllerCommand(NodeDrain{NodeId(drain.getNode()), drain.getCancel()});
  }
  case wire::ControllerCommand::REMOVE_NODE: return ControllerCommand(NodeRemoval{NodeId(in.getRemoveNode())});
  case wire::ControllerCommand::REBALANCE: return ControllerCommand(Rebalance{in.getRebalance().getCancel()});
  case wire::ControllerCommand::MOVE_TOPIC: {
    const auto moving = in.getMoveTopic();
    return ControllerCommand(
        TopicMoving{{to_string(moving.getName()), rpc::read(moving.getMoves()), !moving.getKeepFactor()}});
  }
  case wire::ControllerCommand::ELECT_LEADERS: {
    const auto election = in.getElectLeaders();
    return ControllerCommand(LeaderElection{rpc::read(election.getPartitions()), election.getAll()});
  }
  case wire::ControllerCommand::CLUSTER_STATUS: return ControllerCommand(ClusterStatusQuery{});
  }
  return Error{ErrorCode::unsupported_version,
               "The controller runs an older version that does not know this command; update every node."};
}

Result<ControllerOutcome> read(wire::ControllerOutcome::Reader in) {
  ControllerOutcome outcome;
  outcome.error = static_cast<ErrorCode>(in.getError());
  outcome.message = to_string(in.getMessage());
  outcome.index = RaftIndex(in.getIndex());
  if (in.hasRecord()) {
    auto record = decode_metadata_record(to_view(in.getRecord()));
    if (!record) return malformed(record.error().message);
    outcome.record = std::move(*record);
  }
  outcome.producer_id = ProducerId(in.getProducerId());
  for (const auto node : in.getNodes()) {
    auto record = rpc::read(node);
    if (!record) return malformed(record.error().message);
    outcome.nodes.push_back(std::move(*record));
  }
  outcome.partitions = rpc::read(in.getPartitions());
  if (in.hasStatus()) {
    auto status = rpc::read(in.getStatus());
    if (!status) return malformed(status.error().message);
    outcome.status = std::move(*status);
  }
  return outcome;
}

std::string bytes_of_message(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

template <class Wire, class Read>
auto decode(ByteView bytes, Read read_root) -> decltype(read_root(std::declval<typename Wire::Reader>())) {
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) return malformed("its length is no number of words");
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word)); // aligned, unlike what came
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  const capnp::ReaderOptions bounds{2 * words.size() + 16, 16};
  try {
    capnp::FlatArrayMessageReader message(words, bounds);
    return read_root(message.getRoot<Wire>());
  } catch (const kj::Exception& e) {
    return malformed(e.getDescription().cStr());
  }
}

} // namespace

std::string encode_controller_command(const ControllerCommand& command) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::ControllerCommand>();
  std::visit([&](const auto& held) { write(root, held); }, command);
  return bytes_of_message(message);
}

Result<ControllerCommand> decode_controller_command(ByteView bytes) {
  return decode<wire::ControllerCommand>(bytes, [](wire::ControllerCommand::Reader in) { return read(in); });
}

std::string encode_controller_outcome(const ControllerOutcome& outcome) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::ControllerOutcome>();
  root.setError(static_cast<std::int16_t>(on_kafka_wire(outcome.error)));
  root.setMessage(to_text(outcome.message));
  root.setIndex(outcome.index.value);
  if (outcome.record) root.setRecord(to_data(bytes_of(encode_metadata_record(*outcome.record))));
  root.setProducerId(outcome.producer_id.value);
  auto nodes = root.initNodes(to_list_size(outcome.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) rpc::write(outcome.nodes[i], nodes[i]);
  rpc::write(outcome.partitions, root.initPartitions(to_list_size(outcome.partitions.size())));
  if (outcome.status) rpc::write(*outcome.status, root.initStatus());
  return bytes_of_message(message);
}

Result<ControllerOutcome> decode_controller_outcome(ByteView bytes) {
  return decode<wire::ControllerOutcome>(bytes, [](wire::ControllerOutcome::Reader in) { return read(in); });
}

} // namespace callboard::rpc
