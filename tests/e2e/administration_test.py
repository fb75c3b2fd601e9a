#!/usr/bin/python3
"""Administration on the wire: what is asked for is in effect when it is answered, and what
cannot be changes nothing."""
import os
import time
import unittest

import admin_wire as admin
import wire
from node import Node, wait_until

NO_ID = bytes(16)


class AdministrationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()
        cls.connection = wire.Connection(cls.node.address)

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        status = cls.node.stop()
        cls.node.close()
        assert status == 0

    def topic(self, partitions=1, configs=None, suffix=""):
        name = self.id().rsplit(".", 1)[1] + suffix
        self.assertEqual(wire.create_topic(self.connection, name, partitions, configs), (0, None))
        return name

    def produce(self, topic, values, partition=0, **batch):
        return wire.produce(self.connection, topic, wire.batch(values, **batch), partition)

    def partitions(self, topic):
        error, partitions = wire.metadata(self.connection, [topic])[topic]
        self.assertEqual(error, 0)
        return sorted(partitions)

    def config(self, topic, key):
        error, _, configs = admin.describe_configs(self.connection, topic, [key])
        self.assertEqual(error, 0)
        return configs[key][0]

    def assert_refused(self, answers, *errors):
        for answer in answers:
            code, sentence = next(v for v in answer if isinstance(v, int)), next((v for v in answer[1:] if isinstance(v, str) and v.endswith(".")), None)
            self.assertIn(code, errors, answer)
            self.assertIsNotNone(sentence, f"no sentence: {answer}")


class PartitionsTest(AdministrationTest):
    def test_new_partitions_can_be_used_at_once_and_old_ones_keep_their_records(self):
        topic = self.topic(2)
        self.produce(topic, [b"kept"], 1)
        self.assertEqual(admin.create_partitions(self.connection, [(topic, 5, None)]), [(topic, 0, None)])
        self.assertEqual(self.partitions(topic), [0, 1, 2, 3, 4])
        self.assertEqual(self.produce(topic, [b"new"], 4), (0, 0))
        self.assertEqual(wire.read_all(self.connection, topic, 1), [(0, b"kept")])

    def test_partitions_survive_a_restart(self):
        with Node() as node:
            with wire.Connection(node.address) as connection:
                wire.create_topic(connection, "t", 1)
                admin.create_partitions(connection, [("t", 3, None)])
                wire.produce(connection, "t", wire.batch([b"x"]), 2)
            node.kill()
            node.start()
            with wire.Connection(node.address) as connection:
                self.assertEqual(sorted(wire.metadata(connection, ["t"])["t"][1]), [0, 1, 2])
                self.assertEqual(wire.read_all(connection, "t", 2), [(0, b"x")])

    def test_counts_that_cannot_be(self):
        topic = self.topic(3)
        for count in (3, 2, 1, 0, -1, 0x7FFFFFFF, -0x80000000):
            self.assert_refused(admin.create_partitions(self.connection, [(topic, count, None)]), wire.INVALID_PARTITIONS)
        self.assertEqual(self.partitions(topic), [0, 1, 2])

    def test_assignments_that_do_not_fit(self):
        topic = self.topic(1)
        for nodes in ([], [[1]], [[1], [99]], [[1], []], [[1], [1, 1]]):
            self.assert_refused(admin.create_partitions(self.connection, [(topic, 3, nodes)]), admin.INVALID_REPLICA_ASSIGNMENT)
        self.assertEqual(self.partitions(topic), [0])

    def test_unknown_repeated_and_internal_topics(self):
        topic = self.topic(1)
        self.assert_refused(admin.create_partitions(self.connection, [("never-made", 3, None)]), wire.UNKNOWN_TOPIC_OR_PARTITION)
        self.assert_refused(admin.create_partitions(self.connection, [(topic, 3, None), (topic, 4, None)]), wire.INVALID_REQUEST)
        self.assert_refused(admin.create_partitions(self.connection, [("__consumer_offsets", 99, None)]), admin.INVALID_TOPIC)
        self.assert_refused(admin.create_partitions(self.connection, [(f"t{n}", 3, None) for n in range(1001)]), admin.POLICY_VIOLATION)
        self.assertEqual(self.partitions(topic), [0])

    def test_validation_changes_nothing(self):
        topic = self.topic(1)
        self.assertEqual(admin.create_partitions(self.connection, [(topic, 3, None)], validate_only=True), [(topic, 0, None)])
        self.assertEqual(self.partitions(topic), [0])


