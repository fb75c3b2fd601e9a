#!/usr/bin/python3
"""What orchestrators and Prometheus ask over HTTP, on the port that serves Kafka."""
import http.client
import re
import unittest

import wire
from node import Node


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()

    @classmethod
    def tearDownClass(cls):
        status = cls.node.stop()
        cls.node.close()
        assert status == 0

    def request(self, path, method="GET"):
        connection = http.client.HTTPConnection(self.node.address, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read().decode()

    def test_it_is_alive_and_ready(self):
        self.assertEqual(self.request("/livez")[0], 200)
        self.assertEqual(self.request("/readyz")[0], 200)

    def test_metrics_are_prometheus_text_and_move(self):
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.create_topic(connection, "measured")[0], 0)
            before = self.samples()
            self.assertEqual(wire.produce(connection, "measured", wire.batch([b"x"]))[0], 0)
            self.assertNotEqual(self.samples(), before)

    def samples(self):
        status, kind, text = self.request("/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(kind.startswith("text/plain"), kind)
        self.assertIn("# TYPE callboard_", text)
        found = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                sample = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)", line)
                self.assertTrue(sample, f"no sample of Prometheus's text format: {line!r}")
                found[sample[1]] = float(sample[2])
        return found

    def test_what_is_not_there_and_what_may_not_be_done(self):
        self.assertEqual(self.request("/nothing")[0], 404)
        self.assertEqual(self.request("/../../etc/passwd")[0], 404)
        self.assertIn(self.request("/livez", "DELETE")[0], (404, 405))

    def test_one_connection_serves_many_requests(self):
        connection = http.client.HTTPConnection(self.node.address, timeout=10)
        self.addCleanup(connection.close)
        for _ in range(10):
            connection.request("GET", "/livez")
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    unittest.main()
