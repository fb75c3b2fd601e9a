"""Several nodes as child processes on loopback, each end of one by its process id."""
import contextlib
import glob
import json
import os
import shutil
import signal
import socket

import group_wire
import wire
from node import Node, run, wait_until

FORMS_SECONDS = 60  # nothing of this is measured: a busy machine may take its time
FREEZES_SECONDS = 10
ANSWERS_SECONDS = 120


def thread_states(pid):
    """As the kernel letters them: R, S, D, T ..."""
    states = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as file:
            states.add(file.read().rpartition(")")[2].split()[0])
    return states


def reserve_ports(count, host="127.0.0.1"):
    """Ports that the kernel has just chosen, all different. Nobody else is given them soon:
    connections that go out are given even ports, these are odd."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((host, 0))
        return [each.getsockname()[1] for each in sockets]


def closed_segments(node, group="*"):
    """Files of segments that are checked in the background."""
    sidecars = glob.glob(os.path.join(node.data, "groups", group, "*.sum"))
    return sorted(sidecar[:-len(".sum")] + ".mdb" for sidecar in sidecars)


def flip(path, random_source):
    """Some bytes in the middle of the file: records, not what LMDB keeps at its ends."""
    with open(path, "r+b") as file:
        at = os.path.getsize(path) // 3 + random_source.randrange(1000)
        file.seek(at)
        old = file.read(16)
        file.seek(at)
        file.write(bytes(byte ^ 0x55 for byte in old))


class Cluster:
    """Nodes counted from 1; a node's number here is not the id that the cluster gives it,
    see ids(). `hosts` and `prefixes`: where each one listens, and what its command begins
    with, if not on loopback."""

    def __init__(self, count, seeds=True, config="", hosts=None, prefixes=None, args=()):
        hosts = hosts or ["127.0.0.1"] * count
        ports = reserve_ports(count)
        self.addresses = [f"{host}:{port}" for host, port in zip(hosts, ports)]
        self.nodes = {}
        for number, address in enumerate(self.addresses, 1):
            named = ["--seeds", ",".join(self.addresses)] if seeds else ["--join", self.addresses[0]] if number > 1 else []
            self.nodes[number] = Node(config, listen=address, args=[*named, *args], prefix=prefixes[number - 1] if prefixes else ())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, number):
        return self.nodes[number]

    def close(self):
        for node in self.nodes.values():
            node.close()

    # ---- what is done to nodes

    def start(self, numbers=None):
        """All at once, in this order; back when all are ready and know each other."""
        numbers = list(numbers or self.nodes)
        for number in numbers:
            self[number].launch()
        for number in numbers:
            self[number].await_ready()
        self.await_connected()
        return self

    def kill(self, *numbers):
        for number in numbers:
            self[number].signal(signal.SIGKILL)
        for number in numbers:
            self[number].wait()

    def freeze(self, number):
        """All of its threads stand still when this returns; on a busy machine that takes a moment."""
        self[number].signal(signal.SIGSTOP)
        wait_until(lambda: thread_states(self[number].process.pid) == {"T"}, FREEZES_SECONDS, "the node stands still")

    def thaw(self, number):
        self[number].signal(signal.SIGCONT)

    def wipe(self, number):
        """What a new disk does to a node that is not running."""
        shutil.rmtree(self[number].data)

    def stop(self):
        """All in order; their statuses."""
        running = self.alive()
        for number in running:
            self[number].signal(signal.SIGTERM)
        return {number: self[number].wait() for number in running}

    # ---- what they say

    def alive(self):
        return [number for number, node in self.nodes.items() if node.alive()]

    def check_nobody_ended(self):
        """By itself, that is."""
        for number, node in self.nodes.items():
            status = node.ended_by_itself()
            assert status is None, f"node {number} ended with {status}: {node.log()[-2500:]}"

    def address(self, number):
        return self.addresses[number - 1]

    def bootstrap(self, numbers=None):
        return ",".join(self.address(number) for number in numbers or self.nodes)

    def connect(self, number, seconds=30):
        return wire.Connection(self.address(number), seconds)

    def metadata(self, number, topics=None):
        """What this node says of the cluster; None while it says nothing."""
        try:
            with self.connect(number, 5) as connection:
                return wire.cluster_metadata(connection, topics)
        except OSError:
            return None

    def ids(self, through):
        """{number: id} of the nodes that `through` sees."""
        return self._ids_in(self.metadata(through, []))

    def _ids_in(self, said):
        brokers = {address: node for node, address in said.brokers.items()}
        return {number: brokers[self.address(number)] for number in self.nodes if self.address(number) in brokers}

    def number_of(self, node, through):
        """None if `through` sees no such node."""
        return self._number_in(self.metadata(through, []), node)

    def _number_in(self, said, node):
        return next((number for number, known in self._ids_in(said).items() if known == node), None)

    def await_connected(self, numbers=None, count=None):
        """Each of these sees as many nodes as run."""
        numbers = list(numbers or self.alive())
        count = count or len(self.alive())

        def sees_all(number):
            said = self.metadata(number, [])
            return said is not None and len(said.brokers) == count

        wait_until(lambda: all(sees_all(number) for number in numbers), FORMS_SECONDS,
                   lambda: f"nodes {numbers} each see {count} nodes: {self.logs()}")

    def partition(self, topic, partition=0, through=None):
        """PartitionMetadata as one node has it, None while it has not."""
        said = self.metadata(through or self.alive()[0], [topic])
        if said is None or said.topics[topic][0]:
            return None
        return said.topics[topic][1].get(partition)

    def await_leader(self, topic, partition=0, through=None, other_than=None, seconds=FORMS_SECONDS):
        """The number of the node that leads, as the node `through` has it."""
        through = through or self.alive()[0]

        def led():
            said = self.metadata(through, [topic])
            if said is None or said.topics[topic][0] or partition not in said.topics[topic][1]:
                return None
            number = self._number_in(said, said.topics[topic][1][partition].leader)
            return None if number == other_than else number

        return wait_until(led, seconds, lambda: f"node {through} knows who leads {topic}/{partition}: {self.logs()}")

    def await_in_sync(self, topic, count, through=None, seconds=FORMS_SECONDS):
        """Until every partition has `count` replicas in sync."""
        through = through or self.alive()[0]

        def in_sync():
            said = self.metadata(through, [topic])
            if said is None or said.topics[topic][0]:
                return False
            return all(len(p.isr) == count for p in said.topics[topic][1].values())

        wait_until(in_sync, seconds, lambda: f"{topic} has {count} replicas in sync: {self.metadata(through, [topic])} {self.logs()}")

    def await_controllers(self, count, through=None, seconds=FORMS_SECONDS):
        """Until the cluster's metadata has this many voters: before, who founded it must not die."""
        through = through or self.alive()[0]

        def voting():
            status, said, _ = run("cluster", "status", "--bootstrap", self.address(through), "--format", "json")
            return status == 0 and len(json.loads(said)["metadata_voters"]) == count

        wait_until(voting, seconds, lambda: f"{count} nodes vote on the metadata: {self.logs()}")

    # ---- consumer groups

    def at_coordinator(self, group, question, what, stop=None):
        """The first answer of whoever coordinates that is not None."""
        def attempt():
            if stop is not None and stop.is_set():
                return (None,)
            try:
                with self.connect(self.alive()[0], 10) as connection:
                    error, _, node = group_wire.find_coordinator(connection, group)
                number = None if error else self.number_of(node, self.alive()[0])
                if number is None:
                    return None
                with self.connect(number, 10) as connection:
                    answer = question(connection)
                return None if answer is None else (answer,)
            except (OSError, AttributeError):  # a node that dies in between says nothing
                return None

        return wait_until(attempt, ANSWERS_SECONDS, lambda: f"{what}: {self.logs()}")[0]

    def commit(self, group, offsets, metadata="", stop=None):
        def attempt(connection):
            return set(group_wire.commit(connection, group, offsets, metadata=metadata).values()) == {0} or None
        return self.at_coordinator(group, attempt, f"{group} commits", stop)

    def committed(self, group):
        def attempt(connection):
            error, offsets = group_wire.committed(connection, group)
            return None if error else offsets
        return self.at_coordinator(group, attempt, f"the offsets of {group}")

    # ----

    def logs(self, characters=2500):
        return "".join(f"\n--- node {number} at {self.address(number)}\n{node.log()[-characters:]}" for number, node in self.nodes.items()
                       if os.path.exists(node.log_path))
