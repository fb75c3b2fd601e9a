@0xfef74d2a425cf90e;
# Callboard's public client API.
#
# Connect, take the bootstrap capability as a Broker, and narrow it:
#
#     broker.topic("orders").partition(3).produce(...)
#
# is one round trip, as calls pipeline on capabilities that have not arrived yet. A capability is also
# the right to use it: whoever is handed the Partition can read and write that partition and nothing else.
#
# What may happen in normal operation (an unknown topic, a refused config, too few replicas) is an
# `Outcome`. An exception means that the protocol was misused or that the connection is gone.
#
# Messages travel as Kafka record batches (magic 2) or as plain records. Plain records are convenient;
# batches are fast: the broker neither builds nor walks them, and a compressed one stays compressed.
#
# Limits: a message of at most 64 MiB, and per connection bounded bytes of unanswered produce and unread
# replies. At a limit calls wait their turn; nothing is dropped.
#
# The schema only grows: fields and methods are appended, defaults mean the old behaviour.

using Cxx = import "/capnp/c++.capnp";
using Members = import "cluster.capnp";
using Inspect = import "inspect.capnp";
using Peer = import "peer.capnp";
$Cxx.namespace("callboard::rpc::wire");

struct ErrorInfo {
  code @0 :Int16;      # Kafka's error code, so that both doors say the same
  message @1 :Text;    # a sentence for a person: what was refused and what to do
}

struct Outcome(Value) {
  union {
    error @0 :ErrorInfo;
    value @1 :Value;
  }
}

struct Done {}

struct Config {
  name @0 :Text;       # as in Kafka: "retention.ms", and Callboard's own: "callboard.durability"
  value @1 :Text;
}

struct TopicInfo {
  name @0 :Text;
  id @1 :Data;         # 16 bytes; a topic deleted and created again gets another
  partitions @2 :UInt32;
  replicationFactor @3 :UInt16;
  configs @4 :List(Config);   # only what was set
}

struct TopicPage {
  topics @0 :List(TopicInfo);  # by name
  more @1 :Bool;               # ask again with `after` = the last name
}

struct Header {
  key @0 :Text;
  value @1 :Data;      # null: no value
}

struct Record {
  key @0 :Data;        # null (not set): no key; empty: an empty key
  value @1 :Data;      # null (not set): a tombstone
  headers @2 :List(Header);
  timestampMs @3 :Int64 = -1;   # since 1970 UTC; produce: -1 is the broker's now
  offset @4 :Int64 = -1;        # fetch only
}

struct Messages {
  # What one produce holds; it is appended whole or not at all.
  union {
    batch @0 :Data;              # exactly one record batch as Kafka defines it, magic 2
    records @1 :List(Record);    # at least one
  }
}

enum Acks {
  all @0;              # answered when committed: on disk at a majority of its replicas
  leader @1;           # answered when on the leader's disk
  none @2;             # answered at once; may be lost
}

struct Produced {
  baseOffset @0 :Int64;              # of the first record; -1 with Acks.none
  logAppendTimeMs @1 :Int64 = -1;    # set if the topic stamps its own time
  logStart @2 :Int64 = -1;
}

struct SendFailure {
  send @0 :UInt64;     # which send since the last flush, from 0
  error @1 :ErrorInfo;
}

struct Flushed {
  # What became of every send since the flush before.
  acknowledged @0 :UInt64;           # sends; equals the number of sends if all went well
  failed @1 :UInt64;
  failures @2 :List(SendFailure);    # in the order they became known, the first 64
  firstOffset @3 :Int64 = -1;        # lowest base offset acknowledged; -1: none
  lastOffset @4 :Int64 = -1;         # offset of the last record acknowledged; -1: none
}

enum Form {
  batches @0;          # as they are stored
  records @1;          # unpacked by the broker; refused for compressed batches
}

struct Fetched {
  union {
    batches @0 :List(Data);      # the first may begin before the offset asked for
    records @1 :List(Record);    # from the offset asked for
  }
  highWatermark @2 :Int64 = -1;  # what is committed ends here
  logStart @3 :Int64 = -1;
  nextOffset @4 :Int64 = -1;     # ask here next
}

