#!/usr/bin/python3
"""What members of a group must not do, and what becomes of groups: through the wire, so
that it can be said wrongly. Nothing here may change anything for anybody else."""
import unittest

import group_wire
import wire
from group_wire import commit, committed, enter, heartbeat, join, leave, state, sync
from node import Node, wait_until
from wire import array, int16, int32, string

MANY = 100_000


class GroupCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()
        with wire.Connection(cls.node.address) as connection:
            assert wire.create_topic(connection, "t", 4)[0] == 0
            assert group_wire.find_coordinator(connection, "any")[0] == 0

    @classmethod
    def tearDownClass(cls):
        status, log = cls.node.stop(), cls.node.log()
        cls.node.close()
        assert status == 0, f"status {status}: {log[-2000:]}"

    def setUp(self):
        self.group = self.id().rsplit(".", 1)[1]
        self.connection = self.connect()

    def connect(self):
        connection = wire.Connection(self.node.address)
        self.addCleanup(connection.close)
        return connection

    def stable(self, group=None, **options):
        """A group of one: (member id, generation)."""
        group = group or self.group
        joined = enter(self.connection, group, **options)
        self.assertEqual(joined["error"], 0)
        self.assertEqual(joined["leader"], joined["member"])
        error, assignment = sync(self.connection, group, joined["generation"], joined["member"], [(joined["member"], b"all")],
                                 options.get("instance"))
        self.assertEqual((error, assignment), (0, b"all"))
        return joined["member"], joined["generation"]

    def still_well(self, member, generation):
        self.assertEqual(heartbeat(self.connection, self.group, generation, member), 0)
        self.assertEqual(state(self.connection, self.group), (0, "Stable", [member]))


