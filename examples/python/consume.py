#!/usr/bin/python3
"""Prints COUNT records of a topic from its beginning: consume.py HOST:PORT TOPIC COUNT"""
import sys

from kafka import KafkaConsumer, TopicPartition


def main(address, topic, count):
    consumer = KafkaConsumer(bootstrap_servers=address, consumer_timeout_ms=30000)
    partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    seen = 0
    for seen, record in enumerate(consumer, start=1):
        print(f"partition {record.partition}, offset {record.offset}: {record.value.decode()}")
        if seen == count:
            return 0
    return f"only {seen} of {count} records came within 30 s"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
