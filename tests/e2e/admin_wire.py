"""What administrators ask, on the wire: beside wire.py, for tests that say what no client
library would."""
from wire import array, int8, int16, int32, int64, string, uvarint

DELETE_RECORDS, DESCRIBE_CONFIGS, ALTER_CONFIGS, DESCRIBE_LOG_DIRS, CREATE_PARTITIONS = 21, 32, 33, 35, 37
INCREMENTAL_ALTER_CONFIGS, DESCRIBE_CLUSTER, DESCRIBE_PRODUCERS, DESCRIBE_TOPIC_PARTITIONS = 44, 60, 61, 75
ELECT_LEADERS, ALTER_PARTITION_REASSIGNMENTS, LIST_PARTITION_REASSIGNMENTS = 43, 45, 46
TOPIC, BROKER = 2, 4
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
INVALID_TOPIC, INVALID_REPLICA_ASSIGNMENT, POLICY_VIOLATION, UNKNOWN_TOPIC_ID = 17, 39, 44, 100
ELECTION_NOT_NEEDED, NO_REASSIGNMENT_IN_PROGRESS = 84, 85


def compact(text): return b"\0" if text is None else uvarint(len(text.encode()) + 1) + text.encode()
def compact_array(items): return b"\0" if items is None else uvarint(len(items) + 1) + b"".join(items)


