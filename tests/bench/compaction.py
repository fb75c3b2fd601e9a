#!/usr/bin/python3
"""What compaction costs a produce load beside it.

  compaction.py [--build DIR] [--data DIR] [--rounds 5] [--dirty-mb 512] [--seconds 3]

Each round fills a compacted topic with keyed updates, measures a produce load on another topic
by itself, then lets the compaction begin and measures the same load until it is through. The
load is two connections with 8 requests of 64 KiB under way each, ready-made: the client costs
a fraction of a core. Every figure is a median over the rounds.
"""
import argparse
import json
import os
import random
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
WINDOW = 8


def keyed_batch(wire, keys, value_bytes, records):
    value = random.randbytes(value_bytes)
    content = b"".join(wire.record(value, i, key=b"key %d" % random.randrange(keys)) for i in range(records))
    return wire.batch([], records=content, count=records)


class Load:
    """Produces to a topic until told to stop; counts what was acknowledged."""

    def __init__(self, wire, address, topic, batches):
        self.wire, self.address, self.topic = wire, address, topic
        self.frames = [wire.frame(0, 7, wire.produce_body(topic, batch)) for batch in batches]
        self.sizes = [len(batch) for batch in batches]
        self.acknowledged = [0, 0]
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(2)]
        for thread in self.threads:
            thread.start()

    def run(self, me):
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as connection:
            under_way, at = [], me
            while under_way or not self.stopping:
                while len(under_way) < WINDOW and not self.stopping:
                    connection.sendall(self.frames[at % len(self.frames)])
                    under_way.append(self.sizes[at % len(self.frames)])
                    at += 1
                answer = b""
                size = struct.unpack(">i", self.receive(connection, 4))[0]
                answer = self.receive(connection, size)
                reader = self.wire.Reader(answer)
                reader.int32()
                error, _ = self.wire.read_produce_answer(reader)
                assert error == 0, error
                self.acknowledged[me] += under_way.pop(0)

    @staticmethod
    def receive(connection, size):
        content = b""
        while len(content) < size:
            part = connection.recv(size - len(content))
            assert part, "the connection ended"
            content += part
        return content

    def rate(self, until):
        """MB/s and seconds until `until` says so."""
        begun, before = time.monotonic(), sum(self.acknowledged)
        while not until(time.monotonic() - begun):
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        return (sum(self.acknowledged) - before) / seconds / 1e6, seconds

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    parser.add_argument("--build", default=os.path.join(root, "build"))
    parser.add_argument("--data", default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dirty-mb", type=int, default=2048)
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()
    os.environ["CALLBOARD_BUILD"] = args.build
    import admin_wire as admin
    import wire
    from node import BINARY, Node, wait_until

    home = tempfile.mkdtemp(prefix="callboard-bench-", dir=args.data)
    node = Node(data=os.path.join(home, "data")).start()
    connection = wire.Connection(node.address)
    batches = [keyed_batch(wire, 100_000, 1000, 62) for _ in range(1024)]
    alone, beside, speeds = [], [], []

    def passes():
        """How many passes the compactor has done; 0 while a long step keeps it from answering."""
        out = subprocess.run([BINARY, "actors", "--kind", "compactor", "--bootstrap", node.address, "--format", "json"], capture_output=True, check=True).stdout
        found = re.search(r"(\d+) passes", json.loads(out)["actors"][0]["state"])
        return int(found.group(1)) if found else 0

    try:
        for number in range(args.rounds):
            dirty, busy = f"dirty-{number}", f"busy-{number}"
            wire.create_topic(connection, dirty, 1, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "1"})
            wire.create_topic(connection, busy, 1, {"retention.bytes": str(256 << 20)})
            fill = Load(wire, node.address, dirty, batches)
            fill.rate(lambda _: sum(fill.acknowledged) > args.dirty_mb * 1e6)
            fill.stop()
            load = Load(wire, node.address, busy, batches)
            load.rate(lambda seconds: seconds > 1)
            alone.append(load.rate(lambda seconds: seconds > args.seconds)[0])
            before, done = passes(), threading.Event()

            def watch(before=before, done=done):
                wait_until(lambda: passes() > before, 300, "a pass")
                done.set()
            watcher = threading.Thread(target=watch)
            admin.incremental_alter_configs(connection, [(dirty, [("min.cleanable.dirty.ratio", 0, "0")])])
            watcher.start()
            rate, seconds = load.rate(lambda _: done.is_set())
            watcher.join()
            beside.append(rate)
            speeds.append(args.dirty_mb / seconds)
            load.stop()
            for topic in (dirty, busy):
                wire.delete_topic(connection, topic)
            print(f"round {number + 1}: {alone[-1]:.0f} MB/s alone, {beside[-1]:.0f} beside a compaction of {args.dirty_mb} MB in {seconds:.1f} s")
        share = statistics.median(b / a for a, b in zip(alone, beside))
        print(f"median {statistics.median(alone):.0f} MB/s alone, {statistics.median(beside):.0f} beside: {100 * (1 - share):.0f} % less; compaction {statistics.median(speeds):.0f} MB/s")
    finally:
        connection.close()
        node.stop()
        node.close()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