struct OffsetInfo {
  offset @0 :Int64 = -1;         # -1: there is no such record
  timestampMs @1 :Int64 = -1;    # of that record; -1 for the ends of the log
}

struct ConfigChange {
  name @0 :Text;
  union {
    set @1 :Text;
    unset @2 :Void;    # back to the broker's default
  }
}

struct PartitionInfo {
  id @0 :Int32;
  leader @1 :Int32 = -1;             # node; -1: none is known
  leaderEpoch @2 :Int32 = -1;
  logStart @3 :Int64 = -1;
  highWatermark @4 :Int64 = -1;      # what is committed ends here
  bytes @5 :Int64 = -1;              # of its log on disk; -1: not known
  error @6 :ErrorInfo;               # set: why the partition could not tell the rest; with the code
                                     # NOT_LEADER_OR_FOLLOWER its leader's node can
  replicas @7 :List(Int32);          # nodes, the preferred leader first
  inSync @8 :List(Int32);            # of these, as the leader told; empty: it has not
}

struct NodeAddress {
  node @0 :Int32;
  host @1 :Text;
  port @2 :UInt16;
}

struct PartitionPage {
  partitions @0 :List(PartitionInfo);  # by id
  more @1 :Bool;                       # ask again with `after` = the last id
  leaders @2 :List(NodeAddress);       # where clients reach the other nodes that lead some of them
}

struct PartitionOutcomes {
  partitions @0 :List(Members.PartitionOutcome);
}

struct GroupSummary {
  id @0 :Text;
  state @1 :Text;           # Kafka's word: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead
  protocolType @2 :Text;    # "consumer"; empty: only keeps offsets
  members @3 :UInt32;
}

struct GroupPage {
  groups @0 :List(GroupSummary);  # by id
  more @1 :Bool;                  # ask again with `after` = the last id
}

struct TopicPartitions {
  topic @0 :Text;
  partitions @1 :List(Int32);
}

struct GroupMember {
  id @0 :Text;
  instanceId @1 :Text;      # null: not static (KIP-345)
  clientId @2 :Text;
  clientHost @3 :Text;
  assignment @4 :List(TopicPartitions);  # empty too if the group's protocol is not "consumer"
}

struct GroupOffset {
  # An offset that a group has committed, and how far it lies behind.
  topic @0 :Text;
  partition @1 :Int32;
  offset @2 :Int64;                  # to be consumed next
  metadata @3 :Text;                 # the consumer's own
  commitTimestampMs @4 :Int64 = -1;
  highWatermark @5 :Int64 = -1;      # -1: the partition did not tell
  lag @6 :Int64 = -1;                # offsets between the two; -1: not known
  lagMs @7 :Int64 = -1;              # age of the first record not consumed; 0: there is none; -1: not known
}

struct GroupInfo {
  id @0 :Text;
  state @1 :Text;
  protocolType @2 :Text;
  protocol @3 :Text;                 # the assignor: "range", "cooperative-sticky"
  generation @4 :Int32;
  leader @5 :Text;                   # a member's id
  coordinator @6 :Int32 = -1;        # node
  members @7 :List(GroupMember);
  offsets @8 :List(GroupOffset);     # by topic and partition
  rebalanceCause @9 :Text;           # of the last rebalance, a sentence; empty: there was none
  rebalanceTimestampMs @10 :Int64 = -1;
  shortened @11 :Bool;               # too large for one answer: later offsets and assignments are left out
}

struct OffsetReset {
  topic @0 :Text;
  partition @1 :Int32;
  offset @2 :Int64;                  # to be consumed next
}

interface Broker {
  createTopic @0 (name :Text, partitions :Int32 = -1, replicationFactor :Int16 = -1,
                  configs :List(Config)) -> (result :Outcome(TopicInfo));
  # -1: the broker's default. Answers when the topic can be used.

  deleteTopic @1 (name :Text) -> (result :Outcome(Done));
  # For good. Open Topic and Partition capabilities answer UNKNOWN_TOPIC_OR_PARTITION from then on.

  listTopics @2 (after :Text, limit :UInt32 = 1000) -> (result :Outcome(TopicPage));
  # By name, those that follow `after`; at most 1000.

  topic @3 (name :Text) -> (topic :Topic);
  # Always answers: whether the topic exists is said by the calls made on it.