class ConfigsTest(AdministrationTest):
    def alter(self, topic, *changes, validate_only=False):
        return admin.incremental_alter_configs(self.connection, [(topic, list(changes))], validate_only)

    def set(self, topic, key, value):
        self.assertEqual(self.alter(topic, (key, admin.SET, value))[0][:2], (0, None))

    def test_max_message_bytes_holds_for_the_next_batch(self):
        topic = self.topic()
        large = [b"x" * 5000]
        self.assertEqual(self.produce(topic, large)[0], 0)
        self.set(topic, "max.message.bytes", "1000")
        self.assertEqual(self.produce(topic, large)[0], wire.MESSAGE_TOO_LARGE)
        self.assertEqual(self.produce(topic, [b"small"])[0], 0)
        self.assertEqual(self.alter(topic, ("max.message.bytes", admin.DELETE, None))[0][0], 0)
        self.assertEqual(self.produce(topic, large)[0], 0)

    def test_log_append_time_holds_for_the_next_batch(self):
        topic = self.topic()
        minute_ago = int(time.time() * 1000) - 60_000
        self.produce(topic, [b"a"], timestamp=minute_ago)
        self.set(topic, "message.timestamp.type", "LogAppendTime")
        self.produce(topic, [b"b"], timestamp=minute_ago)
        self.assertEqual(wire.list_offset(self.connection, topic, minute_ago)[2], 0)
        self.assertEqual(wire.list_offset(self.connection, topic, minute_ago + 1)[2], 1)

    def test_min_insync_replicas_holds_for_the_next_batch(self):
        topic = self.topic()
        self.assertEqual(self.produce(topic, [b"a"])[0], 0)
        self.set(topic, "min.insync.replicas", "2")
        self.assertEqual(self.produce(topic, [b"b"])[0], 19)
        self.set(topic, "min.insync.replicas", "1")
        self.assertEqual(self.produce(topic, [b"c"]), (0, 1))

    def test_shorter_retention_takes_old_records_away(self):
        topic = self.topic(1, {"retention.ms": "-1"})
        self.produce(topic, [b"from 1970"], timestamp=1000)
        self.produce(topic, [b"from 1970"], timestamp=1000)
        self.assertEqual(wire.list_offset(self.connection, topic, -2)[2], 0)
        self.set(topic, "retention.ms", "1000")
        self.produce(topic, [b"x"], timestamp=1000)
        wait_until(lambda: wire.list_offset(self.connection, topic, -2)[2] > 0, 20, "old records are still there")

    def test_durability_can_change_and_loses_nothing(self):
        with Node() as node:
            with wire.Connection(node.address) as connection:
                wire.create_topic(connection, "t", 1)
                for n, durability in enumerate(("interval", "fsync", "interval", "fsync")):
                    answer = admin.incremental_alter_configs(connection, [("t", [("callboard.durability", admin.SET, durability)])])
                    self.assertEqual(answer[0][0], 0)
                    self.assertEqual(wire.produce(connection, "t", wire.batch([b"%d" % n])), (0, n))
            node.kill()
            node.start()
            with wire.Connection(node.address) as connection:
                self.assertEqual([value for _, value in wire.read_all(connection, "t")], [b"0", b"1", b"2", b"3"])

    def test_a_change_is_described_and_survives_a_restart(self):
        with Node() as node:
            with wire.Connection(node.address) as connection:
                wire.create_topic(connection, "t", 1, {"retention.ms": "7000"})
                admin.incremental_alter_configs(connection, [("t", [("segment.ms", admin.SET, "8000"), ("retention.ms", admin.DELETE, None)])])
                wanted = {"segment.ms": ("8000", 1), "retention.ms": ("604800000", 5)}
                self.assertEqual(admin.describe_configs(connection, "t", list(wanted))[2], wanted)
            node.kill()
            node.start()
            with wire.Connection(node.address) as connection:
                self.assertEqual(admin.describe_configs(connection, "t", list(wanted))[2], wanted)

    def test_the_old_way_replaces_everything(self):
        topic = self.topic(1, {"retention.ms": "7000", "segment.ms": "8000"})
        self.assertEqual(admin.alter_configs(self.connection, [(topic, {"segment.ms": "9000"})])[0][:2], (0, None))
        self.assertEqual(self.config(topic, "segment.ms"), "9000")
        self.assertEqual(self.config(topic, "retention.ms"), "604800000")

    def test_lists(self):
        topic, key = self.topic(), "leader.replication.throttled.replicas"
        for operation, value, wanted in ((admin.APPEND, "0:1,1:1", "0:1,1:1"), (admin.APPEND, "1:1,2:1", "0:1,1:1,2:1"),
                                         (admin.SUBTRACT, "1:1", "0:1,2:1"), (admin.SET, "7:7", "7:7"), (admin.DELETE, None, "")):
            self.assertEqual(self.alter(topic, (key, operation, value))[0][0], 0)
            self.assertEqual(self.config(topic, key), wanted)

    def test_changes_that_cannot_be(self):
        topic = self.topic(1, {"retention.ms": "7000"})
        for changes, error in (([("no.such.config", admin.SET, "1")], wire.INVALID_CONFIG), ([("retention.ms", admin.SET, "soon")], wire.INVALID_CONFIG),
                               ([("retention.ms", admin.SET, "-2")], wire.INVALID_CONFIG), ([("retention.ms", admin.APPEND, "1")], wire.INVALID_CONFIG),
                               ([("retention.ms", admin.SET, None)], wire.INVALID_REQUEST), ([("retention.ms", 4, "1")], wire.INVALID_REQUEST),
                               ([("retention.ms", -128, "1")], wire.INVALID_REQUEST), ([("", admin.SET, "1")], wire.INVALID_CONFIG),
                               ([("retention.ms", admin.SET, "1"), ("retention.ms", admin.SET, "2")], wire.INVALID_REQUEST),
                               ([("segment.ms", admin.SET, "1"), ("max.message.bytes", admin.SET, "-1")], wire.INVALID_CONFIG),
                               ([("leader.replication.throttled.replicas", admin.SET, "1" * 5000)], wire.INVALID_CONFIG)):
            with self.subTest(changes=str(changes)[:80]):
                self.assert_refused(self.alter(topic, *changes), error)
        self.assert_refused(admin.alter_configs(self.connection, [(topic, {"retention.ms": None})]), wire.INVALID_REQUEST)
        self.assertEqual(self.config(topic, "retention.ms"), "7000")
        self.assertEqual(self.config(topic, "segment.ms"), "604800000")

    def test_resources_that_cannot_be_changed(self):
        topic = self.topic()
        change = [("retention.ms", admin.SET, "1")]
        for name, kind, error in (("never-made", admin.TOPIC, wire.UNKNOWN_TOPIC_OR_PARTITION), ("__consumer_offsets", admin.TOPIC, admin.INVALID_TOPIC),
                                  ("1", admin.BROKER, wire.INVALID_CONFIG), ("", admin.BROKER, wire.INVALID_CONFIG),
                                  ("x", 8, wire.INVALID_REQUEST), ("x", 0, wire.INVALID_REQUEST), ("x", -1, wire.INVALID_REQUEST)):
            with self.subTest(name=name, kind=kind):
                self.assert_refused(admin.incremental_alter_configs(self.connection, [(name, change, kind)]), error)
                self.assert_refused(admin.alter_configs(self.connection, [(name, {"retention.ms": "1"}, kind)]), error)
        self.assert_refused(admin.incremental_alter_configs(self.connection, [(topic, change), (topic, change)]), wire.INVALID_REQUEST)
        self.assertEqual(self.config(topic, "retention.ms"), "604800000")

    def test_validation_changes_nothing(self):
        topic = self.topic()
        self.assertEqual(self.alter(topic, ("retention.ms", admin.SET, "1"), validate_only=True)[0][0], 0)
        self.assert_refused(self.alter(topic, ("retention.ms", admin.SET, "x"), validate_only=True), wire.INVALID_CONFIG)
        self.assertEqual(self.config(topic, "retention.ms"), "604800000")


