#!/usr/bin/python3
"""Keyed compaction under real clients: what a consumer finds afterwards, also after kill -9."""
import random
import unittest

import confluent_kafka
import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

import admin_wire as admin
import wire
from node import Node, wait_until

CODECS = (None, "gzip", "snappy", "lz4", "zstd")
# A segment ends with the first write 50 ms after it was begun; anything dirty is worth it.
QUICK = {"cleanup.policy": "compact", "segment.ms": "50", "min.cleanable.dirty.ratio": "0.01"}


class CompactionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()

    @classmethod
    def tearDownClass(cls):
        status, log = cls.node.stop(), cls.node.log()
        cls.node.close()
        assert status == 0, f"status {status}: {log[-2000:]}"

    def topic(self, configs=None):
        name = self.id().rsplit(".", 1)[1]
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.create_topic(connection, name, 1, {**QUICK, **(configs or {})})[0], 0)
        return name

    def producer(self, **options):
        return KafkaProducer(bootstrap_servers=self.node.address, acks="all", **options)

    def update(self, topic, rounds, codec=None, records=200):
        """Random updates and tombstones, several per request; what the last of each key says."""
        newest = {}
        producer = self.producer(compression_type=codec, linger_ms=5)
        for _ in range(rounds):
            for _ in range(records):
                key, value = self.random.randrange(50), self.random.randrange(1000)
                newest[b"key %d" % key] = None if value < 100 else b"value %d " % value + b"x" * value
                producer.send(topic, key=b"key %d" % key, value=newest[b"key %d" % key])
            producer.flush()
        producer.close()
        return newest

    def setUp(self):
        seed = random.randrange(1 << 32)
        self.random = random.Random(seed)
        print("seed", seed)

    def consume(self, topic):
        """(offset, key, value) of all there is, by kafka-python, which ends where the log does."""
        partition = TopicPartition(topic, 0)
        consumer = KafkaConsumer(bootstrap_servers=self.node.address, auto_offset_reset="earliest", consumer_timeout_ms=20000)
        consumer.assign([partition])
        end = consumer.end_offsets([partition])[partition]
        found = []
        while consumer.position(partition) < end:
            for message in consumer.poll(1000).get(partition, []):
                found.append((message.offset, message.key, message.value))
        consumer.close()
        return found

    def consume_by_librdkafka(self, topic):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.node.address, "group.id": topic, "enable.partition.eof": True, "enable.auto.commit": False})
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)])
        found = []
        while True:
            message = consumer.poll(20)
            self.assertIsNotNone(message, "no end of the partition")
            if message.error():
                self.assertEqual(message.error().code(), confluent_kafka.KafkaError._PARTITION_EOF)
                consumer.close()
                return found
            found.append((message.offset(), message.key(), message.value()))

    def end_segment(self, topic):
        """Until all that was produced so far is compacted; the offset above it. A marker of its
        own, written again and again, ends the segment and must lose its first record."""
        producer = self.producer()
        end = producer.send(topic, key=b"end", value=b"1").get(10).offset

        def rolled():
            producer.send(topic, key=b"end", value=b"2").get(10)
            return not self.is_there(topic, end)
        wait_until(rolled, 30, "compaction of what was written")
        producer.close()
        return end

    def is_there(self, topic, offset):
        """Whether the record with this offset is."""
        with wire.Connection(self.node.address) as connection:
            error, _, content = wire.fetch(connection, topic, offset)
            self.assertEqual(error, 0)
            return any(found == offset for found, _ in wire.records_of(content))

    def assert_compacted(self, found, newest, upto):
        """Below `upto` each key at most once, and its newest; offsets rise."""
        self.assertEqual([offset for offset, *_ in found], sorted({offset for offset, *_ in found}))
        keys = [key for offset, key, _ in found if offset < upto and key != b"end"]
        self.assertEqual(sorted(keys), sorted(set(keys)))
        self.assertEqual({key: value for _, key, value in found if key != b"end"}, newest)

    def updates_in(self, topic, consume=None):
        """Without the markers, which are compacted as time goes by."""
        return [record for record in (consume or self.consume)(topic) if record[1] != b"end"]

    def test_a_consumer_from_the_beginning_sees_the_last_of_each_key(self):
        topic = self.topic()
        newest = self.update(topic, rounds=10)
        upto = self.end_segment(topic)
        found = self.consume(topic)
        self.assert_compacted(found, newest, upto)
        self.assertIn(None, newest.values()) # tombstones are kept for a day
        self.assertEqual(self.updates_in(topic, self.consume_by_librdkafka), self.updates_in(topic))
        # More on top, and again.
        newest.update(self.update(topic, rounds=5))
        upto = self.end_segment(topic)
        self.assert_compacted(self.consume(topic), newest, upto)

    def test_every_codec(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"codec_{codec}"
                with wire.Connection(self.node.address) as connection:
                    self.assertEqual(wire.create_topic(connection, topic, 1, QUICK)[0], 0)
                newest = self.update(topic, rounds=4, codec=codec)
                upto = self.end_segment(topic)
                found = self.consume(topic)
                self.assert_compacted(found, newest, upto)
                self.assertEqual(self.updates_in(topic, self.consume_by_librdkafka), self.updates_in(topic))

    def test_tombstones_go_when_their_time_is_over(self):
        topic = self.topic({"delete.retention.ms": "100"})
        producer = self.producer()
        producer.send(topic, key=b"a", value=b"1").get(10)
        producer.send(topic, key=b"a", value=None).get(10)
        producer.close()
        self.end_segment(topic)

        def gone():
            return all(key != b"a" for _, key, _ in self.consume(topic))
        wait_until(gone, 30, "the tombstone to go")

    def test_what_is_left_survives_kill_and_stop(self):
        topic = self.topic()
        newest = self.update(topic, rounds=6)
        upto = self.end_segment(topic)
        before = self.updates_in(topic)
        self.node.kill()
        self.node.start()
        self.assertEqual(self.updates_in(topic), before)
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.assertEqual(self.updates_in(topic), before)
        self.assert_compacted(before, newest, upto)

    def test_killed_again_and_again_while_it_compacts(self):
        topic = self.topic({"min.cleanable.dirty.ratio": "0"})
        newest = {}
        for _ in range(6):
            newest.update(self.update(topic, rounds=3, records=500))
            self.node.kill()
            self.node.start()
            found = self.consume(topic)
            self.assertEqual({key: value for _, key, value in found}, newest)
        upto = self.end_segment(topic)
        self.assert_compacted(self.consume(topic), newest, upto)

    def test_a_fetch_from_an_offset_that_is_gone_gives_the_next_record(self):
        topic = self.topic()
        producer = self.producer()
        for i in range(20):
            producer.send(topic, key=b"same", value=b"%d" % i).get(10)
        producer.close()
        self.end_segment(topic)
        with wire.Connection(self.node.address) as connection:
            error, _, content = wire.fetch(connection, topic, 5)
            self.assertEqual(error, 0)
            self.assertEqual(next(found for found, *_ in wire.records_of(content) if found >= 5), 19)

    def test_records_need_a_key(self):
        topic = self.topic()
        for codec in CODECS:
            producer = self.producer(compression_type=codec)
            with self.assertRaises(kafka.errors.KafkaError):
                producer.send(topic, value=b"no key").get(10)
            producer.send(topic, key=b"k", value=b"v").get(10)
            producer.close()
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.produce(connection, topic, wire.batch([b"no key"]))[0], 87)
            # The policy is a configuration like others: what it asks holds at once.
            admin.incremental_alter_configs(connection, [(topic, [("cleanup.policy", 0, "delete")])])
            self.assertEqual(wire.produce(connection, topic, wire.batch([b"no key"]))[0], 0)

    def test_records_of_a_compacted_topic_are_not_deleted_by_offset(self):
        topic = self.topic()
        producer = self.producer()
        producer.send(topic, key=b"a", value=b"1").get(10)
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(admin.delete_records(connection, [(topic, [(0, -1)])]), {(topic, 0): (44, -1)})
        producer.close()

    def test_both_policies(self):
        topic = self.topic({"cleanup.policy": "compact,delete", "retention.ms": "1000"})
        self.update(topic, rounds=4)


        def expired():
            with wire.Connection(self.node.address) as connection:
                return wire.list_offset(connection, topic, -2)[2] == 800
        wait_until(expired, 30, "retention of a compacted log")

    def test_a_topic_can_be_deleted_while_it_is_compacted(self):
        for i in range(5):
            topic = f"short_lived_{i}"
            with wire.Connection(self.node.address) as connection:
                self.assertEqual(wire.create_topic(connection, topic, 1, {**QUICK, "min.cleanable.dirty.ratio": "0"})[0], 0)
                self.update(topic, rounds=3, records=500)
                self.assertEqual(wire.delete_topic(connection, topic), 0)
        self.assertNotIn("stay behind", self.node.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
