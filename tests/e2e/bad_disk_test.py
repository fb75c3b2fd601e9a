#!/usr/bin/python3
"""What may be wrong with a data directory or a disk: the start is refused, or the replica
that it concerns, with a sentence; everything else goes on and nothing wrong is served."""
import os
import random
import shutil
import socket
import subprocess
import tempfile
import unittest

import wire
from node import Node, run

KIB, MIB = 1 << 10, 1 << 20
PAGE = 4096


def value(topic, number):
    return f"{topic}-{number}-".encode().ljust(4 * KIB, b"v")


def fill(connection, topic, records, configs=None, start=0):
    """Creates `topic` and writes `records` values of 4 KiB, 8 a batch."""
    if start == 0:
        assert wire.create_topic(connection, topic, 1, configs)[0] == 0
    for first in range(start, start + records, 8):
        error, _ = wire.produce(connection, topic, wire.batch([value(topic, n) for n in range(first, first + 8)]))
        assert error == 0, error


def raise_version(state):
    """Rewrites `node-state.mdb` with format 2, by LMDB's own tools. The row is a number
    and its CRC-32C, which covers the key too (storage/keys.h)."""
    dump = subprocess.run(["mdb_dump", "-n", "-a", state], capture_output=True, text=True, check=True).stdout
    row = (2).to_bytes(4, "little")
    row += wire.crc32c(b"format" + row).to_bytes(4, "little")
    lines = dump.split("\n")
    lines[lines.index(" " + b"format".hex()) + 1] = " " + row.hex()
    os.remove(state)
    subprocess.run(["mdb_load", "-n", state], input="\n".join(lines), text=True, capture_output=True, check=True)


class RefusedStartTest(unittest.TestCase):
    """A second node, or one whose data is not its own, ends at once with a sentence."""

    def assert_refused(self, data, listen, *words):
        status, _, sentence = run("start", "--data", data, "--listen", listen, seconds=20)
        self.assertNotEqual(status, 0)
        self.assertGreater(status, 0, f"ended by signal {-status}: {sentence}")
        for word in words:
            self.assertIn(word, sentence)
        self.assertNotIn("terminate called", sentence)

    def scratch(self):
        folder = tempfile.mkdtemp(prefix="callboard-e2e-")
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assert_refused(os.path.join(self.scratch(), "data"), address, address)

    def test_a_data_directory_in_use(self):
        with Node() as node:
            self.assert_refused(node.data, "127.0.0.1:0", node.data)
            with wire.Connection(node.address) as connection:
                self.assertEqual(wire.api_versions(connection)[0], 0)

    def test_addresses_that_are_none_and_beyond_loopback(self):
        data = os.path.join(self.scratch(), "data")
        for listen in ("127.0.0.1", "127.0.0.1:99999", ":x", "no.such.host.invalid:0"):
            self.assert_refused(data, listen, listen)
        self.assert_refused(data, "0.0.0.0:0", "--insecure")

    def test_a_directory_that_holds_something_else(self):
        folder = self.scratch()
        letter = os.path.join(folder, "letter.txt")
        with open(letter, "w", encoding="ascii") as file:
            file.write("dear reader")
        self.assert_refused(folder, "127.0.0.1:0", folder)
        self.assertEqual(os.listdir(folder), ["letter.txt"])

    def test_a_file_where_the_directory_should_be(self):
        path = os.path.join(self.scratch(), "file")
        with open(path, "w", encoding="ascii"):
            pass
        self.assert_refused(path, "127.0.0.1:0", path)

    def test_a_directory_that_cannot_be_made(self):
        self.assert_refused("/proc/callboard", "127.0.0.1:0", "/proc/callboard")

    def test_a_configuration_with_a_slip(self):
        path = os.path.join(self.scratch(), "slip.toml")
        with open(path, "w", encoding="ascii") as file:
            file.write("[node]\nlisen = \"127.0.0.1:0\"\n")
        status, _, sentence = run("start", "--config", path, "--data", os.path.join(self.scratch(), "data"))
        self.assertGreater(status, 0)
        self.assertIn(f"{path}:2: ", sentence)
        self.assertIn("node.listen", sentence)


