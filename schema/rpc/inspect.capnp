@0xfa4532461b0ece09;
# What every actor of a node is doing: the data behind `callboard actors`.
#
# Reading costs the actors nothing until somebody asks, and an actor that is stuck is
# listed all the same: its counters are read without it, only `state` needs an answer.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("callboard::rpc::wire");

enum ActorOrder {
  mailboxDepth @0;   # most messages waiting first
  mailboxAge @1;     # longest waiting first
  processing @2;     # most time spent in handlers first
  messages @3;       # most messages handled first
  name @4;           # by kind, then name
}

struct ActorRow {
  id @0 :UInt64;             # unique within its node's life
  kind @1 :Text;             # "partition", "connection", "writer" ...
  name @2 :Text;             # "orders/3", "127.0.0.1:40312", "writer-2"; hostile text
  thread @3 :Text;           # where it runs: "loop-0", "worker"
  messages @4 :UInt64;       # handled since it started
  processingNs @5 :UInt64;   # spent in handlers since it started
  mailboxDepth @6 :UInt64;   # messages waiting now
  mailboxAgeNs @7 :UInt64;   # how long the oldest of them has waited
  answering @8 :Bool;        # it answered the status request in time
  state @9 :Text;            # what it said: one line for a person
  nodeId @10 :Int32 = -1;
}

struct ActorPage {
  rows @0 :List(ActorRow);
  total @1 :UInt32;          # how many matched, listed or not
}

interface Inspector {
  actors @0 (kind :Text, namePattern :Text, nodeId :Int32 = -1, sortBy :ActorOrder,
             limit :UInt32 = 50) -> (page :ActorPage);
  # The actors of one `kind` (empty: of all) whose name contains `namePattern` (empty: any), on one node
  # (-1: any); sorted and cut here, at most 200 rows.
}
