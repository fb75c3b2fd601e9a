#!/usr/bin/python3
"""Well-formed requests that ask for what must not be: each gets its error, in the
protocol, and the connection goes on."""
import struct
import unittest
import zlib

import wire
from node import Node


def message_set(magic, value=b"old"):
    """One message of the formats before record batches (KIP-32)."""
    body = wire.int8(magic) + wire.int8(0) + (wire.int64(1) if magic else b"") + wire.data(None) + wire.data(value)
    message = struct.pack(">I", zlib.crc32(body)) + body
    return wire.int64(0) + wire.int32(len(message)) + message


class BadRequestsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()
        cls.connection = wire.Connection(cls.node.address)
        assert wire.create_topic(cls.connection, "good", 2)[0] == 0

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        status = cls.node.stop()
        cls.node.close()
        assert status == 0

    def produce(self, content, topic="good", partition=0, acks=-1):
        return wire.produce(self.connection, topic, content, partition, acks)[0]

    def assert_refused_and_nothing_kept(self, content, *errors):
        end = wire.list_offset(self.connection, "good", -1)[2]
        self.assertIn(self.produce(content), errors)
        self.assertEqual(wire.list_offset(self.connection, "good", -1)[2], end, "a refused batch took an offset")
        error, offset = wire.produce(self.connection, "good", wire.batch([b"fine"]))
        self.assertEqual((error, offset), (0, end))

    def test_a_wrong_crc(self):
        self.assert_refused_and_nothing_kept(wire.batch([b"x"], crc_flip=1), wire.CORRUPT_MESSAGE)

    def test_counts_that_do_not_fit(self):
        for wrong in ({"count": 2, "last_delta": 0}, {"count": 1, "last_delta": 5}, {"count": 0, "last_delta": -1},
                      {"count": -1, "last_delta": -2}, {"count": 0x7FFFFFFF, "last_delta": 0x7FFFFFFE}):
            with self.subTest(**wrong):
                self.assert_refused_and_nothing_kept(wire.batch([b"x"], **wrong), wire.INVALID_RECORD, wire.CORRUPT_MESSAGE)

    def test_batches_of_the_wrong_size(self):
        good = wire.batch([b"value"])
        shorter, longer = bytearray(good), bytearray(good)
        shorter[8:12], longer[8:12] = wire.int32(len(good) - 13), wire.int32(len(good))
        for content in (good[:-1], good[:30], good[:61], good + b"\0", good + good, bytes(shorter), bytes(longer), b"\xff" * 61, b""):
            with self.subTest(size=len(content)):
                self.assert_refused_and_nothing_kept(content, wire.CORRUPT_MESSAGE, wire.INVALID_RECORD)

    def test_message_sets_of_version_0_and_1(self):
        for magic in (0, 1):
            self.assert_refused_and_nothing_kept(message_set(magic), wire.UNSUPPORTED_FOR_MESSAGE_FORMAT)

    def test_a_magic_that_does_not_exist(self):
        self.assert_refused_and_nothing_kept(
            wire.batch([b"x"], magic=3), wire.UNSUPPORTED_FOR_MESSAGE_FORMAT, wire.CORRUPT_MESSAGE, wire.INVALID_RECORD)

    def test_a_codec_that_does_not_exist(self):
        self.assert_refused_and_nothing_kept(wire.batch([b"x"], attributes=7), wire.UNSUPPORTED_COMPRESSION, wire.INVALID_RECORD)

    def test_a_control_batch_from_a_client(self):
        self.assert_refused_and_nothing_kept(wire.batch([b"x"], attributes=32), wire.INVALID_RECORD)

    def test_acks_that_do_not_exist(self):
        for acks in (2, -2, 32767):
            self.assertEqual(self.produce(wire.batch([b"x"]), acks=acks), wire.INVALID_REQUIRED_ACKS)

    def test_a_batch_that_is_too_large(self):
        self.assert_refused_and_nothing_kept(wire.batch([b"x" * (2 << 20)]), wire.MESSAGE_TOO_LARGE)

    def test_partitions_and_topics_that_are_not_there(self):
        good = wire.batch([b"x"])
        for topic, partition in (("good", 2), ("good", -1), ("good", 0x7FFFFFFF), ("never-made", 0)):
            with self.subTest(topic=topic, partition=partition):
                self.assertEqual(self.produce(good, topic, partition), wire.UNKNOWN_TOPIC_OR_PARTITION)
                self.assertEqual(wire.fetch(self.connection, topic, 0, partition)[0], wire.UNKNOWN_TOPIC_OR_PARTITION)
                self.assertEqual(wire.list_offset(self.connection, topic, -1, partition)[0], wire.UNKNOWN_TOPIC_OR_PARTITION)

    def test_topic_names_that_lead_out_of_the_directory(self):
        for name in ("../x", "..", ".", "a/b", "/etc/passwd", "a\0b", "", "a b", "a" * 250, "ü"):
            with self.subTest(name=name):
                error, _ = wire.create_topic(self.connection, name)
                self.assertEqual(error, wire.INVALID_TOPIC)
                self.assertEqual(wire.metadata(self.connection, [name], auto_create=True)[name][0], wire.INVALID_TOPIC)
                self.assertIn(self.produce(wire.batch([b"x"]), name), (wire.INVALID_TOPIC, wire.UNKNOWN_TOPIC_OR_PARTITION))

    def test_topic_configs_that_cannot_be_kept_are_refused_with_a_sentence(self):
        for key, value in (("cleanup.policy", "shred"), ("cleanup.policy", "compact,shred"), ("no.such.config", "1"),
                           ("retention.ms", "soon"), ("retention.ms", "-2"), ("segment.bytes", "0"), ("max.message.bytes", "-1"),
                           ("callboard.durability", "perhaps"), ("retention.bytes", None)):
            with self.subTest(key=key, value=value):
                error, sentence = wire.create_topic(self.connection, "refused", 1, {key: value})
                self.assertEqual(error, wire.INVALID_CONFIG)
                self.assertIn(key, sentence or "")
        self.assertNotIn("refused", wire.metadata(self.connection))

    def test_partition_and_replica_counts_that_cannot_be(self):
        for partitions in (0, -2, 0x7FFFFFFF):
            self.assertEqual(wire.create_topic(self.connection, "refused", partitions)[0], wire.INVALID_PARTITIONS)
        for replication in (0, -2, 3, 32767):
            self.assertEqual(wire.create_topic(self.connection, "refused", 1, replication=replication)[0], wire.INVALID_REPLICATION_FACTOR)

    def test_a_topic_twice_and_one_that_is_gone(self):
        self.assertEqual(wire.create_topic(self.connection, "twice")[0], 0)
        self.assertEqual(wire.create_topic(self.connection, "twice")[0], wire.TOPIC_ALREADY_EXISTS)
        self.assertEqual(wire.delete_topic(self.connection, "twice"), 0)
        self.assertEqual(wire.delete_topic(self.connection, "twice"), wire.UNKNOWN_TOPIC_OR_PARTITION)
        self.assertEqual(self.produce(wire.batch([b"x"]), "twice"), wire.UNKNOWN_TOPIC_OR_PARTITION)

    def test_fetches_out_of_range_and_with_odd_limits(self):
        for offset in (1 << 40, -5):
            self.assertEqual(wire.fetch(self.connection, "good", offset)[0], wire.OFFSET_OUT_OF_RANGE)
        self.assertEqual(wire.produce(self.connection, "good", wire.batch([b"there"]), 1)[0], 0)
        for limit in (0, 1, -1, 0x7FFFFFFF):
            self.assertIn(wire.fetch(self.connection, "good", 0, 1, bytes_max=limit)[0], (0, wire.INVALID_REQUEST))

    def test_sequences_out_of_order(self):
        error, producer, epoch = wire.init_producer_id(self.connection)
        self.assertEqual(error, 0)
        end = wire.list_offset(self.connection, "good", -1, 1)[2]
        first = wire.batch([b"0", b"1"], producer, epoch, 0)
        self.assertEqual(wire.produce(self.connection, "good", first, 1), (0, end))
        self.assertEqual(wire.produce(self.connection, "good", first, 1), (0, end), "a repeat has its first offset")
        # 1 was taken, in another batch; the others never were, so none may pass for a repeat.
        for wrong, errors in ((1, (wire.OUT_OF_ORDER_SEQUENCE, wire.DUPLICATE_SEQUENCE)), (3, (wire.OUT_OF_ORDER_SEQUENCE,)),
                              (0x7FFFFFFF, (wire.OUT_OF_ORDER_SEQUENCE,)), (-1, (wire.INVALID_RECORD, wire.CORRUPT_MESSAGE))):
            with self.subTest(sequence=wrong):
                self.assertIn(self.produce(wire.batch([b"x"], producer, epoch, wrong), partition=1), errors)
        self.assertEqual(wire.list_offset(self.connection, "good", -1, 1)[2], end + 2)


if __name__ == "__main__":
    unittest.main()
