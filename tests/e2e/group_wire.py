"""The requests of consumer groups as bytes, for what no client library would say."""
import wire
from wire import array, data, int16, int32, int64, string

OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP = 8, 9, 10, 11, 12, 13, 14
DESCRIBE_GROUPS, LIST_GROUPS, DELETE_GROUPS, OFFSET_DELETE = 15, 16, 42, 47

COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, ILLEGAL_GENERATION, INCONSISTENT_GROUP_PROTOCOL = 15, 16, 22, 23
INVALID_GROUP_ID, UNKNOWN_MEMBER_ID, INVALID_SESSION_TIMEOUT, REBALANCE_IN_PROGRESS = 24, 25, 26, 27
OFFSET_METADATA_TOO_LARGE, NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND, MEMBER_ID_REQUIRED = 12, 68, 69, 79
FENCED_INSTANCE_ID, GROUP_SUBSCRIBED_TO_TOPIC = 82, 86


def subscription(*topics):
    return int16(0) + array([string(topic) for topic in topics]) + data(b"")


def find_coordinator(connection, group, kind=0):
    """(error, sentence, node id)"""
    reader = connection.call(FIND_COORDINATOR, 1, string(group) + wire.int8(kind))
    reader.int32()
    return reader.int16(), reader.string(), reader.int32()


def join_body(group, member="", instance=None, session_ms=10000, rebalance_ms=10000, protocols=None, kind="consumer"):
    protocols = [("range", subscription("t"))] if protocols is None else protocols
    return (string(group) + int32(session_ms) + int32(rebalance_ms) + string(member) + string(instance) + string(kind) +
            array([string(name) + data(metadata) for name, metadata in protocols]))


def read_join(reader):
    """error, generation, protocol, leader, member, members"""
    reader.int32()
    return {"error": reader.int16(), "generation": reader.int32(), "protocol": reader.string(), "leader": reader.string(),
            "member": reader.string(), "members": reader.array(lambda: (reader.string(), reader.string(), reader.data()))}


def join(connection, group, member="", **options):
    return read_join(connection.call(JOIN_GROUP, 5, join_body(group, member, **options)))


def enter(connection, group, **options):
    """Joins as KIP-394 has it: a member id first, then with it."""
    first = join(connection, group, **options)
    return join(connection, group, first["member"], **options) if first["error"] == MEMBER_ID_REQUIRED else first


def sync_body(group, generation, member, assignments=(), instance=None):
    return (string(group) + int32(generation) + string(member) + string(instance) +
            array([string(to) + data(content) for to, content in assignments]))


def sync(connection, group, generation, member, assignments=(), instance=None):
    """(error, assignment)"""
    reader = connection.call(SYNC_GROUP, 3, sync_body(group, generation, member, assignments, instance))
    reader.int32()
    return reader.int16(), reader.data()


def heartbeat(connection, group, generation, member, instance=None):
    reader = connection.call(HEARTBEAT, 3, string(group) + int32(generation) + string(member) + string(instance))
    reader.int32()
    return reader.int16()


def leave(connection, group, member):
    reader = connection.call(LEAVE_GROUP, 1, string(group) + string(member))
    reader.int32()
    return reader.int16()


def commit(connection, group, offsets, generation=-1, member="", metadata=""):
    """offsets: {(topic, partition): offset}. {(topic, partition): error}"""
    topics = [string(topic) + array([int32(partition) + int64(offset) + int32(-1) + string(metadata)])
              for (topic, partition), offset in offsets.items()]
    reader = connection.call(OFFSET_COMMIT, 7, string(group) + int32(generation) + string(member) + string(None) + array(topics))
    reader.int32()
    answer = reader.array(lambda: (reader.string(), reader.array(lambda: (reader.int32(), reader.int16()))))
    return {(topic, partition): error for topic, partitions in answer for partition, error in partitions}


def committed(connection, group, partitions=None):
    """(error, {(topic, partition): offset}); None: everything."""
    wanted = None if partitions is None else [string(topic) + array([int32(p)]) for topic, p in partitions]
    reader = connection.call(OFFSET_FETCH, 5, string(group) + array(wanted))
    reader.int32()
    answer = reader.array(lambda: (reader.string(), reader.array(
        lambda: (reader.int32(), reader.int64(), reader.int32(), reader.string(), reader.int16()))))
    return reader.int16(), {(topic, p[0]): p[1] for topic, found in answer for p in found}


def delete_groups(connection, *groups):
    reader = connection.call(DELETE_GROUPS, 1, array([string(group) for group in groups]))
    reader.int32()
    return dict(reader.array(lambda: (reader.string(), reader.int16())))


def delete_offsets(connection, group, topic, partition=0):
    """(error of the group, error of the partition or None)"""
    reader = connection.call(OFFSET_DELETE, 0, string(group) + array([string(topic) + array([int32(partition)])]))
    error = reader.int16()
    reader.int32()
    answer = reader.array(lambda: (reader.string(), reader.array(lambda: (reader.int32(), reader.int16()))))
    return error, answer[0][1][0][1] if answer else None


def listed(connection):
    """{group: protocol type}"""
    reader = connection.call(LIST_GROUPS, 1)
    reader.int32()
    assert reader.int16() == 0
    return dict(reader.array(lambda: (reader.string(), reader.string())))


def described(connection, groups):
    """[(error, group, state, member ids)]"""
    reader = connection.call(DESCRIBE_GROUPS, 0, array([string(group) for group in groups]))

    def one():
        error, name, what, _kind, _protocol = reader.int16(), reader.string(), reader.string(), reader.string(), reader.string()
        members = reader.array(lambda: (reader.string(), reader.string(), reader.string(), reader.data(), reader.data()))
        return error, name, what, [member[0] for member in members]

    return reader.array(one)


def states(connection, groups):
    """{group: state}"""
    return {name: what for _, name, what, _ in described(connection, groups)}


def state(connection, group):
    """(error, state, member ids)"""
    (error, _, what, members), = described(connection, [group])
    return error, what, members
