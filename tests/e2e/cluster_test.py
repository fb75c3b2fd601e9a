#!/usr/bin/python3
"""Three nodes as processes: how they find each other, and what clients see when one dies,
falls silent, comes back or is new. What random faults do over a longer time is
cluster_history_test.py's."""
import os
import random
import sys
import threading
import unittest

import confluent_kafka
import kafka

import group_wire
import wire
from cluster import Cluster
from node import wait_until

GOES_ON_SECONDS = 60  # of tests that ask whether, not how fast
OFFSETS_TOPIC = "__consumer_offsets"
# Without the limit librdkafka would wait a minute for a node that has fallen silent.
CLIENT = {"socket.timeout.ms": 3000, "reconnect.backoff.max.ms": 500, "log_level": 0}


class Writer:
    """An idempotent librdkafka producer; knows what was acknowledged, and where."""

    def __init__(self, bootstrap, topic, **options):
        self.topic = topic
        self.acknowledged = {}  # value: (partition, offset)
        self.failed = []
        self.sent = 0
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 2,
            "topic.metadata.refresh.interval.ms": 1000, **CLIENT, **options})

    def _on_delivery(self, error, message):
        if error:
            self.failed.append(error)
        else:
            self.acknowledged[message.value().decode()] = (message.partition(), message.offset())

    def send(self, count, partition=0):
        for _ in range(count):
            self.producer.produce(self.topic, f"v{self.sent}".encode(), partition=partition, on_delivery=self._on_delivery)
            self.sent += 1
        self.producer.poll(0)

    def send_acknowledged(self, count, partition=0, seconds=GOES_ON_SECONDS):
        self.send(count, partition)
        self.await_acknowledged(self.sent, seconds)

    def await_acknowledged(self, count, seconds=GOES_ON_SECONDS):
        def reached():
            self.producer.poll(0.01)
            if self.failed:
                raise AssertionError(f"not delivered: {self.failed[0]}")
            return len(self.acknowledged) >= count

        wait_until(reached, seconds, f"{count} acknowledgements, {len(self.acknowledged)} are here")


class ClusterCase(unittest.TestCase):
    def cluster(self, count=3, start=True, **options):
        made = Cluster(count, **options)
        self.addCleanup(made.close)
        return made.start() if start else made

    def create(self, cluster, topic, through=1, partitions=1, replication=3):
        with cluster.connect(through) as connection:
            self.assertEqual(wire.create_topic(connection, topic, partitions, replication=replication), (0, None))

    def read(self, cluster, topic, partition=0):
        """[(offset, value)] as the leader has it, once it is known."""
        def attempt():
            try:
                with cluster.connect(cluster.await_leader(topic, partition)) as connection:
                    return [(offset, value.decode()) for offset, value in wire.read_all(connection, topic, partition)] or None
            except (OSError, ValueError):
                return None

        return wait_until(attempt, GOES_ON_SECONDS, lambda: f"{topic}/{partition} can be read: {cluster.logs()}")

    def check_kept(self, cluster, writer, partition=0):
        """Everything acknowledged is where it was said to be, once, in order."""
        found = self.read(cluster, writer.topic, partition)
        at = {value: offset for offset, value in found}
        self.assertEqual(len(at), len(found), "a value stands there twice")
        self.assertEqual([offset for offset, _ in found], list(range(len(found))))
        for value, (_, offset) in writer.acknowledged.items():
            self.assertEqual(at.get(value), offset, f"{value} was acknowledged at {offset}")
        numbers = [int(value[1:]) for _, value in found]
        self.assertEqual(numbers, sorted(numbers))


