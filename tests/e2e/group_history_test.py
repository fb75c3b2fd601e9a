#!/usr/bin/python3
"""Members of two groups come, leave, crash, fall silent and wake up again, and the node
crashes too, while idempotent producers write: every record is delivered at least once, none
is skipped, committed offsets never go back, no partition has two owners in a generation.

  group_history_test.py [--seconds S] [--seed N]

One group mixes kafka-python and librdkafka, one assigns cooperatively; both have static
members. What members see, they write down themselves (group_member.py).
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import group_history
import history
import wire
from group_member import RECORDS_AT_ONCE
from group_watcher import Watcher
from idempotent_producer import IdempotentProducer
from node import Node, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
TOPIC, PARTITIONS, PRODUCERS = "shared", 6, 2
RECORDS_A_SECOND = 400  # of each producer, so that what is measured is the groups
MEMBERS_MAX = 4
PROGRESS_SECONDS = 90  # a group that takes longer to go on is stuck
# What librdkafka 2.0 does now and then when a cooperative member ends.
CRASH_OF_LIBRDKAFKA = "rd_kafka_sticky_assignor_state_destroy: Assertion `assignor_state' failed"
# What is started: the library and its options, in each group.
MIXED = [("kafka-python", ()), ("confluent", ("partition.assignment.strategy=range",)),
         ("confluent", ("partition.assignment.strategy=range", "group.instance.id=static"))]
COOPERATIVE = [("confluent", ("partition.assignment.strategy=cooperative-sticky",)),
               ("confluent", ("partition.assignment.strategy=cooperative-sticky", "group.instance.id=one")),
               ("confluent", ("partition.assignment.strategy=cooperative-sticky", "group.instance.id=two"))]


def crashed_by_itself(status, said):
    """What is no fault of the node's: the assertion, or a static member whose session timed
    out and that forgot its member id, but still committed: that fences it, by Kafka's
    coordinator too (librdkafka's pull request 5585)."""
    if status == -signal.SIGABRT:
        return CRASH_OF_LIBRDKAFKA in said
    return status == 1 and "SESSTMOUT" in said and "Static consumer fenced by other consumer" in said


class TimedRecorder(history.Recorder):
    def add(self, event, **fields):
        super().add(event, at=time.monotonic(), **fields)


class Member:
    """A process of group_member.py and the file that it writes."""

    def __init__(self, address, group, name, kind, folder):
        self.name, (library, self.options) = name, kind
        self.path = os.path.join(folder, f"{group}-{name}")
        self.stopped = False
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", os.path.join(HERE, "group_member.py"),
                   library, address, TOPIC, group, name, self.path, *self.options]
        with open(self.path + ".log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    @property
    def instance(self):
        return next((option for option in self.options if option.startswith("group.instance.id=")), None)

    def signal(self, number):
        self.process.send_signal(number)
        self.stopped = number == signal.SIGSTOP or (self.stopped and number != signal.SIGCONT)

    def end(self, number):
        """SIGKILL, or SIGTERM for an orderly end."""
        began = os.path.exists(self.path)  # before it does, signals simply end it
        self.signal(signal.SIGCONT)
        self.signal(number)
        status = self.process.wait(60)
        expected = [0] if began and number == signal.SIGTERM else [0, -number]
        if status not in expected:
            with open(self.path + ".log", encoding="utf-8", errors="replace") as log:
                said = log.read()
            if not crashed_by_itself(status, said):
                raise AssertionError(f"{self.name} ended with {status} after {signal.Signals(number).name}: {said[-2000:]}")
            print(f"{self.name} crashed by itself: {said.strip()[-300:]}")


class Group:
    """Who is in it, and what may happen to it."""

    def __init__(self, name, kinds, address, folder, random_source, recorder):
        self.name, self.kinds, self.address, self.folder = name, kinds, address, folder
        self.random, self.recorder = random_source, recorder
        self.members, self.paths = [], []
        self.position = 0  # the sum of its committed offsets

    def running(self):
        return [member for member in self.members if not member.stopped]

    def act(self):
        """One random thing that may happen now."""
        actions = [self.start] if len(self.members) < MEMBERS_MAX else []
        if len(self.running()) > 1:
            actions += [self.leave, self.crash, self.fall_silent]
        if len(self.running()) < len(self.members):
            actions += [self.wake, self.crash_silently]
        action = self.random.choice(actions)
        member = action()
        self.recorder.add("note", group=self.name, action=action.__name__, member=member.name)

    def start(self):
        taken = {member.instance for member in self.members} - {None}
        kinds = [kind for kind in self.kinds if not taken.intersection(kind[1])]
        member = Member(self.address, self.name, f"{self.name}-{len(self.paths)}", self.random.choice(kinds), self.folder)
        self.members.append(member)
        self.paths.append(member.path)
        return member

    def leave(self):
        return self._end(self.running(), signal.SIGTERM)

    def crash(self):
        return self._end(self.running(), signal.SIGKILL)

    def crash_silently(self):
        return self._end([member for member in self.members if member.stopped], signal.SIGKILL)

    def _end(self, candidates, number):
        member = self.random.choice(candidates)
        member.end(number)
        self.members.remove(member)
        return member

    def fall_silent(self):
        member = self.random.choice(self.running())
        member.signal(signal.SIGSTOP)
        return member

    def wake(self):
        member = self.random.choice([member for member in self.members if member.stopped])
        member.signal(signal.SIGCONT)
        return member

    def finish(self):
        """Everybody who stands still goes on, so that someone is there to read the rest."""
        while len(self.running()) < len(self.members):
            self.wake()

    def bury(self):
        """Members that crashed by themselves are replaced."""
        for member in [member for member in self.members if member.process.poll() is not None]:
            member.end(signal.SIGTERM)
            self.members.remove(member)
            self.start()

    def events(self):
        return [group_history.load(path) for path in self.paths if os.path.exists(path)]


def ends(address):
    with wire.Connection(address) as connection:
        return [wire.list_offset(connection, TOPIC, -1, partition)[2] for partition in range(PARTITIONS)]


def check_workers(workers):
    for worker in workers:
        if worker.error:
            raise worker.error


def wait_for_progress(groups, workers, records):
    for group in groups:
        target = group.position + records

        def reached():
            check_workers(workers)
            group.bury()  # noqa: B023
            return group.position >= target  # noqa: B023

        wait_until(reached, PROGRESS_SECONDS, f"{group.name}, at {group.position}, has committed {records} records more; "
                   f"in it are {[member.name for member in group.members]}")


def restart(node, random_source, recorder):
    name = random_source.choice(("SIGKILL", "SIGTERM"))
    recorder.add("note", node=name)
    node.signal(signal.Signals[name])
    status = node.wait()
    assert status == (-signal.SIGKILL if name == "SIGKILL" else 0), f"status {status} after {name}: {node.log()[-2000:]}"
    node.start()


def play_rounds(node, groups, workers, seconds, random_source, recorder):
    began, rounds, restarts = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        if random_source.random() < 0.2:
            restart(node, random_source, recorder)
            restarts += 1
        for group in groups:
            if random_source.random() < 0.7:
                group.act()
        wait_for_progress(groups, workers, random_source.choice((RECORDS_AT_ONCE // 2, 300, 1000)))
        rounds += 1
    return rounds, restarts


def play(node, options, random_source, recorder, folder):
    with wire.Connection(node.address) as connection:
        error, sentence = wire.create_topic(connection, TOPIC, PARTITIONS)
        assert error == 0, f"CreateTopics: {error} {sentence}"
    groups = [Group(name, kinds, node.address, folder, random.Random(random_source.random()), recorder)
              for name, kinds in (("mixed", MIXED), ("cooperative", COOPERATIVE))]
    producers = [IdempotentProducer(n, lambda: node.address, TOPIC, range(PARTITIONS), recorder, random.Random(random_source.random()),
                                    lambda count: time.sleep(count / RECORDS_A_SECOND)) for n in range(PRODUCERS)]
    watcher = Watcher(lambda: node.address, groups, TOPIC, PARTITIONS)
    for group in groups:
        group.start()
        group.start()
    for thread in (*producers, watcher):
        thread.start()
    rounds, restarts = play_rounds(node, groups, (*producers, watcher), options.seconds, random_source, recorder)
    for producer in producers:
        producer.stop()
    wait_until(lambda: not any(producer.is_alive() for producer in producers), 60, "every producer has its last acknowledgement")
    check_workers((*producers, watcher))
    for group in groups:
        group.finish()
    wanted = ends(node.address)
    for group in groups:
        wait_until(lambda: list(watcher.offsets[group.name].values()) == wanted, PROGRESS_SECONDS,  # noqa: B023
                   f"{group.name} has committed {wanted}")
        for member in group.members:
            member.end(signal.SIGTERM)
    watcher.stopping.set()
    watcher.join(30)
    print(f"{rounds} rounds, {restarts} restarts of the node, {sum(wanted)} records, "
          f"{sum(len(group.paths) for group in groups)} members")
    return {group.name: group_history.merge(recorder.events, watcher.seen[group.name], *group.events()) for group in groups}


def report(histories):
    """Whether there was anything to say."""
    wrong = False
    for name, events in histories.items():
        records = sum(len(event["records"]) for event in history.of(events, "poll"))
        generations = len({event["generation"] for event in history.of(events, "own")})
        print(f"{name}: {records} records delivered, {generations} generations, "
              f"{sum(1 for _ in history.of(events, 'commit'))} commits acknowledged, {sum(1 for e in events if 'refused' in e)} refused")
        for check, found in group_history.check(events).items():
            wrong = True
            print(f"{name}: {check}: {len(found)}", *found[:5], sep="\n  ")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="callboard-groups-")
    recorder = TimedRecorder(os.path.join(folder, "producers"))
    try:
        with Node() as node:
            wrong = report(play(node, options, random.Random(options.seed), recorder, folder))
    except BaseException:
        print(f"the journals are in {folder}")
        raise
    finally:
        recorder.close()
    if wrong:
        print(f"the journals are in {folder}")
        return 1
    shutil.rmtree(folder)
    print("every record was delivered, none skipped; no offset went back; one owner a partition and generation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
