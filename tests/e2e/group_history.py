"""The checks of what a consumer group must never show, beside those of history.py. The
events of all its members and of one who watches its committed offsets, by time:

  {"event": "own",       "consumer": "a", "owner": "id", "generation": 3, "partitions": [0, 1]}
  {"event": "seek",      "consumer": "a", "partition": 0}                        freshly assigned
  {"event": "poll",      "consumer": "a", "partition": 0, "records": [[42, "1-0-17"]]}
  {"event": "commit",    "consumer": "a", "offsets": [[0, 43]]}                  acknowledged
  {"event": "committed", "partition": 0, "offset": 43}      read by the watcher: where it changed
  {"event": "told",      "partition": 0, "offset": 43}      the same
Every event has "at", when it was known; only `committed` has when the watcher asked, as
what was acknowledged before that must be in the answer, while what `told` has may have
come meanwhile. An `owner` is a member id, or the instance id of a static member.
"""
import collections
import json

import history


def load(path):
    """A member's journal; the last line may have been cut by what ended the member."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def merge(*lists):
    return sorted((event for events in lists for event in events), key=lambda event: event["at"])


def two_owners(events):
    owners, found = {}, []
    for event in history.of(events, "own"):
        for partition in event["partitions"]:
            if event["generation"] < 0:
                continue  # the member was thrown out while it was told
            key = event["generation"], partition
            other = owners.setdefault(key, event["owner"])
            if other != event["owner"]:
                found.append(f"{other} and {event['owner']} both own partition {partition} in generation {event['generation']}")
    return found


def backwards(events):
    """What is read may never be less than what was read or acknowledged before."""
    least, found = {}, []
    for event in events:
        if event["event"] == "commit":
            for partition, offset in event["offsets"]:
                least[partition] = max(offset, least.get(partition, -1))
        elif event["event"] == "committed":
            partition, offset = event["partition"], event["offset"]
            if offset < least.get(partition, -1):
                found.append(f"partition {partition} stands at {offset} after {least[partition]}")
            least[partition] = max(offset, least.get(partition, -1))
    return found


class Delivered:
    """Up to where every offset of each partition was delivered to some member."""

    def __init__(self):
        self.upto = collections.Counter()
        self.beyond = collections.defaultdict(set)

    def add(self, partition, offsets):
        beyond = self.beyond[partition]
        beyond.update(offset for offset in offsets if offset >= self.upto[partition])
        while self.upto[partition] in beyond:
            beyond.remove(self.upto[partition])
            self.upto[partition] += 1


def commits_past(events):
    """A commit past a record that no member had yet: it would never be delivered. Every
    offset holds a record here."""
    delivered, found = Delivered(), []
    for event in events:
        if event["event"] == "poll":
            delivered.add(event["partition"], [offset for offset, _ in event["records"]])
        elif event["event"] in ("commit", "told"):
            for partition, offset in event.get("offsets") or [(event["partition"], event["offset"])]:
                if offset > delivered.upto[partition]:
                    found.append(f"partition {partition} is committed up to {offset}, but {delivered.upto[partition]} was not delivered")
    return found


def starts_past(events):
    """A member that begins behind a record that nobody had."""
    delivered, fresh, found = Delivered(), set(), []
    for event in events:
        if event["event"] == "seek":
            fresh.add((event["consumer"], event["partition"]))
        elif event["event"] == "poll":
            partition, first = event["partition"], event["records"][0][0]
            if (event["consumer"], partition) in fresh and first > delivered.upto[partition]:
                found.append(f"{event['consumer']} begins at {first} of partition {partition}, but {delivered.upto[partition]} was not delivered")
            fresh.discard((event["consumer"], partition))
            delivered.add(partition, [offset for offset, _ in event["records"]])
    return found


CHECKS = {
    "two owners": two_owners,
    "committed offset went back": backwards,
    "commit past a record": commits_past,
    "start past a record": starts_past,
}


def check(events):
    """{check: violations} of one group's events with those of the producers, by time."""
    found = history.check(events)
    for name, test in CHECKS.items():
        if violations := test(events):
            found[name] = violations
    return found
