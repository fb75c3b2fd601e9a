#!/usr/bin/python3
"""Nodes are killed, frozen, slowed down and cut off from each other in turn, their disks fill up
and rot, while idempotent producers write, readers read along, and members of two groups come, leave and crash:
nothing acknowledged is lost, duplicated or reordered, nothing read is not there later, no
record is skipped, no committed offset goes back.

  cluster_history_test.py [--seconds S] [--seed N] [--nodes 3]

With more than three nodes, an operator moves replicas and drains nodes meanwhile. While a
majority can talk, everything has to go on. In the end every node is left out once, and what
the others have must be the same.
"""
import argparse
import contextlib
import errno
import glob
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import group_history
import group_wire
import node as nodes
import wire
from cluster import Cluster, closed_segments, flip
from group_history_test import COOPERATIVE, MIXED, PARTITIONS, TOPIC, Group, TimedRecorder, check_workers, report
from group_watcher import Watcher
from idempotent_producer import IdempotentProducer
from network import Network
from node import BINARY, wait_until

REPLICAS = 3
RECORDS_A_SECOND = 100  # of each producer
PROGRESS_SECONDS = 90
# Segments are closed soon, and looked at.
TOPIC_CONFIG = {"segment.ms": "3000"}
NODE_CONFIG = "[storage]\nscrub_interval_ms = 500\nscrub_bytes_per_second = 1073741824\n"
SILENCE_SECONDS = 4  # a client gives a node up that says nothing for so long
PATIENT = ("socket.timeout.ms=4000", "topic.metadata.refresh.interval.ms=2000")


class Where:
    """Finds leaders and coordinators as clients do: any node is asked."""

    def __init__(self, cluster, seed):
        self.cluster, self.random, self.lock = cluster, random.Random(seed), threading.Lock()

    def _ask(self, question):
        """The address that the answer names. OSError: nobody knows one now."""
        with self.lock:
            order = self.random.sample(list(self.cluster.nodes), len(self.cluster.nodes))
        for number in order:
            try:
                with self.cluster.connect(number, 2) as connection:
                    node, brokers = question(connection)
                if node in brokers:
                    return brokers[node]
            except OSError:
                pass
        time.sleep(0.05)  # between two tries, as clients have it
        raise ConnectionError("nobody knows where")

    def leader(self, partition):
        def question(connection):
            said = wire.cluster_metadata(connection, [TOPIC])
            error, partitions = said.topics[TOPIC]
            return (-1 if error else partitions[partition].leader), said.brokers
        return self._ask(question)

    def coordinator(self, group):
        def question(connection):
            error, _, node = group_wire.find_coordinator(connection, group)
            return (-1 if error else node), wire.cluster_metadata(connection, []).brokers
        return self._ask(question)


class Reader(threading.Thread):
    """Reads one partition along, wherever it is led. A leader that was deposed without
    knowing it yet may be behind: it is asked where it stands with whom else."""

    BEHIND_MAX = 10  # in a row, each from whom a node names as the leader

    def __init__(self, where, partition, recorder):
        super().__init__(daemon=True)
        self.where, self.partition, self.recorder = where, partition, recorder
        self.stopping = threading.Event()
        self.position = self.behind = 0
        self.error = None

    def run(self):
        while not self.stopping.is_set():
            try:
                with wire.Connection(self.where.leader(self.partition), SILENCE_SECONDS) as connection:
                    while not self.stopping.is_set():
                        self._poll(connection)
            except OSError:
                self.stopping.wait(0.05)
            except Exception as error:  # noqa: the test reports it
                self.error = error
                return

    def _poll(self, connection):
        error, _, content = wire.fetch(connection, TOPIC, self.position, self.partition, wait_ms=100)
        if error == wire.OFFSET_OUT_OF_RANGE:
            self.behind += 1
            self.recorder.add("note", behind=self.partition, position=self.position)
            if self.behind == self.BEHIND_MAX:
                raise AssertionError(f"partition {self.partition}: {self.position} was readable before, now it is out of range")
            self.stopping.wait(0.3)
        if error:
            raise ConnectionError(f"fetch: {error}")
        self.behind = 0
        records = [(offset, value.decode()) for offset, value in wire.records_of(content) if offset >= self.position]
        if records:
            self.recorder.add("poll", consumer=f"along-{self.partition}", partition=self.partition, records=records)
            self.position = records[-1][0] + 1


