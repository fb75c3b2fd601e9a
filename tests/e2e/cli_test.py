#!/usr/bin/python3
"""The sub-commands as a person and a script use them."""
import contextlib
import json
import subprocess
import unittest

import group_wire
import wire
from node import BINARY, Node, run


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()

    @classmethod
    def tearDownClass(cls):
        status = cls.node.stop()
        cls.node.close()
        assert status == 0

    def callboard(self, *args, stdin=None):
        return run("--bootstrap", self.node.address, *args, stdin=stdin, seconds=30)

    def succeed(self, *args, stdin=None):
        status, output, sentence = self.callboard(*args, stdin=stdin)
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
            self.assertIn("shown/0", self.succeed("actors", "--name", "shown"))

    def test_a_topic_is_described_with_where_it_stands(self):
        self.succeed("topic", "create", "described", "--partitions", "2", "--config", "retention.ms=60000")
        self.succeed("produce", "described", "-p", "1", stdin=b"a\nb\n")
        text = self.succeed("topic", "describe", "described")
        self.assertIn("retention.ms=60000", text)
        told = self.json("topic", "describe", "described")
        self.assertEqual([p["high_watermark"] for p in told["partition_list"]], [0, 2])
        self.assertEqual([p["log_start"] for p in told["partition_list"]], [0, 0])
        self.assertTrue(all(p["leader"] is not None and p["error"] is None for p in told["partition_list"]))
        empty, filled = (p["bytes"] for p in told["partition_list"])
        self.assertGreaterEqual(empty, 0)
        self.assertGreater(filled, empty)
        self.assertIn("absent", self.refuse("topic", "describe", "absent"))

    def test_a_topic_is_altered_and_deleted(self):
        self.succeed("topic", "create", "altered", "--partitions", "1")
        self.assertIn("retention.ms=60000", self.succeed("topic", "alter", "altered", "--set", "retention.ms=60000", "--partitions", "3"))
        told = self.json("topic", "describe", "altered")
        self.assertEqual((told["partitions"], told["configs"]), (3, {"retention.ms": "60000"}))
        told = self.json("topic", "alter", "altered", "--config", "max.message.bytes=5000", "--unset", "retention.ms")
        self.assertEqual(told["configs"], {"max.message.bytes": "5000"})
        self.assertIn("never gets fewer", self.refuse("topic", "alter", "altered", "--partitions", "2"))
        self.assertIn("retention.ms", self.refuse("topic", "alter", "altered", "--set", "retention.ms=soon"))
        self.assertIn("absent", self.refuse("topic", "alter", "absent", "--partitions", "2"))
        self.succeed("topic", "delete", "altered")
        self.assertNotIn("altered", self.succeed("topic", "list"))
        self.assertIn("altered", self.refuse("topic", "delete", "altered"))

    def test_a_group_is_shown_reset_and_deleted(self):
        self.succeed("topic", "create", "read", "--partitions", "2")
        self.succeed("produce", "read", "-p", "0", stdin=b"a\nb\nc\n")
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(group_wire.find_coordinator(connection, "readers")[0], 0)
            self.assertEqual(group_wire.commit(connection, "readers", {("read", 0): 1, ("read", 1): -2}), {("read", 0): 0, ("read", 1): 0})
            self.assertIn("readers", self.succeed("group", "list"))
            offsets = {o["partition"]: o for o in self.json("group", "describe", "readers")["offsets"]}
            self.assertEqual([offsets[0][key] for key in ("offset", "high_watermark", "lag")], [1, 3, 2])
            self.assertGreaterEqual(offsets[0]["lag_seconds"], 0)
            self.assertEqual([offsets[1][key] for key in ("offset", "high_watermark", "lag", "lag_seconds")], [None, 0, None, None])
            reset = ("group", "reset", "readers", "--topic", "read:0", "--to-latest")
            self.assertIn("--execute", self.succeed(*reset))
            self.assertEqual(group_wire.committed(connection, "readers", [("read", 0)]), (0, {("read", 0): 1}))
            self.succeed(*reset, "--execute")
            self.assertEqual(group_wire.committed(connection, "readers", [("read", 0)]), (0, {("read", 0): 3}))
            member = group_wire.enter(connection, "readers")["member"]
            self.assertIn("has members", self.refuse("group", "delete", "readers"))
            self.assertIn("has members", self.refuse(*reset, "--execute"))
            self.assertEqual(group_wire.leave(connection, "readers", member), 0)
        self.succeed("group", "delete", "readers")
        self.assertNotIn("readers", self.succeed("group", "list"))
        for command in ("describe", "delete"):
            self.assertIn('There is no group "readers".', self.refuse("group", command, "readers"))

    def test_lines_go_in_and_come_out(self):
        self.succeed("topic", "create", "lines", "--partitions", "3")
        self.succeed("produce", "lines", "-k", ":", "-H", "from=cli", stdin=b"a:1\nb:2\na:3\nc:\xff\n")
        rows = self.succeed("consume", "lines", "-e", "-f", "%k %S %h\\n").splitlines()
        self.assertEqual(sorted(rows), ["a 1 from=cli", "a 1 from=cli", "b 1 from=cli", "c 1 from=cli"])
        records = [json.loads(line) for line in self.succeed("--format", "json", "consume", "lines", "-e").splitlines()]
        self.assertEqual([r["value"] for r in records if r["key"] == "a"], ["1", "3"])
        self.assertEqual(len({r["partition"] for r in records if r["key"] == "a"}), 1)
        self.assertEqual([r["value_base64"] for r in records if r["key"] == "c"], ["/w=="])

    def test_many_lines_arrive_in_their_order(self):
        self.succeed("topic", "create", "many-lines", "--partitions", "1")
        lines = b"".join(b"%d %s\n" % (i, b"x" * (i % 300)) for i in range(20000))
        told = json.loads(self.succeed("--format", "json", "produce", "many-lines", stdin=lines))
        self.assertEqual((told["records"], told["partitions"][0]["last_offset"]), (20000, 19999))
        self.assertEqual(self.succeed("consume", "many-lines", "-e").encode(), lines)
        self.assertEqual(self.succeed("consume", "many-lines", "-o", "-2", "-e", "-f", "%o ").strip(), "19998 19999")
        self.assertEqual(self.succeed("consume", "many-lines", "-o", "77", "-c", "1", "-f", "%o"), "77")

    def test_a_line_typed_by_hand_leaves_at_once_and_is_followed(self):
        self.succeed("topic", "create", "typed", "--partitions", "2")
        with self.child("consume", "typed", "-c", "2", "-f", "%s\\n") as consumer, self.child("produce", "typed") as producer:
            for word in (b"first\n", b"second\n"):
                producer.stdin.write(word)
                producer.stdin.flush()
                self.assertEqual(consumer.stdout.readline(), word)
            producer.stdin.close()
            self.assertIn(b"produced 2 records", producer.stdout.read())
            self.assertEqual((consumer.wait(30), producer.wait(30)), (0, 0))

    @contextlib.contextmanager
    def child(self, *args):
        with subprocess.Popen(["timeout", "60", BINARY, "--bootstrap", self.node.address, *args],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                process.kill()

    def test_a_tombstone_is_null(self):
        self.succeed("topic", "create", "tombstones", "--partitions", "1")
        self.succeed("produce", "tombstones", "-k", "=", "--null", stdin=b"key=\n")
        self.assertEqual(self.succeed("consume", "tombstones", "-e", "-f", "%k %S"), "key -1")

    def test_times_are_places_too(self):
        self.succeed("topic", "create", "timed", "--partitions", "1")
        self.succeed("produce", "timed", stdin=b"a\nb\n")
        stamp = json.loads(self.succeed("--format", "json", "consume", "timed", "-c", "1"))["timestamp_ms"]
        self.assertEqual(self.succeed("consume", "timed", "-e", "-o", f"@{stamp}", "-c", "1"), "a\n")
        self.assertEqual(self.succeed("consume", "timed", "-e", "-o", f"@{stamp + 3600000}"), "")

    def test_what_does_not_fit_is_status_2_and_what_is_refused_1(self):
        self.succeed("topic", "create", "small", "--partitions", "1", "--config", "max.message.bytes=1000")
        for args in (("produce",), ("consume", "small", "-f", "%z"), ("consume", "small", "-o", "middle"),
                     ("produce", "small", "--acks", "most"), ("topic", "alter", "small"), ("group", "reset", "g")):
            self.refuse(*args)
            self.assertEqual(self.callboard(*args)[0], 2, args)
        status, _, sentence = self.callboard("produce", "small", stdin=b"x" * 5000)
        self.assertEqual(status, 1)
        self.assertIn("refused", sentence)
        for args in (("produce", "absent"), ("consume", "absent"), ("consume", "small", "-p", "9"),
                     ("consume", "small", "-o", "5"), ("group", "describe", "absent")):
            self.refuse(*args)
            self.assertEqual(self.callboard(*args)[0], 1, args)

    def test_errors_are_sentences(self):
        self.succeed("topic", "create", "twice")
        self.assertIn("twice", self.refuse("topic", "create", "twice"))
        self.assertIn("name", self.refuse("topic", "create", "../x"))
        self.assertIn("cleanup.policy", self.refuse("topic", "create", "shredded", "--config", "cleanup.policy=shred"))
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
        for command in ("start", "topic", "produce", "consume", "group", "actors"):
            self.assertIn(command, output)
            self.assertEqual(run(command, "--help")[0], 0)


if __name__ == "__main__":
    unittest.main()
