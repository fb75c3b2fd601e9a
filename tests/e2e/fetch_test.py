#!/usr/bin/python3
"""Fetch sessions (KIP-227), topic ids (KIP-516), leader epochs (KIP-320), special offsets."""
import threading
import time
import unittest
from collections import namedtuple

import wire
from node import Node
from wire import int8, int32, int64

Answer = namedtuple("Answer", "error session partitions")  # {(topic, partition): Partition}
Partition = namedtuple("Partition", "error high_watermark last_stable log_start aborted records tags")
TOPIC_IDS_SINCE = 13


def fetch_body(version, partitions, session=0, epoch=-1, forgotten=(), wait_ms=0, bytes_min=1, isolation=0, epochs=None, last_epochs=None):
    """partitions: {(topic name or id, partition): offset}"""
    flexible = version >= 12
    array, no_tags = (wire.compact_array, wire.NO_TAGS) if flexible else (wire.array, b"")

    def topic_key(topic):
        return topic if version >= TOPIC_IDS_SINCE else wire.compact_string(topic) if flexible else wire.string(topic)

    def partition(key):
        out = int32(key[1])
        out += int32((epochs or {}).get(key, -1)) if version >= 9 else b""
        out += int64(partitions[key])
        out += int32((last_epochs or {}).get(key, -1)) if flexible else b""
        return out + int64(-1) + int32(1 << 20) + no_tags

    def by_topic(keys, item):
        topics = list(dict.fromkeys(topic for topic, _ in keys))
        return array([topic_key(t) + array([item(key) for key in keys if key[0] == t]) + no_tags for t in topics])

    body = (int32(-1) if version < 15 else b"") + int32(wait_ms) + int32(bytes_min) + int32(50 << 20) + int8(isolation)
    body += int32(session) + int32(epoch)
    body += by_topic(list(partitions), partition) + by_topic(list(forgotten), lambda key: int32(key[1]))
    if version >= 11:
        body += wire.compact_string("") if flexible else wire.string("")
    return (no_tags + body if flexible else body) + no_tags


def read_fetch(reader, version):
    flexible = version >= 12
    array = reader.compact_array if flexible else reader.array
    tags = reader.tags if flexible else dict
    if flexible:
        reader.tags()
    reader.int32()
    error, session, found = reader.int16(), reader.int32(), {}

    def partition(topic):
        index, problem, high_watermark, last_stable, log_start = reader.int32(), reader.int16(), reader.int64(), reader.int64(), reader.int64()
        aborted = array(lambda: (reader.int64(), reader.int64(), tags()))
        if version >= 11:
            reader.int32()
        records = reader.compact_data() if flexible else reader.data()
        found[topic, index] = Partition(problem, high_watermark, last_stable, log_start, aborted, records, tags())

    def topic():
        if version >= TOPIC_IDS_SINCE:
            name = reader.take(16)
        else:
            name = reader.compact_string() if flexible else reader.string()
        array(lambda: partition(name))
        tags()

    array(topic)
    tags()
    assert reader.ended()
    return Answer(error, session, found)


def fetch(connection, version, partitions, **more):
    return read_fetch(connection.call(wire.FETCH, version, fetch_body(version, partitions, **more)), version)


def topic_id(connection, name):
    reader = connection.call(wire.METADATA, 10, wire.NO_TAGS + wire.compact_array([bytes(16) + wire.compact_string(name) + wire.NO_TAGS]) + int8(0) * 3 + wire.NO_TAGS)
    reader.tags(), reader.int32()
    reader.compact_array(lambda: (reader.int32(), reader.compact_string(), reader.int32(), reader.compact_string(), reader.tags()))
    reader.compact_string(), reader.int32(), reader.uvarint()
    assert reader.int16() == wire.NONE
    assert reader.compact_string() == name
    return reader.take(16)


class FetchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()
        cls.topics = 0

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def setUp(self):
        self.connection = wire.Connection(self.node.address, 30)
        self.addCleanup(self.connection.close)

    def new_topic(self, partitions=1):
        type(self).topics += 1
        name = f"topic-{self.topics}"
        self.assertEqual(wire.create_topic(self.connection, name, partitions)[0], wire.NONE)
        return name

    def produce(self, topic, partition=0, value=b"v"):
        error, offset = wire.produce(self.connection, topic, wire.batch([value]), partition)
        self.assertEqual(error, wire.NONE)
        return offset

    def open(self, topic, count, version=11):
        answer = fetch(self.connection, version, {(topic, p): 0 for p in range(count)}, epoch=0)
        self.assertEqual(answer.error, wire.NONE)
        self.assertNotEqual(answer.session, 0)
        self.assertEqual(len(answer.partitions), count)
        return answer.session


