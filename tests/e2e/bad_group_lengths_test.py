#!/usr/bin/python3
"""Every length and count in every group request, in the plain and in the compact form, as
none, 0, its maximum and below zero: an answer or the end of that connection, and nobody
else notices. So too for versions that do not exist."""
import struct
import unittest

import group_wire
import wire
from bad_groups_test import GroupCase
from wire import int8, int16, int32, int64

TAGS = object()  # where the compact form has tagged fields


class Length:
    """What it counts; how wide it is in the plain form."""

    def __init__(self, width, value, parts):
        self.width, self.value, self.parts = width, value, parts


def text(content):
    return Length(2, -1 if content is None else len(content.encode()), [(content or "").encode()])


def blob(content):
    return Length(4, len(content), [content])


def several(*items):
    return Length(4, len(items), list(items))


class Body:
    """A body whose length number `wrong` has another value than it should."""

    def __init__(self, parts, compact, wrong=None, value=None):
        self.compact, self.wrong, self.value = compact, wrong, value
        self.widths = []  # of the lengths so far
        self.content = self._of(parts) + (wire.NO_TAGS if compact else b"")

    def _of(self, parts):
        return b"".join(self._of_one(part) for part in parts)

    def _of_one(self, part):
        if part is TAGS:
            return wire.NO_TAGS if self.compact else b""
        if isinstance(part, Length):
            return self._length(part) + self._of(part.parts)
        return self._of(part) if isinstance(part, (list, tuple)) else part

    def _length(self, part):
        value = self.value if self.wrong == len(self.widths) else part.value
        self.widths.append(part.width)
        if self.compact:
            return wire.uvarint(value + 1)
        return struct.pack(">h" if part.width == 2 else ">i", value)


def wrong_values(width, compact):
    if compact:
        return (-1, 0, 2**31 - 1, 2**32 - 2, 2**35)  # the last is more than 32 bits
    top = 2**(8 * width - 1)
    return (-1, 0, top - 1, -top)


def requests(group, topic):
    """(api, version, compact, parts), all by someone who is not in the group."""
    nobody, place = text("nobody"), (int32(0), int64(9), int32(-1), text("m"), TAGS)
    session = int32(10000) * 2
    protocols = several((text("range"), blob(b"metadata"), TAGS))
    assignments = several((text("nobody"), blob(b"mine"), TAGS))
    topics = several((text(topic), several(int32(0)), TAGS))
    yield group_wire.JOIN_GROUP, 5, False, [text(group), session, nobody, text("i"), text("consumer"), protocols]
    yield group_wire.JOIN_GROUP, 9, True, [text(group), session, nobody, text("i"), text("consumer"), protocols, text("why")]
    yield group_wire.SYNC_GROUP, 3, False, [text(group), int32(1), nobody, text("i"), assignments]
    yield group_wire.SYNC_GROUP, 5, True, [text(group), int32(1), nobody, text("i"), text("consumer"), text("range"), assignments]
    for version, compact in ((3, False), (4, True)):
        yield group_wire.HEARTBEAT, version, compact, [text(group), int32(1), nobody, text("i")]
    yield group_wire.LEAVE_GROUP, 3, False, [text(group), several((nobody, text("i")))]
    yield group_wire.LEAVE_GROUP, 5, True, [text(group), several((nobody, text("i"), text("why"), TAGS))]
    for version, compact in ((7, False), (9, True)):
        yield group_wire.OFFSET_COMMIT, version, compact, [text(group), int32(1), nobody, text("i"), several((text(topic), several(place), TAGS))]
    yield group_wire.OFFSET_FETCH, 5, False, [text(group), topics]
    yield group_wire.OFFSET_FETCH, 9, True, [several((text(group), nobody, int32(-1), topics, TAGS)), int8(0)]
    yield group_wire.FIND_COORDINATOR, 1, False, [text(group), int8(0)]
    yield group_wire.FIND_COORDINATOR, 6, True, [int8(0), several(text(group))]
    for version, compact in ((4, False), (6, True)):
        yield group_wire.DESCRIBE_GROUPS, version, compact, [several(text(group)), int8(0)]
    yield group_wire.LIST_GROUPS, 5, True, [several(text("Stable")), several(text("classic"))]
    for version, compact in ((1, False), (2, True)):
        yield group_wire.DELETE_GROUPS, version, compact, [several(text(group + "-absent"))]
    yield group_wire.OFFSET_DELETE, 0, False, [text(group), topics]


class LengthsTest(GroupCase):
    def ask(self, api, version, content):
        """The answer, or None if the node closed the connection."""
        with wire.Connection(self.node.address, 20) as connection:
            connection.send(api, version, content)
            try:
                return connection.receive()[1]
            except (wire.Closed, ConnectionResetError):
                return None

    def test_every_length(self):
        member, generation = self.stable(session_ms=300_000)
        self.assertEqual(group_wire.commit(self.connection, self.group, {("t", 0): 5}, generation, member), {("t", 0): 0})
        for api, version, compact, parts in requests(self.group, "t"):
            with self.subTest(api=api, version=version):
                header = wire.NO_TAGS if compact else b""
                good = Body(parts, compact)
                self.assertIsNotNone(self.ask(api, version, header + good.content), "the request as it should be")
                for number, width in enumerate(good.widths):
                    for value in wrong_values(width, compact):
                        self.ask(api, version, header + Body(parts, compact, number, value).content)
                    self.still_well(member, generation)
                self.assertEqual(group_wire.committed(self.connection, self.group), (0, {("t", 0): 5}))

    def test_versions_and_apis_that_do_not_exist(self):
        member, generation = self.stable(session_ms=300_000)
        served = wire.api_versions(self.connection)[1]
        for api in range(group_wire.OFFSET_COMMIT, group_wire.LIST_GROUPS + 1):
            for version in (served[api][1] + 1, 2**15 - 1, -1, -2**15):
                with self.subTest(api=api, version=version):
                    self.assertIsNone(self.ask(api, version, wire.string(self.group) + int32(generation) + wire.string(member)))
        for api in (-1, -2**15, 17 + 1000, 2**15 - 1):
            with self.subTest(api=api):
                self.assertIsNone(self.ask(api, 0, int16(0)))
        self.still_well(member, generation)


if __name__ == "__main__":
    unittest.main()
