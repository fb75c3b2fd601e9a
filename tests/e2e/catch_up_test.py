#!/usr/bin/python3
"""A replica that is far behind gets everything: snapshots, and the state that goes with them.

Ordinary partitions: while a node is down the others' log moves on past its end. Back again
it catches up, leads in its turn, and consumers read the same from it. Many at once take
turns and keep to the rate that is configured, and all of them arrive.

Consumer offsets: what groups committed is kept in a state, and the log is trimmed below it.
Nodes that get a replica when most of that log is gone - one that joins, one that was wiped,
one that had it before - have every group and all offsets, and coordinate."""
import itertools
import json
import os
import re
import sys
import threading
import time
import unittest
import urllib.request

import admin_wire
import group_wire
import wire
from cluster import Cluster
from node import run, wait_until

GOES_ON_SECONDS = 120  # of what is asked for, not measured
OFFSETS = "__consumer_offsets"
PARTITIONS = 10  # of the topic whose offsets are committed
MANY = 24  # partitions that lag
METADATA_BYTES = 4000
MEMBER_SESSION_MS = 600_000
TAKEN = "has the state of another replica"  # a node's log


def offsets_partition(group, partitions=16):
    return wire.crc32c(group.encode()) % partitions


def groups_beside(name, count):
    """`count` other groups whose offsets lie in the same partition."""
    beside = (f"g{number}" for number in itertools.count() if offsets_partition(f"g{number}") == offsets_partition(name))
    return list(itertools.islice(beside, count))


def segments(node):
    """{folder of an internal partition's log: its segments, oldest first}"""
    root = os.path.join(node.data, "groups")
    found = {}
    for folder in os.listdir(root) if os.path.isdir(root) else ():
        files = os.listdir(os.path.join(root, folder))
        if "state.mdb" in files:
            found[folder] = sorted(name for name in files if name.endswith(".mdb") and name != "state.mdb")
    return found


class Commits(threading.Thread):
    """Offsets of one group, one after the other, from whoever coordinates."""

    def __init__(self, cluster, group):
        super().__init__(daemon=True)
        self.cluster, self.group = cluster, group
        self.tried = self.acknowledged = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            self.tried += 1
            if not self.cluster.commit(self.group, {("t", 0): self.tried}, stop=self.stopping):
                return
            self.acknowledged = self.tried

    def end(self):
        self.stopping.set()
        self.join(GOES_ON_SECONDS)


