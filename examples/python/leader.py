#!/usr/bin/python3
"""Prints HOST:PORT of the node that leads partition 0 of a topic: leader.py HOST:PORT TOPIC"""
import sys
import time

from confluent_kafka.admin import AdminClient


def main(address, topic):
    admin = AdminClient({"bootstrap.servers": address})
    for _ in range(100):
        known = admin.list_topics(topic, 10)
        partition = known.topics[topic].partitions.get(0)
        if partition and partition.leader in known.brokers:
            node = known.brokers[partition.leader]
            print(f"{node.host}:{node.port}")
            return 0
        time.sleep(0.1)
    return f"nobody leads {topic}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