class SmallDisk:
    """A file system of a node's own, that can be filled."""

    BYTES = 1 << 30

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="callboard-disk-")
        self.data = os.path.join(self.folder, "data")
        self.filler = os.path.join(self.folder, "filler")

    def mount(self):
        """Whether that is permitted."""
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.BYTES}", "tmpfs", self.folder]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            for chunk in (bytes(1 << 20), bytes(1 << 12)):
                try:
                    while True:
                        file.write(chunk)
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def free(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.folder], capture_output=True, check=False)
        os.rmdir(self.folder)


class Faults:
    """One thing at a time goes wrong, is borne with, and is over."""

    def __init__(self, cluster, network, disk, random_source, recorder):
        self.cluster, self.network, self.disk, self.random, self.recorder = cluster, network, disk, random_source, recorder
        self.counts = {}
        self.damaged = None  # a node and a file of it

    def begin(self):
        """Whether a majority is left that can go on."""
        kinds = [self.kill, self.kill, self.stop, self.freeze, self.kill_two, self.kill_all, self.freeze_two, self.damage]
        if self.disk:
            kinds += [self.fill_disk]
        if self.network:
            kinds += [self.isolate, self.isolate, self.deafen, self.silence, self.cut_link, self.cut_one_way, self.cut_all]
            if self.network.can_slow:
                kinds += [self.slow_down, self.slow_down]
        kind = self.random.choice(kinds)
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        nodes = self.random.sample(list(self.cluster.nodes), len(self.cluster.nodes))
        self.recorder.add("note", fault=kind.__name__, nodes=nodes)
        return kind(*nodes)

    def end(self):
        self.cluster.check_nobody_ended()
        if self.network:
            self.network.heal()
        if self.disk:
            self.disk.free()
        for number in self.cluster.alive():
            self.cluster.thaw(number)
        down = [number for number in self.cluster.nodes if not self.cluster[number].alive()]
        self.recorder.add("note", over=True, started=down)
        for number in self.random.sample(down, len(down)):
            self.cluster[number].launch()
        for number in down:
            self.cluster[number].await_ready()
        if self.damaged:
            self.await_healed(*self.damaged)
            self.damaged = None

    def fill_disk(self, *_):
        """Of the last node, which has one of its own."""
        self.disk.fill()
        return True

    def damage(self, one, *_):
        """One file at a time, while everybody else has what is in it."""
        if not self.whole():
            return True
        found = closed_segments(self.cluster[one])
        if found:
            path = self.random.choice(found)
            with contextlib.suppress(FileNotFoundError):  # retention and compaction go on
                flip(path, self.random)
                self.damaged = one, path
                self.recorder.add("note", damaged=path)
        return True

    def await_healed(self, number, path):
        node = self.cluster[number]
        group = os.path.basename(os.path.dirname(path))
        wait_until(lambda: glob.glob(os.path.join(node.data, "quarantine", f"{group}-*")) or not os.path.exists(path), PROGRESS_SECONDS,
                   lambda: f"the damage of {path} is found: {self.cluster.logs()}")
        wait_until(lambda: self.whole(0), PROGRESS_SECONDS, lambda: f"it is made anew: {self.cluster.logs()}")

    def whole(self, copies=REPLICAS):
        """Every partition has as many replicas at least, all of them in sync."""
        topics = (TOPIC, "__consumer_offsets")
        said = self.cluster.metadata(self.cluster.alive()[0], topics)
        if said is None or any(said.topics[topic][0] for topic in topics):
            return False
        return all(len(partition.replicas) >= copies and set(partition.isr) == set(partition.replicas)
                   for topic in topics for partition in said.topics[topic][1].values())

    def kill(self, one, *_):
        self.cluster.kill(one)
        return True

    def stop(self, one, *_):
        self.cluster[one].signal(signal.SIGTERM)
        status = self.cluster[one].wait(60)
        assert status == 0, f"node {one} ended with {status} after SIGTERM: {self.cluster.logs()}"
        return True

    def kill_two(self, one, two, *_):
        self.cluster.kill(one, two)
        return False

    def kill_all(self, *nodes):
        self.cluster.kill(*nodes)
        return False

    def freeze(self, one, *_):
        self.cluster.freeze(one)
        return True

    def freeze_two(self, one, two, *_):
        self.cluster.freeze(one)
        self.cluster.freeze(two)
        return False

    def isolate(self, one, *others):
        self.deafen(one, *others)
        return self.silence(one, *others)

    def deafen(self, one, *others):
        """Nothing reaches it."""
        for other in others:
            self.network.cut(other, one)
        return True

    def silence(self, one, *others):
        """Nothing comes from it."""
        for other in others:
            self.network.cut(one, other)
        return True

    def cut_link(self, one, two, *_):
        self.network.cut(one, two)
        self.network.cut(two, one)
        return True

    def cut_one_way(self, one, two, *_):
        self.network.cut(one, two)
        return True

    def slow_down(self, one, *_):
        self.network.slow_down(one, self.random.choice((256, 1000, 4000)))
        return True

    def cut_all(self, *nodes):
        for one, two in itertools.combinations(nodes, 2):
            self.cut_link(one, two)
        return False


