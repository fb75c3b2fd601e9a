#!/usr/bin/python3
"""Kafka clients in JavaScript against one node, and the examples that use groups."""
import os
import shutil
import subprocess
import unittest

import wire
from client_case import ClientCase

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "clients_js")
EXAMPLES = os.path.join(HERE, "..", "..", "examples")


class ProgramCase(ClientCase):
    def run_program(self, *command, stdin=""):
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=90, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-4000:])
        return done.stdout


@unittest.skipUnless(shutil.which("node") and os.path.isdir(os.path.join(SCRIPTS, "node_modules")), "./test installs the JavaScript clients")
class JavaScriptTest(ProgramCase):
    def test_kafkajs_records(self):
        for case in ("contents", "megabyte", "acks", "idempotent", "times", "emptiness", "outOfRange", "wakes", "mentions"):
            self.run_case("kafkajs_records.js", case)

    def test_kafkajs_every_codec_is_stored_as_it_was_sent(self):
        topic = self.topic(5)
        self.run_case("kafkajs_records.js", "codecs", topic)
        for number in range(5):
            self.assertEqual(self.stored_codecs(topic, number), {number})

    def test_kafkajs_administration(self):
        for case in ("topics", "configs", "partitions", "records", "groups", "offsets"):
            self.run_case("kafkajs_admin.js", case)

    def run_case(self, script, case, topic=None):
        with self.subTest(case=case):
            if topic is None:
                topic = f"kafkajs-{case}"
                with wire.Connection(self.node.address) as connection:
                    self.assertEqual(wire.create_topic(connection, topic)[0], 0)
            self.assertIn("all is well", self.run_program("node", os.path.join(SCRIPTS, script), self.node.address, topic, case))

    def test_kafkajs_members_come_and_go(self):
        topic = self.topic(4)
        self.assertIn("all is well", self.run_program("node", os.path.join(SCRIPTS, "kafkajs_groups.js"), self.node.address, topic, "kafkajs"))

    def test_platformatic_reads_as_a_member(self):
        self.assertIn("all is well", self.run_program("node", os.path.join(SCRIPTS, "platformatic.mjs"), self.node.address, "platformatic", "platformatic-group"))

    def test_node_examples(self):
        topic = self.topic(2)
        folder = os.path.join(EXAMPLES, "node")
        self.run_program("node", os.path.join(folder, "produce.js"), self.node.address, topic, stdin="one\ntwo\nthree\n")
        read = self.run_program("node", os.path.join(folder, "group.js"), self.node.address, topic, "example", "3")
        self.assertEqual(sorted(line.rsplit(" ", 1)[1] for line in read.splitlines()), ["one", "three", "two"])


class GroupExamplesTest(ProgramCase):
    def test_python_example_goes_on_where_it_stopped(self):
        topic = self.topic(1)
        self.run_program("/usr/bin/python3", os.path.join(EXAMPLES, "python", "produce.py"), self.node.address, topic, stdin="a\nb\nc\n")
        group = ("/usr/bin/python3", os.path.join(EXAMPLES, "python", "group.py"), self.node.address, topic, "readers")
        self.assertEqual(self.run_program(*group, "2"), "partition 0, offset 0: a\npartition 0, offset 1: b\n")
        self.assertEqual(self.run_program(*group, "1"), "partition 0, offset 2: c\n")

    def test_kcat_example(self):
        topic = self.topic(4)
        self.assertEqual(len(self.run_program(os.path.join(EXAMPLES, "kcat.sh"), self.node.address, topic).splitlines()), 20)


if __name__ == "__main__":
    unittest.main()
