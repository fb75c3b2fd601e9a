#!/usr/bin/python3
"""TLS on the one port: clients of every kind, nodes that prove to each other that they are
nodes, and everybody who cannot. As root in network namespaces, so that nodes have addresses
of their own; on loopback where those are not permitted."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import unittest
import urllib.request

import confluent_kafka
import kafka

import wire
from cluster import Cluster, reserve_ports
from network import Network
from node import BUILD, Node, run, wait_until
from tls import Authority

SECONDS = 60
NETWORK = None  # of the three nodes, if there is one


def host_of(number):
    return Network.host(number) if NETWORK else "127.0.0.1"


def placed():
    """Where nodes of a cluster listen, and what their commands begin with."""
    if not NETWORK:
        return {}
    return {"hosts": [host_of(number) for number in (1, 2, 3)], "prefixes": [NETWORK.prefix(number) for number in (1, 2, 3)]}


class TlsCase(unittest.TestCase):
    def authority(self, nodes=("n1", "n2", "n3"), clients=()):
        made = Authority(nodes, clients)
        self.addCleanup(made.close)
        return made

    def node(self, *args, **options):
        made = Node(args=args, **options)
        self.addCleanup(made.close)
        return made

    def await_said(self, node, *parts):
        """Until its log has all of them."""
        wait_until(lambda: all(part in node.log() for part in parts), SECONDS, lambda: f"{parts} in the log: {node.log()[-3000:]}")

    def await_trouble(self, address, *parts, options=()):
        """Until `cluster status` there has a trouble with all of them."""
        def told():
            status, output, sentence = run("--bootstrap", address, *options, "--format", "json", "cluster", "status")
            self.assertEqual(status, 0, sentence)
            return any(all(part in trouble for part in parts) for trouble in json.loads(output)["troubles"])

        wait_until(told, SECONDS, lambda: f"{parts} among the troubles: {run('--bootstrap', address, *options, 'cluster', 'status')}")


class ThreeNodesTest(TlsCase):
    """Nodes with certificates and a secret; clients need neither, so where the listener is
    not loopback they say --insecure."""

    @classmethod
    def setUpClass(cls):
        cls.tls = Authority([f"n{number},{host_of(number)}" for number in (1, 2, 3)])
        cls.cluster = Cluster(3, args=["--insecure"] if NETWORK else [], **placed())
        for number, node in cls.cluster.nodes.items():
            node.args += cls.tls.node(f"n{number}")
        cls.cluster.start()
        with cls.cluster.connect(1) as connection:
            assert wire.create_topic(connection, "records", 3, replication=3) == (0, None)
        cls.cluster.await_in_sync("records", 3)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()
        cls.tls.close()

    def callboard(self, *args, stdin=None):
        return run("--bootstrap", self.cluster.address(1), "--tls-ca", self.tls.ca, *args, stdin=stdin)

    def succeed(self, *args, stdin=None):
        status, output, sentence = self.callboard(*args, stdin=stdin)
        self.assertEqual(status, 0, sentence)
        return output

    def test_kafka_python(self):
        secured = {"security_protocol": "SSL", "ssl_cafile": self.tls.ca, "bootstrap_servers": self.cluster.bootstrap()}
        producer = kafka.KafkaProducer(acks="all", **secured)
        sent = [producer.send("records", b"kp%d" % n) for n in range(500)]
        sent.append(producer.send("records", b"kp-large" + b"x" * 900_000))
        self.assertTrue(all(each.get(SECONDS).offset >= 0 for each in sent))
        producer.close()
        consumer = kafka.KafkaConsumer("records", auto_offset_reset="earliest", group_id="kafka-python", consumer_timeout_ms=20_000, **secured)
        wanted = {b"kp%d" % n for n in range(500)} | {b"kp-large"}
        for record in consumer:
            wanted.discard(record.value[:8] if record.value.startswith(b"kp-large") else record.value)
            if not wanted:
                break
        consumer.close()
        self.assertEqual(wanted, set())

    def test_librdkafka_names_checked(self):
        secured = {"security.protocol": "ssl", "ssl.ca.location": self.tls.ca, "bootstrap.servers": self.cluster.bootstrap(),
                   "ssl.endpoint.identification.algorithm": "https"}
        failed = []
        producer = confluent_kafka.Producer({**secured, "enable.idempotence": True, "linger.ms": 5})
        for n in range(5000):
            producer.produce("records", b"ck%d" % n, on_delivery=lambda error, _: error and failed.append(error))
            producer.poll(0)
        self.assertEqual(producer.flush(SECONDS), 0)
        self.assertEqual(failed, [])
        consumer = confluent_kafka.Consumer({**secured, "group.id": "librdkafka", "auto.offset.reset": "earliest"})
        consumer.subscribe(["records"])
        wanted = {b"ck%d" % n for n in range(5000)}

        def read_all():
            for message in consumer.consume(1000, 0.5):
                self.assertIsNone(message.error())
                wanted.discard(message.value())
            return not wanted

        wait_until(read_all, SECONDS, lambda: f"all records: {len(wanted)} are missing")
        consumer.close()

    @unittest.skipUnless(shutil.which("kcat"), "kcat is not installed")
    def test_kcat(self):
        def kcat(*args, stdin=b""):
            return subprocess.run(["kcat", "-b", self.cluster.bootstrap(), "-X", "security.protocol=ssl", "-X", f"ssl.ca.location={self.tls.ca}", *args],
                                  input=stdin, capture_output=True, timeout=SECONDS, check=True).stdout

        kcat("-P", "-t", "from-kcat", stdin=b"one\ntwo\n")
        self.assertEqual(sorted(kcat("-C", "-t", "from-kcat", "-e", "-q", "-o", "beginning").split()), [b"one", b"two"])

    def test_commands(self):
        self.succeed("topic", "create", "from-cli", "--partitions", "3")
        lines = b"".join(b"k%d:line %d\n" % (n, n) for n in range(300))  # to leaders on every node
        self.succeed("produce", "from-cli", "-k", ":", stdin=lines)
        self.assertEqual(len(self.succeed("consume", "from-cli", "-e").splitlines()), 300)
        status = json.loads(self.succeed("--format", "json", "cluster", "status"))
        self.assertEqual([node["up"] for node in status["nodes"]], [True] * 3)

    def test_http(self):
        with urllib.request.urlopen(f"https://{self.cluster.address(1)}/readyz", context=self.tls.context(), timeout=SECONDS) as answer:
            self.assertEqual(answer.status, 200)

    def test_old_clients_speak_tls_1_2(self):
        context = self.tls.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with urllib.request.urlopen(f"https://{self.cluster.address(1)}/readyz", context=context, timeout=SECONDS) as answer:
            self.assertEqual(answer.status, 200)

    def test_clients_without_tls_are_served_on_the_same_port(self):
        with self.cluster.connect(1) as connection:
            self.assertEqual(len(wire.cluster_metadata(connection, []).brokers), 3)
        self.assertEqual(run("--bootstrap", self.cluster.address(1), "topic", "list")[0], 0)

    def test_a_client_that_trusts_another_ca_says_so(self):
        other = self.authority()
        status, _, sentence = run("--bootstrap", self.cluster.address(1), "--tls-ca", other.ca, "topic", "list")
        self.assertEqual(status, 1)
        self.assertIn("not in this side's --tls-ca", sentence)
        self.await_said(self.cluster[1], "it does not trust the CA that signed this side's certificate")

    def test_a_node_that_dies_comes_back_over_tls(self):
        self.cluster.kill(3)
        try:
            for partition in range(3):
                self.cluster.await_leader("records", partition, through=1, other_than=3)
            self.succeed("produce", "records", stdin=b"while one is away\n")
        finally:
            self.cluster.start([3])
        self.cluster.await_in_sync("records", 3)

    def test_the_secret_is_in_nothing_that_a_node_says(self):
        with open(self.tls.secret, encoding="ascii") as file:
            canary = file.read().strip()
        keys = []
        for name in ("n1", "n2", "n3"):
            with open(self.tls.path(f"{name}.key"), encoding="ascii") as file:
                keys.append(file.read().split("\n")[1])
        said = [node.log() for node in self.cluster.nodes.values()]
        said += [self.succeed("actors"), self.succeed("--format", "json", "actors"), self.succeed("cluster", "status")]
        for node in self.cluster.nodes.values():
            with open(f"/proc/{node.process.pid}/cmdline", encoding="utf-8") as file:
                said.append(file.read())
        with urllib.request.urlopen(f"http://{self.cluster.address(1)}/metrics", timeout=SECONDS) as answer:
            said.append(answer.read().decode())
        for text in said:
            for hidden in [canary, *keys]:
                self.assertNotIn(hidden, text)


class HostileHandshakeTest(TlsCase):
    @classmethod
    def setUpClass(cls):
        cls.tls = Authority(["n1"])
        cls.served = Node("[connections]\nsniff_timeout_ms = 1000\nconnections_max = 400\n", args=cls.tls.node("n1")).start()

    @classmethod
    def tearDownClass(cls):
        status = cls.served.stop()
        cls.served.close()
        cls.tls.close()
        assert status == 0

    def connect(self, node=None):
        host, port = (node or self.served).address.split(":")
        connection = socket.create_connection((host, int(port)), SECONDS)
        self.addCleanup(connection.close)
        return connection

    def connect_with_tls(self):
        connection = self.tls.context().wrap_socket(self.connect(), server_hostname="n1")
        self.addCleanup(connection.close)
        return connection

    def hello(self):
        """The first flight of a real client."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.tls.context().wrap_bio(incoming, outgoing, server_hostname="n1")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()

    def assert_closed(self, connection):
        """By the node, whatever it says before."""
        with self.subTest("is closed"):
            try:
                while connection.recv(65536):
                    pass
            except ConnectionError:
                pass

    def assert_serves(self, node=None):
        with urllib.request.urlopen(f"https://{(node or self.served).address}/readyz", context=self.tls.context(), timeout=SECONDS) as answer:
            self.assertEqual(answer.status, 200)

    def test_half_a_handshake_has_its_time_and_no_more(self):
        hello = self.hello()
        for length in (2, 7, 8, 40, len(hello) - 1, len(hello)):
            connection = self.connect()
            started = time.monotonic()
            connection.sendall(hello[:length])
            self.assert_closed(connection)
            self.assertLess(time.monotonic() - started, 20)
        self.assert_serves()

    def test_who_trickles_has_no_more_time(self):
        connection = self.connect()
        hello = self.hello()
        started = time.monotonic()
        try:
            for byte in hello[:-1]:
                connection.sendall(bytes([byte]))
                connection.settimeout(0.05)  # the pace of the trickle
                try:
                    if not connection.recv(65536):
                        break
                except TimeoutError:
                    pass
        except ConnectionError:
            pass
        self.assertLess(time.monotonic() - started, 20)
        self.assert_serves()

    def test_silence_within_tls_has_the_same_time(self):
        connection = self.connect_with_tls()
        started = time.monotonic()
        self.assert_closed(connection)
        self.assertLess(time.monotonic() - started, 20)

    def test_garbage_behind_the_first_bytes_of_tls(self):
        for garbage in (b"\x16\x03" + os.urandom(64), b"\x16\x03\x01\x40\x00" + os.urandom(0x4000), b"\x16\x03\x01\xff\xff" + bytes(70000),
                        b"\x16\x03\x03\x00\x00" * 2000, self.hello()[:60] + os.urandom(500)):
            connection = self.connect()
            try:
                connection.sendall(garbage)
            except ConnectionError:
                pass
            self.assert_closed(connection)
        self.assert_serves()

    def test_no_protocol_within_tls(self):
        for nonsense in (b"\xff" * 64, self.hello()):
            connection = self.connect_with_tls()
            connection.sendall(nonsense)
            self.assert_closed(connection)
        self.await_said(self.served, "TLS within TLS")

    def test_many_half_handshakes_take_little_memory(self):
        patient = self.node(*self.tls.node("n1"), config="[connections]\nsniff_timeout_ms = 20000\nconnections_max = 400\n").start()
        self.assert_serves(patient)
        before = patient.memory()
        hello = self.hello()
        waiting = [self.connect(patient) for _ in range(300)]
        for connection in waiting:
            connection.sendall(hello)
        for connection in waiting:  # the node has answered each, and waits
            connection.recv(1)
        taken = patient.memory() - before
        self.assertLess(taken, 300 * 150_000, "bytes for 300 handshakes")
        for connection in waiting:
            self.assert_closed(connection)
        self.assert_serves(patient)
        self.assertEqual(patient.stop(), 0)


