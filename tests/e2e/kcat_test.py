#!/usr/bin/python3
"""kcat, as Debian ships it, against one node."""
import shutil
import subprocess
import tempfile
import time
import unittest

import wire
from client_case import ClientCase
from node import wait_until

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
MEGABYTE = b"m" * 1_000_000


@unittest.skipUnless(shutil.which("kcat"), "kcat is not installed")
class KcatTest(ClientCase):
    def kcat(self, *args, stdin=b"", status=0):
        done = subprocess.run(["kcat", "-b", self.node.address, *args], input=stdin, capture_output=True, timeout=30, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout if status == 0 else done.stderr

    def consume(self, topic, *args):
        return self.kcat("-C", "-t", topic, "-e", "-q", "-o", "beginning", *args)

    def test_kcat_every_codec(self):
        topic = self.topic(len(CODECS))
        lines = b"".join(b"line %d of a text that compresses well\n" % n for n in range(500))
        for partition, codec in enumerate(CODECS):
            with self.subTest(codec=codec):
                self.kcat("-P", "-t", topic, "-p", str(partition), "-z", codec, "-X", "linger.ms=50", stdin=lines)
                self.assertEqual(self.consume(topic, "-p", str(partition)), lines)

    def test_kcat_idempotent_producer(self):
        topic = self.topic()
        lines = b"".join(b"%d\n" % n for n in range(2000))
        self.kcat("-P", "-t", topic, "-X", "enable.idempotence=true", "-X", "batch.num.messages=10", stdin=lines)
        self.assertEqual(self.consume(topic), lines)

    def test_kcat_keys_headers_and_tombstones(self):
        topic = self.topic()
        self.kcat("-P", "-t", topic, "-K", ":", "-Z", "-H", "colour=blue", stdin=b"key:value\ngone:\n")
        self.assertEqual(self.consume(topic, "-f", "%k=%S=%s %h\n"), b"key=5=value colour=blue\ngone=-1= colour=blue\n")

    def test_kcat_metadata_and_offsets_by_time(self):
        topic = self.topic(3)
        self.assertIn(f'topic "{topic}" with 3 partitions'.encode(), self.kcat("-L", "-t", topic))
        self.kcat("-P", "-t", topic, "-p", "0", stdin=b"a\nb\n")
        self.assertIn(b"offset 2", self.kcat("-Q", "-t", f"{topic}:0:-1"))

    def test_kcat_creates_a_topic_by_writing(self):
        topic = "kcat-made-this"
        self.kcat("-P", "-t", topic, stdin=b"first\n")
        self.assertEqual(self.consume(topic), b"first\n")

    def test_kcat_reads_nothing_from_an_empty_topic(self):
        topic = self.topic()
        self.assertEqual(self.consume(topic), b"")
        for timestamp in ("-1", "-2"):
            self.assertIn(b"offset 0", self.kcat("-Q", "-t", f"{topic}:0:{timestamp}"))

    def test_kcat_a_megabyte_fits_and_three_do_not(self):
        topic = self.topic()
        with tempfile.NamedTemporaryFile() as file:
            file.write(MEGABYTE)
            file.flush()
            self.kcat("-P", "-t", topic, "-X", "message.max.bytes=2000000", file.name)
            self.assertEqual(self.consume(topic, "-f", "%S %o\\n"), b"1000000 0\n")
            self.assertEqual(self.consume(topic), MEGABYTE + b"\n")
            file.write(2 * MEGABYTE)
            file.flush()
            self.assertIn(b"too large", self.kcat("-P", "-t", topic, "-X", "message.max.bytes=9000000", file.name, status=None).lower())
        self.assertEqual(self.consume(topic, "-f", "%o\\n"), b"0\n")

    def test_kcat_every_acks(self):
        topic = self.topic()
        for acks in ("0", "1", "all"):
            self.kcat("-P", "-t", topic, "-X", f"acks={acks}", stdin=b"".join(b"%d\n" % n for n in range(50)))
        # Nothing says when what was sent with acks=0 is there.
        wait_until(lambda: len(self.consume(topic).splitlines()) == 150, 20, "150 records")

    def test_kcat_seeks_by_time(self):
        topic = self.topic()
        with wire.Connection(self.node.address) as connection:
            for second in range(3):
                self.assertEqual(wire.produce(connection, topic, wire.batch([b"%d" % second], timestamp=1700000000000 + second * 1000))[0], 0)
        for after, offset in ((0, 0), (1, 1), (1000, 1), (1001, 2), (-5, 0)):
            self.assertIn(b"offset %d" % offset, self.kcat("-Q", "-t", f"{topic}:0:{1700000000000 + after}"))
        self.assertEqual(self.kcat("-C", "-t", topic, "-e", "-q", "-p", "0", "-o", "s@1700000000500"), b"1\n2\n")

    def test_kcat_goes_back_to_the_start_if_out_of_range(self):
        topic = self.topic()
        self.kcat("-P", "-t", topic, stdin=b"0\n1\n2\n")
        self.assertEqual(self.kcat("-C", "-t", topic, "-e", "-q", "-p", "0", "-o", "1000", "-X", "auto.offset.reset=earliest"), b"0\n1\n2\n")

    def test_kcat_a_waiting_fetch_wakes_with_the_record(self):
        topic = self.topic()
        reader = ["timeout", "60", "kcat", "-b", self.node.address, "-C", "-t", topic, "-o", "beginning", "-q", "-u", "-c", "2",
                  "-X", "fetch.wait.max.ms=20000", "-X", "socket.timeout.ms=60000"]
        with subprocess.Popen(reader, stdout=subprocess.PIPE) as process:
            # Once it has the first record, it is known to be there.
            self.kcat("-P", "-t", topic, stdin=b"first\n")
            self.assertEqual(process.stdout.readline(), b"first\n")
            began = time.monotonic()
            self.kcat("-P", "-t", topic, stdin=b"second\n")
            self.assertEqual(process.stdout.readline(), b"second\n")
            self.assertLess(time.monotonic() - began, 10, "it waited for its time-out of 20 s")
            self.assertEqual(process.wait(30), 0)

    def test_kcat_goes_on_where_its_group_stopped(self):
        topic = self.topic()
        self.kcat("-P", "-t", topic, stdin=b"".join(b"%d\n" % n for n in range(20)))
        member = ("-G", topic, topic, "-q", "-u", "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000")
        self.assertEqual(self.kcat("-c", "7", *member).split(), [b"%d" % n for n in range(7)])
        self.assertEqual(self.kcat("-c", "13", *member).split(), [b"%d" % n for n in range(7, 20)])

    def test_kcat_is_told_of_a_topic_that_is_not_there(self):
        self.assertIn(b"nknown topic", self.kcat("-C", "-t", "never-made", "-e", "-X", "allow.auto.create.topics=false", status=1))


if __name__ == "__main__":
    unittest.main()
