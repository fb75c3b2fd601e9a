@0x87857adbde407e28;
# What the metadata log persists: each command's outcome is one or more of these, as the value of a record.
#
# On disk a record is one segment in canonical form without a segment table, so the same record is
# always the same bytes. Grow it only by appending; an old node that meets a variant it does not know
# refuses the log and leaves it untouched. A placement that is forgotten is no variant but a record without a value.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("callboard::rpc::wire");

struct MetadataRecord {
  union {
    none @0 :Void;                       # never written: what zeroed bytes read as
    topic @1 :TopicRecord;
    topicRemoved @2 :TopicRemovedRecord;
    producerIds @3 :ProducerIdsRecord;
    node @4 :NodeRecord;
    controllers @5 :Placement;
    placement @6 :PlacementRecord;
  }
}

struct Placement {
  # Which nodes hold a group's log.
  voters @0 :List(Int32);                # the preferred leader first
  learners @1 :List(Int32);
  changed @2 :Bool;                      # these are no longer the voters it was made with
}

struct PlacementRecord {
  # A partition's replicas belong elsewhere than the last record of its topic says.
  group @0 :UInt64;
  placement @1 :Placement;
}

struct HostPort {
  host @0 :Text;
  port @1 :UInt16;
}

struct NodeRecord {
  # A node belongs to the cluster. Written again when it says something else.
  id @0 :Int32;
  identity @1 :Data;                     # 16 bytes, of its data directory
  peer @2 :HostPort;
  client @3 :HostPort;
  rack @4 :Text;
  version @5 :Text;
  status @6 :NodeStatus;
}

enum NodeStatus {
  active @0;
  draining @1;
  removed @2;
}

struct ConfigEntry {
  name @0 :Text;
  value @1 :Text;
}

struct TopicRecord {
  # A topic exists as it says. Written again when its configs change.
  id @0 :Data;                           # 16 bytes, never used again
  name @1 :Text;
  groups @2 :List(UInt64);               # the replication group of partition 0, 1, 2 ...
  configs @3 :List(ConfigEntry);         # only what was set
  placements @4 :List(Placement);        # by partition; none: everything on node 1
  defaultFactor @5 :Bool;                # the number of replicas grows with the cluster
}

struct TopicRemovedRecord {
  id @0 :Data;                           # 16 bytes
  nextGroup @1 :UInt64;                  # groups below have been given out
  name @2 :Text;
}

struct ProducerIdsRecord {
  next @0 :Int64;                        # ids below may have been given out
}

# The values of an offsets partition's rows (schema/group_rows.h has their keys), in the same form.

struct GroupRow {
  union {
    none @0 :Void;                       # never written: what zeroed bytes read as
    group @1 :GroupRecord;
    offset @2 :OffsetRecord;
  }
}

struct GroupMemberRecord {
  memberId @0 :Text;
  instanceId @1 :Text;                   # null: no static member
  clientId @2 :Text;
  clientHost @3 :Text;
  rebalanceTimeoutMs @4 :Int32;
  sessionTimeoutMs @5 :Int32;
  subscription @6 :Data;
  assignment @7 :Data;
}

struct GroupRecord {
  protocolType @0 :Text;
  generation @1 :Int32;
  protocolName @2 :Text;
  leader @3 :Text;                       # a member's id
  stateTimeMs @4 :Int64 = -1;
  members @5 :List(GroupMemberRecord);
  rebalanceCause @6 :Text;
  rebalanceTimeMs @7 :Int64 = -1;
}

struct OffsetRecord {
  offset @0 :Int64 = -1;
  leaderEpoch @1 :Int32 = -1;
  metadata @2 :Text;
  commitTimeMs @3 :Int64 = -1;
  topicId @4 :Data;                      # 16 bytes
}
