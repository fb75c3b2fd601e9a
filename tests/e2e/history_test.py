#!/usr/bin/python3
"""Each checker catches the history that it is there for, and a good one passes."""
import os
import tempfile
import unittest

import history


def send(value, producer=1, partition=0):
    return {"event": "send", "producer": producer, "partition": partition, "value": value}


def ack(value, offset, producer=1, partition=0):
    return {"event": "ack", "producer": producer, "partition": partition, "value": value, "offset": offset}


def poll(*records, consumer="c", partition=0):
    return {"event": "poll", "consumer": consumer, "partition": partition, "records": [list(r) for r in records]}


def seek(offset, consumer="c", partition=0):
    return {"event": "seek", "consumer": consumer, "partition": partition, "offset": offset}


SENT = [send("a"), send("b"), send("c")]
GOOD = SENT + [ack("a", 0), ack("b", 1), ack("c", 2), poll((0, "a"), (1, "b")), poll((2, "c"))]


class HistoryTest(unittest.TestCase):
    def assert_found(self, events, *names):
        self.assertEqual(sorted(history.check(events)), sorted(names), history.check(events))

    def test_a_good_history_passes(self):
        self.assert_found(GOOD)

    def test_a_write_without_an_answer_may_be_there_or_not(self):
        self.assert_found(SENT + [ack("a", 0), poll((0, "a"), (1, "b"))])

    def test_reading_again_after_a_seek_is_no_fault(self):
        self.assert_found(GOOD + [seek(0), poll((0, "a"), (1, "b"), (2, "c"))])

    def test_two_values_at_one_offset(self):
        self.assert_found(GOOD + [send("d", producer=2), ack("d", 1, producer=2)], "inconsistent offsets", "lost write")

    def test_two_values_at_one_offset_by_two_consumers(self):
        self.assert_found(SENT + [poll((0, "a"), (1, "b")), poll((0, "a"), (1, "c"), consumer="d")], "inconsistent offsets")

    def test_one_value_at_two_offsets(self):
        self.assert_found(GOOD + [poll((3, "b"))], "duplicate")

    def test_an_acknowledged_write_below_what_was_read_is_missing(self):
        self.assert_found([*SENT, ack("a", 0), ack("b", 1), ack("c", 2), poll((0, "a")), seek(2), poll((2, "c"))], "lost write")

    def test_an_acknowledged_write_at_the_end_is_missing(self):
        self.assert_found(SENT + [ack("a", 0), ack("b", 1), ack("c", 2), poll((0, "a"), (1, "b"))], "unseen")

    def test_a_value_that_nobody_sent(self):
        self.assert_found(GOOD + [poll((3, "x"))], "never sent")

    def test_a_value_in_another_partition_than_it_was_sent_to(self):
        self.assert_found(GOOD + [poll((0, "a"), consumer="d", partition=1)], "never sent", "duplicate")

    def test_a_consumer_skips_what_is_there(self):
        self.assert_found(GOOD + [poll((0, "a"), (2, "c"), consumer="d")], "poll skip")

    def test_a_consumer_goes_back_by_itself(self):
        self.assert_found(GOOD + [poll((1, "b"))], "non-monotonic poll")

    def test_a_later_send_stands_earlier(self):
        self.assert_found(SENT + [ack("a", 1), ack("b", 0), ack("c", 2), poll((0, "b"), (1, "a"), (2, "c"))], "non-monotonic send")

    def test_a_later_send_stands_earlier_though_its_answer_was_lost(self):
        self.assert_found(SENT + [ack("a", 1), ack("c", 2), poll((0, "b"), (1, "a"), (2, "c"))], "non-monotonic send")

    def test_partitions_have_offsets_of_their_own(self):
        self.assert_found(GOOD + [send("d", partition=1), ack("d", 0, partition=1), poll((0, "d"), partition=1)])

    def test_a_history_survives_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "history.jsonl")
            recorder = history.Recorder(path)
            for event in GOOD:
                recorder.add(event["event"], **{k: v for k, v in event.items() if k != "event"})
            recorder.close()
            self.assertEqual(history.load(path), recorder.events)
            self.assert_found(history.load(path))


if __name__ == "__main__":
    unittest.main()
