#!/usr/bin/python3
"""Good requests of every API in every version whose lengths lie: none, null, below null, the
maximum, in each of the protocol's forms. A neighbour on another connection must not notice."""
import os
import random
import socket
import struct
import subprocess
import time
import unittest

import wire
from node import BUILD, Node

MIB = 1 << 20
LIES = [struct.pack(">h", n) for n in (0, -1, 0x7FFF, -0x8000)] + [struct.pack(">i", n) for n in (0, -1, 0x7FFFFFFF, -0x80000000)] + [
    b"\0", b"\1", b"\xff\xff\x7f", b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08", b"\xff" * 6]
HEADER = 4 + 2 + 2 + 4 + 2  # size, key, version, correlation id, no client id
LIES_PER_FRAME = 40
SLOWEST_NEIGHBOUR_S = 2.0  # generous: other tests run beside


def good_frames(seed):
    """[(api, version, frame)]"""
    out = subprocess.run([os.path.join(BUILD, "tests", "kafka_frames"), str(seed)], capture_output=True, check=True, timeout=60).stdout
    frames, at = [], 0
    while at < len(out):
        size = 4 + struct.unpack_from(">i", out, at)[0]
        frames.append((*struct.unpack_from(">hh", out, at + 4), out[at:at + size]))
        at += size
    return frames


def spoiled(frame, source):
    lie = source.choice(LIES)
    at = source.randrange(HEADER, len(frame)) if len(frame) > HEADER else HEADER
    content = frame[4:at] + lie + frame[at + len(lie):]
    return wire.int32(len(content)) + content


class BadLengthsTest(unittest.TestCase):
    def setUp(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        self.source = random.Random(seed)
        self.frames = good_frames(seed)
        self.node = Node("[kafka]\nauto_create_topics = false\n").start()
        self.addCleanup(self.node.close)
        self.neighbour = wire.Connection(self.node.address, 30)
        self.addCleanup(self.neighbour.close)
        self.assertEqual(wire.create_topic(self.neighbour, "good")[0], 0)
        self.produced = 0

    def check_neighbour(self):
        began = time.monotonic()
        self.assertEqual(wire.produce(self.neighbour, "good", wire.batch([b"x"])), (0, self.produced))
        self.produced += 1
        self.assertLess(time.monotonic() - began, SLOWEST_NEIGHBOUR_S)

    def send_and_hang_up(self, content):
        """All the node does with it ends with the connection."""
        with wire.Connection(self.node.address, 10) as connection:
            try:
                connection.write(content)
                connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                return
            self.assertTrue(connection.closed_by_peer(), f"kept open after {content!r}")

    def test_every_api_and_version_is_there(self):
        keys = wire.api_versions(self.neighbour)[1]
        self.assertEqual({api for api, _, _ in self.frames}, set(keys))
        self.assertGreater(len(self.frames), 150)

    def test_no_neighbour_notices_a_length_that_lies(self):
        before = self.node.memory("RssAnon")
        for api, version, frame in self.frames:
            with self.subTest(api=api, version=version):
                for _ in range(LIES_PER_FRAME):
                    self.send_and_hang_up(spoiled(frame, self.source))
                self.check_neighbour()
        self.assertTrue(self.node.alive(), self.node.log())
        self.assertLess(self.node.memory("RssAnon") - before, 64 * MIB)
        found = wire.read_all(self.neighbour, "good")
        self.assertEqual([offset for offset, _ in found], list(range(self.produced)))
        self.assertEqual(self.node.stop(), 0, self.node.log())


if __name__ == "__main__":
    unittest.main()
