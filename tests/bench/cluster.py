#!/usr/bin/python3
"""What three nodes on one machine cost beside one, and what a failure costs.

  cluster.py --clients DIR [--build DIR] [--rounds 5] [--kills 20] [--data DIR] [ROW ...]

--clients holds the raw load clients `kafka_raw` and `pretouch`; the rows `failover`, `idle`
and `forming` need none. Without rows: all of them (README.md). What is compared runs in
turn, round by round.
"""
import argparse
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import wire
from rows import fields, median, show

MSGS = 400_000
WINDOW = 16
FAILOVER_PARTITIONS = 100
IDLE_PARTITIONS = 1000
IDLE_SECONDS = 20
LAGGING_MSGS = 1_500_000
LIVING_SECONDS = 1  # of one look at the living


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.002)
    return result


def free_addresses(count):
    """Told to nobody else while all are held; a node may still find one taken, and says so."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in held]
    for s in held:
        s.close()
    return addresses


def is_ready(address):
    connection = http.client.HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def metadata(connection, topic):
    """({node: address}, {partition: (leader, nodes in sync)})"""
    reader = connection.call(wire.METADATA, 4, wire.array([wire.string(topic)]) + wire.int8(0))
    reader.int32()
    nodes = {}
    for _ in range(reader.int32()):
        node, host, port = reader.int32(), reader.string(), reader.int32()
        reader.string()
        nodes[node] = f"{host}:{port}"
    reader.string(), reader.int32()
    partitions = {}
    for _ in range(reader.int32()):
        reader.int16(), reader.string(), reader.int8()
        for _ in range(reader.int32()):
            reader.int16()
            partition, leader = reader.int32(), reader.int32()
            reader.array(reader.int32)
            partitions[partition] = leader, len(reader.array(reader.int32))
    return nodes, partitions


class Nodes:
    """`count` nodes that have formed a cluster, on temporary data; one is a cluster alone."""

    def __init__(self, args, count):
        self.args = args
        self.home = tempfile.mkdtemp(prefix="callboard-bench-", dir=args.data)
        self.addresses = free_addresses(count)
        self.processes = [None] * count
        self.topics = 0

    def __enter__(self):
        started = time.monotonic()
        try:
            for i in range(len(self.addresses)):
                self.start(i)
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        self.formed_ms = (time.monotonic() - started) * 1000
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, i):
        command = [os.path.join(self.args.build, "callboard"), "start", "--data", os.path.join(self.home, f"node{i}"),
                   "--listen", self.addresses[i]]
        if self.args.config:
            command += ["--config", self.args.config]
        if len(self.addresses) > 1:
            command += ["--seeds", ",".join(self.addresses)]
        with open(os.path.join(self.home, f"node{i}.log"), "ab") as log:
            self.processes[i] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)

    def wait_ready(self):
        for address, process in zip(self.addresses, self.processes):
            wait_until(lambda: is_ready(address) or process.poll() is not None, 60, f"{address} is ready")
            if process.poll() is not None:
                raise RuntimeError(f"the node at {address} ended with {process.returncode}")

    def kill(self, i):
        self.processes[i].kill()

    def counter(self, i, name):
        """Of the node's /metrics."""
        connection = http.client.HTTPConnection(self.addresses[i], timeout=10)
        try:
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        finally:
            connection.close()
        return float(next(line for line in lines if line.startswith(name + " ")).split()[1])

    def peak_memory_mb(self, i):
        with open(f"/proc/{self.processes[i].pid}/status", encoding="ascii") as f:
            kb = next(line for line in f if line.startswith("VmHWM")).split()[1]
        return int(kb) / 1024

    def client(self, op, *options, touch=0):
        command = [os.path.join(self.args.clients, "kafka_raw"), f"--op={op}", f"--bootstrap={self.addresses[0]}",
                   "--pid=" + ",".join(str(p.pid) for p in self.processes if p.poll() is None), *options]
        if touch:
            command = [os.path.join(self.args.clients, "pretouch"), str(touch), *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        if done.stderr.strip():
            raise RuntimeError(f"{op}: {done.stderr}")
        return fields(done.stdout)

    def topic(self, partitions=1):
        self.topics += 1
        name = f"bench-{self.topics}"
        self.client("create", f"--topic={name}", f"--parts={partitions}", f"--rf={len(self.addresses)}")
        with wire.Connection(self.addresses[0]) as connection:
            self.wait_in_sync(connection, name)
        return name

    def wait_in_sync(self, connection, topic):
        def everywhere():
            partitions = metadata(connection, topic)[1]
            return partitions and all(leader >= 0 and in_sync == len(self.addresses)
                                      for leader, in_sync in partitions.values())
        wait_until(everywhere, 120, f"every replica of {topic} is in sync")

    def produce(self, topic):
        return self.client("produce", f"--topic={topic}", "--size=1024", f"--msgs={MSGS}", f"--window={WINDOW}",
                           touch=len(self.addresses) * MSGS * 1024 // 1048576 * 115 // 100 + 400)

    def cpu_seconds(self):
        result = []
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
                parts = f.read().rsplit(")", 1)[1].split()
            result.append((int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK"))
        return result


def row_replicated(args):
    """produce, one partition, acks=all, fsync: three replicas on three nodes beside one node"""
    one, three = [], []
    for _ in range(args.rounds):
        for count, results in ((1, one), (3, three)):
            with Nodes(args, count) as nodes:
                results.append(nodes.produce(nodes.topic()))
            os.sync()
    speed = median(float(t["MB_s"]) / float(o["MB_s"]) for t, o in zip(three, one))
    cpu = median(float(t["srv_cpu_per_GB"]) / float(o["srv_cpu_per_GB"]) for t, o in zip(three, one))
    at = lambda results, key: median(float(r[key]) for r in results)
    show("replicated", f"{at(three, 'MB_s'):.0f} MB/s = {speed:.2f} of the single node's {at(one, 'MB_s'):.0f}, "
         f"{at(three, 'srv_cpu_per_GB'):.2f} CPU s/GB over all three = {cpu:.2f} x its {at(one, 'srv_cpu_per_GB'):.2f}",
         "a third and 4 x", speed >= 1 / 3 and cpu <= 4)


def row_e2e(args):
    """end to end, 1,000/s of 1 KiB, fsync: three replicas beside one node"""
    one, three = [], []
    for _ in range(args.rounds):
        for count, results in ((1, one), (3, three)):
            with Nodes(args, count) as nodes:
                topic = nodes.topic()
                os.sync()
                results.append(nodes.client("e2e", f"--topic={topic}", "--size=1024", "--rate=1000", "--secs=10", touch=400))
    p50, p99 = (median(float(t[k]) / float(o[k]) for t, o in zip(three, one)) for k in ("p50_us", "p99_us"))
    at = lambda results, key: median(float(r[key]) for r in results)
    show("e2e", f"p50 {at(three, 'p50_us'):.0f} us = {p50:.2f} x the single node's {at(one, 'p50_us'):.0f}, "
         f"p99 {at(three, 'p99_us'):.0f} us = {p99:.2f} x its {at(one, 'p99_us'):.0f}", "2 x both", p50 <= 2 and p99 <= 2)


class Prober:
    """Produces to partitions until each has accepted one, as their leaders are heard of."""

    def __init__(self, topic, survivors):
        self.topic = topic
        self.batch = wire.batch([b"after the crash"])
        self.connections = {address: wire.Connection(address, 30) for address in survivors}

    def close(self):
        for connection in self.connections.values():
            connection.close()

    def accepted(self, address, partitions):
        """Those of them that took the batch, in one request."""
        entries = [wire.int32(p) + wire.data(self.batch) for p in partitions]
        body = wire.string(None) + wire.int16(-1) + wire.int32(2000) + wire.array([wire.string(self.topic) + wire.array(entries)])
        reader = self.connections[address].call(wire.PRODUCE, 7, body)
        answers = reader.array(lambda: (reader.string(), reader.array(
            lambda: (reader.int32(), reader.int16(), reader.int64(), reader.int64(), reader.int64()))))
        return [a[0] for a in answers[0][1] if a[1] == 0]

    def run(self, partitions, killed):
        """Seconds from `killed` to the first and to the last partition's accepted produce."""
        waiting, first = set(partitions), None
        while waiting:
            if time.monotonic() - killed > 60:
                raise TimeoutError(f"without a leader for a minute: {sorted(waiting)}")
            for asked in self.connections.values():
                addresses, known = metadata(asked, self.topic)
                by_leader = {}
                for p in waiting:
                    by_leader.setdefault(addresses.get(known[p][0]), []).append(p)
                for address, theirs in by_leader.items():
                    if address in self.connections and (took := self.accepted(address, theirs)):
                        first = first or time.monotonic() - killed
                        waiting -= set(took)
            time.sleep(0.002)
        return first, time.monotonic() - killed


def row_failover(args):
    """kill -9 of the node that leads most of 100 partitions, again and again"""
    first, last, led = [], [], []
    with Nodes(args, 3) as nodes, wire.Connection(nodes.addresses[0]) as connection:
        error, why = wire.create_topic(connection, "failover", FAILOVER_PARTITIONS, replication=3)
        if error:
            raise RuntimeError(why)
        for _ in range(args.kills):
            asked = random.choice(nodes.addresses)
            with wire.Connection(asked) as fresh:
                nodes.wait_in_sync(fresh, "failover")
                addresses, known = metadata(fresh, "failover")
            leaders = [leader for leader, _ in known.values()]
            victim = max(set(leaders), key=leaders.count)
            at = nodes.addresses.index(addresses[victim])
            prober = Prober("failover", [a for a in nodes.addresses if a != addresses[victim]])
            killed = time.monotonic()
            nodes.kill(at)
            partitions = [p for p, (leader, _) in known.items() if leader == victim]
            one, all_of_them = prober.run(partitions, killed)
            first.append(one * 1000)
            last.append(all_of_them * 1000)
            led.append(len(partitions))
            prober.close()
            nodes.processes[at].wait()
            nodes.start(at)
            nodes.wait_ready()
    show("failover", f"{len(last)} kills of a node that led {min(led)} to {max(led)} of {FAILOVER_PARTITIONS}: the first partition "
         f"accepts after {median(first):.0f} ms (worst {max(first):.0f}), all of them after {median(last):.0f} ms (worst {max(last):.0f})",
         "median 1 s, worst 3 s", median(last) <= 1000 and max(last) <= 3000)


def row_idle(args):
    """1,000 partitions x 3 at rest"""
    with Nodes(args, 3) as nodes, wire.Connection(nodes.addresses[0], 120) as connection:
        error, why = wire.create_topic(connection, "idle", IDLE_PARTITIONS, replication=3)
        if error:
            raise RuntimeError(why)
        nodes.wait_in_sync(connection, "idle")
        time.sleep(12)  # longer than a partition keeps its cache without traffic
        before = nodes.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        percent = sorted((after - b) * 100 / IDLE_SECONDS for after, b in zip(nodes.cpu_seconds(), before))
    show("idle", " ".join(f"{p:.2f}" for p in percent) + f" % CPU over {IDLE_SECONDS} s, {IDLE_PARTITIONS} partitions x 3",
         "1 % each", percent[-1] <= 1)


def row_forming(args):
    """start of three nodes on empty directories to all of them ready"""
    took = []
    for _ in range(2 * args.rounds):
        with Nodes(args, 3) as nodes:
            took.append(nodes.formed_ms)
    show("forming", f"all three ready after {median(took):.0f} ms (worst {max(took):.0f})", "1 s", median(took) <= 1000)


def log_ends(nodes, i, topic):
    """Records that a node has of each partition, committed or not."""
    done = subprocess.run([os.path.join(nodes.args.build, "callboard"), "actors", "--bootstrap", nodes.addresses[i],
                           "--kind", "partition", "--name", topic + "/", "--limit", "200", "--format", "json"], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        return {}
    found = {a["name"]: re.search(r"offsets \d+ to (\d+)", a["state"]) for a in json.loads(done.stdout)["actors"]}
    return {name: int(ends[1]) for name, ends in found.items() if ends}


class Living(threading.Thread):
    """Looks at the end-to-end time of a paced producer, one look after the other, until it is ended."""

    def __init__(self, nodes, topic):
        super().__init__()
        self.nodes, self.topic = nodes, topic
        self.looks = []
        self.ended = False
        self.start()

    def run(self):
        while not self.ended:
            look = self.nodes.client("e2e", f"--topic={self.topic}", "--size=1024", "--rate=1000", "--warm=0",
                                     f"--secs={LIVING_SECONDS}")
            self.looks.append((time.monotonic(), look))

    def end(self, at):
        """Medians of the looks up to then, of the first at least."""
        self.ended = True
        self.join()
        looks = [look for ended, look in self.looks if ended <= at] or [self.looks[0][1]]
        return {key: median(float(look[key]) for look in looks) for key in ("p50_us", "p99_us", "max_us")}


def catch_up(args):
    """(the living before, and during; MB/s of catching up; bytes sent over bytes missed; the node's memory)"""
    with Nodes(args, 3) as nodes, wire.Connection(nodes.addresses[0]) as connection:
        living, lagging = nodes.topic(), nodes.topic(args.lagging)
        addresses, known = metadata(connection, living)
        away = next(i for i in (1, 2) if nodes.addresses[i] != addresses[known[0][0]])
        others = [i for i in range(3) if i != away]
        nodes.kill(away)
        nodes.processes[away].wait()
        wait_until(lambda: all(leader >= 0 and in_sync == 2 for leader, in_sync in metadata(connection, lagging)[1].values()),
                   60, "the others lead")
        try:
            nodes.client("produce", f"--topic={lagging}", "--size=1024", f"--msgs={LAGGING_MSGS}", f"--window={WINDOW}",
                         "--max-secs=120", touch=2 * LAGGING_MSGS * 1024 // 1048576)
        except RuntimeError as e:
            print(e, file=sys.stderr)  # a leader that changed: less is missed then
        wanted = log_ends(nodes, 0, lagging)
        os.sync()
        time.sleep(8)  # longer than a partition keeps its cache without traffic
        before = Living(nodes, living)
        time.sleep(10 * LIVING_SECONDS)
        before = before.end(time.monotonic())
        sent = lambda: sum(nodes.counter(i, "callboard_peer_sent_bytes_total") for i in others)
        sent_before, started = sent(), time.monotonic()
        nodes.start(away)
        during = Living(nodes, living)
        wait_until(lambda: time.sleep(0.5) or log_ends(nodes, away, lagging) == wanted, 300, "it has caught up")
        ended = time.monotonic()
        during = during.end(ended)
        missed = sum(wanted.values()) * 1024
        return before, during, missed / (ended - started) / 1e6, (sent() - sent_before) / missed, nodes.peak_memory_mb(away)


def row_catch_up(args):
    """end to end, 1,000/s of 1 KiB, fsync: while a node that was away catches up, beside just before"""
    results = [catch_up(args) for _ in range(args.rounds)]
    p50, p99 = (median(during[k] / before[k] for before, during, *_ in results) for k in ("p50_us", "p99_us"))
    at = lambda which, key: median(r[which][key] for r in results)
    speed, sent, memory = (median(r[i] for r in results) for i in (2, 3, 4))
    show("catch_up", f"p50 {at(1, 'p50_us'):.0f} us = {p50:.2f} x the {at(0, 'p50_us'):.0f} before, p99 {at(1, 'p99_us'):.0f} us "
         f"= {p99:.2f} x the {at(0, 'p99_us'):.0f} before; {speed:.0f} MB/s for "
         f"{args.lagging} partitions, {sent:.2f} x its bytes sent; the node took {memory:.0f} MiB",
         "2 x both", p50 <= 2 and p99 <= 2)


ROWS = {name[4:]: f for name, f in list(globals().items()) if name.startswith("row_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--clients", default=".")
    parser.add_argument("--build", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--lagging", type=int, default=48, help="partitions that the row catch_up is about, at most 200")
    parser.add_argument("--config", help="a configuration file for all nodes")
    parser.add_argument("--data", help="where data goes (a disk, not a tmpfs)")
    args = parser.parse_args()
    unknown = [r for r in args.rows if r not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]}; there are {', '.join(ROWS)}")
    for name in args.rows or ROWS:
        ROWS[name](args)


if __name__ == "__main__":
    sys.exit(main())
