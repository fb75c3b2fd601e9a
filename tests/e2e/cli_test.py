#!/usr/bin/python3
"""The sub-commands as a person and a script use them."""
import json
import unittest

import wire
from node import Node, run


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()

    @classmethod
    def tearDownClass(cls):
        status = cls.node.stop()
        cls.node.close()
        assert status == 0

    def callboard(self, *args):
        return run("--bootstrap", self.node.address, *args, seconds=30)

    def succeed(self, *args):
        status, output, sentence = self.callboard(*args)
        self.assertEqual(status, 0, sentence)
        return output

    def refuse(self, *args):
        status, _, sentence = self.callboard(*args)
        self.assertGreater(status, 0, f"{args} succeeded or was ended by a signal: {status}")
        self.assertTrue(sentence.strip(), "an error without a sentence")
        self.assertNotIn("terminate called", sentence)
        return sentence

    def test_the_ready_line_says_where_and_how_fast(self):
        self.assertEqual(self.node.ready["pid"], self.node.process.pid)
        self.assertGreater(int(self.node.ready["listen"].rsplit(":", 1)[1]), 0)
        self.assertGreaterEqual(self.node.ready["ms"], 0)

    def test_a_topic_is_created_listed_and_usable(self):
        self.succeed("topic", "create", "made", "--partitions", "3", "--replication-factor", "1",
                     "--config", "retention.ms=60000", "--config", "callboard.durability=interval")
        self.assertIn("made", self.succeed("topic", "list"))
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.produce(connection, "made", wire.batch([b"x"]), 2), (0, 0))

    def test_lists_are_json_when_asked(self):
        self.succeed("topic", "create", "in-json", "--partitions", "2")
        self.assertIn("in-json", json.dumps(self.json("topic", "list")))
        self.assertTrue(self.json("actors"))

    def json(self, *args):
        output = self.succeed("--format", "json", *args)
        try:
            return json.loads(output)
        except ValueError:
            return [json.loads(line) for line in output.splitlines()]

    def test_actors_show_the_partition_and_its_work(self):
        self.succeed("topic", "create", "shown", "--partitions", "1")
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.produce(connection, "shown", wire.batch([b"x"]))[0], 0)
            self.assertIn("shown", self.succeed("actors"))

    def test_errors_are_sentences(self):
        self.succeed("topic", "create", "twice")
        self.assertIn("twice", self.refuse("topic", "create", "twice"))
        self.assertIn("name", self.refuse("topic", "create", "../x"))
        self.assertIn("cleanup.policy", self.refuse("topic", "create", "compacted", "--config", "cleanup.policy=compact"))
        self.refuse("topic", "create", "none", "--partitions", "0")
        self.refuse("topic", "create", "many", "--partitions", "many")
        self.refuse("topic", "create", "far", "--replication-factor", "3")
        self.refuse("topic", "create", "odd", "--config", "no-equals-sign")
        self.refuse("topic", "create")
        self.refuse("no-such-command")

    def test_a_node_that_is_not_there_is_a_sentence(self):
        status, _, sentence = run("--bootstrap", "127.0.0.1:1", "topic", "list", seconds=30)
        self.assertGreater(status, 0)
        self.assertIn("127.0.0.1:1", sentence)

    def test_help_names_the_commands(self):
        status, output, _ = run("--help")
        self.assertEqual(status, 0)
        for command in ("start", "topic", "actors"):
            self.assertIn(command, output)


if __name__ == "__main__":
    unittest.main()
