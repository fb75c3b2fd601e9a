#!/usr/bin/python3
"""Groups of kafka-python, confluent-kafka and kcat: who gets what, and who goes on where."""
import subprocess
import threading
import unittest

import confluent_kafka
import confluent_kafka.admin
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.admin import KafkaAdminClient

import group_wire
import wire
from client_case import ClientCase
from node import wait_until


class GroupCase(ClientCase):
    def fill(self, topic, count, partitions=1, start=0):
        with wire.Connection(self.node.address) as connection:
            for partition in range(partitions):
                values = [b"%d" % n for n in range(start, start + count)]
                self.assertEqual(wire.produce(connection, topic, wire.batch(values), partition), (0, start))

    def state(self, group):
        with wire.Connection(self.node.address) as connection:
            return group_wire.state(connection, group)

    def committed(self, group):
        with wire.Connection(self.node.address) as connection:
            return group_wire.committed(connection, group)


class KafkaPythonTest(GroupCase):
    def consumer(self, topic, **options):
        consumer = KafkaConsumer(topic, bootstrap_servers=self.node.address, group_id=topic, auto_offset_reset="earliest",
                                 session_timeout_ms=6000, heartbeat_interval_ms=300, **options)
        self.addCleanup(consumer.close)
        return consumer

    def read(self, consumer, count):
        records = []

        def enough():
            for fresh in consumer.poll(200).values():
                records.extend(fresh)
            return len(records) >= count

        wait_until(enough, 30, f"{count} records")
        return [record.offset for record in records]

    def test_python_goes_on_where_its_group_stopped(self):
        topic = self.topic()
        self.fill(topic, 20)
        first = self.consumer(topic, enable_auto_commit=False)
        self.assertEqual(self.read(first, 20), list(range(20)))
        place = TopicPartition(topic, 0)
        first.commit({place: OffsetAndMetadata(7, "so far")})
        self.assertEqual(first.committed(place), 7)
        first.close()
        second = self.consumer(topic)
        self.assertEqual(self.read(second, 13), list(range(7, 20)))
        second.close()  # commits by itself
        self.assertEqual(self.committed(topic), (0, {(topic, 0): 20}))

    def test_python_goes_back_to_the_start_if_its_commit_is_out_of_range(self):
        topic = self.topic()
        self.fill(topic, 5)
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(group_wire.commit(connection, topic, {(topic, 0): 1000}), {(topic, 0): 0})
        self.assertEqual(self.read(self.consumer(topic), 5), list(range(5)))

    def test_python_administration_of_groups(self):
        topic = self.topic(2)
        admin = KafkaAdminClient(bootstrap_servers=self.node.address)
        self.addCleanup(admin.close)
        consumer = self.consumer(topic, enable_auto_commit=False)

        def stable():
            consumer.poll(100)
            return admin.describe_consumer_groups([topic])[0].state == "Stable"

        wait_until(stable, 30, "the group is stable")
        self.assertIn((topic, "consumer"), admin.list_consumer_groups())
        self.assertEqual(admin.delete_consumer_groups([topic])[0][1].__name__, "NonEmptyGroupError")
        consumer.commit({TopicPartition(topic, 1): OffsetAndMetadata(3, "")})
        consumer.close()
        self.assertEqual(admin.describe_consumer_groups([topic])[0].state, "Empty")
        self.assertEqual(admin.list_consumer_group_offsets(topic)[TopicPartition(topic, 1)].offset, 3)
        self.assertEqual(admin.delete_consumer_groups([topic])[0][1].__name__, "NoError")
        self.assertNotIn((topic, "consumer"), admin.list_consumer_groups())