def read_uvarint(reader):
    value = shift = 0
    while True:
        byte = reader.take(1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7


def read_compact(reader):
    length = read_uvarint(reader)
    return None if length == 0 else reader.take(length - 1).decode()


def read_compact_array(reader, item):
    count = read_uvarint(reader)
    return None if count == 0 else [item() for _ in range(count - 1)]


def no_tags(reader):
    assert read_uvarint(reader) == 0


def resource(name, configs, kind=TOPIC):
    return int8(kind) + string(name) + array(configs)


def create_partitions(connection, topics, validate_only=False):
    """topics: [(name, count, assignments or None)] -> [(name, error, sentence)]"""
    body = array([string(name) + int32(count) + array(None if assignments is None else [array([int32(n) for n in nodes]) for nodes in assignments])
                  for name, count, assignments in topics])
    reader = connection.call(CREATE_PARTITIONS, 1, body + int32(10000) + int8(int(validate_only)))
    reader.int32()
    return reader.array(lambda: (reader.string(), reader.int16(), reader.string()))


def _altered(reader):
    """[(error, sentence, kind, name)]"""
    reader.int32()
    return reader.array(lambda: (reader.int16(), reader.string(), reader.int8(), reader.string()))


def alter_configs(connection, resources, validate_only=False):
    """resources: [(name, {config: value}, kind)]"""
    body = array([resource(name, [string(k) + string(v) for k, v in configs.items()], *kind) for name, configs, *kind in resources])
    return _altered(connection.call(ALTER_CONFIGS, 0, body + int8(int(validate_only))))


def incremental_alter_configs(connection, resources, validate_only=False):
    """resources: [(name, [(config, operation, value)], kind)]"""
    body = array([resource(name, [string(k) + int8(op) + string(v) for k, op, v in configs], *kind) for name, configs, *kind in resources])
    return _altered(connection.call(INCREMENTAL_ALTER_CONFIGS, 0, body + int8(int(validate_only))))


def describe_configs(connection, name, keys=None, kind=TOPIC):
    """(error, sentence, {config: (value, source)})"""
    body = array([int8(kind) + string(name) + array(None if keys is None else [string(k) for k in keys])]) + int8(0)
    reader = connection.call(DESCRIBE_CONFIGS, 1, body)
    reader.int32()

    def config():
        key, value, _read_only, source, _sensitive = reader.string(), reader.string(), reader.int8(), reader.int8(), reader.int8()
        reader.array(lambda: (reader.string(), reader.string(), reader.int8()))
        return key, (value, source)

    def result():
        error, sentence, _kind, _name = reader.int16(), reader.string(), reader.int8(), reader.string()
        return error, sentence, dict(reader.array(config))

    return reader.array(result)[0]


def delete_records(connection, topics, timeout_ms=10000):
    """topics: [(name, [(partition, offset)])] -> {(name, partition): (error, low watermark)}"""
    body = array([string(name) + array([int32(p) + int64(offset) for p, offset in partitions]) for name, partitions in topics])
    reader = connection.call(DELETE_RECORDS, 1, body + int32(timeout_ms))
    reader.int32()
    found = {}

    def topic():
        name = reader.string()
        for index, low, error in reader.array(lambda: (reader.int32(), reader.int64(), reader.int16())):
            found[name, index] = (error, low)

    reader.array(topic)
    return found


def describe_log_dirs(connection, topics=None):
    """topics: [(name, [partition])] or all -> (directory, {(name, partition): (bytes, lag)})"""
    body = array(None if topics is None else [string(name) + array([int32(p) for p in partitions]) for name, partitions in topics])
    reader = connection.call(DESCRIBE_LOG_DIRS, 1, body)
    reader.int32()
    found = {}

    def topic():
        name = reader.string()
        for index, size, lag, _future in reader.array(lambda: (reader.int32(), reader.int64(), reader.int64(), reader.int8())):
            found[name, index] = (size, lag)

    def result():
        error, directory = reader.int16(), reader.string()
        assert error == 0
        reader.array(topic)
        return directory

    return reader.array(result)[0], found


def describe_topic_partitions(connection, names, limit=2000, cursor=None):
    """([(error, name, internal, [partition])], next cursor or None)"""
    after = int8(-1) if cursor is None else int8(1) + compact(cursor[0]) + int32(cursor[1]) + b"\0"
    reader = connection.call(DESCRIBE_TOPIC_PARTITIONS, 0, b"\0" + compact_array([compact(n) + b"\0" for n in names]) + int32(limit) + after + b"\0")
    no_tags(reader), reader.int32()

    def partition():
        error, index, _leader, _epoch = reader.int16(), reader.int32(), reader.int32(), reader.int32()
        assert error == 0
        for _ in range(5):
            read_compact_array(reader, reader.int32)
        no_tags(reader)
        return index

    def topic():
        error, name, _id, internal = reader.int16(), read_compact(reader), reader.take(16), reader.int8()
        partitions = read_compact_array(reader, partition)
        reader.int32(), no_tags(reader)
        return error, name, bool(internal), partitions

    topics = read_compact_array(reader, topic)
    following = None
    if reader.int8() == 1:
        following = (read_compact(reader), reader.int32())
        no_tags(reader)
    no_tags(reader)
    assert reader.ended()
    return topics, following


def describe_producers(connection, topic, partitions):
    """[(partition, error, sentence, [(id, epoch, last sequence, last timestamp)])]"""
    body = b"\0" + compact_array([compact(topic) + compact_array([int32(p) for p in partitions]) + b"\0"]) + b"\0"
    reader = connection.call(DESCRIBE_PRODUCERS, 0, body)
    no_tags(reader), reader.int32()

    def producer():
        found = reader.int64(), reader.int32(), reader.int32(), reader.int64()
        reader.int32(), reader.int64(), no_tags(reader)
        return found

    def partition():
        found = reader.int32(), reader.int16(), read_compact(reader), read_compact_array(reader, producer)
        no_tags(reader)
        return found

    def result():
        read_compact(reader)
        found = read_compact_array(reader, partition)
        no_tags(reader)
        return found

    return read_compact_array(reader, result)[0]


def topic_ids(connection, names):
    """{name: (error, id)} by Metadata v12, which creates nothing here."""
    topics = compact_array([bytes(16) + compact(n) + b"\0" for n in names])
    reader = connection.call(3, 12, b"\0" + topics + int8(0) + int8(0) + b"\0")
    no_tags(reader), reader.int32()

    def broker():
        reader.int32(), read_compact(reader), reader.int32(), read_compact(reader), no_tags(reader)

    def partition():
        reader.int16(), reader.int32(), reader.int32(), reader.int32()
        for _ in range(3):
            read_compact_array(reader, reader.int32)
        no_tags(reader)

    def topic():
        error, name, topic_id = reader.int16(), read_compact(reader), reader.take(16)
        reader.int8(), read_compact_array(reader, partition), reader.int32(), no_tags(reader)
        return name, (error, topic_id)

    read_compact_array(reader, broker)
    read_compact(reader), reader.int32()
    return dict(read_compact_array(reader, topic))


def delete_topics(connection, topics):
    """topics: [(name or None, id)] -> [(name, id, error, sentence)] by DeleteTopics v6"""
    body = compact_array([compact(name) + topic_id + b"\0" for name, topic_id in topics])
    reader = connection.call(20, 6, b"\0" + body + int32(10000) + b"\0")
    no_tags(reader), reader.int32()

    def result():
        found = read_compact(reader), reader.take(16), reader.int16(), read_compact(reader)
        no_tags(reader)
        return found

    return read_compact_array(reader, result)


def alter_partition_reassignments(connection, topic, moves):
    """moves: {partition: nodes, or None to cancel} -> (error, {partition: (error, sentence)})"""
    partitions = [int32(p) + compact_array(None if nodes is None else [int32(n) for n in nodes]) + b"\0" for p, nodes in moves.items()]
    body = b"\0" + int32(10000) + compact_array([compact(topic) + compact_array(partitions) + b"\0"]) + b"\0"
    reader = connection.call(ALTER_PARTITION_REASSIGNMENTS, 0, body)
    no_tags(reader)
    reader.int32()
    error, _sentence = reader.int16(), read_compact(reader)

    def partition():
        row = reader.int32(), (reader.int16(), read_compact(reader))
        no_tags(reader)
        return row

    def of_topic():
        row = read_compact(reader), dict(read_compact_array(reader, partition))
        no_tags(reader)
        return row
    return error, dict(read_compact_array(reader, of_topic)).get(topic, {})


def list_partition_reassignments(connection):
    """{(topic, partition): (replicas, adding, removing)}"""
    reader = connection.call(LIST_PARTITION_REASSIGNMENTS, 0, b"\0" + int32(10000) + b"\0\0")
    no_tags(reader)
    reader.int32()
    assert reader.int16() == 0
    read_compact(reader)
    moves = {}

    def topic():
        name = read_compact(reader)

        def partition():
            index = reader.int32()
            moves[name, index] = tuple(read_compact_array(reader, reader.int32) for _ in range(3))
            no_tags(reader)
        read_compact_array(reader, partition)
        no_tags(reader)
    read_compact_array(reader, topic)
    return moves


def elect_leaders(connection, partitions, kind=0):
    """partitions: {topic: [partition]}, None: all -> (error, {(topic, partition): (error, sentence)})"""
    chosen = None if partitions is None else [string(topic) + array([int32(p) for p in ids]) for topic, ids in partitions.items()]
    reader = connection.call(ELECT_LEADERS, 1, int8(kind) + array(chosen) + int32(10000))
    reader.int32()
    error = reader.int16()
    told = {}

    def topic():
        name = reader.string()

        def partition():
            index = reader.int32()
            told[name, index] = reader.int16(), reader.string()
        reader.array(partition)
    reader.array(topic)
    return error, told