class RecordsTest(AdministrationTest):
    def test_records_below_an_offset_go(self):
        topic = self.topic(2)
        for n in range(5):
            self.produce(topic, [b"%d" % n])
        self.assertEqual(admin.delete_records(self.connection, [(topic, [(0, 3), (1, -1)])]), {(topic, 0): (0, 3), (topic, 1): (0, 0)})
        self.assertEqual(wire.list_offset(self.connection, topic, -2)[2], 3)
        self.assertEqual(wire.fetch(self.connection, topic, 2)[0], wire.OFFSET_OUT_OF_RANGE)
        self.assertEqual(wire.fetch(self.connection, topic, 3)[0], 0)
        self.assertEqual(admin.delete_records(self.connection, [(topic, [(0, 1)])]), {(topic, 0): (0, 3)}, "the log never starts earlier")
        self.assertEqual(admin.delete_records(self.connection, [(topic, [(0, -1)])]), {(topic, 0): (0, 5)})
        self.assertEqual(self.produce(topic, [b"next"]), (0, 5))

    def test_deletions_that_cannot_be(self):
        topic = self.topic()
        self.produce(topic, [b"a", b"b"])
        for offset in (3, -2, 0x7FFFFFFFFFFFFFFF, -0x8000000000000000):
            self.assertEqual(admin.delete_records(self.connection, [(topic, [(0, offset)])])[topic, 0][0], wire.OFFSET_OUT_OF_RANGE)
        for name, partition in ((topic, 1), (topic, -1), ("never-made", 0)):
            self.assertEqual(admin.delete_records(self.connection, [(name, [(partition, -1)])])[name, partition][0], wire.UNKNOWN_TOPIC_OR_PARTITION)
        self.assertEqual(admin.delete_records(self.connection, [("__consumer_offsets", [(0, -1)])])["__consumer_offsets", 0][0], admin.INVALID_TOPIC)
        self.assertEqual(wire.list_offset(self.connection, topic, -2)[2], 0)


