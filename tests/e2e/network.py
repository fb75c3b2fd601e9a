"""Network namespaces, one for each node, so that links can be cut between nodes that both
go on living, one way or both ways, while clients still reach them.

      node 1: 10.99.1.2 ----.                    .---- node 2: 10.99.2.2
                             router (this process)
      node 3: 10.99.3.2 ----'

What is cut is dropped by the router without a word, as a cable does; what is slow goes
through a token bucket, waits in its queue and is dropped when that is full. Needs root and
a kernel that permits namespaces; Network.enter() says whether.
"""
import ctypes
import os
import subprocess

from node import wait_until

CLONE_NEWNET = 0x40000000
PREFERENCE = "100"  # of the rules that cut


def ip(*args, inside=()):
    subprocess.run([*inside, "ip", *args], check=True, capture_output=True, timeout=30)


def tc(*args, inside=()):
    subprocess.run([*inside, "tc", *args], check=True, capture_output=True, timeout=30)


def namespace_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


class Bridge:
    """One local network: a namespace for each node, all at one bridge, so that multicast from
    one comes to the others. After Network.enter()."""

    def __init__(self, count):
        self.holders = {}
        ip("link", "add", "lan", "type", "bridge")
        ip("address", "add", "10.98.0.1/24", "dev", "lan")
        ip("link", "set", "lan", "up")
        for number in range(1, count + 1):
            holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"])
            self.holders[number] = holder
            wait_until(lambda pid=holder.pid: namespace_of(pid) != namespace_of("self"), 30, "the namespace is there")
            outer, inner, inside = f"lan{number}", f"port{number}", self.prefix(number)
            ip("link", "add", outer, "type", "veth", "peer", "name", inner)
            ip("link", "set", inner, "netns", str(holder.pid))
            ip("link", "set", outer, "master", "lan")
            ip("link", "set", outer, "up")
            ip("address", "add", f"{self.host(number)}/24", "dev", inner, inside=inside)
            ip("link", "set", "lo", "up", inside=inside)
            ip("link", "set", inner, "up", inside=inside)

    @staticmethod
    def host(number):
        return f"10.98.0.{number + 1}"

    def prefix(self, number):
        return ["nsenter", "--net", "--target", str(self.holders[number].pid)]

    def close(self):
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
        ip("link", "del", "lan")


class Network:
    @staticmethod
    def enter():
        """Moves this process, before it has threads, into a network of its own: the
        router. Nothing of the machine's network is touched. False: not permitted."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            return False
        try:
            ip("link", "set", "lo", "up")
            with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as forward:
                forward.write("1")
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def __init__(self, count):
        self.holders = {}  # processes that keep the namespaces; they end with this one
        self.cuts = set()  # (from, to)
        self.slow = set()  # nodes
        for number in range(1, count + 1):
            self._add(number)
        try:
            self.slow_down(1, 1000)
            self.heal()
            self.can_slow = True
        except subprocess.CalledProcessError:  # a kernel without token buckets
            self.slow.clear()
            self.can_slow = False

    def _add(self, number):
        holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"])
        self.holders[number] = holder
        wait_until(lambda: namespace_of(holder.pid) != namespace_of("self"), 30, "the namespace is there")
        outer, inner, inside = f"router{number}", f"node{number}", self.prefix(number)
        ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        ip("link", "set", inner, "netns", str(holder.pid))
        ip("address", "add", f"10.99.{number}.1/24", "dev", outer)
        ip("link", "set", outer, "up")
        ip("address", "add", f"{self.host(number)}/24", "dev", inner, inside=inside)
        ip("link", "set", "lo", "up", inside=inside)
        ip("link", "set", inner, "up", inside=inside)
        ip("route", "add", "default", "via", f"10.99.{number}.1", inside=inside)

    @staticmethod
    def host(number):
        return f"10.99.{number}.2"

    def prefix(self, number):
        """What a command begins with that runs there."""
        return ["nsenter", "--net", "--target", str(self.holders[number].pid)]

    def cut(self, source, target):
        """Nothing from one node reaches the other any more; what goes back does."""
        if (source, target) in self.cuts:
            return
        self.cuts.add((source, target))
        ip("rule", "add", "from", self.host(source), "to", self.host(target), "blackhole", "pref", PREFERENCE)

    def slow_down(self, number, kbit):
        """What comes from a node and what goes to it: so many kilobits a second each."""
        self.slow.add(number)
        bucket = ("root", "tbf", "rate", f"{kbit}kbit", "burst", "4kb", "latency", "400ms")
        tc("qdisc", "replace", "dev", f"router{number}", *bucket)
        tc("qdisc", "replace", "dev", f"node{number}", *bucket, inside=self.prefix(number))

    def heal(self):
        for source, target in self.cuts:
            ip("rule", "del", "from", self.host(source), "to", self.host(target), "blackhole", "pref", PREFERENCE)
        self.cuts.clear()
        for number in self.slow:
            tc("qdisc", "del", "dev", f"router{number}", "root")
            tc("qdisc", "del", "dev", f"node{number}", "root", inside=self.prefix(number))
        self.slow.clear()

    def close(self):
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
