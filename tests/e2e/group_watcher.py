"""Reads what groups have committed while a history is made."""
import threading
import time

import group_wire
import wire


class Watcher(threading.Thread):
    """Reads what the groups have committed, over and over; writes down what changed.
    `locate` says where, at each connection."""

    def __init__(self, locate, groups, topic, partitions, seconds=30):
        super().__init__(daemon=True)
        self.locate, self.groups, self.seconds = locate, groups, seconds
        self.places = [(topic, partition) for partition in range(partitions)]
        self.seen = {group.name: [] for group in groups}
        self.offsets = {group.name: dict.fromkeys(range(partitions), -1) for group in groups}
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            self._watch()
        except Exception as error:  # noqa: the test reports it
            self.error = error

    def _watch(self):
        while not self.stopping.is_set():
            try:
                with wire.Connection(self.locate(), self.seconds) as connection:
                    while not self.stopping.wait(0.03):
                        for group in self.groups:
                            self._look(connection, group)
            except OSError:
                self.stopping.wait(0.02)  # the node is being restarted

    def _look(self, connection, group):
        asked_at = time.monotonic()
        error, found = group_wire.committed(connection, group.name, self.places)
        told_at = time.monotonic()
        if error == group_wire.NOT_COORDINATOR:
            raise ConnectionError("coordinated by another node")
        if error:
            return
        before = self.offsets[group.name]
        for (_, partition), offset in found.items():
            if offset != before[partition]:
                before[partition] = offset
                for at, event in ((asked_at, "committed"), (told_at, "told")):
                    self.seen[group.name].append({"at": at, "event": event, "partition": partition, "offset": offset})
        group.position = sum(max(offset, 0) for offset in before.values())
