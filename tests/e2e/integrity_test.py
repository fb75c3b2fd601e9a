#!/usr/bin/python3
"""Damage on the disk of one of three nodes while clients go on: it is found, the replica stops, is made
anew from its peers, and everybody has the same again. Nothing that was acknowledged is lost."""
import glob
import os
import random
import re
import signal
import time
import unittest
import urllib.request

import node as nodes
import wire
from cluster import closed_segments, flip
from cluster_test import GOES_ON_SECONDS, ClusterCase, Writer
from node import wait_until

MIB = 1 << 20
HEALS_SECONDS = 60
# As fast as the disk goes, so that a pass is over within seconds.
SCRUBBED = "[storage]\nscrub_interval_ms = 500\nscrub_bytes_per_second = 1073741824\n"
UNSCRUBBED = "[storage]\nscrub_interval_ms = 0\n"


class LargeWriter(Writer):
    """Values of 4 KiB, so that segments are closed soon."""

    def send(self, count, partition=0):
        for _ in range(count):
            value = f"v{self.sent}".ljust(4096)
            self.producer.produce(self.topic, value, partition=partition, on_delivery=self._on_delivery)
            self.sent += 1
            self.producer.poll(0)


def metric(node, name):
    with urllib.request.urlopen(f"http://{node.address}/metrics", timeout=10) as answer:
        said = answer.read().decode()
    return int(re.search(rf"^callboard_{name} (\d+)$", said, re.MULTILINE).group(1))


class IntegrityCase(ClusterCase):
    def prepare(self, config, replication=3):
        self.seed = random.SystemRandom().randrange(1 << 32)
        self.random = random.Random(self.seed)
        print(f"seed {self.seed}", flush=True)
        cluster = self.cluster(config=config)
        with cluster.connect(1) as connection:
            self.assertEqual(wire.create_topic(connection, "t", 1, {"segment.bytes": str(MIB)}, replication=replication), (0, None))
        writer = LargeWriter(cluster.bootstrap(), "t")
        for _ in range(20):  # 8 MiB; what is gathered into one commit stays in one segment
            writer.send_acknowledged(100)
        cluster.await_in_sync("t", replication)
        ids = cluster.ids(1)
        self.here = [number for number in (1, 2, 3) if ids[number] in cluster.partition("t", through=1).replicas]
        self.group = wait_until(lambda: self.largest_group(cluster[self.here[0]]), GOES_ON_SECONDS, lambda: f"a segment is closed: {cluster.logs()}")
        for number in self.here:
            wait_until(lambda: len(self.closed(cluster[number])) >= 2, GOES_ON_SECONDS,  # noqa: B023
                       lambda: f"segments of node {number} are closed: {os.listdir(os.path.join(cluster[number].data, 'groups', self.group))}")  # noqa: B023
        return cluster, writer

    @staticmethod
    def largest_group(node):
        """The one with closed segments: nothing else is written to as much."""
        closed = glob.glob(os.path.join(node.data, "groups", "*", "*.sum"))
        return os.path.basename(os.path.dirname(closed[0])) if closed else None

    def closed(self, node):
        return closed_segments(node, self.group)

    def quarantined(self, node):
        return glob.glob(os.path.join(node.data, "quarantine", self.group + "-*"))

    def await_healed(self, cluster, number):
        wait_until(lambda: self.quarantined(cluster[number]), HEALS_SECONDS, lambda: f"the damaged log is set aside: {cluster.logs()}")
        wait_until(lambda: "begins anew" in cluster[number].log(), HEALS_SECONDS, lambda: f"its log says so: {cluster[number].log()}")
        self.assertEqual(metric(cluster[number], "replicas_damaged"), 0)
        self.assertEqual(metric(cluster[number], "replicas_set_aside_total"), 1)
        cluster.await_in_sync("t", 3, through=number)

    def payload_on_disk(self, node):
        """What the segments of a stopped node hold, each of them found whole."""
        bytes_of = 0
        for path in glob.glob(os.path.join(node.data, "groups", self.group, "*.mdb")):
            status, output, errors = nodes.run("verify-segment", path)
            self.assertEqual(status, 0, output + errors)
            bytes_of += int(re.search(r"(\d+) payload bytes", output + errors).group(1))
        return bytes_of

    def check_identical(self, cluster, writer):
        self.check_kept(cluster, writer)
        cluster.await_in_sync("t", 3)
        cluster.stop()
        held = {number: self.payload_on_disk(cluster[number]) for number in (1, 2, 3)}
        self.assertEqual(len(set(held.values())), 1, held)
        self.assertGreater(held[1], 4096 * len(writer.acknowledged) - 1)


