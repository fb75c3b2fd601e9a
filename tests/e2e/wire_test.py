#!/usr/bin/python3
"""The tests' own protocol code, against published values and itself."""
import unittest

import wire


class WireTest(unittest.TestCase):
    def test_crc32c_has_the_published_check_value(self):
        self.assertEqual(wire.crc32c(b"123456789"), 0xE3069283)

    def test_varints_have_the_published_form(self):
        for value, encoded in ((0, b"\0"), (-1, b"\1"), (1, b"\2"), (-2, b"\3"), (300, b"\xd8\4"), (-(1 << 31), b"\xff\xff\xff\xff\x0f")):
            self.assertEqual(wire.varint(value), encoded)
            self.assertEqual(wire.Reader(encoded).varint(), value)

    def test_a_batch_is_read_back(self):
        content = wire.batch([b"a", b"", b"c" * 300])
        self.assertEqual(list(wire.records_of(content)), [(0, b"a"), (1, b""), (2, b"c" * 300)])
        self.assertEqual(list(wire.records_of(content + content[:40])), [(0, b"a"), (1, b""), (2, b"c" * 300)])

    def test_a_flipped_bit_is_noticed(self):
        content = bytearray(wire.batch([b"value"]))
        content[-3] ^= 1
        with self.assertRaises(ValueError):
            list(wire.records_of(bytes(content)))

    def test_an_answer_that_ends_early_is_noticed(self):
        with self.assertRaises(ValueError):
            wire.Reader(b"\0\5abc").string()


if __name__ == "__main__":
    unittest.main()
