@0xd093278720dc98c8;
# What nodes say to each other.
#
# A node takes the bootstrap Broker of another, from it the Node, and says who it is:
#
#     broker.node().connect(hello)  ->  the other's hello, and a PeerLink
#
# Each node has a link of its own to every other; on it goes what this node wants the other to know. Whoever
# answers says with it that he lives.
#
# The schema only grows: fields and methods are appended, defaults mean the old behaviour. What cannot be
# understood by the version before gets another `protocol` number, and such nodes refuse each other.

using Cxx = import "/capnp/c++.capnp";
using Records = import "records.capnp";
$Cxx.namespace("callboard::rpc::wire");

struct PeerHello {
  protocol @0 :UInt32;
  node @1 :Int32 = -1;
  cluster @2 :Data;                      # 16 bytes
  identity @3 :Data;                     # 16 bytes, of the data directory
  incarnation @4 :UInt64;                # of the process
  peer @5 :Records.HostPort;
  client @6 :Records.HostPort;
  rack @7 :Text;
  version @8 :Text;
  wallMs @9 :Int64 = -1;
}

struct Probe {
  protocol @0 :UInt32;
  identity @1 :Data;                     # 16 bytes
  cluster @2 :Data;                      # null: belongs to none
  seeds @3 :List(Text);                  # sorted
  founding @4 :List(Data);               # 16 bytes each, sorted: with whom the sender agrees to found a cluster
}

struct JoinRequest {
  protocol @0 :UInt32;
  identity @1 :Data;                     # 16 bytes
  peer @2 :Records.HostPort;
  client @3 :Records.HostPort;
  rack @4 :Text;
  version @5 :Text;
}

struct JoinAnswer {
  cluster @0 :Data;                      # 16 bytes
  node @1 :Int32 = -1;
  nodes @2 :List(Records.NodeRecord);
}

struct Refusal {
  code @0 :Int16;                        # Kafka's error code
  message @1 :Text;                      # a sentence: both sides, and what to do
}

struct JoinOutcome {
  union {
    refused @0 :Refusal;
    joined @1 :JoinAnswer;
  }
}

struct ConnectOutcome {
  union {
    refused @0 :Refusal;
    connected :group {
      hello @1 :PeerHello;
      link @2 :PeerLink;
    }
  }
}

struct ProofOutcome {
  union {
    refused @0 :Refusal;
    proven @1 :Data;                     # 32 bytes: that the one who was asked knows it too
  }
}

struct LeaderAnnouncement {
  group @0 :UInt64;
  term @1 :Int32;
  leader @2 :Int32 = -1;
  revision @3 :UInt32;
  voters @4 :List(Int32);                # committed; of a joint membership those that leave too
  learners @5 :List(Int32);
  inSync @6 :List(Int32);
  asOf @7 :UInt64;                       # what the leader had committed when it said so
}

struct PeerHeartbeat {
  incarnation @0 :UInt64;
  stopped @1 :List(UInt64);              # groups whose replica is out of service on the sender's node
}

enum EntryType {
  none @0;                               # never written
  batch @1;
  noop @2;
  membership @3;
  logStart @4;
  compaction @5;
}

struct LogEntry {
  # The payload is `before`, `payload` and `behind`, one after the other: a large one is sent from where it lies
  # in memory, in whole words; what surrounds them goes beside it.
  index @0 :UInt64;
  baseOffset @1 :Int64;
  maxTimestampMs @2 :Int64 = -1;
  term @3 :Int32;
  offsetCount @4 :Int32;
  type @5 :EntryType;
  before @6 :Data;
  payload @7 :Data;
  behind @8 :Data;
}

struct StateRow {
  key @0 :Data;
  value @1 :Data;                        # null: the row goes
}

struct Membership {
  voters @0 :List(Int32);                # all lists sorted
  outgoing @1 :List(Int32);
  learners @2 :List(Int32);
}

