#!/usr/bin/python3
"""kafka-python and confluent-kafka, as Debian ships them, against one node; and the examples."""
import os
import subprocess
import time
import unittest

import confluent_kafka.admin
import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic

import wire
from client_case import ClientCase
from node import BUILD

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


class KafkaPythonTest(ClientCase):
    def producer(self, **options):
        producer = KafkaProducer(bootstrap_servers=self.node.address, **options)
        self.addCleanup(producer.close)
        return producer

    def consumer(self, topic, partitions=(0,), **options):
        consumer = KafkaConsumer(bootstrap_servers=self.node.address, **options)
        self.addCleanup(consumer.close)
        consumer.assign([TopicPartition(topic, p) for p in partitions])
        consumer.seek_to_beginning()
        return consumer

    def read(self, consumer, count, seconds=30):
        records, deadline = [], time.monotonic() + seconds
        while len(records) < count and time.monotonic() < deadline:
            for fresh in consumer.poll(200).values():
                records += fresh
        self.assertEqual(len(records), count)
        return records

    def send(self, topic, *records, **options):
        producer = self.producer(**options)
        pending = [producer.send(topic, **record) for record in records]
        producer.flush(30)
        return [sent.get(30) for sent in pending]

    def test_python_every_codec_is_stored_as_it_was_sent(self):
        for number, codec in enumerate(CODECS):
            with self.subTest(codec=codec):
                topic = f"python-codec-{codec}"
                with wire.Connection(self.node.address) as connection:
                    self.assertEqual(wire.create_topic(connection, topic)[0], 0)
                values = [b"%d of a text that compresses well" % n for n in range(300)]
                self.send(topic, *({"value": v} for v in values), compression_type=None if codec == "none" else codec, linger_ms=50)
                self.assertEqual([r.value for r in self.read(self.consumer(topic), 300)], values)
                self.assertEqual(self.stored_codecs(topic), {number})

    def test_python_keys_headers_timestamps_and_tombstones(self):
        topic = self.topic()
        headers = [("a", b"1"), ("a", b"2"), ("empty", b""), ("ümlaut", "ü".encode())]
        sent = [
            {"key": None, "value": b"v", "timestamp_ms": 1600000000001}, {"key": b"", "value": b"", "timestamp_ms": 1600000000002},
            {"key": b"\0\xff", "value": bytes(range(256)), "timestamp_ms": 1600000000003}, {"key": b"gone", "value": None, "timestamp_ms": 1600000000004},
            {"key": b"h", "value": b"h", "timestamp_ms": 1600000000005, "headers": headers},
        ]
        self.send(topic, *sent)
        for wanted, got in zip(sent, self.read(self.consumer(topic), len(sent))):
            self.assertEqual((got.key, got.value, got.timestamp), (wanted["key"], wanted["value"], wanted["timestamp_ms"]))
            self.assertEqual(list(got.headers), wanted.get("headers", []))

    def test_python_seeks_by_time(self):
        topic, base = self.topic(), 1700000000000
        self.send(topic, *({"value": b"%d" % n, "timestamp_ms": base + n * 1000} for n in range(30)))
        consumer, partition = self.consumer(topic), TopicPartition(topic, 0)
        for time_ms, wanted in ((base + 10000, 10), (base + 10001, 11), (base - 5, 0), (base + 29001, None)):
            found = consumer.offsets_for_times({partition: time_ms})[partition]
            self.assertEqual(found and found.offset, wanted, time_ms - base)

    def test_python_is_told_that_a_topic_is_empty(self):
        topic = self.topic(3)
        consumer = self.consumer(topic, range(3))
        places = [TopicPartition(topic, p) for p in range(3)]
        self.assertEqual(consumer.beginning_offsets(places), dict.fromkeys(places, 0))
        self.assertEqual(consumer.end_offsets(places), dict.fromkeys(places, 0))
        self.assertEqual(consumer.poll(300), {})

    def test_python_cannot_write_where_no_topic_can_be(self):
        with self.assertRaises((kafka.errors.InvalidTopicError, kafka.errors.KafkaTimeoutError)):
            self.producer(max_block_ms=3000).send("not a name!", b"x").get(10)

    def test_python_creates_a_topic_by_writing(self):
        self.assertEqual(self.send("python-made-this", {"value": b"x"})[0].offset, 0)

    def test_python_every_acks(self):
        topic = self.topic()
        for acks in (0, 1, "all"):
            self.send(topic, *({"value": b"%d" % n} for n in range(20)), acks=acks)
        self.assertEqual(len(self.read(self.consumer(topic), 60)), 60)

    def test_python_is_told_that_a_record_is_too_large(self):
        with self.assertRaises(kafka.errors.MessageSizeTooLargeError):
            self.send(self.topic(), {"value": b"x" * 3_000_000}, max_request_size=10_000_000, retries=0)

    def test_python_a_megabyte_fits_and_is_read_by_small_fetches(self):
        topic = self.topic()
        self.send(topic, {"value": b"m" * 1_000_000}, {"value": b"after"}, max_request_size=4_000_000)
        records = self.read(self.consumer(topic, max_partition_fetch_bytes=1000), 2)
        self.assertEqual([len(r.value) for r in records], [1_000_000, 5])

    def test_python_a_waiting_fetch_wakes_with_the_record(self):
        topic = self.topic()
        consumer = self.consumer(topic, fetch_max_wait_ms=20000)
        producer = self.producer(linger_ms=0)
        self.assertEqual(consumer.position(TopicPartition(topic, 0)), 0)
        consumer.poll(100)  # its fetch is parked now
        began = time.monotonic()
        producer.send(topic, b"x").get(10)
        self.read(consumer, 1)
        self.assertLess(time.monotonic() - began, 5, "it waited for its time-out of 20 s")

    def test_python_out_of_range_is_told_or_reset(self):
        topic = self.topic()
        self.send(topic, *({"value": b"%d" % n} for n in range(5)))
        strict = self.consumer(topic, auto_offset_reset="none")
        strict.seek(TopicPartition(topic, 0), 1000)
        with self.assertRaises(kafka.errors.OffsetOutOfRangeError):
            self.read(strict, 1)
        lenient = self.consumer(topic, auto_offset_reset="earliest")
        lenient.seek(TopicPartition(topic, 0), 1000)
        self.assertEqual([r.offset for r in self.read(lenient, 5)], [0, 1, 2, 3, 4])

    def test_python_administration(self):
        admin = KafkaAdminClient(bootstrap_servers=self.node.address)
        self.addCleanup(admin.close)
        admin.create_topics([NewTopic("by-admin", 3, 1)])
        self.assertIn("by-admin", admin.list_topics())
        with self.assertRaises(kafka.errors.TopicAlreadyExistsError):
            admin.create_topics([NewTopic("by-admin", 3, 1)])
        admin.create_partitions({"by-admin": NewPartitions(5)})
        self.assertEqual(len(admin.describe_topics(["by-admin"])[0]["partitions"]), 5)
        with self.assertRaises(kafka.errors.InvalidPartitionsError):
            admin.create_partitions({"by-admin": NewPartitions(4)})
        resource = ConfigResource(ConfigResourceType.TOPIC, "by-admin", {"retention.ms": "7000"})
        admin.alter_configs([resource])
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "by-admin")])[0].resources[0]
        self.assertEqual({config[0]: config[1] for config in described[4]}["retention.ms"], "7000")
        admin.delete_topics(["by-admin"])
        self.assertNotIn("by-admin", admin.list_topics())

    def test_python_records_survive_a_restart(self):
        topic = self.topic(3)
        sent = self.send(topic, *({"value": b"%d" % n, "partition": n % 3} for n in range(90)))
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        records = self.read(self.consumer(topic, range(3)), 90)
        self.assertEqual(sorted((r.partition, r.offset) for r in records), sorted((s.partition, s.offset) for s in sent))