class Sessions(FetchTest):
    def test_an_increment_tells_only_what_changed(self):
        for version in (7, 11, 12):
            topic = self.new_topic(4)
            session = self.open(topic, 4, version)
            self.assertEqual(fetch(self.connection, version, {}, session=session, epoch=1), Answer(0, session, {}))
            self.produce(topic, 2)
            told = fetch(self.connection, version, {}, session=session, epoch=2, wait_ms=20000)
            self.assertEqual(list(told.partitions), [(topic, 2)])
            self.assertEqual([v for _, v in wire.records_of(told.partitions[topic, 2].records)], [b"v"])
            # Read again as long as the consumer does not move on; then nothing is new.
            again = fetch(self.connection, version, {}, session=session, epoch=3)
            self.assertEqual(list(again.partitions), [(topic, 2)])
            self.assertEqual(fetch(self.connection, version, {(topic, 2): 1}, session=session, epoch=4).partitions, {})

    def test_a_parked_increment_wakes_for_any_of_its_partitions(self):
        topic = self.new_topic(20)
        session = self.open(topic, 20)
        producer = wire.Connection(self.node.address, 30)
        self.addCleanup(producer.close)
        moved = {}
        for epoch, partition in enumerate((19, 0, 7, 19), 1):
            self.connection.send(wire.FETCH, 11, fetch_body(11, moved, session=session, epoch=epoch, wait_ms=25000))
            error, offset = wire.produce(producer, topic, wire.batch([b"v"]), partition)
            self.assertEqual(error, wire.NONE)
            told = read_fetch(self.connection.receive()[1], 11)
            self.assertEqual([(key, p.high_watermark) for key, p in told.partitions.items()], [((topic, partition), offset + 1)])
            moved = {(topic, partition): offset + 1}

    def test_every_record_comes_once_and_in_order(self):
        topic, count, records = self.new_topic(8), 8, 400
        offsets = {(topic, p): 0 for p in range(count)}
        session, epoch, moved, values = self.open(topic, count), 0, {}, []

        def produce_all():
            with wire.Connection(self.node.address, 30) as producer:
                for i in range(records):
                    wire.produce(producer, topic, wire.batch([b"%d" % i]), i * 3 % count)

        writer = threading.Thread(target=produce_all)
        writer.start()
        deadline = time.monotonic() + 60
        while len(values) < records and time.monotonic() < deadline:
            epoch += 1
            told = fetch(self.connection, 11, moved, session=session, epoch=epoch, wait_ms=1000)
            self.assertEqual(told.error, wire.NONE)
            moved = {}
            for key, partition in told.partitions.items():
                for offset, value in wire.records_of(partition.records):
                    if offset < offsets[key]:
                        continue
                    self.assertEqual(offset, offsets[key])
                    values.append(value)
                    moved[key] = offsets[key] = offset + 1
        writer.join()
        self.assertEqual(sorted(map(int, values)), list(range(records)))

    def test_partitions_come_and_go(self):
        topic = self.new_topic(3)
        session = self.open(topic, 2)
        told = fetch(self.connection, 11, {(topic, 2): 0}, session=session, epoch=1, forgotten=[(topic, 0)])
        self.assertEqual(list(told.partitions), [(topic, 2)])
        for partition in range(3):
            self.produce(topic, partition)
        told = fetch(self.connection, 11, {}, session=session, epoch=2, wait_ms=10000, bytes_min=100)
        self.assertEqual(sorted(told.partitions), [(topic, 1), (topic, 2)])

    def test_wrong_ids_and_epochs_are_refused(self):
        topic = self.new_topic(2)
        self.assertEqual(fetch(self.connection, 11, {}, session=5, epoch=1), Answer(wire.FETCH_SESSION_ID_NOT_FOUND, 0, {}))
        session = self.open(topic, 2)
        self.assertEqual(fetch(self.connection, 11, {}, session=session, epoch=7).error, wire.INVALID_FETCH_SESSION_EPOCH)
        self.assertEqual(fetch(self.connection, 11, {}, session=session + 1, epoch=1).error, wire.FETCH_SESSION_ID_NOT_FOUND)
        self.assertEqual(fetch(self.connection, 11, {}, session=session, epoch=1).error, wire.NONE)
        with wire.Connection(self.node.address) as other:
            self.assertEqual(fetch(other, 11, {}, session=session, epoch=2).error, wire.FETCH_SESSION_ID_NOT_FOUND)
        self.assertEqual(fetch(self.connection, 13, {}, session=session, epoch=2).error, wire.FETCH_SESSION_TOPIC_ID_ERROR)
        self.assertEqual(fetch(self.connection, 11, {(topic, 0): 0}, session=session, epoch=-1).session, 0)
        self.assertEqual(fetch(self.connection, 11, {}, session=session, epoch=2).error, wire.FETCH_SESSION_ID_NOT_FOUND)

    def test_an_error_is_told_with_every_increment(self):
        topic = self.new_topic(2)
        answer = fetch(self.connection, 11, {(topic, 0): 0, (topic, 9): 0}, epoch=0)
        self.assertEqual(answer.partitions[topic, 9].error, wire.UNKNOWN_TOPIC_OR_PARTITION)
        for epoch in (1, 2):
            told = fetch(self.connection, 11, {}, session=answer.session, epoch=epoch, wait_ms=20000)
            self.assertEqual({key: p.error for key, p in told.partitions.items()}, {(topic, 9): wire.UNKNOWN_TOPIC_OR_PARTITION})

    def test_a_deleted_topic_wakes_its_consumer(self):
        topic = self.new_topic(3)
        session = self.open(topic, 3)
        self.connection.send(wire.FETCH, 11, fetch_body(11, {}, session=session, epoch=1, wait_ms=25000))
        with wire.Connection(self.node.address, 30) as other:
            self.assertEqual(wire.delete_topic(other, topic), wire.NONE)
        told = read_fetch(self.connection.receive()[1], 11)
        self.assertTrue(told.partitions)
        self.assertEqual({p.error for p in told.partitions.values()}, {wire.UNKNOWN_TOPIC_OR_PARTITION})

    def test_a_session_of_one_partition(self):
        topic = self.new_topic()
        session = self.open(topic, 1)
        self.assertEqual(fetch(self.connection, 11, {}, session=session, epoch=1, wait_ms=50).partitions, {})
        self.produce(topic)
        told = fetch(self.connection, 11, {}, session=session, epoch=2, wait_ms=20000)
        self.assertEqual(list(told.partitions), [(topic, 0)])


