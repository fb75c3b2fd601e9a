#!/usr/bin/python3
"""Waits until the node at HOST:PORT holds all records of every replica it has of TOPIC, and is
in sync: caught_up.py HOST:PORT TOPIC. How far a replica is, is what its actor says."""
import json
import os
import re
import subprocess
import sys
import time

from confluent_kafka import Consumer, TopicPartition

BUILD = os.environ.get("CALLBOARD_BUILD", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build"))
PATIENCE = 60


def replicas(address, topic):
    """{partition: (end of its log, its high watermark)} on that node"""
    command = [os.path.join(BUILD, "callboard"), "--bootstrap", address, "--format", "json", "actors", "--kind", "partition", "--name", topic + "/", "--limit", "200"]
    found = {}
    for actor in json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["actors"]:
        if state := re.search(r"offsets \d+ to (\d+), high watermark (\d+)", actor["state"]):
            found[int(actor["name"].rsplit("/", 1)[1])] = int(state[1]), int(state[2])
    return found


def main(address, topic):
    started = time.monotonic()
    consumer = Consumer({"bootstrap.servers": address, "group.id": "caught-up", "log_level": 0})
    while time.monotonic() < started + PATIENCE:
        known = consumer.list_topics(topic, 10)
        partitions = known.topics[topic].partitions
        self_id = next((node for node, b in known.brokers.items() if f"{b.host}:{b.port}" == address), None)
        held = replicas(address, topic)
        mine = [i for i, p in partitions.items() if self_id in p.replicas]
        if mine and all(i in held and self_id in partitions[i].isrs for i in mine):
            ends = {i: consumer.get_watermark_offsets(TopicPartition(topic, i), 10)[1] for i in mine}
            if all(held[i] == (ends[i], ends[i]) for i in mine):
                print(f"the node at {address} has caught up {(time.monotonic() - started) * 1000:.0f} ms after it was ready: "
                      + ", ".join(f"partition {i} to offset {ends[i]}" for i in sorted(mine)))
                return 0
        time.sleep(0.02)
    return f"the node at {address} has not caught up within {PATIENCE} s"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
