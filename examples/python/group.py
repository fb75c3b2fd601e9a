#!/usr/bin/python3
"""Reads a topic as a member of a consumer group until COUNT records came, and commits:
group.py HOST:PORT TOPIC GROUP COUNT. Start it twice to see the partitions shared out."""
import sys

from kafka import KafkaConsumer


def main(address, topic, group, count):
    consumer = KafkaConsumer(topic, group_id=group, bootstrap_servers=address, auto_offset_reset="earliest",
                             enable_auto_commit=False, consumer_timeout_ms=30000)
    seen = 0
    for seen, record in enumerate(consumer, start=1):
        print(f"partition {record.partition}, offset {record.offset}: {record.value.decode()}", flush=True)
        if seen == count:
            break
    consumer.commit()  # the group goes on behind what this member was given
    consumer.close()
    return 0 if seen == count else f"only {seen} of {count} records came within 30 s"


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