class Operator:
    """One wish at a time, of any node that is up: it may be refused or never be answered."""

    def __init__(self, cluster, random_source, recorder):
        self.cluster, self.random, self.recorder = cluster, random_source, recorder
        self.asked = None  # a process
        self.draining = None
        self.ids = list(cluster.ids(1).values())
        self.counts = {}

    def act(self):
        if self.asked is not None:
            if self.asked.poll() is None:
                return
            self.asked = None
        kind = self.random.choice([self.move, self.move, self.move, self.cancel if self.draining else self.drain, self.rebalance])
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        self._ask(kind())

    def _ask(self, wish):
        through = self.random.choice(self.cluster.alive())
        self.recorder.add("note", wish=wish, through=through)
        self.asked = subprocess.Popen([BINARY, *wish, "--bootstrap", self.cluster.address(through)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def move(self):
        replicas = self.random.sample(self.ids, REPLICAS)
        placed = f"{self.random.randrange(PARTITIONS)}={','.join(map(str, replicas))}"
        return ["topic", "move", TOPIC, "--partition", placed]

    def drain(self):
        self.draining = str(self.random.choice(self.ids))
        return ["cluster", "drain", self.draining]

    def cancel(self):
        node, self.draining = self.draining, None
        return ["cluster", "drain", node, "--cancel"]

    def rebalance(self):
        return ["cluster", "rebalance"]

    def end(self):
        """Until nothing moves any more and every node takes replicas again."""
        if self.asked is not None:
            self.asked.wait(60)
        for node in self.ids:  # an earlier cancel may never have arrived
            self._ask(["cluster", "drain", str(node), "--cancel"])
            self.asked.wait(60)

        said = {}

        def settled():
            status, output, errors = nodes.run("cluster", "status", "--format", "json", "--bootstrap", self.cluster.address(1))
            said.clear()
            said.update(json.loads(output) if status == 0 else {"error": errors})
            return status == 0 and not said["operations"] and not said["under_replicated_partitions"]

        wait_until(settled, PROGRESS_SECONDS, lambda: "what was asked for is done: " + str({key: value for key, value in said.items() if key != "nodes"}))


class Story:
    """The processes and threads of one run."""

    def __init__(self, cluster, random_source, recorder, folder):
        self.cluster, self.recorder = cluster, recorder
        self.where = Where(cluster, random_source.random())
        self.acknowledged = dict.fromkeys(range(PARTITIONS), 0)
        self.producers = [self._producer(partition, random_source.random()) for partition in range(PARTITIONS)]
        self.readers = [Reader(self.where, partition, recorder) for partition in range(PARTITIONS)]
        self.groups = [Group(name, [(library, (*options, *PATIENT)) for library, options in kinds], cluster.bootstrap(), folder,
                             random.Random(random_source.random()), recorder)
                       for name, kinds in (("mixed", MIXED), ("cooperative", COOPERATIVE))]
        self.watchers = [Watcher(lambda name=group.name: self.where.coordinator(name), [group], TOPIC, PARTITIONS, SILENCE_SECONDS)
                         for group in self.groups]

    def _producer(self, partition, seed):
        def on_ack(count):
            self.acknowledged[partition] += count
            time.sleep(count / RECORDS_A_SECOND)

        return IdempotentProducer(partition, lambda: self.where.leader(partition), TOPIC, [partition], self.recorder,
                                  random.Random(seed), on_ack, SILENCE_SECONDS)

    @property
    def threads(self):
        return (*self.producers, *self.readers, *self.watchers)

    def begin(self):
        for group in self.groups:
            group.start()
            group.start()
        for thread in self.threads:
            thread.start()

    def look(self):
        check_workers(self.threads)
        for group in self.groups:
            group.bury()
        self.cluster.check_nobody_ended()

    def await_writes(self, count, what):
        """Each partition takes `count` records more."""
        targets = {partition: done + count for partition, done in self.acknowledged.items()}

        def reached():
            self.look()
            return all(self.acknowledged[partition] >= target for partition, target in targets.items())

        wait_until(reached, PROGRESS_SECONDS, lambda: f"{count} records more a partition are taken {what}: wanted {targets}, "
                   f"there are {self.acknowledged}")

    def await_groups(self, what):
        targets = {group.name: group.position + 50 for group in self.groups}

        def reached():
            self.look()
            return all(group.position >= targets[group.name] for group in self.groups)

        wait_until(reached, PROGRESS_SECONDS, lambda: f"groups go on {what}: wanted {targets}, "
                   f"there are { {group.name: group.position for group in self.groups} }")

    def end(self):
        for producer in self.producers:
            producer.stop()
        wait_until(lambda: self.look() or not any(producer.is_alive() for producer in self.producers), PROGRESS_SECONDS,
                   "every producer has its last acknowledgement")
        for group in self.groups:
            group.finish()
        wanted = self.ends()
        for group, watcher in zip(self.groups, self.watchers):
            wait_until(lambda: self.look() or list(watcher.offsets[group.name].values()) == wanted, PROGRESS_SECONDS,  # noqa: B023
                       lambda: f"{group.name} has committed {wanted}, it is at {watcher.offsets[group.name]}")  # noqa: B023
        wait_until(lambda: self.look() or [reader.position for reader in self.readers] == wanted, PROGRESS_SECONDS, "readers are at the end")
        for thread in (*self.readers, *self.watchers):
            thread.stopping.set()
        for thread in (*self.readers, *self.watchers):
            thread.join(30)
        for group in self.groups:
            for member in group.members:
                member.end(signal.SIGTERM)
        return wanted

    def ends(self):
        found = []
        for partition in range(PARTITIONS):
            with wire.Connection(self.where.leader(partition)) as connection:
                found.append(wire.list_offset(connection, TOPIC, -1, partition)[2])
        return found


def read_without(cluster, left_out, wanted, recorder):
    """What two nodes have, when the third one is not there."""
    cluster.kill(left_out)
    for partition in range(PARTITIONS):
        def attempt():
            try:
                leader = cluster.await_leader(TOPIC, partition, other_than=left_out)  # noqa: B023
                with cluster.connect(leader) as connection:
                    return wire.read_all(connection, TOPIC, partition, wanted[partition])  # noqa: B023
            except (OSError, ValueError):
                return None

        found = wait_until(attempt, PROGRESS_SECONDS, f"partition {partition} can be read without node {left_out}")
        recorder.add("poll", consumer=f"without-{left_out}", partition=partition, records=[(o, v.decode()) for o, v in found])
    cluster.start([left_out])
    cluster.await_in_sync(TOPIC, REPLICAS)


def play(cluster, network, disk, options, random_source, recorder, folder):
    with cluster.connect(1) as connection:
        error, sentence = wire.create_topic(connection, TOPIC, PARTITIONS, TOPIC_CONFIG, replication=REPLICAS)
        assert error == 0, f"CreateTopics: {error} {sentence}"
    story = Story(cluster, random_source, recorder, folder)
    faults = Faults(cluster, network, disk, random_source, recorder)
    operator = Operator(cluster, random_source, recorder) if options.nodes > REPLICAS else None
    story.begin()
    story.await_writes(10, "at first")
    began = time.monotonic()
    rounds, worst = 0, 0.0
    while time.monotonic() - began < options.seconds:
        for group in story.groups:
            if random_source.random() < 0.5:
                group.act()
        if operator and random_source.random() < 0.7:
            operator.act()
        majority = faults.begin()
        since = time.monotonic()
        if majority:
            story.await_writes(random_source.choice((1, 50)), f"with the fault of {faults.counts}")
            worst = max(worst, time.monotonic() - since)
        else:
            threading.Event().wait(random_source.uniform(0, 3))  # how long the fault lasts
        faults.end()
        story.await_writes(random_source.choice((1, 20, 100)), "after the fault")
        if random_source.random() < 0.5:
            story.await_groups("after the fault")
        rounds += 1
    if operator:
        operator.end()
    cluster.await_in_sync(TOPIC, REPLICAS)
    wanted = story.end()
    for number in cluster.nodes:
        read_without(cluster, number, wanted, recorder)
    print(f"{rounds} rounds: {faults.counts}; {sum(wanted)} records, {sum(len(group.paths) for group in story.groups)} members, "
          f"{sum(p.reconnects for p in story.producers)} reconnects, {sum(p.retries for p in story.producers)} retries; "
          f"longest until every partition took writes with one node out: {worst:.1f} s"
          + (f"; asked for: {operator.counts}" if operator else ""))
    return {group.name: group_history.merge(recorder.events, watcher.seen[group.name], *group.events())
            for group, watcher in zip(story.groups, story.watchers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--nodes", type=int, default=REPLICAS)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    network = Network(options.nodes) if Network.enter() else None
    if network is None:
        print("no links are cut: network namespaces are not permitted here")
    disk = SmallDisk()
    if not disk.mount():
        print("no disk is filled: a file system may not be mounted here")
        disk.close()
        disk = None
    folder = tempfile.mkdtemp(prefix="callboard-cluster-")
    recorder = TimedRecorder(os.path.join(folder, "producers"))
    numbers = range(1, options.nodes + 1)
    placed = {"hosts": [network.host(n) for n in numbers], "prefixes": [network.prefix(n) for n in numbers], "args": ["--insecure"]} if network else {}
    cluster = Cluster(options.nodes, config=NODE_CONFIG, **placed)
    if disk:
        cluster[options.nodes].data = disk.data
    try:
        wrong = report(play(cluster.start(), network, disk, options, random.Random(options.seed), recorder, folder))
    except BaseException:
        keep(cluster, folder)
        raise
    finally:
        recorder.close()
        if network:
            network.close()
        if disk:
            disk.close()
    if wrong:
        keep(cluster, folder)
        cluster.close()
        return 1
    cluster.close()
    shutil.rmtree(folder)
    print("nothing acknowledged was lost, duplicated, reordered or skipped; no offset went back; one owner a partition and generation")
    return 0


def keep(cluster, folder):
    for number, node in cluster.nodes.items():
        if os.path.exists(node.log_path):
            shutil.copy(node.log_path, os.path.join(folder, f"log-{number}"))
    for number in cluster.alive():
        with open(os.path.join(folder, f"actors-{number}"), "w", encoding="utf-8") as file, contextlib.suppress(subprocess.TimeoutExpired):
            for kind in ("metadata", "partition", "coordinator", "group", "connection", "state", "peer_link", "membership"):
                file.write(nodes.run("actors", "--limit", "200", "--sort", "name", "--kind", kind, "--bootstrap", cluster.address(number), seconds=10)[1])
    print(f"the journals are in {folder}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
