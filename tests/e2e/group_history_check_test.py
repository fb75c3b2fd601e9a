#!/usr/bin/python3
"""Each checker of groups catches the history that it is there for, and a good one passes."""
import os
import tempfile
import unittest

import group_history
import history_test
from history_test import ack, send


def own(generation, *partitions, owner="a", consumer=None):
    return {"event": "own", "consumer": consumer or owner, "owner": owner, "generation": generation, "partitions": list(partitions)}


def seek(consumer="a", partition=0):
    return {"event": "seek", "consumer": consumer, "partition": partition}


def poll(*records, consumer="a", partition=0):
    return history_test.poll(*records, consumer=consumer, partition=partition)


def commit(offset, consumer="a", partition=0):
    return {"event": "commit", "consumer": consumer, "offsets": [[partition, offset]]}


def told(offset, partition=0):
    return {"event": "told", "partition": partition, "offset": offset}


def committed(offset, partition=0):
    return {"event": "committed", "partition": partition, "offset": offset}


SENT = [send("x"), send("y"), send("z"), ack("x", 0), ack("y", 1), ack("z", 2)]
FIRST = [*SENT, own(1, 0), seek(), poll((0, "x"), (1, "y")), commit(2), committed(2)]
SECOND = [own(2, 0, owner="b"), seek("b"), poll((2, "z"), consumer="b"), commit(3, "b"), committed(3)]
GOOD = FIRST + SECOND


class GroupHistoryTest(unittest.TestCase):
    def assert_found(self, events, *names):
        found = group_history.check(events)
        self.assertEqual(sorted(found), sorted(names), found)

    def test_a_good_history_passes(self):
        self.assert_found(GOOD)

    def test_records_without_a_commit_come_again(self):
        self.assert_found([*FIRST, own(2, 0, owner="b"), seek("b"), poll((1, "y"), (2, "z"), consumer="b"), commit(3, "b"), committed(3)])

    def test_a_record_is_never_delivered(self):
        self.assert_found(FIRST, "unseen")

    def test_two_members_own_a_partition(self):
        self.assert_found([*GOOD, own(2, 0, 1, owner="c")], "two owners")

    def test_a_partition_moves_with_the_generation(self):
        self.assert_found([*GOOD, own(3, 0, owner="c")])

    def test_a_static_member_is_replaced_within_its_generation(self):
        self.assert_found([*GOOD, own(3, 0, owner="i", consumer="c"), own(3, 0, owner="i", consumer="d")])

    def test_a_member_is_thrown_out_while_it_is_told(self):
        self.assert_found([*GOOD, own(-1, 0, owner="c"), own(-1, 0, owner="d")])

    def test_a_committed_offset_goes_back(self):
        self.assert_found([*GOOD, committed(2)], "committed offset went back")

    def test_an_acknowledged_commit_is_lost(self):
        self.assert_found([*FIRST[:-1], committed(1), *SECOND], "committed offset went back")

    def test_a_commit_without_an_answer_may_be_there_or_not(self):
        self.assert_found([*FIRST[:-2], committed(2), *SECOND])

    def test_a_commit_goes_past_what_was_delivered(self):
        self.assert_found([*FIRST[:-2], commit(3), committed(3), *SECOND], "commit past a record")

    def test_the_watcher_sees_a_commit_past_what_was_delivered(self):
        self.assert_found([*FIRST, told(3), *SECOND], "commit past a record")

    def test_a_commit_may_come_between_the_watchers_question_and_its_answer(self):
        self.assert_found([*FIRST, committed(3), *SECOND[:-1], told(3)])

    def test_a_member_begins_behind_what_was_delivered(self):
        events = [*SENT, own(1, 0), seek(), poll((1, "y"), (2, "z"))]
        self.assert_found([*events, own(2, 0, owner="b"), seek("b"), poll((0, "x"), (1, "y"), (2, "z"), consumer="b")], "start past a record")

    def test_a_member_skips_a_record(self):
        self.assert_found([*SENT, own(1, 0), seek(), poll((0, "x"), (2, "z")), own(2, 0, owner="b"), seek("b"), poll((1, "y"), consumer="b")], "poll skip")

    def test_a_member_reads_again_by_itself(self):
        self.assert_found([*GOOD, poll((2, "z"), consumer="b")], "non-monotonic poll")

    def test_the_line_that_a_kill_cut_is_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "journal")
            with open(path, "w", encoding="utf-8") as file:
                file.write('{"at": 1, "event": "left"}\n{"at": 2, "ev')
            self.assertEqual([event["at"] for event in group_history.load(path)], [1])


if __name__ == "__main__":
    unittest.main()