class ConfluentTest(ClientCase):
    def test_confluent_idempotent_producer(self):
        topic = self.topic()
        producer = confluent_kafka.Producer({"bootstrap.servers": self.node.address, "enable.idempotence": True, "batch.num.messages": 10})
        for n in range(2000):
            producer.produce(topic, b"%d" % n)
        self.assertEqual(producer.flush(30), 0)
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.read_all(connection, topic), [(n, b"%d" % n) for n in range(2000)])

    def results(self, futures):
        """What each of an administration's calls returned."""
        return {key: future.result(20) for key, future in futures.items()}

    def test_confluent_administration(self):
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.node.address})
        topic = confluent_kafka.admin.NewTopic("by-confluent", 2, 1, config={"retention.ms": "7000"})
        self.results(admin.create_topics([topic]))
        with self.assertRaises(confluent_kafka.KafkaException):
            self.results(admin.create_topics([topic]))
        self.results(admin.create_partitions([confluent_kafka.admin.NewPartitions("by-confluent", 4)]))
        self.assertEqual(len(admin.list_topics("by-confluent", timeout=20).topics["by-confluent"].partitions), 4)
        resource = confluent_kafka.admin.ConfigResource("topic", "by-confluent")
        described = self.results(admin.describe_configs([resource]))[resource]
        self.assertEqual(described["retention.ms"].value, "7000")
        resource.set_config("retention.ms", "8000")
        self.results(admin.alter_configs([resource]))
        self.assertEqual(self.results(admin.describe_configs([resource]))[resource]["retention.ms"].value, "8000")
        broker = confluent_kafka.admin.ConfigResource("broker", str(admin.list_topics(timeout=20).controller_id))
        self.assertIn("message.max.bytes", self.results(admin.describe_configs([broker]))[broker])
        self.results(admin.delete_topics(["by-confluent"]))
        self.assertNotIn("by-confluent", admin.list_topics(timeout=20).topics)