class Damage(IntegrityCase):
    def test_scrub_finds_flipped_bytes_of_a_follower(self):
        cluster, writer = self.prepare(SCRUBBED)
        leader = cluster.await_leader("t")
        follower = self.random.choice([number for number in (1, 2, 3) if number != leader])
        flip(self.random.choice(self.closed(cluster[follower])[:-1]), self.random)
        writer.send(200)
        self.await_healed(cluster, follower)
        self.assertGreaterEqual(metric(cluster[follower], "scrub_damage_found_total"), 1)
        writer.send_acknowledged(100)
        # It counts again: the two others are no majority without it.
        other, = {1, 2, 3} - {leader, follower}
        cluster.kill(other)
        writer.send_acknowledged(100)
        cluster.start([other])
        self.check_identical(cluster, writer)

    def test_reads_find_flipped_bytes_of_a_leader(self):
        cluster, writer = self.prepare(UNSCRUBBED)
        leader = cluster.await_leader("t")
        flip(self.closed(cluster[leader])[1], self.random)
        with cluster.connect(leader) as connection, self.assertRaises(ValueError) as refused:
            wire.read_all(connection, "t")
        self.assertRegex(str(refused.exception), r"error (56|6)$")  # both make clients look for the leader again
        writer.send(200)
        self.await_healed(cluster, leader)
        writer.await_acknowledged(writer.sent)
        self.check_identical(cluster, writer)

    def test_a_truncated_and_a_missing_file(self):
        for spoil in (lambda path: os.truncate(path, os.path.getsize(path) - 4096), os.remove):
            cluster, writer = self.prepare(UNSCRUBBED)
            victim = self.random.choice((1, 2, 3))
            cluster[victim].signal(signal.SIGTERM)
            cluster[victim].wait()
            spoil(self.closed(cluster[victim])[0])
            writer.send_acknowledged(100)
            cluster.start([victim])
            self.await_healed(cluster, victim)
            self.check_identical(cluster, writer)

    def test_what_the_cluster_itself_keeps(self):
        """The metadata and the offsets of groups are made anew like what clients wrote: of one node, then of
        another, and then both do without the third."""
        cluster, writer = self.prepare(UNSCRUBBED)
        wanted = {f"g{i}": {("t", 0): i} for i in range(20)}
        for group, offsets in wanted.items():
            cluster.commit(group, offsets)
        for victim in (2, 3):
            cluster.await_in_sync("__consumer_offsets", 3)
            cluster.await_controllers(3)
            cluster[victim].signal(signal.SIGTERM)
            cluster[victim].wait()
            spoiled = set()
            for segment in glob.glob(os.path.join(cluster[victim].data, "groups", "*", "*.mdb")):
                group = os.path.basename(os.path.dirname(segment))
                if group != self.group:
                    os.remove(segment)
                    spoiled.add(group)
            self.assertGreater(len(spoiled), 1)
            writer.send_acknowledged(100)
            cluster.start([victim])
            wait_until(lambda: metric(cluster[victim], "replicas_set_aside_total") >= len(spoiled), HEALS_SECONDS,  # noqa: B023
                       lambda: f"they begin anew: {cluster.logs()}")
            self.assertEqual(metric(cluster[victim], "replicas_damaged"), 0)
        cluster.await_in_sync("__consumer_offsets", 3)
        cluster.await_in_sync("t", 3)
        cluster.kill(1)
        writer.send_acknowledged(100)
        for group, offsets in wanted.items():
            self.assertEqual(cluster.committed(group), offsets, group)
        cluster.start([1])
        self.check_identical(cluster, writer)

    def test_who_is_the_last_to_have_it_keeps_it(self):
        """One of three is down: another is damaged, and its log is not touched before they are a majority."""
        cluster, writer = self.prepare(UNSCRUBBED)
        cluster.stop()
        damaged = self.closed(cluster[1])[0]
        os.truncate(damaged, os.path.getsize(damaged) - 4096)
        cluster.start([1, 2])
        wait_until(lambda: "is damaged" in cluster[1].log(), GOES_ON_SECONDS, "the damage is found")
        end = time.monotonic() + 3  # it looks for peers every second
        wait_until(lambda: time.monotonic() > end or self.quarantined(cluster[1]), 10, "")
        self.assertEqual(self.quarantined(cluster[1]), [])
        self.assertTrue(os.path.exists(damaged))
        cluster.start([3])
        self.await_healed(cluster, 1)
        self.check_identical(cluster, writer)

    def test_two_of_two_are_damaged(self):
        """Each has what the other lacks: they never both begin anew."""
        cluster, _ = self.prepare(SCRUBBED, replication=2)
        for place, number in enumerate(self.here):
            flip(self.closed(cluster[number])[place], self.random)
        for number in self.here:
            wait_until(lambda: "looked through" in cluster[number].log(), HEALS_SECONDS, "the damage is found")  # noqa: B023
        end = time.monotonic() + 10  # a damaged replica waits for 5 s at most before it looks at the others
        wait_until(lambda: time.monotonic() > end, 20, "")
        self.assertLess(sum(bool(self.quarantined(cluster[number])) for number in self.here), 2, cluster.logs())

    def test_a_wiped_node_learns_before_it_votes(self):
        cluster, writer = self.prepare(UNSCRUBBED)
        gone = cluster.ids(1)[3]
        cluster.kill(3)
        cluster.wipe(3)
        writer.send_acknowledged(100)
        cluster[3].launch()
        cluster[3].await_ready()
        cluster.await_connected(count=3)
        new = cluster.ids(1)[3]
        self.assertNotEqual(new, gone)
        here = set(cluster.ids(1).values())
        status, output, errors = nodes.run("cluster", "drain", str(gone), "--bootstrap", cluster.address(1))
        self.assertEqual(status, 0, output + errors)

        def replaced():
            partition = cluster.partition("t", through=1)
            return partition is not None and set(partition.replicas) == here and set(partition.isr) == here

        wait_until(replaced, GOES_ON_SECONDS, lambda: f"the new node votes: {cluster.partition('t', through=1)} {cluster.logs()}")
        writer.send_acknowledged(100)
        self.check_identical(cluster, writer)


if __name__ == "__main__":
    unittest.main()