class CatchUp(unittest.TestCase):
    def cluster(self, count, **options):
        made = Cluster(count, **options)
        self.addCleanup(made.close)
        return made

    # ---- ordinary partitions

    def produce(self, cluster, values):
        """The offset of the first; tried until it is acknowledged."""
        content = wire.batch(values)

        def attempt():
            try:
                with cluster.connect(cluster.await_leader("t")) as connection:
                    error, offset = wire.produce(connection, "t", content)
                return (offset,) if error == wire.NONE else None
            except OSError:
                return None

        return wait_until(attempt, GOES_ON_SECONDS, lambda: f"it is written: {cluster.logs()}")[0]

    def log_start(self, cluster):
        with cluster.connect(cluster.await_leader("t")) as connection:
            return wire.list_offset(connection, "t", -2)[2]

    def read(self, cluster, leader):
        """{offset: value} from where the log starts; retention may go on meanwhile."""
        def attempt():
            with cluster.connect(leader) as connection:
                position, end = (wire.list_offset(connection, "t", which)[2] for which in (-2, -1))
                found = {}
                while position < end:
                    error, _, content = wire.fetch(connection, "t", position, bytes_max=4 << 20)
                    if error:
                        return None
                    found.update(item for item in wire.records_of(content) if item[0] >= position)
                    position = max(found) + 1
                return found

        return wait_until(attempt, GOES_ON_SECONDS, lambda: f"all is read from node {leader}: {cluster.logs()}")

    def test_a_replica_whose_next_entries_are_gone_catches_up_and_leads(self):
        cluster = self.cluster(3).start()
        cluster.await_controllers(3)
        with cluster.connect(1) as connection:
            self.assertEqual(wire.create_topic(connection, "t", replication=3,
                                               configs={"segment.bytes": "1048576", "retention.bytes": "3145728"}), (0, None))
        cluster.await_in_sync("t", 3)
        end = self.produce(cluster, [b"before"])
        leader = cluster.await_leader("t")
        behind, other = (number for number in (1, 2, 3) if number != leader)
        cluster.kill(behind)
        value = os.urandom(60_000)
        deadline = time.monotonic() + GOES_ON_SECONDS
        while self.log_start(cluster) <= end + 1:
            self.assertLess(time.monotonic(), deadline, "the log moves past what the node that is down has")
            for _ in range(20):
                self.produce(cluster, [value])
        cluster.start([behind])
        cluster.await_in_sync("t", 3)
        # Of those that will be left only it has what is written now: it has to lead.
        leader = cluster.await_leader("t")
        if leader == behind:
            leader = next(number for number in (1, 2, 3) if number not in (behind, other))
        cluster.kill(other)
        mark = self.produce(cluster, [b"mark"])
        expected = self.read(cluster, cluster.await_leader("t"))
        cluster.kill(leader)
        cluster.start([other])
        self.assertEqual(cluster.await_leader("t", through=behind, other_than=leader), behind)
        got = self.read(cluster, behind)
        first = max(min(expected), min(got))
        self.assertEqual({at: value for at, value in got.items() if first <= at <= mark},
                         {at: value for at, value in expected.items() if first <= at <= mark})
        self.assertEqual(got[mark], b"mark")
        cluster.start([leader])
        cluster.await_in_sync("t", 3)

    # ---- the cluster's metadata

    def test_the_metadata_keeps_what_is_and_not_how_it_came_to_be(self):
        cluster = self.cluster(4, seeds=False, config="[cluster]\nmetadata_segment_bytes = 1048576\n").start([1, 2, 3])
        cluster.await_controllers(3)
        with cluster.connect(1) as connection:
            for topic in ("wide", "gone"):
                self.assertEqual(wire.create_topic(connection, topic, 200), (0, None))
            wait_until(lambda: cluster.metadata(3, ["gone"]).topics["gone"][0] == 0, GOES_ON_SECONDS, "node 3 has what will be gone")
            self.turn(connection, cluster, "gone", 7)
            cluster.kill(3)
            self.assertEqual(wire.delete_topic(connection, "gone"), 0)

        def change(setting):
            """Writes all of the topic's record, which is some kilobytes."""
            def attempt():
                try:
                    with cluster.connect(1) as connection:
                        errors = admin_wire.incremental_alter_configs(connection, [("wide", [("retention.ms", 0, setting)])])
                    return [error for error, *_ in errors] == [0]
                except OSError:
                    return False
            wait_until(attempt, GOES_ON_SECONDS, lambda: f"a configuration is changed: {cluster.logs()}")

        def files(number):
            return sorted(os.listdir(os.path.join(cluster[number].data, "groups", "0000000000000001")))

        def compacted(number):
            """The first segments are gone, and what stands for them is small."""
            there = [name for name in files(number) if name.endswith(".mdb")]
            return "0000000000000001.mdb" not in there and len(there) <= 3

        placed = {}
        settings = itertools.count(60_000)
        deadline = time.monotonic() + GOES_ON_SECONDS
        while not (compacted(1) and compacted(2)):
            self.assertLess(time.monotonic(), deadline, f"the metadata is compacted: {files(1)}, {files(2)}")
            with cluster.connect(1) as connection:  # a placement before the topic's last record, and one behind it
                placed[5] = self.turn(connection, cluster, "wide", 5)
            for _ in range(20):
                last = str(next(settings))
                change(last)
            with cluster.connect(1) as connection:
                placed[6] = self.turn(connection, cluster, "wide", 6)

        def knows(number):
            said = cluster.metadata(number, ["gone", "wide"])
            if said is None or said.topics["gone"][0] != wire.UNKNOWN_TOPIC_OR_PARTITION or len(said.topics["wide"][1]) != 200:
                return False
            if any(said.topics["wide"][1][partition].replicas != replicas for partition, replicas in placed.items()):
                return False
            with cluster.connect(number) as connection:
                return admin_wire.describe_configs(connection, "wide", ["retention.ms"])[2]["retention.ms"][0] == last

        cluster.start([3])  # which has the topic that is gone, and lacks all the rest
        cluster.start([4])  # which has nothing
        for number in (3, 4):
            wait_until(lambda: knows(number), GOES_ON_SECONDS, lambda: f"node {number} has the newest: {cluster.logs()}")  # noqa: B023
        self.assertEqual(set(cluster.stop().values()), {0})
        cluster.start()
        for number in cluster.nodes:
            self.assertTrue(knows(number), f"node {number}")
        with cluster.connect(4) as connection:
            self.assertEqual(wire.create_topic(connection, "gone", 3, replication=3), (0, None))
        cluster.await_in_sync("gone", 3)

    def turn(self, connection, cluster, topic, partition):
        """The same replicas in another order, by a record of this placement alone; what they are then."""
        wanted = cluster.partition(topic, partition, through=1).replicas[::-1]
        error, told = admin_wire.alter_partition_reassignments(connection, topic, {partition: wanted})
        self.assertEqual((error, told[partition][0]), (0, 0))
        self.assertEqual(cluster.partition(topic, partition, through=1).replicas, wanted)
        return wanted

    # ---- many at once

    def ends(self, cluster, number, topic):
        """{partition: where its log ends}, as the node itself says it."""
        status, said, _ = run("actors", "--bootstrap", cluster.address(number), "--kind", "partition", "--name", topic + "/",
                              "--limit", "200", "--format", "json")
        if status:
            return {}
        states = ((actor["name"], re.search(r"offsets \d+ to (\d+)", actor["state"])) for actor in json.loads(said)["actors"])
        return {name: int(state[1]) for name, state in states if state}

    def sent_from_disk(self, cluster, number):
        with urllib.request.urlopen(f"http://{cluster.address(number)}/metrics", timeout=10) as answer:
            return int(re.search(r"^callboard_catch_up_bytes_total (\d+)$", answer.read().decode(), re.MULTILINE)[1])

    def test_many_replicas_that_are_far_behind_take_turns(self):
        rate = 1 << 20
        cluster = self.cluster(3, config=f"[cluster]\ncatch_up_bytes_per_second = {rate}\n").start()
        cluster.await_controllers(3)
        with cluster.connect(1) as connection:
            self.assertEqual(wire.create_topic(connection, "t", MANY, replication=3), (0, None))
        cluster.await_in_sync("t", 3)
        cluster.kill(3)
        content = wire.batch([os.urandom(60_000) for _ in range(10)])
        for partition in range(MANY):
            leader = cluster.await_leader("t", partition, other_than=3)
            with cluster.connect(leader) as connection:
                self.assertEqual(wire.produce(connection, "t", content, partition)[0], wire.NONE)
        wanted = {f"t/{partition}": 10 for partition in range(MANY)}
        arrived = lambda: sum(end == 10 for end in self.ends(cluster, 3, "t").values())
        cluster.start([3])
        wait_until(lambda: arrived() >= 5, GOES_ON_SECONDS, lambda: f"some have what they lacked: {cluster.logs()}")
        # Down once more, with reads for it under way and others waiting.
        cluster.kill(3)
        before, started = {number: self.sent_from_disk(cluster, number) for number in (1, 2)}, time.monotonic()
        cluster.start([3])
        wait_until(lambda: self.ends(cluster, 3, "t") == wanted, GOES_ON_SECONDS, lambda: f"all have: {cluster.logs()}")
        seconds = time.monotonic() - started
        sent = [self.sent_from_disk(cluster, number) - before[number] for number in (1, 2)]
        self.assertGreater(sum(sent), 0)
        for bytes_sent in sent:  # beside a burst, and one that overdraws it
            self.assertLess(bytes_sent, rate * seconds + 2 * rate)

    # ---- consumer offsets

    def fill(self, cluster, groups):
        """Until the log of these groups' partition has lost its beginning on all nodes:
        what they have committed then."""
        wanted, firsts = {}, {}
        numbers = cluster.alive()

        def trimmed(number):
            found = segments(cluster[number])
            for folder, names in found.items():
                if names:
                    firsts.setdefault((number, folder), names[0])
            return any(names and firsts[number, folder] != names[0] for folder, names in found.items())

        for turn in range(3000):
            group = groups[turn % len(groups)]
            wanted[group] = {("t", p): turn * 100 + p for p in range(PARTITIONS)}
            cluster.commit(group, wanted[group], metadata="m" * METADATA_BYTES)
            if turn % 25 == 0 and len(wanted) == len(groups) and all([trimmed(number) for number in numbers]):
                return wanted
        self.fail(f"the log of the offsets was never trimmed: {[segments(cluster[number]) for number in numbers]}")

    def move(self, cluster, partition, numbers):
        """To these nodes, of which the first one is to lead."""
        through = numbers[-1]
        ids = cluster.ids(through)
        wanted = [ids[number] for number in numbers]

        def moved():
            with cluster.connect(through) as connection:
                error, told = admin_wire.alter_partition_reassignments(connection, OFFSETS, {partition: wanted})
                return error == 0 and told[partition][0] == 0
        wait_until(moved, GOES_ON_SECONDS, "the move is taken")

        def arrived():
            said = cluster.partition(OFFSETS, partition, through)
            return said is not None and sorted(said.replicas) == sorted(wanted) and sorted(said.isr) == sorted(wanted)
        wait_until(arrived, GOES_ON_SECONDS,
                   lambda: f"{wanted} are in sync: {cluster.partition(OFFSETS, partition, through)} {cluster.logs()}")

        def leads():
            with cluster.connect(through) as connection:
                admin_wire.elect_leaders(connection, {OFFSETS: [partition]})
            said = cluster.partition(OFFSETS, partition, through)
            return said is not None and said.leader == wanted[0]
        wait_until(leads, GOES_ON_SECONDS, lambda: f"node {numbers[0]} coordinates: {cluster.logs()}")

    def check_kept(self, cluster, wanted, member, commits):
        """At whoever coordinates now."""
        for group, offsets in wanted.items():
            self.assertEqual(cluster.committed(group), offsets, group)
        group, generation, name = member
        described = cluster.at_coordinator(group, lambda connection: group_wire.state(connection, group), "the group")
        self.assertEqual(described, (0, "Stable", [name]))
        self.assertEqual(cluster.at_coordinator(group, lambda connection: group_wire.heartbeat(connection, group, generation, name),
                                             "a heartbeat"), 0)
        self.assertTrue(commits.is_alive())
        before = commits.acknowledged
        found = cluster.committed(commits.group)[("t", 0)]
        self.assertGreaterEqual(found, before)
        self.assertLessEqual(found, commits.tried)
        listed = set()
        for number in cluster.alive():
            with cluster.connect(number) as connection:
                listed |= set(group_wire.listed(connection))
        self.assertLessEqual({*wanted, group, commits.group}, listed)

    def test_who_gets_a_replica_of_the_offsets_has_all_groups(self):
        cluster = self.cluster(4, seeds=False).start([1]).start([2, 3])
        cluster.await_controllers(3)
        with cluster.connect(1) as connection:
            self.assertEqual(wire.create_topic(connection, "t", PARTITIONS, replication=3), (0, None))
        # Some 2.5 MB of rows: several parts.
        groups = groups_beside("busy", 60)
        partition = offsets_partition("busy")
        cluster.commit("busy", {("t", 0): 4711})
        cluster.await_in_sync(OFFSETS, 3)
        joined = cluster.at_coordinator("busy", lambda connection: group_wire.enter(
            connection, "busy", session_ms=MEMBER_SESSION_MS, rebalance_ms=MEMBER_SESSION_MS), "a member joins")
        self.assertEqual(joined["error"], 0)
        member = "busy", joined["generation"], joined["member"]
        cluster.at_coordinator("busy", lambda connection: group_wire.sync(
            connection, "busy", member[1], member[2], [(member[2], b"all")]), "it has its assignment")
        wanted = self.fill(cluster, groups)
        wanted["busy"] = {("t", 0): 4711}
        folder = max(segments(cluster[1]).items(), key=lambda item: item[1][:1])[0]  # the one that was trimmed
        commits = Commits(cluster, groups_beside("busy", 61)[-1])
        commits.start()
        self.addCleanup(commits.end)
        kept = wanted, member, commits

        # A fourth node.
        cluster.start([4])
        self.move(cluster, partition, [4, 2, 3])
        self.assertIn(TAKEN, cluster[4].log())
        self.check_kept(cluster, *kept)
        wait_until(lambda: not os.path.exists(os.path.join(cluster[1].data, "groups", folder)), GOES_ON_SECONDS,
                   "nothing of it is left where it was taken away")
        # It goes, another one takes over, and it comes back.
        wanted[groups[0]] = {("t", p): 1_000_000 + p for p in range(PARTITIONS)}
        cluster.commit(groups[0], wanted[groups[0]])
        cluster.kill(4)
        self.check_kept(cluster, *kept)
        cluster.start([4])
        cluster.await_in_sync(OFFSETS, 3)
        # A wiped node, which comes back as another one.
        cluster.kill(2)
        cluster.wipe(2)
        cluster[2].launch()
        cluster[2].await_ready()
        cluster.await_connected(count=4)
        taken = cluster[2].log().count(TAKEN)
        self.move(cluster, partition, [2, 4, 3])
        self.assertGreater(cluster[2].log().count(TAKEN), taken)
        self.check_kept(cluster, *kept)
        # A node that had it before.
        taken = cluster[1].log().count(TAKEN)
        self.move(cluster, partition, [1, 4, 3])
        self.assertGreater(cluster[1].log().count(TAKEN), taken)
        self.check_kept(cluster, *kept)
        commits.end()
        self.assertGreater(commits.acknowledged, 0)
        self.assertIn(cluster.committed(commits.group)[("t", 0)], (commits.acknowledged, commits.tried))


if __name__ == "__main__":
    sys.exit(unittest.main())
