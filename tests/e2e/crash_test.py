#!/usr/bin/python3
"""Rounds of kill -9 and SIGTERM under idempotent producers, one node, one data directory:
nothing acknowledged may be lost, duplicated or reordered, and no consumer may have seen
what is not there later.

  crash_test.py [--rounds N] [--seconds S] [--seed N]

Ends after N rounds, or with the first round past S seconds, whichever comes first.
"""
import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time

import history
import wire
from idempotent_producer import IdempotentProducer
from node import Node, wait_until

TOPIC, PARTITIONS, PRODUCERS = "crash", 3, 3
# Small segments, so that rolls lie within the rounds.
CONFIGS = {"segment.bytes": str(1 << 20), "segment.ms": "2000"}


class Acknowledgements:
    """Counts; a round waits for a number of them."""

    def __init__(self):
        self.count = 0
        self.changed = threading.Condition()

    def add(self, number):
        with self.changed:
            self.count += number
            self.changed.notify_all()

    def wait_for(self, target, seconds):
        with self.changed:
            return self.changed.wait_for(lambda: self.count >= target, seconds)


class Poller(threading.Thread):
    """Reads along through all restarts, from where it was."""

    def __init__(self, address, recorder):
        super().__init__(daemon=True)
        self.address, self.recorder = address, recorder
        self.stopping = threading.Event()
        self.positions = dict.fromkeys(range(PARTITIONS), 0)
        self.error = None

    def run(self):
        while not self.stopping.is_set():
            try:
                with wire.Connection(self.address, 30) as connection:
                    while not self.stopping.is_set():
                        for partition in self.positions:
                            self._poll(connection, partition)
            except OSError:
                self.stopping.wait(0.01)
            except Exception as error:  # noqa: the test reports it
                self.error = error
                return

    def _poll(self, connection, partition):
        position = self.positions[partition]
        error, _, content = wire.fetch(connection, TOPIC, position, partition, wait_ms=20)
        if error == wire.OFFSET_OUT_OF_RANGE:
            raise AssertionError(f"partition {partition}: position {position} was readable before, now it is out of range")
        if error:
            return
        records = [(offset, value.decode()) for offset, value in wire.records_of(content) if offset >= position]
        if records:
            self.recorder.add("poll", consumer="along", partition=partition, records=records)
            self.positions[partition] = records[-1][0] + 1


def create(address):
    with wire.Connection(address) as connection:
        error, sentence = wire.create_topic(connection, TOPIC, PARTITIONS, CONFIGS)
    assert error == 0, f"CreateTopics: {error} {sentence}"


def first_accepted_ms(acknowledgements, since, seconds=30):
    """Milliseconds from `since` to the next acknowledgement."""
    if not acknowledgements.wait_for(acknowledgements.count + 1, seconds):
        raise AssertionError(f"no produce was accepted within {seconds} s of a restart")
    return (time.monotonic() - since) * 1000


def play_round(node, number, random_source, acknowledgements, recorder):
    """One life of the node from here to its end and the next start; (ready, first ack) in ms."""
    target = acknowledgements.count + random_source.choice((1, 10, 100, 500, 1500))
    if not acknowledgements.wait_for(target, 60):
        raise AssertionError(f"round {number}: {acknowledgements.count} of {target} acknowledgements within 60 s")
    name = random_source.choice(("SIGKILL", "SIGTERM"))
    recorder.add("note", round=number, signal=name)
    node.signal(signal.Signals[name])
    status = node.wait()
    wanted = -signal.SIGKILL if name == "SIGKILL" else 0
    assert status == wanted, f"round {number}: exit status {status} after {name}: {node.log()[-2000:]}"
    since = time.monotonic()
    node.start()
    return (time.monotonic() - since) * 1000, first_accepted_ms(acknowledgements, since)


def read_finally(address, recorder):
    with wire.Connection(address, 30) as connection:
        for partition in range(PARTITIONS):
            records = [(o, v.decode()) for o, v in wire.read_all(connection, TOPIC, partition)]
            recorder.add("poll", consumer="final", partition=partition, records=records)


def play(node, options, random_source, recorder):
    create(node.address)
    acknowledgements = Acknowledgements()
    workers = [IdempotentProducer(n, lambda: node.address, TOPIC, range(PARTITIONS), recorder, random.Random(random_source.random()), acknowledgements.add)
               for n in range(PRODUCERS)]
    poller = Poller(node.address, recorder)
    for thread in (*workers, poller):
        thread.start()
    times, began = [], time.monotonic()
    while len(times) < options.rounds and time.monotonic() - began < options.seconds:
        times.append(play_round(node, len(times), random_source, acknowledgements, recorder))
        for worker in (*workers, poller):
            if worker.error:
                raise worker.error
    for worker in workers:
        worker.stop()
    wait_until(lambda: not any(worker.is_alive() for worker in workers), 60, "every producer has its last acknowledgement")
    poller.stopping.set()
    poller.join(30)
    for worker in (*workers, poller):
        if worker.error:
            raise worker.error
    read_finally(node.address, recorder)
    print(f"{len(times)} rounds, {acknowledgements.count} records acknowledged, "
          f"{sum(w.reconnects for w in workers)} reconnects, {sum(w.retries for w in workers)} retries")
    for what, values in zip(("ready", "first produce accepted"), zip(*times)):
        print(f"{what} after exec: median {statistics.median(values):.0f} ms, worst {max(values):.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    kept = tempfile.mkdtemp(prefix="callboard-history-")
    path = os.path.join(kept, "history.jsonl")
    recorder = history.Recorder(path)
    try:
        with Node() as node:
            play(node, options, random.Random(options.seed), recorder)
    except Exception:
        print(f"the history is in {path}")
        raise
    finally:
        recorder.close()
    violations = history.check(recorder.events)
    for name, found in violations.items():
        print(f"{name}: {len(found)}", *found[:5], sep="\n  ")
    if violations:
        print(f"the history is in {path}")
        return 1
    os.remove(path)
    os.rmdir(kept)
    print("nothing acknowledged was lost, duplicated or reordered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
