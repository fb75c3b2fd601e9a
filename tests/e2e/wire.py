"""Kafka's wire protocol, as much of it as the tests speak. Own encoding, so that a test
can also say things that no client library would."""
import socket
import struct
import time
import typing

try:
    from crc32c import crc32c  # Debian's python3-crc32c, 1,000 times faster
except ImportError:
    _TABLE = []
    for _byte in range(256):
        for _ in range(8):
            _byte = (_byte >> 1) ^ 0x82F63B78 if _byte & 1 else _byte >> 1
        _TABLE.append(_byte)

    def crc32c(data):
        value = 0xFFFFFFFF
        for byte in data:
            value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
        return value ^ 0xFFFFFFFF

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS, INIT_PRODUCER_ID = 0, 1, 2, 3, 18, 19, 20, 22
OFFSET_FOR_LEADER_EPOCH = 23

NONE, OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE, UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE = 0, 1, 2, 3, 5
NOT_LEADER, REQUEST_TIMED_OUT, MESSAGE_TOO_LARGE, INVALID_TOPIC, INVALID_REQUIRED_ACKS = 6, 7, 10, 17, 21
UNSUPPORTED_VERSION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR = 35, 36, 37, 38
INVALID_CONFIG, INVALID_REQUEST, UNSUPPORTED_FOR_MESSAGE_FORMAT, OUT_OF_ORDER_SEQUENCE = 40, 42, 43, 45
DUPLICATE_SEQUENCE, STORAGE_ERROR, UNSUPPORTED_COMPRESSION, INVALID_RECORD = 46, 56, 76, 87
FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH = 70, 71, 74, 75
UNKNOWN_TOPIC_ID, FETCH_SESSION_TOPIC_ID_ERROR = 100, 106
NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND = 19, 20
RETRIABLE = (UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER, REQUEST_TIMED_OUT, 14, 15, 16, STORAGE_ERROR,
             NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND)


class Closed(ConnectionError):
    """The node closed the connection."""


def int8(v): return struct.pack(">b", v)
def int16(v): return struct.pack(">h", v)
def int32(v): return struct.pack(">i", v)
def int64(v): return struct.pack(">q", v)
def string(v): return int16(-1) if v is None else int16(len(v.encode())) + v.encode()
def data(v): return int32(-1) if v is None else int32(len(v)) + v
def array(items): return int32(-1) if items is None else int32(len(items)) + b"".join(items)


def uvarint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def varint(n):
    return uvarint((n << 1) ^ (n >> 63) if n >= 0 else ((-n) << 1) - 1)


class Reader:
    """Decodes an answer; every access past its end is an error."""

    def __init__(self, content):
        self.content, self.position = content, 0

    def take(self, count):
        if count < 0 or self.position + count > len(self.content):
            raise ValueError(f"the answer ends early: {count} bytes wanted at {self.position} of {len(self.content)}")
        self.position += count
        return self.content[self.position - count:self.position]

    def int8(self): return struct.unpack(">b", self.take(1))[0]
    def int16(self): return struct.unpack(">h", self.take(2))[0]
    def int32(self): return struct.unpack(">i", self.take(4))[0]
    def int64(self): return struct.unpack(">q", self.take(8))[0]

    def string(self):
        length = self.int16()
        return None if length < 0 else self.take(length).decode()

    def data(self):
        length = self.int32()
        return None if length < 0 else self.take(length)

    def array(self, item):
        count = self.int32()
        return None if count < 0 else [item() for _ in range(count)]

    def varint(self):
        raw = shift = 0
        while True:
            byte = self.take(1)[0]
            raw |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (raw >> 1) ^ -(raw & 1)
            shift += 7

    # KIP-482's compact forms

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def compact_data(self):
        length = self.uvarint()
        return None if length == 0 else self.take(length - 1)

    def compact_string(self):
        content = self.compact_data()
        return None if content is None else content.decode()

    def compact_array(self, item):
        count = self.uvarint()
        return None if count == 0 else [item() for _ in range(count - 1)]

    def tags(self):
        """{tag: content}"""
        return {self.uvarint(): self.take(self.uvarint()) for _ in range(self.uvarint())}

    def ended(self):
        return self.position == len(self.content)


def compact(content): return uvarint(0) if content is None else uvarint(len(content) + 1) + content
def compact_string(v): return compact(None if v is None else v.encode())
def compact_array(items): return uvarint(0) if items is None else uvarint(len(items) + 1) + b"".join(items)


