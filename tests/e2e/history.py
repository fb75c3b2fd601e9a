"""A recorded history of sends and polls, and the checks of what it must never show.

One event a line, JSON:
  {"event": "send", "producer": 1, "partition": 0, "value": "1-0-17"}                 invoked, in order
  {"event": "ack",  "producer": 1, "partition": 0, "value": "1-0-17", "offset": 42}   acknowledged
  {"event": "seek", "consumer": "c", "partition": 0, "offset": 0}                     manual assignment
  {"event": "poll", "consumer": "c", "partition": 0, "records": [[42, "1-0-17"]]}
  {"event": "note", ...}                                                              for people: restarts, seeds
The names of the checks are those of Jepsen's Kafka workload.
"""
import collections
import json
import threading


class Recorder:
    """Thread-safe; keeps the events in memory and, given a path, in a file."""

    def __init__(self, path=None):
        self.events = []
        self.lock = threading.Lock()
        self.file = open(path, "w", encoding="utf-8") if path else None

    def add(self, event, **fields):
        entry = {"event": event, **fields}
        with self.lock:
            self.events.append(entry)
            if self.file:
                self.file.write(json.dumps(entry) + "\n")

    def close(self):
        if self.file:
            self.file.close()


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def of(events, kind):
    return (event for event in events if event["event"] == kind)


def polled(events):
    """(partition, offset, value) of every record that any consumer read."""
    for event in of(events, "poll"):
        for offset, value in event["records"]:
            yield event["partition"], offset, value


def observed(events):
    """What was seen anywhere: polled, or acknowledged with its offset."""
    yield from polled(events)
    for event in of(events, "ack"):
        if event["offset"] is not None:
            yield event["partition"], event["offset"], event["value"]


def inconsistent_offsets(events):
    values = collections.defaultdict(set)
    for partition, offset, value in observed(events):
        values[partition, offset].add(value)
    return [f"partition {p} offset {o} held {sorted(map(str, v))}" for (p, o), v in sorted(values.items()) if len(v) > 1]


def duplicates(events):
    places = collections.defaultdict(set)
    for partition, offset, value in observed(events):
        places[value].add((partition, offset))
    return [f"{value!r} stands at {sorted(at)}" for value, at in sorted(places.items()) if len(at) > 1]


def highest_polled(events):
    highest = {}
    for partition, offset, _ in polled(events):
        highest[partition] = max(offset, highest.get(partition, -1))
    return highest


def acknowledged_but_not_polled(events):
    seen = {(partition, value) for partition, _, value in polled(events)}
    return [event for event in of(events, "ack") if (event["partition"], event["value"]) not in seen]


def is_below(event, highest):
    return event["offset"] is not None and event["offset"] < highest.get(event["partition"], -1)


def lost_writes(events):
    highest = highest_polled(events)
    return [f"{e['value']!r} acknowledged at partition {e['partition']} offset {e['offset']}, read past it, never read"
            for e in acknowledged_but_not_polled(events) if is_below(e, highest)]


def unseen(events):
    highest = highest_polled(events)
    return [f"{e['value']!r} acknowledged at partition {e['partition']} offset {e['offset']}, not there at the end"
            for e in acknowledged_but_not_polled(events) if not is_below(e, highest)]


def never_sent(events):
    sent = {(event["partition"], event["value"]) for event in of(events, "send")}
    return [f"{value!r} read at partition {partition} offset {offset} was never sent there"
            for partition, offset, value in polled(events) if (partition, value) not in sent]


def positions(events):
    """(consumer, partition, expected next offset or None after a seek, offset) a record."""
    last = {}
    for event in events:
        if event["event"] == "seek":
            last.pop((event["consumer"], event["partition"]), None)
        elif event["event"] == "poll":
            key = event["consumer"], event["partition"]
            for offset, _ in event["records"]:
                yield *key, last.get(key), offset
                last[key] = offset


def poll_skips(events):
    known = collections.defaultdict(set)
    for partition, offset, _ in observed(events):
        known[partition].add(offset)
    found = []
    for consumer, partition, before, offset in positions(events):
        if before is None:
            continue
        skipped = [o for o in range(before + 1, offset) if o in known[partition]]
        if skipped:
            found.append(f"consumer {consumer} went from {before} to {offset} of partition {partition} past {skipped[:5]}")
    return found


def nonmonotonic_polls(events):
    return [f"consumer {c} read offset {offset} of partition {p} after {before}"
            for c, p, before, offset in positions(events) if before is not None and offset <= before]


def nonmonotonic_sends(events):
    """Per producer and partition, what was sent later must stand later. Judged by the
    offsets of acknowledgements and of polls, so that a lost answer hides nothing."""
    places = {}
    for partition, offset, value in observed(events):
        places[partition, value] = min(offset, places.get((partition, value), offset))
    highest, found = {}, []
    for event in of(events, "send"):
        offset = places.get((event["partition"], event["value"]))
        if offset is None:
            continue
        key = event["producer"], event["partition"]
        if offset < highest.get(key, -1):
            found.append(f"producer {key[0]} sent {event['value']!r} to partition {key[1]} after what stands at {highest[key]}; it stands at {offset}")
        highest[key] = max(offset, highest.get(key, -1))
    return found


CHECKS = {
    "inconsistent offsets": inconsistent_offsets,
    "duplicate": duplicates,
    "lost write": lost_writes,
    "unseen": unseen,
    "never sent": never_sent,
    "poll skip": poll_skips,
    "non-monotonic poll": nonmonotonic_polls,
    "non-monotonic send": nonmonotonic_sends,
}


def check(events):
    """{check: violations}, only those that found something."""
    found = {name: test(events) for name, test in CHECKS.items()}
    return {name: violations for name, violations in found.items() if violations}