  inspector @4 () -> (inspector :Inspect.Inspector);

  alterTopic @5 (name :Text, changes :List(ConfigChange), partitions :Int32 = -1) -> (result :Outcome(TopicInfo));
  # Configurations first, all of them or none, with effect at once; then the number of partitions, which only
  # grows (-1: stays). Answers with the topic as it is then.

  listGroups @6 (after :Text, limit :UInt32 = 1000) -> (result :Outcome(GroupPage));
  # Those that this node coordinates: group X is coordinated by whoever leads the partition of
  # __consumer_offsets that X belongs to. By id, those that follow `after`; at most 1000.

  group @7 (id :Text) -> (group :Group);
  # Always answers: whether the group exists is said by the calls made on it.

  node @8 () -> (node :Peer.Node);
  # For other nodes.

  cluster @9 () -> (cluster :Cluster);
}

interface Cluster {
  # The cluster as a whole, through any node: what has to be decided is handed over to the node that
  # controls it. Changes answer when they are decided and seen on the node that was asked; what they
  # set in motion is told by `status`.

  status @0 () -> (result :Outcome(Members.ClusterStatus));
  # Also of a node that does not serve requests yet: then `waiting` says what it waits for.

  drain @1 (node :Int32, cancel :Bool) -> (result :Outcome(Done));
  # The node's replicas move elsewhere; with `cancel` it may hold replicas again.

  remove @2 (node :Int32) -> (result :Outcome(Done));
  # For good. Refused while it holds a replica or a vote on the metadata.

  rebalance @3 (cancel :Bool) -> (result :Outcome(Done));
  # Evens out replicas and leaders over the nodes that are up.

  moveTopic @4 (topic :Text, moves :List(Members.PartitionMove)) -> (result :Outcome(PartitionOutcomes));
  # An outcome for each move, in their order.

  electLeaders @5 (partitions :List(Members.PartitionSelection), all :Bool) -> (result :Outcome(PartitionOutcomes));
  # So that preferred leaders lead: an outcome for each partition, once they do. `all`: instead, every
  # partition that another node leads.
}

interface Topic {
  describe @0 () -> (result :Outcome(TopicInfo));
  partition @1 (id :Int32) -> (partition :Partition);

  partitions @2 (after :Int32 = -1, limit :UInt32 = 1000) -> (result :Outcome(PartitionPage));
  # By id, those that follow `after`; at most 1000.
}

interface Group {
  # A consumer group.

  describe @0 () -> (result :Outcome(GroupInfo));

  resetOffsets @1 (offsets :List(OffsetReset)) -> (result :Outcome(Done));
  # All of them or none, at most 100,000. Refused while the group has members: they would go on from where
  # they are and commit over it.

  delete @2 () -> (result :Outcome(Done));
  # With its offsets. Refused while the group has members.
}

interface Partition {
  produce @0 (messages :Messages, acks :Acks, timeoutMs :UInt32 = 30000) -> (result :Outcome(Produced));
  # REQUEST_TIMED_OUT after timeoutMs (at most 5 minutes): the messages may still be committed later.

  openProducer @1 (acks :Acks, timeoutMs :UInt32 = 30000) -> (producer :Producer);
  # For a stream of produces without a round trip each.

  fetch @2 (offset :Int64, maxBytes :UInt32 = 1048576, minBytes :UInt32 = 1, maxWaitMs :UInt32 = 0,
            form :Form) -> (result :Outcome(Fetched));
  # Committed messages from `offset` on. With fewer than minBytes there, waits up to maxWaitMs (at most 5
  # minutes). The first batch comes whole even if larger than maxBytes, so a reader always gets on; under
  # pressure less than maxBytes may come.

  offsetAt @3 (timestampMs :Int64) -> (result :Outcome(OffsetInfo));
  # The first record at or after a time. -1: the end (the high watermark); -2: the start.
}

interface Producer {
  # Sends are appended in order. The broker holds the sender back (the streamed call resolves) by what it has
  # room for, not by what it has committed, so many are on their way to the disk together.

  send @0 (messages :Messages) -> stream;
  # Resolves when admitted. What became of it is said by `flush`, also if it was refused.

  flush @1 () -> (flushed :Flushed);
  # Answers when every send before it is committed or failed.
}