class MutualTlsTest(TlsCase):
    """Everybody shows a certificate; there is no secret, and nothing is insecure."""

    @classmethod
    def setUpClass(cls):
        cls.tls = Authority([f"n{number},{host_of(number)}" for number in (1, 2, 3)] + [f"n4,{host_of(3)}"], ["someone"])
        cls.cluster = Cluster(3, args=["--tls-client-auth", "required"], **placed())
        for number, node in cls.cluster.nodes.items():
            node.args += cls.tls.node(f"n{number}", secret=False)
        for node in cls.cluster.nodes.values():
            node.launch()
        for node in cls.cluster.nodes.values():
            node.await_ready()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()
        cls.tls.close()

    def callboard(self, *args, certificate="someone", stdin=None):
        options = self.tls.pair(certificate) if certificate else ["--tls-ca", self.tls.ca]
        return run("--bootstrap", self.cluster.address(1), *options, *args, stdin=stdin)

    def test_who_has_a_certificate_is_served(self):
        def three_up():
            status, output, sentence = self.callboard("--format", "json", "cluster", "status")
            self.assertEqual(status, 0, sentence)
            return [node["up"] for node in json.loads(output)["nodes"]][:3] == [True] * 3  # a fourth comes and goes

        wait_until(three_up, SECONDS, lambda: f"three nodes are up: {self.cluster.logs()}")
        secured = {"security_protocol": "SSL", "ssl_cafile": self.tls.ca, "ssl_certfile": self.tls.path("someone.crt"),
                   "ssl_keyfile": self.tls.path("someone.key"), "bootstrap_servers": self.cluster.bootstrap()}
        producer = kafka.KafkaProducer(acks="all", **secured)
        self.assertGreaterEqual(producer.send("mutual", b"hello").get(SECONDS).offset, 0)
        producer.close()
        self.assertEqual(self.callboard("consume", "mutual", "-e")[1], "hello\n")

    def test_who_has_none_is_not(self):
        status, _, sentence = self.callboard("topic", "list", certificate=None)
        self.assertEqual(status, 1)
        self.assertIn("--tls-cert", sentence)
        self.await_said(self.cluster[1], "it shows no certificate, and this node asks for one")

    def test_who_comes_without_tls_is_told_what_to_do(self):
        status, _, sentence = run("--bootstrap", self.cluster.address(1), "topic", "list")
        self.assertEqual(status, 1)
        self.assertIn("serves nobody without TLS", sentence)
        self.assertIn("--tls-ca", sentence)
        with self.assertRaises((OSError, ValueError)):
            with self.cluster.connect(1) as connection:
                wire.cluster_metadata(connection, [])

    def stranger(self, *args):
        prefix = NETWORK.prefix(3) if NETWORK else ()
        made = self.node("--join", self.cluster.address(1), *args, listen=f"{host_of(3)}:{reserve_ports(1, '127.0.0.1')[0]}", prefix=prefix)
        made.launch()
        return made

    def test_a_clients_certificate_makes_no_node(self):
        made = self.stranger("--tls-client-auth", "required", *self.tls.node("someone", secret=False))
        self.await_said(made, "what it shows is a client's certificate", f"at {self.cluster.address(1)}")
        self.await_said(self.cluster[1], "what it shows is a client's certificate")
        self.await_trouble(self.cluster.address(1), "a client's certificate", options=self.tls.pair("someone"))

    def test_a_node_without_tls_is_told_so(self):
        made = self.stranger("--insecure")
        self.await_said(made, "serves nobody without TLS")
        self.await_said(self.cluster[1], "serves nobody without TLS")

    def test_another_node_with_a_certificate_joins(self):
        made = self.stranger("--tls-client-auth", "required", *self.tls.node("n4", secret=False))
        made.await_ready()
        self.assertEqual(made.stop(), 0)


