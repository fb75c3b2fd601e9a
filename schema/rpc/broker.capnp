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
using Inspect = import "inspect.capnp";
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
}

interface Topic {
  describe @0 () -> (result :Outcome(TopicInfo));
  partition @1 (id :Int32) -> (partition :Partition);
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
