#!/usr/bin/python3
"""Measures what consumer groups and idle connections cost a node: rows of README.md.

  groups.py [--data DIR] [--rounds 3] [ROW ...]      CALLBOARD_BUILD names the build

CPU is that of the node's process alone, all its threads, as the kernel counts it: what else
runs on the machine changes it little. Every figure is a median over the rounds.
"""
import argparse
import os
import resource
import selectors
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import group_wire  # noqa: E402
import wire  # noqa: E402
from node import Node  # noqa: E402

SESSION_MS = 20 * 60 * 1000
KIB = 1024


def show(row, measured, target, holds):
    print(f"{row:12s} {'holds' if holds else 'FALLS SHORT':12s} {measured}   [to reach: {target}]", flush=True)


def cpu_seconds(node):
    with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as file:
        parts = file.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


class Member:
    """One consumer on a connection of its own. Each step is sent to all members before any
    answer is read, as many clients would."""

    def __init__(self, node, group):
        self.connection, self.group = wire.Connection(node.address, 120), group
        self.id, self.generation, self.leader, self.members = "", -1, False, []

    def send_join(self):
        # A subscription that changes each time: the same again would not be a rebalance.
        protocols = [("range", group_wire.subscription("t", f"round-{self.generation}"))]
        body = group_wire.join_body(self.group, self.id, session_ms=SESSION_MS, rebalance_ms=SESSION_MS, protocols=protocols)
        self.connection.send(group_wire.JOIN_GROUP, 5, body)

    def read_join(self):
        """True once it is in; else it was told its id and must come again (KIP-394)."""
        answer = group_wire.read_join(self.connection.receive()[1])
        self.id = answer["member"]
        if answer["error"] == group_wire.MEMBER_ID_REQUIRED:
            return False
        assert answer["error"] == 0, answer
        self.generation, self.leader = answer["generation"], answer["leader"] == self.id
        self.members = [member for member, _, _ in answer["members"]]
        return True

    def send_sync(self):
        given = [(member, b"a" * 100) for member in self.members] if self.leader else []
        self.connection.send(group_wire.SYNC_GROUP, 3, group_wire.sync_body(self.group, self.generation, self.id, given))

    def read_sync(self):
        reader = self.connection.receive()[1]
        reader.int32()
        error, assignment = reader.int16(), reader.data()
        assert (error, assignment) == (0, b"a" * 100), error

    def heartbeat_frame(self):
        body = wire.string(self.group) + wire.int32(self.generation) + wire.string(self.id) + wire.string(None)
        return wire.frame(group_wire.HEARTBEAT, 3, body)

    def close(self):
        self.connection.close()


def ask_for_ids(members):
    for member in members:
        member.send_join()
    for member in members:
        assert not member.read_join()


def rebalance(members):
    """From the last join to the last assignment, in seconds."""
    for member in members:
        member.send_join()
    began = time.monotonic()
    for member in members:
        assert member.read_join()
    for member in members:
        member.send_sync()
    for member in members:
        member.read_sync()
    return time.monotonic() - began


def coordinators(node):
    with wire.Connection(node.address, 60) as connection:
        assert wire.create_topic(connection, "t", 100)[0] == 0
        while group_wire.find_coordinator(connection, "any")[0] != 0:
            pass


def form(node, groups):
    """Three members for each group, all in and assigned."""
    members = []
    for first in range(0, groups, 50):
        some = [Member(node, f"group-{n}") for n in range(first, min(first + 50, groups)) for _ in range(3)]
        ask_for_ids(some)
        rebalance(some)
        members += some
    return members


def beat(members, at_once):
    """One heartbeat of each member, so many under way at a time."""
    frames = [member.heartbeat_frame() for member in members]
    for first in range(0, len(members), at_once):
        some = members[first:first + at_once]
        for member, frame in zip(some, frames[first:]):
            member.connection.write(frame)
        for member in some:
            reader = member.connection.receive()[1]
            reader.int32()
            assert reader.int16() == 0


def row_heartbeat(rounds):
    with Node() as node:
        coordinators(node)
        members = form(node, 1000)
        costs = {1: [], 64: []}
        for _ in range(rounds):
            for at_once, cost in costs.items():
                before = cpu_seconds(node)
                for _ in range(3):
                    beat(members, at_once)
                cost.append((cpu_seconds(node) - before) / (3 * len(members)) * 1e6)
        alone, together = (statistics.median(costs[n]) for n in (1, 64))
        for member in members:
            member.close()
    show("heartbeat", f"{alone:.1f} us of CPU one at a time, {together:.1f} us with 64 under way, 1,000 groups of 3 on 3,000 connections",
         "20 us", max(alone, together) < 20)