class DamagedFilesTest(unittest.TestCase):
    """Files of a stopped node are changed; then it serves what is right, or says that it
    cannot. Never a wrong byte, never silently less, never the end of the node."""

    RECORDS = 640  # 2.5 MiB: several closed segments of 1 MiB and an active one

    @classmethod
    def setUpClass(cls):
        cls.seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {cls.seed}", flush=True)
        cls.original = Node().start()
        with wire.Connection(cls.original.address, 30) as connection:
            fill(connection, "whole", 16)
            before = cls.groups(cls.original)
            fill(connection, "hurt", cls.RECORDS, {"segment.bytes": str(MIB)})
            cls.group = (cls.groups(cls.original) - before).pop()
        status = cls.original.stop()
        assert status == 0, cls.original.log()

    @classmethod
    def tearDownClass(cls):
        cls.original.close()

    @staticmethod
    def groups(node):
        return set(os.listdir(os.path.join(node.data, "groups")))

    def setUp(self):
        self.random = random.Random(self.seed)
        self.node = Node()
        self.addCleanup(self.node.close)

    def restore(self):
        shutil.rmtree(self.node.data, ignore_errors=True)
        shutil.copytree(self.original.data, self.node.data)

    def segments(self):
        """The segments of the group; the last is the active one."""
        folder = os.path.join(self.node.data, "groups", self.group)
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".mdb"))

    def assert_right_or_refused(self, what):
        """The other partition is whole; this one has all its records or answers an error."""
        self.node.start()
        with wire.Connection(self.node.address, 30) as connection:
            self.assertEqual(wire.read_all(connection, "whole"), [(n, value("whole", n)) for n in range(16)])
            refused = self.read_hurt(connection, what)
            self.assertEqual(wire.produce(connection, "whole", wire.batch([b"more"]))[0], 0, what)
        self.assertTrue(self.node.alive(), f"{what}: {self.node.log()}")
        self.assertEqual(self.node.stop(), 0, what)
        return refused

    def read_hurt(self, connection, what):
        refused, offset = False, 0
        while offset < self.RECORDS:
            error, _, content = wire.fetch(connection, "hurt", offset, bytes_max=64 * KIB)
            fresh = [r for r in wire.records_of(content) if r[0] >= offset] if not error else []
            if error:
                self.assertIn(error, (wire.STORAGE_ERROR, wire.LEADER_NOT_AVAILABLE, wire.NOT_LEADER), what)
            elif not fresh:
                self.fail(f"{what}: no error at offset {offset}, and no records either: silently less")
            if not fresh:
                refused = True
                offset += 8
                continue
            for at, content in fresh:
                self.assertEqual(content, value("hurt", at), what)
            offset = fresh[-1][0] + 1
        return refused

    def test_flipped_bytes_in_every_kind_of_page(self):
        self.restore()
        names = [os.path.relpath(p, self.node.data) for p in self.segments()]
        self.assertGreater(len(names), 2, "no roll happened")
        for name in (names[0], names[-1]):
            for where in ("meta 0", "meta 1", "early", "middle", "last"):
                with self.subTest(file=name, where=where):
                    self.restore()
                    self.flip(os.path.join(self.node.data, name), where)
                    self.assert_right_or_refused(f"seed {self.seed}, {name}, {where}")

    def flip(self, path, where):
        pages = os.path.getsize(path) // PAGE
        page = {"meta 0": 0, "meta 1": 1, "early": 2, "middle": pages // 2, "last": pages - 1}[where]
        with open(path, "r+b") as file:
            for _ in range(16):
                at = page * PAGE + self.random.randrange(PAGE)
                file.seek(at)
                old = file.read(1)[0]
                file.seek(at)
                file.write(bytes([old ^ self.random.randrange(1, 256)]))

    def test_a_file_cut_in_half(self):
        self.restore()
        names = [os.path.relpath(p, self.node.data) for p in self.segments()]
        for name in (names[0], names[-1]):
            with self.subTest(file=name):
                self.restore()
                path = os.path.join(self.node.data, name)
                os.truncate(path, os.path.getsize(path) // 2)
                self.assertTrue(self.assert_right_or_refused(f"{name} cut in half"), "half a file cannot hold everything")

    def test_flipped_bytes_in_the_checksums_of_a_segment(self):
        self.restore()
        sidecar = self.segments()[0].removesuffix(".mdb") + ".sum"
        for _ in range(3):
            self.restore()
            with open(sidecar, "r+b") as file:
                file.seek(self.random.randrange(os.path.getsize(sidecar)))
                file.write(b"\xa5\x5a")
            self.assert_right_or_refused(f"seed {self.seed}, {sidecar}")

    def test_a_file_that_is_gone(self):
        self.restore()
        os.remove(self.segments()[0])
        self.assertTrue(self.assert_right_or_refused("a segment is gone"))

    def test_a_directory_written_by_a_newer_version(self):
        self.restore()
        state = os.path.join(self.node.data, "node-state.mdb")
        raise_version(state)
        with open(state, "rb") as file:
            before = file.read()
        status, _, sentence = run("start", "--data", self.node.data, "--listen", "127.0.0.1:0", seconds=20)
        self.assertGreater(status, 0, sentence)
        self.assertIn("newer", sentence)
        with open(state, "rb") as file:
            self.assertEqual(file.read(), before, "a newer format was touched")

    def test_lmdb_tools_read_a_stopped_node(self):
        self.restore()
        for path in (os.path.join(self.node.data, "node-state.mdb"), *self.segments()):
            for tool in ("mdb_stat", "mdb_dump"):
                subprocess.run([tool, "-n", "-a", path], capture_output=True, check=True)


class FullDiskTest(unittest.TestCase):
    """A small file system of our own, where this process may mount one."""

    SIZE = 24 * MIB

    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="callboard-disk-")
        self.addCleanup(os.rmdir, self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}", "tmpfs", self.disk], capture_output=True, check=False)
        if mounted.returncode:
            self.skipTest("may not mount a small tmpfs here: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def test_produce_is_refused_the_rest_goes_on_and_it_resumes(self):
        node = Node(data=os.path.join(self.disk, "data")).start()
        self.addCleanup(node.close)
        with wire.Connection(node.address, 30) as connection:
            fill(connection, "kept", 16)
            fill(connection, "filler", 8)
            written = self.produce_until_refused(connection)
            self.assertGreater(written, 0)
            self.assertEqual(wire.read_all(connection, "kept"), [(n, value("kept", n)) for n in range(16)])
            self.assertEqual(len(wire.read_all(connection, "filler")), 8 + written, "refused records took offsets, or accepted ones are gone")
            self.assertEqual(wire.delete_topic(connection, "filler"), 0, "deleting must work on a full disk")
            self.assert_resumes(connection)
        self.assertEqual(node.stop(), 0)
        node.start()
        with wire.Connection(node.address, 30) as connection:
            self.assertEqual(wire.read_all(connection, "kept")[:16], [(n, value("kept", n)) for n in range(16)])

    def test_a_segment_that_finds_no_room_is_begun_once_there_is(self):
        """A roll opens new files, one of which LMDB writes through a mapping: without room that kills."""
        node = Node(data=os.path.join(self.disk, "data")).start()
        self.addCleanup(node.close)
        filler = os.path.join(self.disk, "filler")
        with wire.Connection(node.address, 30) as connection:
            self.assertEqual(wire.create_topic(connection, "rolls", 1, configs={"segment.ms": "1"}), (0, None))
            fill(connection, "kept", 16)
            for number in range(5):
                self.assertEqual(wire.produce(connection, "rolls", wire.batch([b"before"])), (0, number))
            with open(filler, "wb", buffering=0) as file, self.assertRaises(OSError):
                while True:
                    file.write(bytes(KIB))
            for _ in range(20):
                error, _ = wire.produce(connection, "rolls", wire.batch([b"refused"]))
                self.assertEqual(error, wire.STORAGE_ERROR)
                self.assertTrue(node.alive(), node.log())
            os.remove(filler)
            self.assert_resumes(connection)
            values = [content for _, content in wire.read_all(connection, "rolls")]
            self.assertEqual(values, [b"before"] * 5)
        self.assertEqual(node.stop(), 0)

    def produce_until_refused(self, connection):
        content = wire.batch([b"f" * (64 * KIB)])
        for written in range(2 * self.SIZE // (64 * KIB)):
            error, _ = wire.produce(connection, "filler", content)
            if error:
                self.assertEqual(error, wire.STORAGE_ERROR)
                return written
        return self.fail("more was acknowledged than the disk holds")

    def assert_resumes(self, connection):
        """By itself: files go in the background, so the first tries may still be refused."""
        for _ in range(600):
            error, _ = wire.produce(connection, "kept", wire.batch([b"again" * KIB]))
            if error == 0:
                return
            self.assertEqual(error, wire.STORAGE_ERROR)
            wire.fetch(connection, "kept", 16, wait_ms=50)
        self.fail("produce did not resume within 30 s of space being free")


if __name__ == "__main__":
    unittest.main()