class StrangerTest(TlsCase):
    """One node at a time that wants in and must not come in, or must; on loopback."""

    def door(self, *args, **options):
        made = self.node(*args, **options)
        made.start()
        return made

    def joiner(self, door, *args):
        made = self.node("--join", door.address, *args)
        made.launch()
        return made

    def test_wrong_secret(self):
        tls, other = self.authority(), self.authority()
        door = self.door(*tls.node("n1"))
        made = self.joiner(door, *tls.pair("n2"), "--secret", other.secret)
        sentence = "it does not know the secret of this one's cluster"
        self.await_said(made, f"Node 1 at {door.address}", "refuses the node at 127.0.0.1", sentence, "--secret")
        self.await_said(door, sentence)
        self.await_trouble(door.address, sentence, f"Node 1 at {door.address}")
        status, output, _ = run("--bootstrap", self.listening(made), "cluster", "status")
        self.assertEqual(status, 0)
        self.assertIn(sentence, output)
        for secret in (tls.secret, other.secret):
            with open(secret, encoding="ascii") as file:
                self.assertNotIn(file.read().strip(), made.log() + door.log())

    def listening(self, node):
        """Of a node that is not ready: the kernel knows where it listens."""
        with open(f"/proc/{node.process.pid}/net/tcp", encoding="ascii") as table:
            lines = [line.split() for line in table.readlines()[1:]]
        inodes = set()
        for descriptor in os.listdir(f"/proc/{node.process.pid}/fd"):
            try:
                target = os.readlink(f"/proc/{node.process.pid}/fd/{descriptor}")
            except FileNotFoundError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
        ports = [int(line[1].split(":")[1], 16) for line in lines if line[3] == "0A" and line[9] in inodes]
        return f"127.0.0.1:{ports[0]}"

    def test_no_secret(self):
        tls = self.authority()
        door = self.door(*tls.node("n1"))
        made = self.joiner(door, *tls.node("n2", secret=False))
        self.await_said(made, "it came without the secret of this one's cluster", f"Node 1 at {door.address}")
        self.await_said(door, "it came without the secret of this one's cluster")

    def test_a_secret_where_there_is_none(self):
        tls = self.authority()
        door = self.door(*tls.node("n1", secret=False))
        made = self.joiner(door, *tls.node("n2"))
        self.await_said(made, "has a secret for its cluster, this one has none")
        self.await_trouble(door.address, "has a secret for its cluster, this one has none")

    def test_without_tls_at_a_door_with_tls(self):
        tls = self.authority()
        door = self.door(*tls.node("n1"))
        made = self.joiner(door, "--secret", tls.secret)
        self.await_said(made, "came without TLS, this one speaks TLS with other nodes", f"Node 1 at {door.address}")
        self.await_trouble(door.address, "came without TLS, this one speaks TLS with other nodes")

    def test_with_tls_at_a_door_without(self):
        tls = self.authority()
        door = self.door("--secret", tls.secret)
        made = self.joiner(door, *tls.node("n2"))
        self.await_said(made, "instead of answering in TLS", door.address)
        self.await_said(door, "it speaks TLS, this node has no certificate")

    def test_another_ca(self):
        tls, other = self.authority(), self.authority()
        door = self.door(*tls.node("n1"))
        made = self.joiner(door, *other.pair("n2"), "--secret", tls.secret)
        self.await_said(made, "which is not in this side's --tls-ca", door.address)
        self.await_said(door, "it does not trust the CA that signed this side's certificate")

    def test_a_certificate_for_another_host(self):
        tls = self.authority()
        door = self.door(*tls.node("n1"), listen="127.0.0.2:0")
        made = self.joiner(door, *tls.node("n2"))
        self.await_said(made, "its certificate is for localhost, 127.0.0.1, ::1, n1, not for 127.0.0.2", "init-tls")

    def test_a_node_of_another_cluster(self):
        tls = self.authority()
        first = self.door(*tls.node("n1"))
        second = self.joiner(first, *tls.node("n2")).await_ready()
        first.kill()
        usurper = self.door(*tls.node("n1"), listen=first.address)
        sentence = "One of them was given the address or the data directory of another cluster"
        self.await_said(second, f"no link to node 1 at {first.address}", "belongs to cluster", sentence)
        self.await_said(usurper, "belongs to cluster", sentence)
        self.await_trouble(second.address, sentence)
        self.await_trouble(usurper.address, sentence)

    def test_a_copied_data_directory(self):
        first = self.door()
        second = self.joiner(first).await_ready()
        second.stop()
        copy = os.path.join(second.folder, "copy")
        shutil.copytree(second.data, copy)
        second.start()
        twin = self.node("--join", first.address, data=copy)
        twin.launch()
        self.await_said(first, "data directory was copied")
        self.await_trouble(first.address, "data directory was copied")

    def test_a_secret_alone_on_loopback(self):
        tls = self.authority()
        door = self.door("--secret", tls.secret)
        self.joiner(door, "--secret", tls.secret).await_ready()

    def test_an_address_that_cannot_be_reached(self):
        first = self.door()
        second = self.joiner(first).await_ready()
        second.kill()
        self.await_trouble(first.address, "No link from this node to node 2", "onnection refused")

    def test_a_clock_hours_away_is_said_and_does_no_harm(self):
        shim = os.path.join(BUILD, "tests", "libother_clock.so")
        first = self.door()
        second = self.node("--join", first.address, prefix=["env", f"LD_PRELOAD={shim}", f"OTHER_CLOCK_SECONDS={3 * 3600 + 60}"])
        second.start()
        self.await_trouble(first.address, "Node 2", "has a clock 3 h ahead of this node's")
        self.await_trouble(second.address, "Node 1", "has a clock 3 h behind this node's")
        self.await_said(first, "has a clock 3 h ahead of this node's")
        with wire.Connection(first.address) as connection:
            self.assertEqual(wire.create_topic(connection, "clocks", 2, replication=2)[0], 0)

    def test_starts_that_are_refused(self):
        tls = self.authority()
        for args, sentence in (
                (["--listen", "0.0.0.0:0", *tls.node("n1")], "--tls-client-auth required"),
                (["--listen", "127.0.0.1:0", "--secret", tls.path("n1.crt") + "x"], "cannot be read"),
                (["--listen", "127.0.0.1:0", "--tls-cert", tls.path("n1.crt"), "--tls-key", tls.path("n2.key")], "n2.key"),
                (["--listen", "127.0.0.1:0", "--tls-cert", tls.path("n1.crt")], "--tls-key")):
            with self.subTest(args=args):
                made = self.node()
                status, _, said = run("start", "--data", made.data, *args)
                self.assertEqual(status, 1)
                self.assertIn(sentence, said)


def main():
    global NETWORK
    NETWORK = Network(3) if Network.enter() else None
    if not NETWORK:
        print("network namespaces are not permitted: all on loopback", flush=True)
    try:
        unittest.main()
    finally:
        if NETWORK:
            NETWORK.close()


if __name__ == "__main__":
    sys.exit(main())
