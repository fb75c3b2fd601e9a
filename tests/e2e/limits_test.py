#!/usr/bin/python3
"""Clients that take without end cost bounded memory and nobody else's turn; a stop is
quick, orderly, and loses nothing that was acknowledged."""
import random
import select
import signal
import socket
import struct
import time
import unittest

import history
import wire
from idempotent_producer import IdempotentProducer
from node import Node, wait_until

MIB = 1 << 20
# Small, so that a breach shows: what a connection may hold, plus what it just received.
CONFIG = """
[memory]
tail_cache_bytes = 4194304
connection_inflight_bytes = 2097152
response_bytes_max = 2097152
[connections]
connection_inflight_requests = 16
idle_timeout_ms = 60000
"""
GROWTH_MAX = 48 * MIB


class RetentionTest(unittest.TestCase):
    def test_an_idle_topic_expires_to_its_last_record(self):
        with Node() as node, wire.Connection(node.address) as connection:
            assert wire.create_topic(connection, "short", configs={"retention.ms": "1000"})[0] == 0
            for end in (5, 10):
                self.assertEqual(wire.produce(connection, "short", wire.batch([b"v"] * 5))[0], 0)
                wait_until(lambda: wire.list_offset(connection, "short", -2)[2] == end, 20, "everything expires")
                self.assertEqual(wire.list_offset(connection, "short", -1)[2], end)


class BoundedMemoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node(CONFIG).start()
        with wire.Connection(cls.node.address) as connection:
            assert wire.create_topic(connection, "t")[0] == 0
            for _ in range(16):
                assert wire.produce(connection, "t", wire.batch([b"v" * (1000 * 1000)]))[0] == 0

    @classmethod
    def tearDownClass(cls):
        status = cls.node.stop()
        cls.node.close()
        assert status == 0

    def setUp(self):
        self.before = self.node.memory("RssAnon")

    def tearDown(self):
        grown = self.node.memory("RssAnon") - self.before
        self.assertLess(grown, GROWTH_MAX, f"grown by {grown // MIB} MiB")
        with wire.Connection(self.node.address, 5) as connection:
            self.assertEqual(wire.produce(connection, "t", wire.batch([b"still here"]))[0], 0)

    def push(self, content, bytes_max):
        """Sends `content` again and again without ever reading, until the node takes no
        more for a second, or `bytes_max` went out. Returns (connection, bytes sent)."""
        connection = wire.Connection(self.node.address, 30)
        self.addCleanup(connection.close)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.socket.setblocking(False)
        sent, rest = 0, memoryview(content)
        while sent < bytes_max:
            if not select.select([], [connection.socket], [], 1)[1]:
                return connection, sent
            count = connection.socket.send(rest)
            sent += count
            rest = rest[count:] or memoryview(content)
        return connection, sent

    def test_a_slow_reader_of_large_fetches(self):
        request = wire.frame(wire.FETCH, 4, wire.fetch_body("t", 0, bytes_max=64 * MIB))
        held = [self.push(request * 16, 64 * MIB) for _ in range(4)]
        for _, sent in held:
            self.assertLess(sent, 64 * MIB, "requests were taken without end though no answer was read")

    def test_a_pipeliner_of_small_requests(self):
        request = wire.frame(wire.METADATA, 4, wire.array(None) + wire.int8(0))
        _, sent = self.push(request * 100, 256 * MIB)
        self.assertLess(sent, 256 * MIB, "requests were taken without end though no answer was read")

    def test_a_pipeliner_of_produce(self):
        content = wire.batch([b"p" * 65536])
        request = wire.frame(wire.PRODUCE, 7, wire.produce_body("t", content))
        self.push(request, 192 * MIB)

    def test_a_reader_that_starts_late_gets_every_answer_in_order(self):
        connection = wire.Connection(self.node.address, 30)
        self.addCleanup(connection.close)
        correlations = [connection.send(wire.FETCH, 4, wire.fetch_body("t", 0, bytes_max=MIB)) for _ in range(100)]
        self.assertEqual([connection.receive()[0] for _ in correlations], correlations)

    def test_announced_bytes_take_no_memory_before_they_come(self):
        for _ in range(200):
            connection = wire.Connection(self.node.address)
            self.addCleanup(connection.close)
            connection.write(wire.frame(wire.API_VERSIONS, 0))
            connection.receive()
            connection.write(wire.int32(99 * MIB) + wire.int16(wire.PRODUCE) + wire.int16(7))

    def test_parked_fetches_are_given_back_when_their_client_goes(self):
        with wire.Connection(self.node.address) as connection:
            end = wire.list_offset(connection, "t", -1)[2]
        request = wire.frame(wire.FETCH, 4, wire.fetch_body("t", end, wait_ms=60000, bytes_min=MIB))
        for _ in range(500):
            connection = wire.Connection(self.node.address)
            connection.write(request)
            connection.close()

    def test_a_reset_in_the_middle(self):
        request = wire.frame(wire.PRODUCE, 7, wire.produce_body("t", wire.batch([b"r" * 100000])))
        for cut in (10, 100, 50000, len(request)):
            connection = wire.Connection(self.node.address)
            connection.write(request[:cut])
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