class BadGroupsTest(GroupCase):
    def test_strangers_and_stale_generations_are_refused(self):
        member, generation = self.stable()
        self.assertEqual(heartbeat(self.connection, self.group, generation, member + "x"), group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(heartbeat(self.connection, self.group, generation + 1, member), group_wire.ILLEGAL_GENERATION)
        self.assertEqual(sync(self.connection, self.group, generation - 1, member)[0], group_wire.ILLEGAL_GENERATION)
        self.assertEqual(sync(self.connection, self.group, generation, "nobody")[0], group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(leave(self.connection, self.group, "nobody"), group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(join(self.connection, self.group, "nobody")["error"], group_wire.UNKNOWN_MEMBER_ID)
        self.still_well(member, generation)

    def test_commits_of_others_change_nothing(self):
        member, generation = self.stable()
        place = ("t", 0)
        self.assertEqual(commit(self.connection, self.group, {place: 5}, generation, member), {place: 0})
        for what, options, error in (
                ("a stranger", {"generation": generation, "member": "nobody"}, group_wire.UNKNOWN_MEMBER_ID),
                ("a stale generation", {"generation": generation - 1, "member": member}, group_wire.ILLEGAL_GENERATION),
                ("no member, of a group that has some", {}, group_wire.UNKNOWN_MEMBER_ID),
                ("a long text", {"generation": generation, "member": member, "metadata": "x" * 5000},
                 group_wire.OFFSET_METADATA_TOO_LARGE)):
            with self.subTest(what=what):
                self.assertEqual(commit(self.connection, self.group, {place: 9}, **options), {place: error})
        unknown = {("never-made", 0): 1, ("t", 99): 1, ("t", -1): 1}
        self.assertEqual(set(commit(self.connection, self.group, unknown, generation, member).values()), {wire.UNKNOWN_TOPIC_OR_PARTITION})
        self.assertEqual(committed(self.connection, self.group), (0, {place: 5}))
        self.still_well(member, generation)

    def test_a_member_of_one_group_is_a_stranger_to_another(self):
        member, generation = self.stable()
        intruder, its_generation = self.stable(self.group + "-other")
        self.assertEqual(its_generation, generation)
        self.assertEqual(commit(self.connection, self.group, {("t", 0): 9}, generation, intruder), {("t", 0): group_wire.UNKNOWN_MEMBER_ID})
        self.assertEqual(heartbeat(self.connection, self.group, generation, intruder), group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(sync(self.connection, self.group, generation, intruder)[0], group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(leave(self.connection, self.group, intruder), group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(committed(self.connection, self.group), (0, {}))
        self.still_well(member, generation)

    def test_an_offset_may_be_forgotten_by_a_negative_one(self):
        member, generation = self.stable()
        for offset in (1000, -2, -1, -2**63, 2**63 - 1):
            self.assertEqual(commit(self.connection, self.group, {("t", 0): offset}, generation, member), {("t", 0): 0})
            self.assertEqual(committed(self.connection, self.group), (0, {("t", 0): offset}))
        self.still_well(member, generation)

    def test_what_a_group_may_be_called(self):
        for name in ("", "x" * 256, "nul\0inside"):
            with self.subTest(name=name):
                self.assertEqual(join(self.connection, name)["error"], group_wire.INVALID_GROUP_ID)
                self.assertEqual(group_wire.find_coordinator(self.connection, name)[0], group_wire.INVALID_GROUP_ID)
                self.assertEqual(commit(self.connection, name, {("t", 0): 1}), {("t", 0): group_wire.INVALID_GROUP_ID})
        longest = "x" * 255
        self.assertEqual(commit(self.connection, longest, {("t", 0): 1}), {("t", 0): 0})
        self.assertEqual(committed(self.connection, longest), (0, {("t", 0): 1}))

    def test_time_outs_and_protocols_are_checked(self):
        for session_ms in (-1, 0, 999, 1800001, 2**31 - 1):
            with self.subTest(session_ms=session_ms):
                self.assertEqual(join(self.connection, self.group, session_ms=session_ms)["error"], group_wire.INVALID_SESSION_TIMEOUT)
        self.assertEqual(enter(self.connection, self.group, protocols=[])["error"], group_wire.INCONSISTENT_GROUP_PROTOCOL)
        self.assertEqual(state(self.connection, self.group), (0, "Dead", []))
        member, generation = self.stable()
        other = self.connect()
        self.assertEqual(enter(other, self.group, kind="connect")["error"], group_wire.INCONSISTENT_GROUP_PROTOCOL)
        self.assertEqual(enter(other, self.group, protocols=[("other", b"")])["error"], group_wire.INCONSISTENT_GROUP_PROTOCOL)
        self.still_well(member, generation)

    def test_a_member_list_of_100_000(self):
        member, generation = self.stable(session_ms=300_000)
        strangers = [(f"member-{i}", b"") for i in range(MANY)]
        self.assertEqual(sync(self.connect(), self.group, generation, member, strangers), (0, b"all"))  # long assigned
        many = string(self.group) + array([string(name) + string(None) for name, _ in strangers])
        reader = self.connect().call(group_wire.LEAVE_GROUP, 3, many)
        self.assertEqual((reader.int32(), reader.int16()), (0, 0))
        left = reader.array(lambda: (reader.string(), reader.string(), reader.int16()))
        self.assertEqual([name for name, _, _ in left], [name for name, _ in strangers])
        self.assertEqual({error for _, _, error in left}, {group_wire.UNKNOWN_MEMBER_ID})
        protocols = [(f"protocol-{i}", b"") for i in range(MANY)]
        self.assertEqual(enter(self.connect(), self.group, protocols=protocols)["error"], wire.INVALID_REQUEST)
        self.still_well(member, generation)

    def test_100_000_groups_that_never_were_leave_nothing_behind(self):
        member, generation = self.stable(session_ms=300_000)
        before = self.node.memory("RssAnon")
        for number in range(3):
            names = [f"{self.group}-{number}-{i}" for i in range(MANY)]
            self.assertEqual(set(group_wire.states(self.connection, names).values()), {"Dead"})
            self.assertEqual(set(group_wire.delete_groups(self.connection, *names).values()), {group_wire.GROUP_ID_NOT_FOUND})
        self.assertLess(self.node.memory("RssAnon") - before, 64 << 20)
        self.still_well(member, generation)

    def test_a_group_that_is_not_there_is_an_error_from_version_6_on(self):
        names = wire.compact_array([wire.compact_string(self.group)]) + wire.int8(0) + wire.NO_TAGS
        for version, error, sentence in ((5, 0, None), (6, group_wire.GROUP_ID_NOT_FOUND, f'There is no group "{self.group}".')):
            reader = self.connection.call(group_wire.DESCRIBE_GROUPS, version, wire.NO_TAGS + names)
            reader.tags(), reader.int32(), reader.uvarint()
            self.assertEqual(reader.int16(), error)
            if version >= 6:
                self.assertEqual(reader.compact_string(), sentence)
            self.assertEqual((reader.compact_string(), reader.compact_string()), (self.group, "Dead"))

    def test_what_is_named_twice_is_answered_once(self):
        member, generation = self.stable()
        answers = group_wire.described(self.connection, [self.group, self.group, "nul\0inside", self.group])
        self.assertEqual([error for error, _, _, _ in answers], [0, wire.INVALID_REQUEST, group_wire.INVALID_GROUP_ID, wire.INVALID_REQUEST])
        self.assertEqual(answers[0][2:], ("Stable", [member]))
        text = "m" * 4000
        self.assertEqual(commit(self.connection, self.group, {("t", 0): 5}, generation, member, text), {("t", 0): 0})
        # A quarter of a gigabyte, if each were answered.
        answer = self.connection.call(group_wire.OFFSET_FETCH, 5, string(self.group) + array([string("t") + array([int32(0)] * 70_000)]))
        self.assertLess(len(answer.content), 5000)
        self.still_well(member, generation)

    def test_lengths_that_lie(self):
        member, generation = self.stable()
        for what, body in (
                ("a count of members", string(self.group) + int32(generation) + string(member) + string(None) + int32(2**31 - 1)),
                ("a negative count", string(self.group) + int32(generation) + string(member) + string(None) + int32(-7)),
                ("a length of bytes", string(self.group) + int32(generation) + string(member) + string(None) + int32(1) + string("m") + int32(2**31 - 1)),
                ("no member id", string(self.group) + int32(generation) + int16(-1) + string(None) + int32(0)),
                ("an end in the middle", string(self.group) + int16(0))):
            with self.subTest(what=what):
                liar = self.connect()
                liar.send(group_wire.SYNC_GROUP, 3, body)
                self.assertTrue(liar.closed_by_peer())
        self.still_well(member, generation)

    def test_a_static_member_is_fenced_by_its_successor(self):
        first, generation = self.stable(instance="one")
        second = join(self.connect(), self.group, instance="one")
        self.assertEqual(second["error"], 0)
        self.assertNotEqual(second["member"], first)
        self.assertEqual(heartbeat(self.connection, self.group, generation, first, "one"), group_wire.FENCED_INSTANCE_ID)
        self.assertEqual(second["generation"], generation)  # no rebalance: KIP-345
        self.assertEqual(heartbeat(self.connection, self.group, generation, second["member"], "one"), 0)

    def test_a_member_that_falls_silent_is_removed(self):
        member, generation = self.stable(session_ms=1000)
        wait_until(lambda: state(self.connection, self.group)[1] == "Empty", 10, "the group is empty")
        self.assertEqual(heartbeat(self.connection, self.group, generation, member), group_wire.UNKNOWN_MEMBER_ID)

    def test_only_ids_that_were_given_out_may_join(self):
        given = join(self.connection, self.group)
        self.assertEqual(given["error"], group_wire.MEMBER_ID_REQUIRED)
        self.assertEqual(join(self.connection, self.group, given["member"] + "x")["error"], group_wire.UNKNOWN_MEMBER_ID)
        self.assertEqual(join(self.connection, self.group, given["member"])["error"], 0)

    def test_groups_are_deleted_only_when_empty(self):
        member, _ = self.stable()
        self.assertEqual(commit(self.connection, self.group + "-simple", {("t", 1): 7}), {("t", 1): 0})
        self.assertEqual(group_wire.listed(self.connection)[self.group], "consumer")
        self.assertEqual(group_wire.listed(self.connection)[self.group + "-simple"], "")
        self.assertEqual(group_wire.delete_groups(self.connection, self.group, self.group + "-simple", "never-made"),
                         {self.group: group_wire.NON_EMPTY_GROUP, self.group + "-simple": 0, "never-made": group_wire.GROUP_ID_NOT_FOUND})
        self.assertEqual(committed(self.connection, self.group + "-simple"), (0, {}))
        self.assertNotIn(self.group + "-simple", group_wire.listed(self.connection))
        self.assertEqual(leave(self.connection, self.group, member), 0)
        self.assertEqual(group_wire.delete_groups(self.connection, self.group), {self.group: 0})
        self.assertEqual(state(self.connection, self.group), (0, "Dead", []))

    def test_offsets_are_deleted_one_by_one(self):
        metadata = group_wire.subscription("t")
        member, generation = self.stable(protocols=[("range", metadata)])
        self.assertEqual(commit(self.connection, self.group, {("t", 0): 1}, generation, member), {("t", 0): 0})
        self.assertEqual(group_wire.delete_offsets(self.connection, self.group, "t"), (0, group_wire.GROUP_SUBSCRIBED_TO_TOPIC))
        self.assertEqual(leave(self.connection, self.group, member), 0)
        self.assertEqual(group_wire.delete_offsets(self.connection, self.group, "t"), (0, 0))
        self.assertEqual(committed(self.connection, self.group), (0, {}))
        self.assertEqual(group_wire.delete_offsets(self.connection, "never-made", "t")[0], group_wire.GROUP_ID_NOT_FOUND)

    def test_a_deleted_topic_takes_its_offsets_along(self):
        for topic in ("short-lived", "stays"):
            self.assertEqual(wire.create_topic(self.connection, topic)[0], 0)
            self.assertEqual(commit(self.connection, self.group, {(topic, 0): 3}), {(topic, 0): 0})
        self.assertEqual(wire.delete_topic(self.connection, "short-lived"), 0)
        wait_until(lambda: committed(self.connection, self.group) == (0, {("stays", 0): 3}), 10, "the offset is gone")
        self.assertEqual(wire.create_topic(self.connection, "short-lived")[0], 0)
        self.assertEqual(committed(self.connection, self.group, [("short-lived", 0)]), (0, {("short-lived", 0): -1}))

    def test_nobody_writes_to_the_offsets_but_the_node(self):
        for topic in ("__consumer_offsets",):
            error = wire.produce(self.connection, topic, wire.batch([b"x"]))[0]
            self.assertEqual(error, wire.INVALID_TOPIC)
            self.assertEqual(wire.delete_topic(self.connection, topic), wire.INVALID_TOPIC)
            self.assertEqual(wire.create_topic(self.connection, topic)[0], wire.INVALID_TOPIC)


class RestartTest(unittest.TestCase):
    def test_a_group_outlives_a_crash(self):
        with Node() as node:
            with wire.Connection(node.address) as connection:
                self.assertEqual(wire.create_topic(connection, "t", 2)[0], 0)
                self.assertEqual(group_wire.find_coordinator(connection, "g")[0], 0)
                joined = enter(connection, "g")
                self.assertEqual(sync(connection, "g", joined["generation"], joined["member"], [(joined["member"], b"mine")]), (0, b"mine"))
                for offset in range(50):
                    self.assertEqual(commit(connection, "g", {("t", 0): offset}, joined["generation"], joined["member"]), {("t", 0): 0})
            node.kill()
            node.start()
            with wire.Connection(node.address) as connection:
                self.assertEqual(heartbeat(connection, "g", joined["generation"], joined["member"]), 0)
                self.assertEqual(committed(connection, "g"), (0, {("t", 0): 49}))
                self.assertEqual(state(connection, "g"), (0, "Stable", [joined["member"]]))
                self.assertEqual(sync(connection, "g", joined["generation"], joined["member"]), (0, b"mine"))

    def test_many_groups_outlive_a_crash(self):
        with Node() as node:
            wanted = {f"group-{i}": i for i in range(300)}
            with wire.Connection(node.address) as connection:
                self.assertEqual(wire.create_topic(connection, "t")[0], 0)
                self.assertEqual(group_wire.find_coordinator(connection, "g")[0], 0)
                for group, offset in wanted.items():
                    self.assertEqual(commit(connection, group, {("t", 0): offset}), {("t", 0): 0})
            for end in (node.kill, node.stop):
                end()
                node.start()
                with wire.Connection(node.address) as connection:
                    self.assertEqual(set(group_wire.listed(connection)), set(wanted))
                    for group, offset in wanted.items():
                        self.assertEqual(committed(connection, group), (0, {("t", 0): offset}))


if __name__ == "__main__":
    unittest.main()
