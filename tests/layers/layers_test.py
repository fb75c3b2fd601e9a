#!/usr/bin/python3
"""The layer check finds what it is there to find."""
import os
import tempfile
import unittest

from layers import check_tree


def problems(path, text):
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, os.path.dirname(path)))
        with open(os.path.join(root, path), "w", encoding="utf-8") as source:
            source.write(text)
        return list(check_tree(root))


class LayersTest(unittest.TestCase):
    def test_each_wrong_direction_is_found(self):
        for path, include in (
            ("schema/ids.h", '"storage/segment.h"'), ("schema/ids.h", "<caf/actor.hpp>"), ("schema/kafka/wire.h", "<kj/array.h>"),
            ("storage/a.cpp", '"cluster/raft/raft.h"'), ("storage/a.cpp", "<kj/async.h>"), ("storage/a.cpp", '"actors/net/listener.h"'),
            ("cluster/raft/raft.cpp", '"storage/segment.h"'), ("cluster/raft/raft.cpp", "<lmdb.h>"), ("cluster/a.h", "<capnp/message.h>"),
            ("actors/net/a.cpp", "<lmdb.h>"), ("actors/client/a.h", '"actors/net/listener.h"'), ("actors/client/a.h", "<caf/all.hpp>"),
            ("actors/tls/a.cpp", '"actors/net/listener.h"'),
            ("examples/a.cpp", '"storage/segment.h"'), ("examples/a.cpp", '"actors/net/listener.h"'), ("actors/a.cpp", '"tests/x.h"'),
            ("storage/a.cpp", '"../schema/ids.h"'),
        ):
            found = problems(path, f"// line one\n#include {include}\n")
            self.assertEqual(len(found), 1, f"{path} including {include}")
            self.assertTrue(found[0].startswith(f"{path}:2: "), found[0])

    def test_the_right_directions_pass(self):
        for path, include in (
            ("schema/rpc/translate.cpp", "<capnp/message.h>"), ("storage/a.cpp", "<lmdb.h>"), ("storage/a.cpp", '"schema/ids.h"'),
            ("cluster/a.cpp", '"cluster/raft/raft.h"'), ("actors/a.cpp", '"storage/segment.h"'), ("actors/a.cpp", "<caf/actor.hpp>"),
            ("actors/client/a.cpp", "<capnp/rpc-twoparty.h>"), ("actors/client/a.cpp", '"actors/tls/context.h"'), ("examples/a.cpp", '"actors/client/client.h"'), ("schema/a.h", "<vector>"),
            ("tests/unit/a.cpp", '"storage/segment.h"'),
        ):
            self.assertEqual(problems(path, f"#include {include}\n"), [], f"{path} including {include}")

    def test_a_comment_is_no_include(self):
        self.assertEqual(problems("cluster/a.h", "// #include <lmdb.h>\n"), [])


if __name__ == "__main__":
    unittest.main()
