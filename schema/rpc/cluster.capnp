@0xb997d2b7a53d711a;
# How the cluster is, and what came of changing it: said to clients (broker.capnp) and from node to node
# (controller.capnp).
#
# Grow it only by appending: defaults mean the old behaviour.

using Records = import "records.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("callboard::rpc::wire");

struct ClusterStatus {
  cluster @0 :Data;                    # its id, 16 bytes; zeros: the node belongs to none yet
  toldBy @1 :Int32 = -1;               # the node whose view this is; -1: it has no id yet
  controller @2 :Int32 = -1;           # who controls the cluster; -1: nobody, as far as that node knows
  waiting @3 :Text;                    # why it cannot say more, or serve: what it waits for; empty: nothing
  nodes @4 :List(NodeSummary);         # by id, without those that were removed
  operations @5 :List(Operation);
  metadataVoters @6 :List(Int32);
  metadataLearners @7 :List(Int32);
  topics @8 :UInt64;
  partitions @9 :UInt64;
  leaderless @10 :UInt64;              # partitions without a leader that is up
  underReplicated @11 :UInt64;         # partitions with a leader, and a replica that is not in sync
  troubles @12 :List(Text);            # of the node that was asked with others: sentences

  struct NodeSummary {
    node @0 :Records.NodeRecord;
    up @1 :Bool;
    leads @2 :UInt64;                  # partitions
    replicas @3 :UInt64;               # of partitions, as placed
  }

  struct Operation {
    what @0 :Text;                     # "drain", "replace", "rebalance", "factor", "move"
    node @1 :Int32 = -1;               # of drain and replace
    done @2 :UInt64;
    total @3 :UInt64;                  # replicas of drain and replace, else partitions; grows while it is found out
    waiting @4 :Text;                  # for what, as sentences; empty: it goes on
    leftMs @5 :Int64 = -1;             # how long it takes at the pace so far; -1: not known
  }
}

struct PartitionMove {
  partition @0 :Int32;
  replicas @1 :List(Int32);            # the preferred leader first; null: back to those it has now
}

struct PartitionSelection {
  topic @0 :Text;
  partitions @1 :List(Int32);
}

struct PartitionOutcome {
  topic @0 :Text;
  partition @1 :Int32;
  error @2 :Int16;                     # Kafka's error code; 0: it is done
  message @3 :Text;                    # a sentence, with an error
}