class ConnectionLimitTest(unittest.TestCase):
    def test_connections_past_the_limit_wait_and_then_are_served(self):
        with Node("[connections]\nconnections_max = 8\n") as node:
            held = [wire.Connection(node.address) for _ in range(8)]
            for connection in held:
                self.addCleanup(connection.close)
                self.assertEqual(wire.api_versions(connection)[0], 0)
            late = wire.Connection(node.address, 10)
            self.addCleanup(late.close)
            late.send(wire.API_VERSIONS, 0)
            self.assertFalse(select.select([late.socket], [], [], 0.3)[0], "served past the limit")
            held.pop().close()
            self.assertEqual(late.receive()[0], 1)

    def test_an_idle_connection_is_closed(self):
        with Node("[connections]\nidle_timeout_ms = 300\n") as node, wire.Connection(node.address, 10) as connection:
            self.assertEqual(wire.api_versions(connection)[0], 0)
            self.assertTrue(connection.closed_by_peer())


class StopTest(unittest.TestCase):
    """SIGTERM under load: status 0, under a second, everything acknowledged is there."""

    def stop_under_load(self, seed):
        recorder = history.Recorder()
        node = Node().start()
        self.addCleanup(node.close)
        with wire.Connection(node.address) as connection:
            self.assertEqual(wire.create_topic(connection, "t", 3)[0], 0)
        acknowledged = []
        workers = [IdempotentProducer(n, node.address, "t", 3, recorder, random.Random(seed + n), acknowledged.append) for n in range(3)]
        for worker in workers:
            worker.start()
        wait_until(lambda: len(acknowledged) > 300, 60, "300 batches acknowledged")
        began = time.monotonic()
        node.signal(signal.SIGTERM)
        status = node.wait()
        seconds = time.monotonic() - began
        self.assertEqual(status, 0, node.log())
        node.start()
        for worker in workers:
            worker.stop()
        wait_until(lambda: not any(worker.is_alive() for worker in workers), 60, "the producers to finish")
        self.assertEqual([worker.error for worker in workers], [None] * 3)
        with wire.Connection(node.address, 30) as connection:
            for partition in range(3):
                recorder.add("poll", consumer="final", partition=partition,
                             records=[(o, v.decode()) for o, v in wire.read_all(connection, "t", partition)])
        self.assertEqual(history.check(recorder.events), {})
        node.close()
        return seconds

    def test_an_orderly_stop_under_load(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        seconds = sorted(self.stop_under_load(seed + n) for n in range(3))
        print("stops took", ", ".join(f"{s * 1000:.0f} ms" for s in seconds))
        self.assertLess(seconds[0], 1.0, "the fastest of three; the others shared the machine with other tests")

    def test_a_stop_with_parked_fetches_and_idle_connections(self):
        with Node() as node:
            connections = [wire.Connection(node.address) for _ in range(20)]
            self.assertEqual(wire.create_topic(connections[0], "t")[0], 0)
            for connection in connections[:10]:
                connection.send(wire.FETCH, 4, wire.fetch_body("t", 0, wait_ms=60000))
            self.assertEqual(wire.api_versions(connections[-1])[0], 0)
            began = time.monotonic()
            self.assertEqual(node.stop(), 0)
            self.assertLess(time.monotonic() - began, 2.0)
            for connection in connections:
                connection.close()


if __name__ == "__main__":
    unittest.main()
