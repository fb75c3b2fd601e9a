#!/usr/bin/python3
"""Nodes that find each other by multicast: on loopback of one machine, and, as root, from
network namespaces at one bridge."""
import os
import socket
import struct
import sys
import unittest

from cluster import Cluster
from network import Bridge, Network
from node import Node, wait_until
from tls import Authority

GROUP, PORT = "239.255.67.66", 19092
SECONDS = 60
PERMITTED = False


def fresh_name():
    return "test-" + os.urandom(6).hex()


def datagram(name, address=("127.0.0.1", 9), identity=b"i" * 16, magic=b"CBDISC", version=1, flags=1):
    host, port = address
    return (magic + bytes([version, flags]) + identity + bytes([len(name)]) + name.encode() + bytes([len(host)]) + host.encode()
            + struct.pack(">H", port))


class DiscoveryTest(unittest.TestCase):
    def cluster(self, name, expect, count=3, **options):
        made = Cluster(count, seeds=False, args=["--discover", name, "--expect", str(expect)], **options)
        for node in made.nodes.values():
            while "--join" in node.args:
                at = node.args.index("--join")
                del node.args[at:at + 2]
        self.addCleanup(made.close)
        return made

    def say(self, *datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            for each in datagrams:
                sender.sendto(each, (GROUP, PORT))

    def test_three_on_one_machine_and_a_fourth_that_joins(self):
        name = fresh_name()
        cluster = self.cluster(name, 3).start()
        self.assertEqual(len(cluster.ids(1)), 3)
        cluster.stop()
        cluster.start()  # members again, whatever is discovered
        fourth = Node(args=["--discover", name, "--expect", "3"])
        self.addCleanup(fourth.close)
        fourth.start()
        cluster.await_connected(count=4)

    def test_fewer_than_expected_wait_and_say_for_whom(self):
        cluster = self.cluster(fresh_name(), 3, count=2)
        for node in cluster.nodes.values():
            node.launch()
        for node in cluster.nodes.values():
            wait_until(lambda: "2 of 3 nodes; waiting for the others" in node.log(), SECONDS, node.log)

    def test_names_are_kept_apart(self):
        first, second = self.cluster(fresh_name(), 2, count=2), self.cluster(fresh_name(), 2, count=2)
        for node in [*first.nodes.values(), *second.nodes.values()]:
            node.launch()
        for each in (first, second):
            for node in each.nodes.values():
                node.await_ready()
            each.await_connected()
            self.assertEqual(len(each.metadata(1, []).brokers), 2)

    def test_what_is_no_announcement_is_dropped(self):
        name = fresh_name()
        cluster = self.cluster(name, 2, count=2)
        cluster[1].launch()
        wait_until(lambda: "waiting for the others" in cluster[1].log(), SECONDS, cluster[1].log)
        good = datagram(name)
        self.say(b"", b"x", os.urandom(512), os.urandom(2000), b"CBDISC", good[:-1], good + b"x", datagram(name, magic=b"CBDISX"),
                 datagram(name, version=9), datagram(name, flags=255), datagram(name, ("", 7)), datagram(name, ("127.0.0.1", 0)),
                 datagram(name + "\n"), datagram("another"), *[good[:n] for n in range(len(good))])
        # Liars: many addresses where nobody is, all under this name.
        self.say(*[datagram(name, ("127.0.0.1", 1 + n), identity=os.urandom(16)) for n in range(1000)])
        cluster[2].launch()
        for node in cluster.nodes.values():
            node.await_ready()
        cluster.await_connected()

    def test_who_is_discovered_has_to_know_the_secret(self):
        tls, other = Authority(["n1", "n2"]), Authority(["n1"])
        self.addCleanup(tls.close)
        self.addCleanup(other.close)
        name = fresh_name()
        cluster = self.cluster(name, 2, count=2)
        for number, node in cluster.nodes.items():
            node.args += tls.node(f"n{number}")
        stranger = Node(args=["--discover", name, "--expect", "2", *other.node("n1")])
        self.addCleanup(stranger.close)
        stranger.launch()
        cluster.start()
        self.assertEqual(len(cluster.metadata(1, []).brokers), 2)
        wait_until(lambda: "--tls-ca" in stranger.log(), SECONDS, stranger.log)

    def test_namespaces_at_one_bridge(self):
        if not PERMITTED:
            self.skipTest("network namespaces are not permitted")
        bridge = Bridge(3)
        self.addCleanup(bridge.close)
        numbers = (1, 2, 3)
        cluster = self.cluster(fresh_name(), 3, hosts=[bridge.host(n) for n in numbers], prefixes=[bridge.prefix(n) for n in numbers])
        for node in cluster.nodes.values():
            node.args.append("--insecure")
        cluster.start()
        self.assertEqual(len(cluster.ids(1)), 3)


if __name__ == "__main__":
    PERMITTED = Network.enter()
    sys.exit(unittest.main())