class Forming(ClusterCase):
    def test_seeds_in_any_order(self):
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        for _ in range(3):
            order = source.sample((1, 2, 3), 3)
            with self.subTest(seed=seed, order=order), Cluster(3) as cluster:
                for number in order:
                    cluster[number].launch()
                    wait_until(lambda: listens(cluster, number), GOES_ON_SECONDS, f"node {number} listens")  # noqa: B023
                for number in order:
                    cluster[number].await_ready()
                cluster.await_connected()
                said = [cluster.metadata(number, []) for number in (1, 2, 3)]
                self.assertEqual(len({each.cluster for each in said}), 1)
                self.assertEqual(len({each.controller for each in said}), 1)
                self.assertEqual(set(said[0].brokers), {1, 2, 3})
                self.assertEqual(cluster.stop(), {1: 0, 2: 0, 3: 0})

    def test_one_node_grows_to_three(self):
        cluster = self.cluster(seeds=False, start=False).start([1])
        self.create(cluster, "default", replication=-1, partitions=2)
        self.create(cluster, "single", replication=1)
        writer = Writer(cluster.bootstrap([1]), "default")
        writer.send_acknowledged(100)
        with cluster.connect(1) as connection:
            group_wire.find_coordinator(connection, "before")
            wait_until(lambda: group_wire.commit(connection, "before", {("default", 0): 7}) == {("default", 0): 0},
                       GOES_ON_SECONDS, "an offset is committed")
        cluster.start([2])
        cluster.start([3])
        for topic in ("default", OFFSETS_TOPIC):
            cluster.await_in_sync(topic, 3)
        self.assertEqual(cluster.partition("single").replicas, [1])
        # The founder is no more than the others by now.
        cluster.kill(1)
        writer.producer.flush(0)
        writer = Writer(cluster.bootstrap([2, 3]), "default")
        writer.send_acknowledged(10, partition=1)
        values = [value for _, value in self.read(cluster, "default")]
        self.assertEqual(values, [f"v{number}" for number in range(100)])
        self.assertEqual(self.committed(cluster, "before", ("default", 0)), 7)

    def committed(self, cluster, group, place):
        """What a group has committed, from whichever node coordinates it."""
        def attempt():
            try:
                with cluster.connect(cluster.alive()[0]) as connection:
                    error, _, node = group_wire.find_coordinator(connection, group)
                if error:
                    return None
                coordinator = cluster.number_of(node, cluster.alive()[0])
                if coordinator is None:
                    return None
                with cluster.connect(coordinator) as connection:
                    error, found = group_wire.committed(connection, group, [place])
                return None if error else found
            except OSError:
                return None

        return wait_until(attempt, GOES_ON_SECONDS, lambda: f"the offsets of {group}: {cluster.logs()}")[place]

    def test_wiped_node_is_a_new_one(self):
        cluster = self.cluster()
        self.create(cluster, "t")
        writer = Writer(cluster.bootstrap(), "t")
        writer.send_acknowledged(50)
        cluster.kill(3)
        cluster.wipe(3)
        cluster[3].launch()
        cluster[3].await_ready()
        cluster.await_connected(count=3)
        through = 1
        self.assertEqual(cluster.ids(through)[3], 4)
        writer.send_acknowledged(50)
        self.check_kept(cluster, writer)


def listens(cluster, number):
    try:
        cluster.connect(number).close()
        return True
    except OSError:
        return False


def groups_stored(node):
    return sorted(os.listdir(os.path.join(node.data, "groups")))


class Everyday(ClusterCase):
    def test_topic_can_be_used_at_once_through_every_node(self):
        cluster = self.cluster()
        for through in (1, 2, 3):
            for use in (1, 2, 3):
                topic = f"made-{through}-used-{use}"
                self.create(cluster, topic, through)
                # Who was asked knows it, and who leads it; the others hear of both in the same
                # moments, and say until then what makes a client ask again.
                if use == through:
                    leader = cluster.number_of(cluster.partition(topic, through=use).leader, through=use)
                else:
                    leader = self.found_as_a_client_does(cluster, topic, use)
                with cluster.connect(leader) as connection:
                    error, offset = wire.produce(connection, topic, wire.batch([b"x"]))
                    self.assertEqual((error, offset), (0, 0), topic)

    def found_as_a_client_does(self, cluster, topic, through):
        """The number of the node that leads; every answer before it must be one that clients retry."""
        def attempt():
            said = cluster.metadata(through, [topic])
            error, partitions = said.topics[topic]
            errors = {error} | {each.error for each in partitions.values()}
            self.assertLessEqual(errors, {0, wire.UNKNOWN_TOPIC_OR_PARTITION, wire.LEADER_NOT_AVAILABLE}, topic)
            return cluster.number_of(partitions[0].leader, through) if errors == {0} else None

        return wait_until(attempt, GOES_ON_SECONDS, lambda: f"node {through} knows who leads {topic}: {cluster.logs()}")

    def test_clients_through_every_node(self):
        cluster = self.cluster()
        self.create(cluster, "t", partitions=3)
        for number in (1, 2, 3):
            writer = Writer(cluster.bootstrap([number]), "t")
            for partition in range(3):
                writer.send(10, partition)
            writer.await_acknowledged(30)
            producer = kafka.KafkaProducer(bootstrap_servers=cluster.bootstrap([number]), acks="all")
            for future in [producer.send("t", b"k", partition=n % 3) for n in range(30)]:
                future.get(30)
            producer.close()
        for number in (1, 2, 3):
            consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap([number]), "group.id": f"c{number}",
                                                 "auto.offset.reset": "earliest"})
            consumer.subscribe(["t"])
            got = []
            wait_until(lambda: got.extend(m for m in consumer.consume(100, 0.1) if not m.error()) or len(got) >= 180,  # noqa: B023
                       GOES_ON_SECONDS, f"all records through node {number}")
            consumer.close()
            consumer = kafka.KafkaConsumer("t", bootstrap_servers=cluster.bootstrap([number]), group_id=f"k{number}",
                                           auto_offset_reset="earliest", consumer_timeout_ms=30000)
            read = [next(consumer) for _ in range(180)]
            consumer.close()
            self.assertEqual(len({(r.partition, r.offset) for r in read}), 180)