class TopicIds(FetchTest):
    def test_by_id_in_every_version(self):
        topic = self.new_topic(2)
        self.produce(topic)
        number = topic_id(self.connection, topic)
        for version in range(13, 18):
            answer = fetch(self.connection, version, {(number, 0): 0})
            self.assertEqual([v for _, v in wire.records_of(answer.partitions[number, 0].records)], [b"v"])
            self.assertEqual(fetch(self.connection, version, {(number, 9): 0}).partitions[number, 9].error, wire.UNKNOWN_TOPIC_OR_PARTITION)
            unknown = b"x" * 16
            self.assertEqual(fetch(self.connection, version, {(unknown, 0): 0}).partitions[unknown, 0].error, wire.UNKNOWN_TOPIC_ID)

    def test_a_session_by_id_ends_with_its_topic_and_not_with_its_name(self):
        topic = self.new_topic(2)
        number = topic_id(self.connection, topic)
        session = self.open(number, 2, 17)
        with wire.Connection(self.node.address, 30) as other:
            self.assertEqual(wire.delete_topic(other, topic), wire.NONE)
            self.assertEqual(wire.create_topic(other, topic, 2)[0], wire.NONE)
        told = fetch(self.connection, 17, {}, session=session, epoch=1, wait_ms=20000)
        self.assertEqual({p.error for p in told.partitions.values()}, {wire.UNKNOWN_TOPIC_ID})