class ExamplesTest(ClientCase):
    def run_example(self, *command, stdin=""):
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=True).stdout

    def python(self, name, *args, stdin=""):
        return self.run_example("/usr/bin/python3", os.path.join(EXAMPLES, "python", name), self.node.address, *args, stdin=stdin)

    def cpp(self, name, *args):
        return self.run_example(os.path.join(BUILD, "examples", name), self.node.address, *args)

    def values(self, topic):
        with wire.Connection(self.node.address) as connection:
            return [value for _, value in wire.read_all(connection, topic)]

    def test_python_examples_round_trip(self):
        topic = self.topic()
        self.assertEqual(self.python("produce.py", topic, stdin="one\ntwo\n").count("acknowledged"), 2)
        self.assertEqual(self.python("consume.py", topic, "2"), "partition 0, offset 0: one\npartition 0, offset 1: two\n")

    def test_cpp_examples_and_kafka_clients_see_the_same_topic(self):
        topic = "made-in-cpp"
        self.cpp("create_topic", topic, "1")
        self.cpp("produce", topic, "from C++")
        self.assertEqual(self.values(topic), [b"from C++"])
        self.python("produce.py", topic, stdin="from Python\n")
        read = self.cpp("consume", topic, "2")
        self.assertIn("from C++", read)
        self.assertIn("from Python", read)

    def test_cpp_streaming_loses_nothing(self):
        topic = self.topic()
        self.cpp("stream_produce", topic, "5000")
        self.assertEqual(len(set(self.values(topic))), 5000)

    def test_the_tour_runs_through(self):
        said = self.run_example(os.path.join(EXAMPLES, "tour.sh"), self.node.address)
        self.assertIn("a line from Python", said)

    def test_examples_refuse_with_a_sentence(self):
        for name, args in (("produce", ("never-made", "x")), ("consume", ("never-made", "1")), ("create_topic", ("../x",))):
            with self.subTest(name=name):
                done = subprocess.run([os.path.join(BUILD, "examples", name), self.node.address, *args],
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertGreater(done.returncode, 0)
                self.assertTrue(done.stderr.strip())
                self.assertNotIn("terminate called", done.stderr)


if __name__ == "__main__":
    unittest.main()