NO_TAGS = uvarint(0)


def frame(api, version, body=b"", correlation=1, client="e2e"):
    content = int16(api) + int16(version) + int32(correlation) + string(client) + body
    return int32(len(content)) + content


class Connection:
    def __init__(self, address, seconds=10):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def write(self, content):
        self.socket.sendall(content)

    def send(self, api, version, body=b""):
        self.correlation += 1
        self.write(frame(api, version, body, self.correlation))
        return self.correlation

    def read(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise Closed("the node closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self):
        """(correlation id, body) of the next answer."""
        reader = Reader(self.read(struct.unpack(">i", self.read(4))[0]))
        return reader.int32(), reader

    def call(self, api, version, body=b""):
        wanted = self.send(api, version, body)
        correlation, reader = self.receive()
        if correlation != wanted:
            raise ValueError(f"answer {correlation} to request {wanted}")
        return reader

    def closed_by_peer(self):
        """Reads until the node closes; False if it has not within the time-out."""
        try:
            while self.socket.recv(65536):
                pass
        except socket.timeout:
            return False
        except OSError:
            pass
        return True


# ---- record batches

def record(value, delta=0, key=None):
    def field(content): return varint(-1) if content is None else varint(len(content)) + content
    body = b"\0" + varint(0) + varint(delta) + field(key) + field(value) + varint(0)
    return varint(len(body)) + body


def batch(values, producer=-1, epoch=-1, sequence=-1, timestamp=None, attributes=0, count=None, last_delta=None, records=None, magic=2, crc_flip=0):
    """A record batch v2. The later arguments make it wrong on purpose, its CRC still right
    unless `crc_flip` says otherwise."""
    timestamp = int(time.time() * 1000) if timestamp is None else timestamp
    records = b"".join(record(value, i) for i, value in enumerate(values)) if records is None else records
    count = len(values) if count is None else count
    last_delta = count - 1 if last_delta is None else last_delta
    checked = struct.pack(">hiqqqhii", attributes, last_delta, timestamp, timestamp, producer, epoch, sequence, count) + records
    body = int32(-1) + int8(magic) + struct.pack(">I", crc32c(checked) ^ crc_flip) + checked
    return int64(0) + int32(len(body)) + body


def records_of(content):
    """(offset, value) of every record in uncompressed batches; a cut-off last batch is
    left out, as a consumer does. Verifies each CRC."""
    reader = Reader(content)
    while len(content) - reader.position >= 12:
        base, length = reader.int64(), reader.int32()
        if len(content) - reader.position < length:
            return
        body = Reader(reader.take(length))
        body.int32()
        magic, crc = body.int8(), struct.unpack(">I", body.take(4))[0]
        if magic != 2 or crc != crc32c(body.content[body.position:]):
            raise ValueError(f"damaged batch at offset {base}: magic {magic}")
        body.take(36)
        for _ in range(body.int32()):
            item = Reader(body.take(body.varint()))
            item.int8(), item.varint()
            delta = item.varint()
            key_length = item.varint()
            item.take(max(key_length, 0))
            value_length = item.varint()
            yield base + delta, None if value_length < 0 else item.take(value_length)


# ---- requests

def api_versions(connection):
    reader = connection.call(API_VERSIONS, 0)
    error = reader.int16()
    return error, {key: (low, high) for key, low, high in reader.array(lambda: (reader.int16(), reader.int16(), reader.int16()))}


class PartitionMetadata(typing.NamedTuple):
    error: int
    leader: int
    replicas: list
    isr: list


class ClusterMetadata(typing.NamedTuple):
    brokers: dict  # {node: "host:port"}
    cluster: str
    controller: int
    topics: dict  # {topic: (error, {partition: PartitionMetadata})}


def cluster_metadata(connection, topics=None, auto_create=False):
    reader = connection.call(METADATA, 4, array(None if topics is None else [string(t) for t in topics]) + int8(int(auto_create)))

    def broker():
        node, host, port, _rack = reader.int32(), reader.string(), reader.int32(), reader.string()
        return node, f"{host}:{port}"

    def partition():
        error, index, leader = reader.int16(), reader.int32(), reader.int32()
        return index, PartitionMetadata(error, leader, reader.array(reader.int32), reader.array(reader.int32))

    def topic():
        error, name, _internal = reader.int16(), reader.string(), reader.int8()
        return name, (error, dict(reader.array(partition)))

    reader.int32()
    return ClusterMetadata(dict(reader.array(broker)), reader.string(), reader.int32(), dict(reader.array(topic)))


def metadata(connection, topics=None, auto_create=False):
    """{topic: (error, {partition: (error, leader)})}"""
    found = cluster_metadata(connection, topics, auto_create).topics
    return {name: (error, {p: what[:2] for p, what in partitions.items()}) for name, (error, partitions) in found.items()}


def create_topic(connection, name, partitions=1, configs=None, replication=1):
    """(error, sentence)"""
    pairs = array([string(k) + string(v) for k, v in (configs or {}).items()])
    reader = connection.call(
        CREATE_TOPICS, 2, array([string(name) + int32(partitions) + int16(replication) + array([]) + pairs]) + int32(10000) + int8(0))
    reader.int32()
    return reader.array(lambda: (reader.string(), reader.int16(), reader.string()))[0][1:]


def delete_topic(connection, name):
    reader = connection.call(DELETE_TOPICS, 1, array([string(name)]) + int32(10000))
    reader.int32()
    return reader.array(lambda: (reader.string(), reader.int16()))[0][1]


def produce_body(topic, content, partition=0, acks=-1, timeout_ms=30000):
    return string(None) + int16(acks) + int32(timeout_ms) + array([string(topic) + array([int32(partition) + data(content)])])


def read_produce_answer(reader):
    """(error, base offset) of Produce v7 with one partition."""
    answer = reader.array(lambda: (reader.string(), reader.array(
        lambda: (reader.int32(), reader.int16(), reader.int64(), reader.int64(), reader.int64()))))
    return answer[0][1][0][1:3]


def produce(connection, topic, content, partition=0, acks=-1):
    return read_produce_answer(connection.call(PRODUCE, 7, produce_body(topic, content, partition, acks)))


def fetch_body(topic, offset, partition=0, wait_ms=0, bytes_max=1 << 20, bytes_min=1):
    return int32(-1) + int32(wait_ms) + int32(bytes_min) + int32(bytes_max) + int8(0) + array(
        [string(topic) + array([int32(partition) + int64(offset) + int32(bytes_max)])])


def fetch(connection, topic, offset, partition=0, wait_ms=0, bytes_max=1 << 20):
    """(error, high watermark, bytes)"""
    reader = connection.call(FETCH, 4, fetch_body(topic, offset, partition, wait_ms, bytes_max))
    reader.int32()
    answer = reader.array(lambda: (reader.string(), reader.array(lambda: (
        reader.int32(), reader.int16(), reader.int64(), reader.int64(),
        reader.array(lambda: (reader.int64(), reader.int64())), reader.data()))))
    _, error, high_watermark, _, _, content = answer[0][1][0]
    return error, high_watermark, content or b""


def list_offset(connection, topic, timestamp, partition=0):
    """(error, timestamp, offset); -1: the end, -2: the start"""
    reader = connection.call(LIST_OFFSETS, 1, int32(-1) + array([string(topic) + array([int32(partition) + int64(timestamp)])]))
    return reader.array(lambda: (reader.string(), reader.array(
        lambda: (reader.int32(), reader.int16(), reader.int64(), reader.int64()))))[0][1][0][1:]


def init_producer_id(connection):
    """(error, producer id, epoch)"""
    reader = connection.call(INIT_PRODUCER_ID, 0, string(None) + int32(60000))
    reader.int32()
    return reader.int16(), reader.int64(), reader.int16()


def read_all(connection, topic, partition=0, upto=None):
    """Every (offset, value) from the start to the high watermark. ValueError if the node
    says there is nothing where there must be something."""
    found, offset = [], 0
    while True:
        error, high_watermark, content = fetch(connection, topic, offset, partition, bytes_max=4 << 20)
        if error:
            raise ValueError(f"fetch of {topic}-{partition} at {offset}: error {error}")
        if offset >= (high_watermark if upto is None else upto):
            return found
        fresh = [(at, value) for at, value in records_of(content) if at >= offset]
        if not fresh:
            raise ValueError(f"nothing at {offset} of {topic}-{partition}, high watermark {high_watermark}")
        found += fresh
        offset = fresh[-1][0] + 1
