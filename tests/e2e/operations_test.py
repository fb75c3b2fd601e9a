"""What an operator does with a cluster of three nodes, through the command line, any node of it."""
import json
import socket
import unittest

import admin_wire as admin
import node as nodes
import wire
from node import Node, wait_until

MOVES_SECONDS = 60  # nothing of this is measured: a busy machine may take its time


def free_addresses(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    finally:
        for each in sockets:
            each.close()


class OperationsTest(unittest.TestCase):
    def setUp(self):
        self.addresses = free_addresses(3)
        seeds = ["--seeds", ",".join(self.addresses)]
        self.nodes = [Node(listen=address, args=seeds) for address in self.addresses]
        for each in self.nodes:
            self.addCleanup(each.close)
        for each in self.nodes:
            each.launch()
        for each in self.nodes:
            each.await_ready()
        wait_until(lambda: [n["up"] for n in self.status()["nodes"]] == [True] * 3, MOVES_SECONDS, "three nodes are up")

    def call(self, *args, through=0, stdin=None, expect=0):
        status, output, errors = nodes.run(*args, "--bootstrap", self.addresses[through], stdin=stdin)
        self.assertEqual(status, expect, f"{args}: {output}{errors}")
        return output if expect == 0 else errors

    def ask(self, *args, through=0):
        return json.loads(self.call(*args, "--format", "json", through=through))

    def status(self, through=0):
        return self.ask("cluster", "status", through=through)

    def id_of(self, number):
        return next(n["node"] for n in self.status()["nodes"] if n["client_address"] == self.addresses[number])

    def topic(self, name, partitions):
        """Everything of it in sync, on three nodes."""
        self.call("topic", "create", name, "--partitions", str(partitions), "--replication-factor", "3")
        self.in_sync()

    def in_sync(self, through=0):
        def said():
            status = self.status(through)
            return status["leaderless_partitions"] == 0 and status["under_replicated_partitions"] == 0
        wait_until(said, MOVES_SECONDS, "every partition is led and in sync")

    def replicas(self, name, through=0):
        return [set(p["replicas"]) for p in self.ask("topic", "describe", name, through=through)["partition_list"]]

    def test_every_node_tells_the_same_and_serves_every_partition(self):
        created = self.call("topic", "create", "orders", "--partitions", "6", "--replication-factor", "3")
        self.assertIn("replication factor 3", created)
        self.in_sync()
        for number in range(3):
            status = self.status(number)
            self.assertEqual((len(status["nodes"]), status["partitions"], status["waiting"]), (3, 6, ""))
            self.assertEqual(status["controller"], self.status()["controller"])
            for partition in range(6):
                self.call("produce", "orders", "--partition", str(partition), through=number, stdin=b"a\nb\n")
        for number in range(3):
            rows = self.ask("topic", "describe", "orders", through=number)["partition_list"]
            self.assertEqual([(row["high_watermark"], row["error"]) for row in rows], [(6, None)] * 6)
            read = self.call("consume", "orders", "--offset", "beginning", "--exit", through=number)
            self.assertEqual(len(read.splitlines()), 36)

    def test_a_partition_moves_and_another_leads_when_asked(self):
        self.topic("moved", 1)
        ids = [self.id_of(number) for number in range(3)]
        self.call("topic", "move", "moved", "--partition", f"0={ids[2]},{ids[1]}", through=1)
        wait_until(lambda: self.replicas("moved") == [{ids[1], ids[2]}] and not self.status()["operations"],
                   MOVES_SECONDS, "the partition is where it was moved to")
        self.call("topic", "elect", "moved", through=2)
        row = self.ask("topic", "describe", "moved")["partition_list"][0]
        self.assertEqual(row["leader"], ids[2])
        refused = self.call("topic", "move", "moved", "--partition", "0=99", expect=1)
        self.assertIn("99", refused)

    def move_to(self, topic, node):
        self.call("topic", "move", topic, "--partition", f"0={node}", through=1)

        def there():
            row = self.ask("topic", "describe", topic, through=2)["partition_list"][0]
            return row["leader"] == node and row["replicas"] == [node] and not self.status()["operations"]
        wait_until(there, MOVES_SECONDS, f"the only replica is on node {node}")

    def test_an_only_replica_wanders_comes_back_and_outlives_a_crash_of_all(self):
        self.call("topic", "create", "wanders", "--partitions", "1", "--replication-factor", "1")
        ids = [self.id_of(number) for number in range(3)]
        sent = 0
        for crashes, target in ((False, 0), (False, 1), (False, 2), (True, 0), (True, 2), (False, 1)):
            self.call("produce", "wanders", stdin=b"".join(b"%d\n" % (sent + i) for i in range(10)))
            sent += 10
            self.move_to("wanders", ids[target])
            if crashes:
                for each in self.nodes:
                    each.kill()
                for each in self.nodes:
                    each.launch()
                for each in self.nodes:
                    each.await_ready()
            self.in_sync()
            read = self.call("consume", "wanders", "--offset", "beginning", "--exit", through=target)
            self.assertEqual(read.split(), [str(i) for i in range(sent)])

    def test_kafkas_tools_move_partitions_and_elect_leaders(self):
        self.topic("moved", 2)
        ids = [self.id_of(number) for number in range(3)]
        with wire.Connection(self.addresses[1]) as connection:
            error, told = admin.alter_partition_reassignments(connection, "moved", {0: ids[:2], 1: [99], 7: ids})
            self.assertEqual((error, told[0]), (0, (0, None)))
            self.assertEqual([told[1][0], told[7][0]], [admin.INVALID_REPLICA_ASSIGNMENT, wire.UNKNOWN_TOPIC_OR_PARTITION])
            wait_until(lambda: not admin.list_partition_reassignments(connection), MOVES_SECONDS, "nothing moves any more")
            self.assertEqual(self.replicas("moved")[0], set(ids[:2]))
            _error, told = admin.alter_partition_reassignments(connection, "moved", {0: None})
            self.assertEqual(told[0][0], admin.NO_REASSIGNMENT_IN_PROGRESS)

            error, told = admin.elect_leaders(connection, {"moved": [0, 1]})
            self.assertEqual(error, 0)
            self.assertTrue(all(error in (0, admin.ELECTION_NOT_NEEDED) for error, _sentence in told.values()), told)
            self.assertEqual(admin.elect_leaders(connection, None), (0, {}))
            self.assertEqual(admin.elect_leaders(connection, None, kind=1)[0], wire.INVALID_REQUEST)

    def test_a_node_is_drained_and_removed(self):
        self.topic("kept", 4)
        third = self.id_of(2)
        refused = self.call("cluster", "remove", str(third), expect=1)
        self.assertIn("drain", refused)
        # Three replicas need three nodes: it waits and says so, until it is called off.
        self.call("cluster", "drain", str(third), through=1)
        operation = wait_until(lambda: next((o for o in self.status()["operations"] if o["waiting"]), None),
                               MOVES_SECONDS, "the drain says what it waits for")
        self.assertEqual((operation["operation"], operation["node"]), ("drain", third))
        self.call("cluster", "drain", str(third), "--cancel")
        wait_until(lambda: not self.status()["operations"], MOVES_SECONDS, "the drain is off")

    def test_who_stops_hands_over_what_it_leads(self):
        self.topic("rolled", 6)
        for number in range(3):
            through = (number + 1) % 3
            self.assertEqual(self.nodes[number].stop(), 0)
            left = self.id_of_stopped(number, through)
            rows = self.ask("topic", "describe", "rolled", through=through)["partition_list"]
            self.assertNotIn(left, [row["leader"] for row in rows])
            self.call("produce", "rolled", through=through, stdin=b"still\n")
            self.nodes[number].start()
            self.in_sync(through)
        read = self.call("consume", "rolled", "--offset", "beginning", "--exit")
        self.assertEqual(len(read.splitlines()), 3)

    def id_of_stopped(self, number, through):
        return next(n["node"] for n in self.status(through)["nodes"] if n["client_address"] == self.addresses[number])


if __name__ == "__main__":
    unittest.main()