class ConfluentTest(GroupCase):
    def member(self, group, topic, **options):
        """A consumer and the set of partitions that it has."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.node.address, "group.id": group, "auto.offset.reset": "earliest",
            "session.timeout.ms": 10000, "heartbeat.interval.ms": 300, **options})
        self.addCleanup(consumer.close)
        owned, told = set(), []
        cooperative = options.get("partition.assignment.strategy") == "cooperative-sticky"

        def assigned(_, places):
            told.append(("assigned", sorted(place.partition for place in places)))
            if not cooperative:
                owned.clear()
            owned.update(place.partition for place in places)

        def revoked(_, places):
            told.append(("revoked", sorted(place.partition for place in places)))
            owned.difference_update(place.partition for place in places)

        consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
        return consumer, owned, told

    def poll(self, *members):
        for consumer, _, _ in members:
            consumer.poll(0.02)

    def until_each_has(self, count, *members):
        def shared():
            self.poll(*members)
            return all(len(owned) == count for _, owned, _ in members)

        wait_until(shared, 30, f"{count} partitions each; they have {[owned for _, owned, _ in members]}")
        self.assertEqual(len(set().union(*(owned for _, owned, _ in members))), count * len(members))

    def test_confluent_cooperative_members_keep_what_they_do_not_give_away(self):
        topic = self.topic(6)
        strategy = {"partition.assignment.strategy": "cooperative-sticky"}
        first = self.member(topic, topic, **strategy)
        self.until_each_has(6, first)
        second = self.member(topic, topic, **strategy)
        self.until_each_has(3, first, second)
        gone = [partitions for what, partitions in first[2] if what == "revoked"]
        self.assertEqual(sum(map(len, gone)), 3, first[2])
        second[0].close()
        self.until_each_has(6, first)
        self.assertEqual([partitions for what, partitions in first[2] if what == "revoked"], gone)

    def test_confluent_static_member_comes_back_without_a_rebalance(self):
        topic = self.topic(4)
        stays = self.member(topic, topic, **{"group.instance.id": "stays"})
        leaves = self.member(topic, topic, **{"group.instance.id": "leaves"})
        self.until_each_has(2, stays, leaves)
        had, told = set(leaves[1]), len(stays[2])
        leaves[0].close()  # a static member does not say that it leaves
        again = self.member(topic, topic, **{"group.instance.id": "leaves"})

        def back():
            self.poll(stays, again)
            return again[1] == had

        wait_until(back, 30, "the static member has its partitions again")
        self.assertEqual(len(stays[2]), told, stays[2])
        self.assertEqual(self.state(topic)[1], "Stable")

    def test_confluent_static_member_is_fenced_by_a_second_one(self):
        topic = self.topic(1)
        first = self.member(topic, topic, **{"group.instance.id": "one"})
        self.until_each_has(1, first)
        second = self.member(topic, topic, **{"group.instance.id": "one"})

        def fenced():
            second[0].poll(0.02)
            message = first[0].poll(0.02)
            return message is not None and message.error().code() == confluent_kafka.KafkaError._FATAL  # noqa: its public name

        wait_until(fenced, 30, "the first is fenced")
        self.until_each_has(1, second)

    def test_confluent_lists_groups(self):
        topic = self.topic(1)
        member = self.member(topic, topic)
        self.until_each_has(1, member)
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.node.address})
        found, = admin.list_groups(topic, timeout=20)
        self.assertEqual((found.id, found.state, found.protocol_type, len(found.members)), (topic, "Stable", "consumer", 1))


class MixedTest(GroupCase):
    """Members of three libraries in one group."""

    def poll_in_background(self, consumer):
        stopping = threading.Event()

        def poll():
            while not stopping.is_set():
                consumer.poll(0.1)
            consumer.close()

        thread = threading.Thread(target=poll)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stopping.set)

    def test_kcat_kafka_python_and_confluent_share_a_topic(self):
        topic = self.topic(6)
        python = KafkaConsumer(topic, bootstrap_servers=self.node.address, group_id=topic, session_timeout_ms=6000, heartbeat_interval_ms=300)
        self.addCleanup(python.close)
        confluent = confluent_kafka.Consumer({"bootstrap.servers": self.node.address, "group.id": topic, "session.timeout.ms": 6000,
                                              "heartbeat.interval.ms": 300, "partition.assignment.strategy": "range"})
        confluent.subscribe([topic])
        self.poll_in_background(confluent)  # kafka-python's poll() waits until all have joined
        command = ["timeout", "60", "kcat", "-b", self.node.address, "-G", topic, topic, "-q", "-u", "-X", "partition.assignment.strategy=range",
                   "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=300"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as kcat:
            def shared():
                python.poll(20)
                error, state, members = self.state(topic)
                return (error, state, len(members), len(python.assignment()), len(confluent.assignment())) == (0, "Stable", 3, 2, 2)

            wait_until(shared, 40, "each has two partitions")
            kcat.terminate()
            kcat.wait(30)

            def alone():
                python.poll(20)
                return len(python.assignment()) == len(confluent.assignment()) == 3

            wait_until(alone, 40, "the two that stay have three each")


if __name__ == "__main__":
    unittest.main()