def row_rebalance(rounds):
    fresh, again = [], []
    with Node() as node:
        coordinators(node)
        for n in range(rounds):
            members = [Member(node, f"large-{n}") for _ in range(100)]
            ask_for_ids(members)
            fresh.append(rebalance(members))
            again.append(rebalance(members))
            for member in members:
                member.close()
    slowest = max(fresh + again)
    show("rebalance", f"100 members: {statistics.median(fresh) * 1e3:.0f} ms after the last join of a new group (250 ms of it the wait for "
         f"more), {statistics.median(again) * 1e3:.0f} ms of one that is there; slowest {slowest * 1e3:.0f} ms", "1 s", slowest < 1)


def commit_all(node, clients, commits, under_way):
    """Each client commits for a group of its own, one partition a request."""
    frames, sockets = [], []
    for n in range(clients):
        topic = wire.string("t") + wire.array([wire.int32(n) + wire.int64(7) + wire.int32(-1) + wire.string("")])
        body = wire.string(f"committer-{n}") + wire.int32(-1) + wire.string("") + wire.string(None) + wire.array([topic])
        frames.append(wire.frame(group_wire.OFFSET_COMMIT, 7, body))
        connection = wire.Connection(node.address, 60)
        group_wire.commit(connection, f"committer-{n}", {("t", n): 1})  # the group is there
        sockets.append(connection)
    answer_bytes = 4 + 4 + 4 + 4 + 2 + 1 + 4 + 4 + 2  # size, correlation, throttle, topic "t", partition, error
    before, began = cpu_seconds(node), time.monotonic()
    sent, answered = [0] * clients, [0] * clients
    with selectors.DefaultSelector() as selector:
        for n, connection in enumerate(sockets):
            connection.write(frames[n] * under_way)
            sent[n] = under_way
            selector.register(connection.socket, selectors.EVENT_READ, n)
        buffers = [b""] * clients
        while sum(answered) < clients * commits:
            for key, _ in selector.select(30):
                n = key.data
                buffers[n] += sockets[n].socket.recv(1 << 16)
                count = len(buffers[n]) // answer_bytes
                for at in range(count):
                    assert buffers[n][(at + 1) * answer_bytes - 2:(at + 1) * answer_bytes] == b"\0\0"
                buffers[n] = buffers[n][count * answer_bytes:]
                answered[n] += count
                more = min(count, commits - sent[n])
                if more > 0:
                    sockets[n].write(frames[n] * more)
                    sent[n] += more
    seconds, cpu = time.monotonic() - began, cpu_seconds(node) - before
    for connection in sockets:
        connection.close()
    return clients * commits / seconds, cpu / (clients * commits) * 1e6


def row_commits(rounds):
    with Node() as node:
        coordinators(node)
        runs = [commit_all(node, clients=32, commits=2000, under_way=32) for _ in range(rounds)]
    rate, cost = (statistics.median(values) for values in zip(*runs))
    show("commits", f"{rate:.0f}/s durable, 32 groups with 32 requests of one partition under way each, {cost:.1f} us of CPU a commit",
         "10,000/s", rate >= 10000)


def row_connections(_rounds):
    count = 10_000
    with Node("[connections]\nconnections_max = 11000\n") as node:
        with wire.Connection(node.address) as connection:  # what the first one brings in stays
            wire.api_versions(connection)
        before = {name: node.memory(name) for name in ("VmRSS", "RssAnon")}
        request = wire.frame(wire.API_VERSIONS, 0)
        host, port = node.address.rsplit(":", 1)
        held = []
        for n in range(count):
            s = socket.create_connection((host, int(port)), 30, source_address=(f"127.0.0.{2 + n % 4}", 0))
            s.sendall(request)
            held.append(s)
            if n % 100 == 99:
                for s in held[-100:]:
                    assert s.recv(4096)
        grown = {name: (node.memory(name) - bytes_before) / count / KIB for name, bytes_before in before.items()}
        cpu, began = cpu_seconds(node), time.monotonic()
        time.sleep(5)  # what idleness costs, not a wait for something
        idle = (cpu_seconds(node) - cpu) / (time.monotonic() - began) * 100
        for s in held:
            s.close()
    show("connections", f"{grown['VmRSS']:.1f} KiB of RSS a connection ({grown['RssAnon']:.1f} anonymous), 10,000 idle; they take {idle:.1f} % CPU",
         "40 KiB", grown["VmRSS"] < 40)


ROWS = {"heartbeat": row_heartbeat, "rebalance": row_rebalance, "commits": row_commits, "connections": row_connections}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="where the nodes keep their data; the default is the temporary directory")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[*ROWS, []])
    args = parser.parse_args()
    if args.data:
        tempfile.tempdir = args.data
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for name in args.rows or ROWS:
        ROWS[name](args.rounds)


if __name__ == "__main__":
    sys.exit(main())
