"""One node for the tests of a class, and topics named after them."""
import unittest

import wire
from node import Node


class ClientCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node().start()

    @classmethod
    def tearDownClass(cls):
        status, log = cls.node.stop(), cls.node.log()
        cls.node.close()
        assert status == 0, f"status {status}: {log[-2000:]}"

    def topic(self, partitions=1, configs=None):
        """A fresh topic, named after the test."""
        name = self.id().rsplit(".", 1)[1]
        with wire.Connection(self.node.address) as connection:
            self.assertEqual(wire.create_topic(connection, name, partitions, configs)[0], 0)
        return name

    def stored_codecs(self, topic, partition=0):
        """The codec bits of every batch as the node keeps it."""
        found, offset = set(), 0
        with wire.Connection(self.node.address) as connection:
            while True:
                error, high_watermark, content = wire.fetch(connection, topic, offset, partition)
                self.assertEqual(error, 0)
                if offset >= high_watermark:
                    return found
                found.add(content[22] & 7)
                offset = int.from_bytes(content[:8], "big") + int.from_bytes(content[23:27], "big") + 1
