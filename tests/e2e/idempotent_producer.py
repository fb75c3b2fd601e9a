"""An idempotent producer as Kafka's clients are: several batches in flight, the same
sequence numbers again after a lost connection or a retriable error."""
import collections
import socket
import threading
import time

import wire

IN_FLIGHT_MAX = 5  # batches a partition; the broker remembers as many


class Violation(Exception):
    """The broker broke a rule of idempotence."""


class Batch:
    def __init__(self, sequence, values):
        self.sequence, self.values = sequence, values
        self.acknowledged = self.sent = False


class PartitionQueue:
    """One partition's batches that are not acknowledged yet, oldest first. After an error
    nothing new goes out until every answer on its way is in; then all is sent again."""

    def __init__(self):
        self.next_sequence = 0
        self.batches = collections.deque()
        self.outstanding = 0
        self.rewind = False

    def add(self, values):
        self.batches.append(Batch(self.next_sequence, values))
        self.next_sequence += len(values)

    def next_to_send(self):
        if self.rewind and self.outstanding == 0:
            self.lost_connection()
        if self.rewind:
            return None
        return next((batch for batch in self.batches if not batch.sent), None)

    def lost_connection(self):
        self.rewind = False
        self.outstanding = 0
        for batch in self.batches:
            batch.sent = False

    def drop_acknowledged(self):
        while self.batches and self.batches[0].acknowledged:
            self.batches.popleft()


class IdempotentProducer(threading.Thread):
    """Sends numbered values to every partition until stop(), then until all it sent is
    acknowledged. `error` holds what ended it early.

    `locate` says where to, at each connection: all partitions are led by the same node, or
    there is one alone. A node that does not answer within `seconds` is given up."""

    def __init__(self, number, locate, topic, partitions, recorder, random, on_ack, seconds=30):
        super().__init__(daemon=True)
        self.number, self.locate, self.topic, self.seconds = number, locate, topic, seconds
        self.recorder, self.random, self.on_ack = recorder, random, on_ack
        self.queues = {p: PartitionQueue() for p in partitions}
        self.counters = dict.fromkeys(self.queues, 0)
        self.in_flight = collections.deque()  # (correlation, partition, batch), in request order
        self.stopping = threading.Event()
        self.connection = None
        self.identity = None
        self.reconnects = self.retries = 0
        self.error = None

    def stop(self):
        self.stopping.set()

    def run(self):
        try:
            while not (self.stopping.is_set() and self._all_acknowledged()):
                self._one_connection()
        except Exception as error:  # noqa: the test reports it
            self.error = error
        finally:
            if self.connection:
                self.connection.close()

    def _all_acknowledged(self):
        return all(not queue.batches for queue in self.queues.values())

    def _one_connection(self):
        """Works until the connection is lost or everything is done."""
        try:
            self.connection = wire.Connection(self.locate(), self.seconds)
            if self.identity is None:
                self.identity = self._initialise()
            while not (self.stopping.is_set() and self._all_acknowledged()):
                self._fill()
                if self.in_flight:
                    self._take_answer()
        except (OSError, socket.timeout):
            self.reconnects += 1
            self.stopping.wait(0.01)  # the node is being restarted
        finally:
            if self.connection:
                self.connection.close()
            self.in_flight.clear()
            for queue in self.queues.values():
                queue.lost_connection()

    def _initialise(self):
        error, producer, epoch = wire.init_producer_id(self.connection)
        if error in wire.RETRIABLE:
            raise ConnectionError(f"InitProducerId: {error}")
        if error:
            raise Violation(f"InitProducerId answered {error}")
        return producer, epoch

    def _fill(self):
        for partition, queue in self.queues.items():
            while not self.stopping.is_set() and len(queue.batches) < IN_FLIGHT_MAX:
                self._add_batch(partition, queue)
            while (batch := queue.next_to_send()) is not None:
                self._send(partition, queue, batch)

    def _add_batch(self, partition, queue):
        values = []
        for _ in range(self.random.randint(1, 5)):
            values.append(f"{self.number}-{partition}-{self.counters[partition]}")
            self.counters[partition] += 1
            self.recorder.add("send", producer=self.number, partition=partition, value=values[-1])
        queue.add(values)

    def _send(self, partition, queue, batch):
        content = wire.batch([value.encode() for value in batch.values], *self.identity, batch.sequence)
        batch.sent = True
        queue.outstanding += 1
        correlation = self.connection.send(wire.PRODUCE, 7, wire.produce_body(self.topic, content, partition))
        self.in_flight.append((correlation, partition, batch))

    def _take_answer(self):
        correlation, reader = self.connection.receive()
        wanted, partition, batch = self.in_flight.popleft()
        if correlation != wanted:
            raise Violation(f"answer {correlation} to request {wanted}")
        queue = self.queues[partition]
        queue.outstanding -= 1
        error, base_offset = wire.read_produce_answer(reader)
        if error in (wire.NONE, wire.DUPLICATE_SEQUENCE):
            self._acknowledge(partition, queue, batch, base_offset if error == wire.NONE else None)
        elif error in wire.RETRIABLE or (error == wire.OUT_OF_ORDER_SEQUENCE and queue.rewind):
            self.retries += 1
            queue.rewind = True
            if queue.outstanding == 0:
                time.sleep(0.005)  # back-off before the same again, as clients have it
                if error == wire.NOT_LEADER and not self.in_flight:
                    raise ConnectionError("led by another node")
        else:
            raise Violation(f"partition {partition}, sequence {batch.sequence}: error {error}")

    def _acknowledge(self, partition, queue, batch, base_offset):
        if not batch.acknowledged:
            for delta, value in enumerate(batch.values):
                offset = base_offset + delta if base_offset is not None and base_offset >= 0 else None
                self.recorder.add("ack", producer=self.number, partition=partition, value=value, offset=offset)
            batch.acknowledged = True
            self.on_ack(len(batch.values))
        queue.drop_acknowledged()