class Faults(ClusterCase):
    def writing(self, topic="t", count=200, partitions=1):
        cluster = self.cluster()
        self.create(cluster, topic, partitions=partitions)
        writer = Writer(cluster.bootstrap(), topic)
        writer.send_acknowledged(count)
        return cluster, writer

    def test_leader_is_killed(self):
        cluster, writer = self.writing()
        leader = cluster.await_leader("t")
        writer.send(500)
        cluster.kill(leader)
        writer.send(500)
        writer.await_acknowledged(writer.sent)
        cluster.start([leader])
        cluster.await_in_sync("t", 3)
        self.check_kept(cluster, writer)

    def test_controller_is_killed(self):
        cluster, writer = self.writing()
        controller = cluster.number_of(cluster.metadata(1, []).controller, 1)
        cluster.kill(controller)
        survivor = cluster.alive()[0]

        def created():
            try:
                with cluster.connect(survivor) as connection:
                    return wire.create_topic(connection, "later", replication=2)[0] in (0, wire.TOPIC_ALREADY_EXISTS)
            except OSError:
                return False

        wait_until(created, GOES_ON_SECONDS, lambda: f"a topic is created: {cluster.logs()}")
        later = Writer(cluster.bootstrap(cluster.alive()), "later")
        later.send_acknowledged(10)
        writer.send_acknowledged(100)
        cluster.start([controller])
        self.check_kept(cluster, writer)

    def test_all_are_killed(self):
        cluster, writer = self.writing()
        writer.send(500)
        cluster.kill(1, 2, 3)
        cluster.start()
        writer.send(100)
        writer.await_acknowledged(writer.sent)
        cluster.await_in_sync("t", 3)
        self.check_kept(cluster, writer)

    def test_topics_made_just_before_all_are_killed(self):
        cluster = self.cluster()
        for life in range(3):
            self.create(cluster, f"life-{life}", through=life + 1)
            writer = Writer(cluster.bootstrap(), f"life-{life}")
            writer.send_acknowledged(5)
            cluster.kill(1, 2, 3)
            cluster.start()
            for before in range(life + 1):
                values = [value for _, value in self.read(cluster, f"life-{before}")]
                self.assertEqual(values, [f"v{number}" for number in range(5)])

    def test_topic_deleted_while_a_node_is_down(self):
        cluster = self.cluster()
        self.create(cluster, "kept")
        self.create(cluster, "gone", partitions=3)
        wait_until(lambda: len(groups_stored(cluster[3])) == 5, GOES_ON_SECONDS, "node 3 has both topics and the metadata")
        cluster.kill(3)

        def deleted():
            with cluster.connect(1) as connection:
                return wire.delete_topic(connection, "gone") in (0, wire.UNKNOWN_TOPIC_OR_PARTITION)

        wait_until(deleted, GOES_ON_SECONDS, "the topic is deleted")
        cluster.start([3])
        wait_until(lambda: cluster.metadata(3, ["gone"]).topics["gone"][0] == wire.UNKNOWN_TOPIC_OR_PARTITION, GOES_ON_SECONDS,
                   "node 3 knows that the topic is gone")
        wait_until(lambda: len(groups_stored(cluster[3])) == 2, GOES_ON_SECONDS,
                   lambda: f"its files are gone: {groups_stored(cluster[3])}")
        cluster.await_in_sync("kept", 3)

    def test_frozen_leader_is_fenced(self):
        cluster, writer = self.writing()
        leader = cluster.await_leader("t")
        # Written to the old leader while it stands still: read by it when it wakes up.
        with cluster.connect(leader) as old:
            cluster.freeze(leader)
            old.send(wire.PRODUCE, 7, wire.produce_body("t", wire.batch([b"stale"]), timeout_ms=5000))
            other = next(number for number in (1, 2, 3) if number != leader)
            cluster.await_leader("t", through=other, other_than=leader)
            writer.send_acknowledged(200)
            cluster.thaw(leader)
            error, _ = wire.read_produce_answer(old.receive()[1])
            self.assertIn(error, wire.RETRIABLE)
        cluster.await_connected()
        cluster.await_in_sync("t", 3)
        found = self.read(cluster, "t")
        self.assertNotIn("stale", [value for _, value in found])
        writer.send_acknowledged(100)
        self.check_kept(cluster, writer)

    def test_two_of_three_are_down(self):
        cluster, writer = self.writing()
        survivor = cluster.await_leader("t")
        others = [number for number in (1, 2, 3) if number != survivor]
        cluster.kill(*others)
        with cluster.connect(survivor) as connection:
            answer = connection.call(wire.PRODUCE, 7, wire.produce_body("t", wire.batch([b"alone"]), timeout_ms=2000))
            error, _ = wire.read_produce_answer(answer)
            self.assertIn(error, wire.RETRIABLE)
        cluster.start(others)
        writer.send_acknowledged(100)
        cluster.await_in_sync("t", 3)
        values = [value for _, value in self.read(cluster, "t") if value != "alone"]
        self.assertEqual(values, [f"v{number}" for number in range(300)])

    def test_restarted_node_catches_up(self):
        cluster, writer = self.writing()
        leader = cluster.await_leader("t")
        follower = next(number for number in (1, 2, 3) if number != leader)
        cluster.kill(follower)
        cluster.await_in_sync("t", 2)
        for _ in range(5):
            writer.send_acknowledged(1000)
        cluster.start([follower])
        cluster.await_in_sync("t", 3)
        # What it caught up with is what counts when it alone knows it beside a fresh leader.
        cluster.kill(leader)
        writer.send_acknowledged(100)
        self.check_kept(cluster, writer)

    def test_group_goes_on_without_its_coordinator(self):
        cluster, writer = self.writing(partitions=1)
        got, committed, stopping = [], [], threading.Event()
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": cluster.bootstrap(), "group.id": "g", "auto.offset.reset": "earliest", "enable.auto.commit": False,
            "session.timeout.ms": 10000, **CLIENT})
        consumer.subscribe(["t"])

        def consume():
            while not stopping.is_set():
                for message in consumer.consume(100, 0.1):
                    if not message.error():
                        got.append((message.offset(), message.value().decode()))
                if got:
                    try:
                        committed.append(consumer.commit(asynchronous=False)[0].offset)
                    except confluent_kafka.KafkaException:
                        pass  # the coordinator is on its way

        reader = threading.Thread(target=consume, daemon=True)
        reader.start()
        wait_until(lambda: committed and committed[-1] == 200, GOES_ON_SECONDS, "the group has committed 200")
        with cluster.connect(1) as connection:
            _, _, node = group_wire.find_coordinator(connection, "g")
        cluster.kill(cluster.number_of(node, 1))
        writer.send_acknowledged(100)
        wait_until(lambda: committed[-1] == 300, GOES_ON_SECONDS, lambda: f"the group has committed 300, it is at {committed[-1]}: {cluster.logs()}")
        stopping.set()
        reader.join(30)
        consumer.close()
        self.assertEqual(sorted(set(got)), [(number, f"v{number}") for number in range(300)])


if __name__ == "__main__":
    sys.exit(unittest.main())
