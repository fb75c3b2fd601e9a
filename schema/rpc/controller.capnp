@0xbb0a1d6a63c4f1d7;
# What a node asks the controller to change, and what came of it: the bodies of PeerLink.command.
#
# Grow it only by appending: a controller that meets a command it does not know refuses it.

using Cluster = import "cluster.capnp";
using Records = import "records.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("callboard::rpc::wire");

struct ControllerCommand {
  union {
    none @0 :Void;                       # never sent: what zeroed bytes read as
    createTopic @1 :TopicCreation;
    deleteTopic @2 :TopicDeletion;
    alterTopic @3 :TopicAlteration;
    addPartitions @4 :PartitionAddition;
    allocateProducerId @5 :Void;
    registerNode @6 :Records.NodeRecord;
    transferLeadership @7 :LeadershipTransfer;
    drainNode @8 :NodeDrain;
    removeNode @9 :Int32;
    rebalance @10 :Rebalance;
    moveTopic @11 :TopicMoving;
    electLeaders @12 :LeaderElection;
    clusterStatus @13 :Void;
  }
}

struct NodeList {
  nodes @0 :List(Int32);
}

struct TopicCreation {
  name @0 :Text;
  partitions @1 :Int32 = -1;
  replicationFactor @2 :Int16 = -1;
  assignments @3 :List(Assignment);
  configs @4 :List(Records.ConfigEntry);
  internal @5 :Bool;
  validateOnly @6 :Bool;
  mentioned @7 :Bool;

  struct Assignment {
    partition @0 :Int32;
    replicas @1 :List(Int32);
  }
}

struct LeadershipTransfer {
  group @0 :UInt64;
  to @1 :Int32 = -1;
}

struct TopicDeletion {
  name @0 :Text;                         # null: by id
  id @1 :Data;
}

struct TopicAlteration {
  name @0 :Text;
  replace @1 :Bool;
  changes @2 :List(Change);
  validateOnly @3 :Bool;

  struct Change {
    name @0 :Text;
    operation @1 :Int8;                  # Kafka's numbers (KIP-339)
    value @2 :Text;                      # null: none
  }
}

struct PartitionAddition {
  name @0 :Text;
  count @1 :Int32;
  assignments @2 :List(NodeList);        # null: the controller places them
  validateOnly @3 :Bool;
}

struct NodeDrain {
  node @0 :Int32 = -1;
  cancel @1 :Bool;
}

struct Rebalance {
  cancel @0 :Bool;
}

struct TopicMoving {
  name @0 :Text;
  moves @1 :List(Cluster.PartitionMove);
  keepFactor @2 :Bool;                   # refuse moves to another number of replicas
}

struct LeaderElection {
  partitions @0 :List(Cluster.PartitionSelection);
  all @1 :Bool;                          # instead: every partition that another node leads
}

struct ControllerOutcome {
  error @0 :Int16;                       # Kafka's error code, or Callboard's own
  message @1 :Text;
  index @2 :UInt64;                      # of the metadata log
  record @3 :Data;                       # a MetadataRecord as the log keeps it; null: none
  producerId @4 :Int64 = -1;
  nodes @5 :List(Records.NodeRecord);
  partitions @6 :List(Cluster.PartitionOutcome);
  status @7 :Cluster.ClusterStatus;      # null: none
}