class Epochs(FetchTest):
    def test_a_wrong_leader_epoch_is_told_and_who_leads(self):
        topic = self.new_topic()
        self.produce(topic)
        number = topic_id(self.connection, topic)
        fenced = fetch(self.connection, 16, {(number, 0): 0}, epochs={(number, 0): 0}).partitions[number, 0]
        self.assertEqual((fenced.error, fenced.high_watermark, fenced.log_start), (wire.FENCED_LEADER_EPOCH, -1, -1))
        leader = wire.Reader(fenced.tags[1])
        self.assertEqual(leader.int32(), 1)
        self.assertGreater(leader.int32(), 0)
        unknown = fetch(self.connection, 16, {(number, 0): 0}, epochs={(number, 0): 99}).partitions[number, 0]
        self.assertEqual(unknown.error, wire.UNKNOWN_LEADER_EPOCH)
        self.assertNotIn(1, unknown.tags)

    def test_where_an_epoch_ended(self):
        topic = self.new_topic()
        self.produce(topic)

        def end_of(version, epoch, current=-1, partition=0):
            body = int32(partition) + (int32(current) if version >= 2 else b"") + int32(epoch)
            if version >= 4:
                body = wire.NO_TAGS + int32(-1) + wire.compact_array([wire.compact_string(topic) + wire.compact_array([body + wire.NO_TAGS]) + wire.NO_TAGS]) + wire.NO_TAGS
            else:
                body = (int32(-1) if version >= 3 else b"") + wire.array([wire.string(topic) + wire.array([body])])
            reader = self.connection.call(wire.OFFSET_FOR_LEADER_EPOCH, version, body)
            if version >= 4:
                reader.tags()
            if version >= 2:
                reader.int32()
            array = reader.compact_array if version >= 4 else reader.array
            found = []

            def one():
                found.append((reader.int16(), reader.int32(), reader.int32() if version >= 1 else None, reader.int64()))
                if version >= 4:
                    reader.tags()

            array(lambda: (reader.compact_string() if version >= 4 else reader.string(), array(one), reader.tags() if version >= 4 else None))
            return found[0]

        for version in range(5):
            self.assertEqual(end_of(version, 1), (wire.NONE, 0, 1 if version else None, 1))
            self.assertEqual(end_of(version, 50)[3], -1)
            self.assertEqual(end_of(version, 1, partition=9)[0], wire.UNKNOWN_TOPIC_OR_PARTITION)
        self.assertEqual(end_of(4, 1, current=50)[0], wire.UNKNOWN_LEADER_EPOCH)
        self.assertEqual(end_of(4, 1, current=0)[0], wire.FENCED_LEADER_EPOCH)

    def test_a_consumer_that_was_further_is_told_where_the_logs_part(self):
        topic = self.new_topic()
        self.produce(topic)
        parted = fetch(self.connection, 12, {(topic, 0): 5}, last_epochs={(topic, 0): 1}).partitions[topic, 0]
        self.assertEqual((parted.error, parted.high_watermark, parted.records), (wire.NONE, 1, b""))
        end = wire.Reader(parted.tags[0])
        self.assertEqual((end.int32(), end.int64()), (1, 1))
        self.assertEqual(fetch(self.connection, 12, {(topic, 0): 5}).partitions[topic, 0].error, wire.OFFSET_OUT_OF_RANGE)

    def test_read_committed_has_a_list_of_aborted_transactions(self):
        topic = self.new_topic()
        self.produce(topic)
        one = fetch(self.connection, 11, {(topic, 0): 0}, isolation=1).partitions[topic, 0]
        self.assertEqual((one.aborted, one.last_stable, one.high_watermark), ([], 1, 1))
        self.assertIsNone(fetch(self.connection, 11, {(topic, 0): 0}).partitions[topic, 0].aborted)


class SpecialOffsets(FetchTest):
    def list_offset(self, version, topic, timestamp):
        partition = int32(0) + (int32(-1) if version >= 4 else b"") + int64(timestamp)
        isolation = int8(0) if version >= 2 else b""
        if version >= 6:
            body = wire.NO_TAGS + int32(-1) + isolation + wire.compact_array([wire.compact_string(topic) + wire.compact_array([partition + wire.NO_TAGS]) + wire.NO_TAGS])
            body += (int32(1000) if version >= 10 else b"") + wire.NO_TAGS
        else:
            body = int32(-1) + isolation + wire.array([wire.string(topic) + wire.array([partition])])
        reader = self.connection.call(wire.LIST_OFFSETS, version, body)
        if version >= 6:
            reader.tags()
        if version >= 2:
            reader.int32()
        if version >= 6:
            reader.uvarint(), reader.compact_string(), reader.uvarint()
        else:
            reader.int32(), reader.string(), reader.int32()
        reader.int32()
        return reader.int16(), reader.int64(), reader.int64()

    def test_in_every_version(self):
        topic = self.new_topic()
        for timestamp in (3000, 7000, 5000):
            self.assertEqual(wire.produce(self.connection, topic, wire.batch([b"v"], timestamp=timestamp))[0], wire.NONE)
        for version in range(1, 11):
            self.assertEqual(self.list_offset(version, topic, -1), (wire.NONE, -1, 3))
            self.assertEqual(self.list_offset(version, topic, -2), (wire.NONE, -1, 0))
            self.assertEqual(self.list_offset(version, topic, 4000), (wire.NONE, 7000, 1))
            self.assertEqual(self.list_offset(version, topic, 8000), (wire.NONE, -1, -1))
            for special, since, answer in ((-3, 7, (7000, 1)), (-4, 8, (-1, 0)), (-5, 9, (-1, -1))):
                expected = (wire.NONE, *answer) if version >= since else (wire.UNSUPPORTED_VERSION, -1, -1)
                self.assertEqual(self.list_offset(version, topic, special), expected, f"version {version}, {special}")
            self.assertEqual(self.list_offset(version, topic, -6)[0], wire.UNSUPPORTED_VERSION)


if __name__ == "__main__":
    unittest.main()