class DescriptionsTest(AdministrationTest):
    def test_log_dirs_tell_what_each_partition_takes(self):
        topic = self.topic(2)
        self.produce(topic, [b"x" * 100_000])
        directory, found = admin.describe_log_dirs(self.connection, [(topic, [0, 1, 2, -1, 0]), ("never-made", [0])])
        self.assertTrue(os.path.isabs(directory))
        self.assertEqual(sorted(found), [(topic, 0), (topic, 1)])
        self.assertGreater(found[topic, 0][0], 100_000)
        self.assertEqual(found[topic, 1], (0, 0))
        everything = admin.describe_log_dirs(self.connection)[1]
        self.assertEqual(everything[topic, 0], found[topic, 0])

    def test_topic_partitions_come_in_pages(self):
        a, b = self.topic(3, suffix="-a"), self.topic(3, suffix="-b")
        pages, cursor = [], None
        while True:
            topics, cursor = admin.describe_topic_partitions(self.connection, [b, a, a], 2, cursor)
            pages.append([(name, partitions) for _, name, _, partitions in topics])
            if cursor is None:
                break
        self.assertEqual(pages, [[(a, [0, 1])], [(a, [2]), (b, [0])], [(b, [1, 2])]])
        self.assertIn((0, a, False, [0, 1, 2]), admin.describe_topic_partitions(self.connection, [])[0])

    def test_topic_partitions_asked_for_oddly(self):
        topic = self.topic(2)
        describe = lambda *args: admin.describe_topic_partitions(self.connection, *args)
        self.assertEqual(describe(["never-made", ""]), ([(admin.INVALID_TOPIC, "", False, []), (wire.UNKNOWN_TOPIC_OR_PARTITION, "never-made", False, [])], None))
        for limit in (0, -1, -0x80000000):
            self.assertEqual(describe([topic], limit), ([(0, topic, False, [0])], (topic, 1)))
        self.assertEqual(describe([topic], 0x7FFFFFFF)[1], None)
        self.assertEqual(describe([topic], 10, (topic, -1))[0][0][0], wire.INVALID_REQUEST)
        self.assertEqual(describe([topic], 10, (topic, 0x7FFFFFFF)), ([(0, topic, False, [])], None))
        self.assertEqual(describe([topic], 10, ("zzz", 0)), ([], None))

    def test_producers(self):
        topic = self.topic(2)
        _, producer, epoch = wire.init_producer_id(self.connection)
        self.assertEqual(self.produce(topic, [b"a", b"b"], producer=producer, epoch=epoch, sequence=0, timestamp=1234)[0], 0)
        found = admin.describe_producers(self.connection, topic, [0, 1, 2, 0])
        self.assertEqual(found[0], (0, 0, None, [(producer, epoch, 1, 1234)]))
        self.assertEqual(found[1], (1, 0, None, []))
        self.assertEqual(found[2][:2], (2, wire.UNKNOWN_TOPIC_OR_PARTITION))
        self.assertEqual(found[3][:2], (0, wire.INVALID_REQUEST))