struct Snapshot {
  index @0 :UInt64;
  nextOffset @1 :Int64;
  logStart @2 :Int64;
  applied @3 :UInt64;
  membershipIndex @4 :UInt64;
  term @5 :Int32;
  state @6 :List(StateRow);
  membership @7 :Membership;
}

struct StatePart {
  after @0 :Data;
  applied @1 :UInt64;
  nextOffset @2 :Int64;
  rows @3 :List(StateRow);
  more @4 :Bool;
}

struct RaftMessage {
  group @0 :UInt64;
  from @1 :Int32 = -1;
  to @2 :Int32 = -1;
  term @3 :Int32;
  union {
    none @4 :Void;                       # never sent: what zeroed bytes read as
    voteRequest :group {
      lastIndex @5 :UInt64;
      lastTerm @6 :Int32;
      pre @7 :Bool;
      transfer @8 :Bool;
    }
    voteReply :group {
      pre @9 :Bool;
      granted @10 :Bool;
    }
    append :group {
      prevIndex @11 :UInt64;
      commit @12 :UInt64;
      prevTerm @13 :Int32;
      rest @14 :Bool;
      entries @15 :List(LogEntry);
    }
    appendReply :group {
      match @16 :UInt64;
      rejectedPrev @17 :UInt64;
      hintIndex @18 :UInt64;
      hintTerm @19 :Int32;
      rejected @20 :Bool;
    }
    installSnapshot @21 :Snapshot;
    timeoutNow @22 :Void;
    stopped @23 :Void;
    stateRequest :group {
      after @24 :Data;
    }
    statePart @25 :StatePart;
  }
  life @26 :UInt32;
  # Of an appendReply: how often the sender lost a part of its log. Of an append: which life of the receiver it
  # speaks of; 0: it says nothing of the kind.
  recovering @27 :Bool;                  # of a reply: the sender may lack what it once acknowledged
  wholeFrom @28 :UInt64;                 # of an append: with that much it lacks nothing
  digestAt @29 :UInt64;                  # the sender's digest is of the entries up to here; 0: none is said
  digest @30 :UInt64;
  damagedLife @31 :UInt32;               # of an append: the receiver's log is not the group's; its life + 1, or 0
  membershipIndex @32 :UInt64;           # of a vote request: where the newest membership is that the sender knows
  digestLearned @33 :Bool;               # the digest is in part what others said
  agreedAt @34 :UInt64;                  # of an append: there all voters had the same digest; 0: nowhere yet
  round @35 :UInt64;                     # of an append: a number; of an appendReply: the one that came last
}

interface Node {
  # What a node is to other nodes.

  probe @0 (probe :Probe) -> (answer :Probe);
  # Before one belongs to a cluster: who is there?

  join @1 (request :JoinRequest) -> (outcome :JoinOutcome);
  # Take me in. Asked again, the answer is the same.

  connect @2 (hello :PeerHello) -> (outcome :ConnectOutcome);

  # Where the cluster has a secret, each side shows first that it knows it, and without that none of the above is
  # answered. What is shown: actors/tls/proof.h.
  challenge @3 () -> (nonce :Data);      # 32 bytes
  prove @4 (nonce :Data, proof :Data) -> (outcome :ProofOutcome);  # the caller's
}

interface PeerLink {
  # What one node tells another, for as long as their connection lasts. In the order of the calls.

  raft @0 (messages :List(RaftMessage)) -> ();
  # Answered when they are handed on; what becomes of them is said by messages in the other direction. Not a
  # streamed call: the sender bounds what is under way by these answers.

  announce @1 (leaders :List(LeaderAnnouncement)) -> ();

  heartbeat @2 (heartbeat :PeerHeartbeat) -> (heartbeat :PeerHeartbeat);
  # Sent when nothing else was for a while.

  command @3 (kind :UInt16, body :Data) -> (code :Int16, message :Text, body :Data, index :UInt64);
  # To be done by the controller, if that is the node asked; code 0: done. `index`: of the metadata log, where
  # its effect is.
}
