#!/usr/bin/python3
"""Kills the leader's node while records flow, and counts what came of it:
failover.py TOPIC HOST:PORT=PID HOST:PORT=PID HOST:PORT=PID

Makes TOPIC with 3 partitions of 3 replicas. Kafka's door: an idempotent producer
(confluent-kafka) writes to all of them, a consumer follows. Cap'n Proto's door: the C++
program keep_producing writes to partition 0. Then the process of the node that leads
partition 0 gets kill -9. Status 0 only if every record that was acknowledged can be read
from the two nodes that are left, at its offset."""
import os
import signal
import subprocess
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BUILD = os.environ.get("CALLBOARD_BUILD", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build"))
PARTITIONS = 3
BEFORE, AFTER = 2, 4  # seconds of traffic around the kill
QUIET = {"log_level": 0}  # the library reports every connection that is refused


class Door:
    """What was acknowledged, or read, through one door."""

    def __init__(self):
        self.records = []  # (time, partition, offset, value)

    def add(self, partition, offset, value):
        self.records.append((time.monotonic(), partition, offset, value))

    def since(self, moment, partitions):
        return [r for r in self.records if r[0] > moment and r[1] in partitions]

    def gap_ms(self, moment, partitions):
        """The longest pause of any of the partitions from the last record before `moment` on."""
        gaps = []
        for partition in partitions:
            times = [r[0] for r in self.records if r[1] == partition]
            last = max((t for t in times if t <= moment), default=moment)
            times = [last] + [t for t in times if t > last]
            gaps.append(max((b - a for a, b in zip(times, times[1:])), default=float("inf")))
        return max(gaps) * 1000


def make_topic(admin, topic):
    admin.create_topics([NewTopic(topic, PARTITIONS, 3)])[topic].result(30)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        known = admin.list_topics(topic, 10)
        partitions = known.topics[topic].partitions
        if len(partitions) == PARTITIONS and all(p.leader >= 0 and len(p.isrs) == 3 for p in partitions.values()):
            return {node: f"{b.host}:{b.port}" for node, b in known.brokers.items()}, {i: p.leader for i, p in partitions.items()}
        time.sleep(0.05)
    sys.exit(f"the replicas of {topic} were not in sync within 30 s")


def produce(addresses, topic, door, stop, failures):
    producer = Producer({"bootstrap.servers": addresses, "enable.idempotence": True, "linger.ms": 0, **QUIET})

    def delivered(error, message):
        if error:
            failures.append(f"a record was not delivered: {error}")
        else:
            door.add(message.partition(), message.offset(), message.value())

    number = 0
    while not stop.is_set():
        for partition in range(PARTITIONS):
            producer.produce(topic, b"kafka-%d-%d" % (partition, number), partition=partition, on_delivery=delivered)
        number += 1
        producer.poll(0.005)
    if producer.flush(30):
        failures.append("records were still on their way after 30 s")


def follow(addresses, topic, door, stop):
    """A consumer beside the producers, from the beginning."""
    consumer = Consumer({"bootstrap.servers": addresses, "group.id": "failover", "enable.auto.commit": False, **QUIET})
    consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    while not stop.is_set():
        message = consumer.poll(0.05)
        if message and not message.error():
            door.add(message.partition(), message.offset(), message.value())
    consumer.close()


def call_cpp(addresses, topic, door, failures):
    """keep_producing as a child; its lines are acknowledgements."""
    command = [os.path.join(BUILD, "examples", "keep_producing"), addresses, topic, "0", str(BEFORE + AFTER)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        for line in child.stdout:
            offset, value = line.split()
            door.add(0, int(offset), value)
    if child.returncode != 0:
        failures.append("keep_producing gave up")


def read_back(addresses, topic):
    """{(partition, offset): value} of all there is."""
    consumer = Consumer({"bootstrap.servers": addresses, "group.id": "failover", "enable.auto.commit": False, **QUIET})
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10)[1] for p in range(PARTITIONS)}
    consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    found, deadline = {}, time.monotonic() + 60
    while len(found) < sum(ends.values()) and time.monotonic() < deadline:
        for message in consumer.consume(1000, 0.5):
            if not message.error():
                found[message.partition(), message.offset()] = message.value()
    consumer.close()
    return found


def main(topic, *nodes):
    processes = {address: int(pid) for address, pid in (node.split("=") for node in nodes)}
    addresses = ",".join(processes)
    names, leaders = make_topic(AdminClient({"bootstrap.servers": addresses, **QUIET}), topic)
    victim = names[leaders[0]]
    led = {p for p, leader in leaders.items() if leader == leaders[0]}

    kafka, rpc, reader = Door(), Door(), Door()
    stop_writing, stop_reading, failures = threading.Event(), threading.Event(), []
    writers = [threading.Thread(target=produce, args=(addresses, topic, kafka, stop_writing, failures)),
               threading.Thread(target=call_cpp, args=(addresses, topic, rpc, failures))]
    follower = threading.Thread(target=follow, args=(addresses, topic, reader, stop_reading))
    for thread in (*writers, follower):
        thread.start()
    time.sleep(BEFORE)
    print(f"kill -9 {processes[victim]}: the node at {victim}, which leads partition {', '.join(map(str, sorted(led)))} of {PARTITIONS}", flush=True)
    os.kill(processes[victim], signal.SIGKILL)
    killed = time.monotonic()
    time.sleep(AFTER)
    stop_writing.set()
    for thread in writers:
        thread.join()

    found = read_back(addresses, topic)
    stop_reading.set()
    follower.join()
    acknowledged = kafka.records + rpc.records
    lost = [r for r in acknowledged if found.get(r[1:3]) != r[3]]
    values = list(found.values())
    for name, door, over in (("Kafka, acknowledged", kafka, led), ("Kafka, consumed", reader, led), ("Cap'n Proto RPC, acknowledged", rpc, {0})):
        after = len(door.since(killed, over))
        print(f"{name + ':':30} {len(door.records):6} records; on what it led {after} after the kill, the longest pause {door.gap_ms(killed, over):.0f} ms")
        if after == 0:
            failures.append(f"{name}: nothing after the kill")
    twice = len(values) - len(set(values))
    print(f"{len(acknowledged)} records were acknowledged, {len(lost)} of them are lost; {twice} are there twice"
          + (" (sent again over Cap'n Proto RPC, whose client promises at least once)" if twice else ""))
    if twice > sum(v.startswith(b"rpc-") for v in values) - len({v for v in values if v.startswith(b"rpc-")}):
        failures.append("the idempotent producer's records are there twice")
    if lost:
        failures.append(f"lost, among others: {lost[:3]}")
    return "\n".join(failures) or 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except KafkaException as e:
        sys.exit(str(e))
