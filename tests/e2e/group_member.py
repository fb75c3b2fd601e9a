#!/usr/bin/python3
"""A member of a consumer group that writes down what happens to it, as a process of its
own, so that it can be killed and stopped: one JSON line an event, in the order in which it
happened, each before what follows from it (a record before its commit).

  group_member.py kafka-python|confluent ADDRESS TOPIC GROUP NAME FILE [OPTION=VALUE]...

SIGTERM makes it leave in order. The options are librdkafka's.
"""
import json
import os
import signal
import struct
import sys
import time

import confluent_kafka
import kafka
from kafka.coordinator.assignors.range import RangePartitionAssignor

SESSION_MS, HEARTBEAT_MS = 3000, 300
RECORDS_AT_ONCE = 100


class Journal:
    """Each line is with the kernel before add() returns, whatever ends this process."""

    def __init__(self, path, name):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.name = name

    def add(self, event, **fields):
        line = json.dumps({"at": time.monotonic(), "event": event, "consumer": self.name, **fields}) + "\n"
        os.write(self.file, line.encode())

    def assigned(self, fresh, owned, generation, owner):
        self.add("own", partitions=sorted(owned), generation=generation, owner=owner)
        for partition in fresh:
            self.add("seek", partition=partition)

    def polled(self, partition, records):
        self.add("poll", partition=partition, records=[[offset, value.decode()] for offset, value in records])

    def committed(self, offsets):
        self.add("commit", offsets=sorted(offsets.items()))


class Stop:
    def __init__(self):
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_):
        self.asked = True


class KafkaPythonMember(kafka.ConsumerRebalanceListener):
    def __init__(self, address, topic, group, journal, _options):
        self.journal, self.topic = journal, topic
        # Left to find the version out, it takes a connection that ends meanwhile for a broker of
        # 2015, and asks for what Kafka 4 does not know either.
        self.consumer = kafka.KafkaConsumer(
            bootstrap_servers=address, api_version=(2, 4, 0), group_id=group, client_id=journal.name,
            enable_auto_commit=False, auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS, heartbeat_interval_ms=HEARTBEAT_MS, max_poll_records=RECORDS_AT_ONCE,
            fetch_max_wait_ms=100, reconnect_backoff_max_ms=200, partition_assignment_strategy=[RangePartitionAssignor])
        self.consumer.subscribe([topic], listener=self)

    def on_partitions_assigned(self, assigned):
        # What the group told this member is not to be had otherwise.
        generation = self.consumer._coordinator._generation  # noqa: pylint: disable=protected-access
        partitions = [place.partition for place in assigned]
        self.journal.assigned(partitions, partitions, generation.generation_id, generation.member_id)

    def on_partitions_revoked(self, revoked):
        self.journal.add("revoked", partitions=[place.partition for place in revoked])

    def run(self, stop):
        while not stop.asked:
            found = self.consumer.poll(200)
            for place, records in found.items():
                self.journal.polled(place.partition, [(record.offset, record.value) for record in records])
            if found:
                self._commit({place: records[-1].offset + 1 for place, records in found.items()})
        self.consumer.close()

    def _commit(self, offsets):
        try:
            self.consumer.commit({place: kafka.OffsetAndMetadata(offset, "") for place, offset in offsets.items()})
        except kafka.errors.KafkaError as error:
            self.journal.add("note", refused=str(error))
        else:
            self.journal.committed({place.partition: offset for place, offset in offsets.items()})


def identity_of(metadata):
    """(generation, member id) out of librdkafka's group metadata, as it serialises it: a
    mark, the generation, then texts that end with a zero: the group and the member id."""
    mark = b"CGMDv2:"
    if not metadata.startswith(mark):
        raise ValueError(f"metadata in a form that is not known here: {metadata!r}")
    generation = struct.unpack_from("=i", metadata, len(mark))[0]
    return generation, metadata[len(mark) + 4:].split(b"\0")[1].decode()


class ConfluentMember:
    def __init__(self, address, topic, group, journal, options):
        self.journal, self.topic = journal, topic
        self.instance = options.get("group.instance.id")
        self.cooperative = options.get("partition.assignment.strategy") == "cooperative-sticky"
        self.owned, self.pending = set(), {}
        self.refused = {}  # offsets that are to be committed once more, unless their partitions go
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": address, "group.id": group, "client.id": journal.name, "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": HEARTBEAT_MS,
            "fetch.wait.max.ms": 100, "reconnect.backoff.max.ms": 200, **options})
        self.consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _assigned(self, _consumer, places):
        fresh = [place.partition for place in places]
        self.owned = self.owned | set(fresh) if self.cooperative else set(fresh)
        generation, member = identity_of(self.consumer.consumer_group_metadata())
        self.journal.assigned(fresh, self.owned, generation, self.instance or member)

    def _revoked(self, _consumer, places):
        self._flush()
        self._forget("revoked", places)

    def _lost(self, _consumer, places):
        self._write_down()
        self._forget("lost", places)

    def _forget(self, event, places):
        self.journal.add(event, partitions=[place.partition for place in places])
        for place in places:
            self.owned.discard(place.partition)
            self.refused.pop(place.partition, None)

    def run(self, stop):
        while not stop.asked:
            self._take(self.consumer.poll(0.2))
            for _ in range(RECORDS_AT_ONCE):
                message = self.consumer.poll(0)
                if message is None:
                    break
                self._take(message)
            self._flush()
        self.consumer.close()

    def _take(self, message):
        if message is None:
            return
        if message.error() is None:
            self.pending.setdefault(message.partition(), []).append((message.offset(), message.value()))
        elif message.error().code() == confluent_kafka.KafkaError._FATAL:  # noqa: its public name
            raise confluent_kafka.KafkaException(message.error())

    def _write_down(self):
        """{partition: next offset} of what was pending."""
        taken, self.pending = self.pending, {}
        for partition, records in taken.items():
            self.journal.polled(partition, records)
        return {partition: records[-1][0] + 1 for partition, records in taken.items()}

    def _flush(self):
        offsets = {**self.refused, **self._write_down()}
        if not offsets:
            return
        self.refused = {}
        try:
            answers = self.consumer.commit(offsets=[confluent_kafka.TopicPartition(self.topic, p, o) for p, o in offsets.items()], asynchronous=False)
        except confluent_kafka.KafkaException as error:
            self.journal.add("note", refused=str(error))
            self.refused = {partition: offset for partition, offset in offsets.items() if partition in self.owned}
        else:
            self.journal.committed({answer.partition: answer.offset for answer in answers if answer.error is None})


KINDS = {"kafka-python": KafkaPythonMember, "confluent": ConfluentMember}


def main():
    kind, address, topic, group, name, path, *options = sys.argv[1:]
    stop, journal = Stop(), Journal(path, name)
    try:
        KINDS[kind](address, topic, group, journal, dict(option.split("=", 1) for option in options)).run(stop)
    except Exception as error:  # noqa: the test looks for it
        journal.add("failed", error=repr(error))
        raise
    journal.add("left")


if __name__ == "__main__":
    main()
