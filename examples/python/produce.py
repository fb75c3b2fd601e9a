#!/usr/bin/python3
"""Sends each line of standard input as a record: produce.py HOST:PORT TOPIC"""
import sys

from kafka import KafkaProducer


def main(address, topic):
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    pending = [producer.send(topic, line.rstrip("\n").encode()) for line in sys.stdin]
    for sent in pending:
        record = sent.get(timeout=30)  # raises what the broker refused
        print(f"acknowledged: partition {record.partition}, offset {record.offset}")
    producer.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
