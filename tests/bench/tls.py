#!/usr/bin/python3
"""What TLS costs a node: the same records in and out by librdkafka without and with it, in
turn, on one node. Prints CPU seconds a GB of the node, and MB/s as this one client sees it.

  CALLBOARD_BUILD=build /usr/bin/python3 tests/bench/tls.py [--rounds 5] [--megabytes 200]
"""
import argparse
import os
import statistics
import sys
import time

import confluent_kafka

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import wire  # noqa: E402
from node import Node  # noqa: E402
from tls import Authority  # noqa: E402

RECORD = os.urandom(1024)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(node, secured, topic, megabytes):
    """((MB/s, CPU s/GB) written, the same read)."""
    pid, count = node.process.pid, megabytes << 10
    with wire.Connection(node.address) as connection:
        assert wire.create_topic(connection, topic, 1)[0] == 0
    producer = confluent_kafka.Producer({**secured, "bootstrap.servers": node.address, "linger.ms": 5, "batch.size": 65536,
                                         "queue.buffering.max.kbytes": 65536})
    started, cpu = time.monotonic(), cpu_seconds(pid)
    for _ in range(count):
        while True:
            try:
                producer.produce(topic, RECORD)
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    assert producer.flush(120) == 0
    written = megabytes / (time.monotonic() - started), (cpu_seconds(pid) - cpu) / (megabytes / 1024)
    consumer = confluent_kafka.Consumer({**secured, "bootstrap.servers": node.address, "group.id": topic, "enable.auto.commit": False})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    started, cpu, got = time.monotonic(), cpu_seconds(pid), 0
    while got < count:
        got += len(consumer.consume(10_000, 1))
    read = megabytes / (time.monotonic() - started), (cpu_seconds(pid) - cpu) / (megabytes / 1024)
    consumer.close()
    return written, read


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=200)
    options = parser.parse_args()
    tls = Authority(["n1"])
    kinds = {"plain": {}, "TLS": {"security.protocol": "ssl", "ssl.ca.location": tls.ca}}
    seen = {kind: [] for kind in kinds}
    with Node(args=tls.node("n1")) as node:
        for number in range(options.rounds):
            for kind, secured in kinds.items():
                seen[kind].append(measure(node, secured, f"{kind}-{number}", options.megabytes))
    tls.close()
    for at, what in enumerate(("written", "read")):
        for kind, rounds in seen.items():
            speed, cost = (statistics.median(each[at][i] for each in rounds) for i in (0, 1))
            print(f"{what:8} {kind:6} {speed:7.1f} MB/s {cost:6.2f} CPU s/GB of the node")


if __name__ == "__main__":
    main()