class TopicsTest(AdministrationTest):
    def test_a_deleted_topic_does_not_come_back_by_being_mentioned(self):
        topic = self.topic()
        self.assertEqual(wire.delete_topic(self.connection, topic), 0)
        for _ in range(3):
            self.assertEqual(wire.metadata(self.connection, [topic], auto_create=True)[topic][0], wire.UNKNOWN_TOPIC_OR_PARTITION)
        self.assertEqual(wire.create_topic(self.connection, topic)[0], 0, "on purpose it does, at once")
        self.assertEqual(wire.metadata(self.connection, [topic], auto_create=True)[topic][0], 0)

    def test_a_restart_does_not_bring_a_deleted_topic_back(self):
        with Node() as node:
            with wire.Connection(node.address) as connection:
                wire.create_topic(connection, "t")
                wire.delete_topic(connection, "t")
            node.kill()
            node.start()
            with wire.Connection(node.address) as connection:
                self.assertEqual(wire.metadata(connection, ["t"], auto_create=True)["t"][0], wire.UNKNOWN_TOPIC_OR_PARTITION)
                self.assertEqual(wire.metadata(connection, ["u"], auto_create=True)["u"][0], 0)

    def test_deletion_by_id(self):
        topic = self.topic()
        topic_id = admin.topic_ids(self.connection, [topic])[topic][1]
        self.assertNotEqual(topic_id, NO_ID)
        self.assertEqual(admin.delete_topics(self.connection, [(None, topic_id)]), [(topic, topic_id, 0, None)])
        self.assertEqual(admin.delete_topics(self.connection, [(None, topic_id)])[0][2], admin.UNKNOWN_TOPIC_ID)
        self.assertEqual(wire.create_topic(self.connection, topic)[0], 0)
        self.assertNotEqual(admin.topic_ids(self.connection, [topic])[topic][1], topic_id)

    def test_deletions_that_cannot_be(self):
        topic = self.topic()
        topic_id = admin.topic_ids(self.connection, [topic])[topic][1]
        for asked in ([(topic, topic_id)], [(None, NO_ID)]):
            self.assertEqual(admin.delete_topics(self.connection, asked)[0][2], wire.INVALID_REQUEST)
        self.assertEqual([r[2] for r in admin.delete_topics(self.connection, [(None, b"x" * 16)] * 2)], [admin.UNKNOWN_TOPIC_ID, wire.INVALID_REQUEST])
        self.assertEqual(self.partitions(topic), [0])

    def test_the_brokers_own_names_are_reserved(self):
        for name in ("__consumer_offsets", "__transaction_state"):
            error, sentence = wire.create_topic(self.connection, name)
            self.assertEqual(error, admin.INVALID_TOPIC)
            self.assertIn(name, sentence)
            self.assertEqual(wire.delete_topic(self.connection, name), admin.INVALID_TOPIC)
            self.assertIn(wire.metadata(self.connection, [name], auto_create=True)[name][0], (0, admin.INVALID_TOPIC))


if __name__ == "__main__":
    unittest.main()
