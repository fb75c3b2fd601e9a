#!/usr/bin/python3
"""Bytes that are no request, on every protocol of the port: that connection ends, or is
told what is wrong in its protocol; memory stays, and everyone else goes on."""
import random
import socket
import struct
import unittest

import wire
from node import Node

MIB = 1 << 20
CONFIG = "[connections]\nsniff_timeout_ms = 1000\n"


class BadFramesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node(CONFIG).start()
        with wire.Connection(cls.node.address) as connection:
            assert wire.create_topic(connection, "good")[0] == 0
        cls.bystander = wire.Connection(cls.node.address)
        assert wire.produce(cls.bystander, "good", wire.batch([b"x"]))[0] == 0
        cls.anonymous = cls.node.memory("RssAnon")

    @classmethod
    def tearDownClass(cls):
        cls.bystander.close()
        status = cls.node.stop()
        log = cls.node.log()
        cls.node.close()
        assert status == 0, log

    def tearDown(self):
        """After each test: alive, serving old and new connections, no memory taken."""
        self.assertTrue(self.node.alive(), self.node.log())
        self.assertEqual(wire.produce(self.bystander, "good", wire.batch([b"x"]))[0], 0)
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.api_versions(connection)[0], 0)
        self.assertLess(self.node.memory("RssAnon") - self.anonymous, 32 * MIB)

    def connect(self):
        connection = wire.Connection(self.node.address, 5)
        self.addCleanup(connection.close)
        return connection

    def kafka(self):
        """A connection that is known to speak Kafka."""
        connection = self.connect()
        self.assertEqual(wire.api_versions(connection)[0], 0)
        return connection

    def assert_closed(self, content, connection=None):
        connection = connection or self.connect()
        try:
            connection.write(content)
        except OSError:
            return
        self.assertTrue(connection.closed_by_peer(), f"still open after {content[:24]!r}")

    # ---- Kafka

    def test_kafka_lengths_that_no_frame_has(self):
        for length in (0x7FFFFFFF, 0x16000000, -1, -0x80000000, 0, 3):
            self.assert_closed(wire.int32(length) + b"\0\x12\0\0\0\0\0\1\xff\xff", self.kafka())

    def test_kafka_a_first_frame_too_long_for_the_port(self):
        for length in (0x7FFFFFFF, 0x15FFFFFF, -1):
            self.assert_closed(wire.int32(length) + b"\0\x12\0\0" + b"x" * 100)

    def test_kafka_a_frame_cut_off_by_its_sender(self):
        for cut in (1, 3, 4, 7, 8, 13):
            connection = self.connect()
            connection.write(wire.frame(wire.METADATA, 4, wire.array(None) + wire.int8(0))[:cut])
            connection.close()

    def test_kafka_headers_that_are_none(self):
        for header in (wire.int16(9999) + wire.int16(0), wire.int16(-1) + wire.int16(0), wire.int16(wire.METADATA) + wire.int16(99),
                       wire.int16(wire.METADATA) + wire.int16(-1), wire.int16(wire.PRODUCE) + wire.int16(32767)):
            content = header + wire.int32(1) + wire.string("x")
            self.assert_closed(wire.int32(len(content)) + content, self.kafka())

    def test_kafka_counts_and_lengths_inside_a_frame(self):
        for api, version, body in (
            (wire.METADATA, 4, wire.int32(0x7FFFFFFF)), (wire.METADATA, 4, wire.int32(-2)), (wire.METADATA, 4, b""),
            (wire.METADATA, 4, wire.int32(1) + wire.int16(0x7FFF)), (wire.METADATA, 4, wire.int32(1) + wire.int16(-5)),
            (wire.METADATA, 4, wire.array([wire.string("t")]) + wire.int8(0) + b"left over"),
            (wire.METADATA, 9, b"\xff\xff\xff\xff\x0f" + b"x" * 8), (wire.METADATA, 9, b"\xff" * 20),
            (wire.METADATA, 9, b"\1\0\0\0\xff\xff\xff\xff\x0f"),
            (wire.PRODUCE, 7, wire.string(None) + wire.int16(1) + wire.int32(1) + wire.int32(0x7FFFFFFF)),
            (wire.PRODUCE, 7, wire.string(None) + wire.int16(1) + wire.int32(1) + wire.array(
                [wire.string("good") + wire.array([wire.int32(0) + wire.int32(0x7FFFFFFF)])])),
            (wire.FETCH, 4, wire.int32(-1) + wire.int32(1) + wire.int32(1) + wire.int32(1) + wire.int8(0) + wire.int32(0x10000000)),
            (wire.LIST_OFFSETS, 1, wire.int32(-1) + wire.int32(0x7FFFFFFF)),
            (wire.CREATE_TOPICS, 2, wire.int32(1) + wire.string("x") + wire.int32(1) + wire.int16(1) + wire.int32(0x7FFFFFFF)),
            (wire.INIT_PRODUCER_ID, 0, wire.int16(0x7FFF)),
        ):
            with self.subTest(api=api, body=body[:16]):
                self.assert_answered_or_closed(self.kafka(), wire.frame(api, version, body))

    def assert_answered_or_closed(self, connection, content):
        """An error answer or the end of the connection; never silence."""
        connection.write(content)
        try:
            connection.receive()
        except socket.timeout:
            self.fail(f"neither an answer nor an end: {content[:40]!r}")
        except OSError:
            pass

    def test_kafka_a_client_id_that_is_not_utf_8(self):
        content = wire.int16(wire.API_VERSIONS) + wire.int16(0) + wire.int32(7) + wire.int16(2) + b"\xff\xfe"
        self.assert_answered_or_closed(self.connect(), wire.int32(len(content)) + content)

    def test_kafka_random_changes_to_good_requests(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        source = random.Random(seed)
        good = [
            wire.frame(wire.API_VERSIONS, 0), wire.frame(wire.METADATA, 4, wire.array([wire.string("good")]) + wire.int8(0)),
            wire.frame(wire.PRODUCE, 7, wire.produce_body("good", wire.batch([b"a", b"b"]))),
            wire.frame(wire.FETCH, 4, wire.fetch_body("good", 0)),
            wire.frame(wire.LIST_OFFSETS, 1, wire.int32(-1) + wire.array([wire.string("good") + wire.array([wire.int32(0) + wire.int64(-1)])])),
        ]
        for _ in range(400):
            content = bytearray(source.choice(good))
            for _ in range(source.randint(1, 4)):
                content[source.randrange(4, len(content))] = source.choice((0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)))
            if source.random() < 0.2:
                content[:4] = wire.int32(max(0, len(content) - 4 + source.randint(-9, 9)))
            with wire.Connection(self.node.address, 5) as connection:
                connection.write(bytes(content))
                try:
                    connection.socket.shutdown(socket.SHUT_WR)
                except OSError:  # it was closed already
                    continue
                self.assertTrue(connection.closed_by_peer(), f"seed {seed}: half-closed connection kept open after {bytes(content)!r}")

    # ---- Cap'n Proto

    def test_capnp_segment_counts_and_sizes_beyond_reason(self):
        for words in ((0xFFFFFFFF, 1), (0x7FFFFFFF, 1), (1000, 1), (0, 0xFFFFFFFF), (0, 0x7FFFFFFF), (1, 0xFFFFFFFF, 0xFFFFFFFF, 0), (0, 0)):
            with self.subTest(words=words):
                self.assert_closed(struct.pack(f"<{len(words)}I", *words) + b"\0" * 64)

    def test_capnp_a_message_of_nonsense(self):
        source = random.Random(1)
        for _ in range(50):
            size = source.randint(1, 16)
            self.connect().write(struct.pack("<II", 0, size) + source.randbytes(size * 8))

    def test_capnp_pointers_out_of_their_segment(self):
        for pointer in (0x7FFFFFFF_FFFFFFFC, 0xFFFFFFFF_FFFFFFFD, 0x00000001_7FFFFFFE, 0xFFFFFFFF_FFFFFFFF):
            self.connect().write(struct.pack("<IIQQ", 0, 2, pointer, pointer))

    def test_capnp_a_message_cut_off(self):
        connection = self.connect()
        connection.write(struct.pack("<II", 0, 100) + b"\0" * 80)
        connection.close()

    # ---- HTTP

    def http(self, content):
        connection = self.connect()
        answer = b""
        try:
            connection.write(content)
            while part := connection.socket.recv(65536):
                answer += part
        except socket.timeout:
            self.fail(f"neither an answer nor an end: {content[:40]!r}")
        except OSError:
            pass
        return answer

    def test_http_requests_that_are_none_are_refused(self):
        for content in (
            b"GET\r\n\r\n", b"GET /livez HTTP/1.1\r\nno colon\r\n\r\n",
            b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
            b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
            b"GET /" + b"a" * MIB + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300000 + b"\r\n",
        ):
            with self.subTest(content=content[:40]):
                answer = self.http(content)
                self.assertFalse(answer.startswith(b"HTTP/1.1 2"), answer[:80])

    def test_http_headers_without_end_are_cut_off(self):
        connection = self.connect()
        with self.assertRaises(OSError):
            connection.write(b"GET / HTTP/1.1\r\nX: ")
            for _ in range(256):
                connection.write(b"a" * MIB)

    # ---- before a protocol is known

    def test_tls_and_unknown_protocols_are_closed(self):
        for content in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"\xff" * 8, b"\x80\x01\0\1\0\0\0\0", b"SSH-2.0-x\r\n", b"\0\0\0\x10\x80\x01\0\1"):
            with self.subTest(content=content):
                self.assert_closed(content + b"\0" * 56)

    def test_a_connection_that_does_not_say_what_it_speaks_is_closed(self):
        for content in (b"", b"\0", b"\0\0\0\x10\0\x12\0"):
            with self.subTest(content=content):
                self.assert_closed(content)

    def test_a_request_byte_by_byte_is_served(self):
        connection = self.connect()
        for byte in wire.frame(wire.API_VERSIONS, 0, correlation=5):
            connection.write(bytes([byte]))
        self.assertEqual(connection.receive()[0], 5)


if __name__ == "__main__":
    unittest.main()
