#!/usr/bin/python3
"""Checks that includes point in one direction only (ARCHITECTURE.md, "The four layers").

  layers.py ROOT    prints file:line and the rule for every include that breaks one
"""
import os
import re
import sys

CAF, KJ, LMDB = re.compile(r"caf/"), re.compile(r"(kj|capnp)/"), re.compile(r"lmdb\.h")
OWN = ("schema", "storage", "cluster", "actors", "tests", "examples")

# folder -> (folders of ours it may include, libraries it may not, why). The longest
# folder that a file lies in decides.
RULES = {
    "schema": (("schema",), (CAF, LMDB), "schema is what two processes agree on; it includes only schema"),
    "schema/rpc": (("schema",), (CAF, LMDB), "schema includes only schema"),
    "schema/kafka": (("schema",), (CAF, LMDB, KJ), "the Kafka codec is plain C++; Cap'n Proto stays in schema/rpc"),
    "storage": (("schema", "storage"), (CAF, KJ), "storage knows LMDB and schema; no actors, no sockets"),
    "cluster": (("schema", "cluster"), (CAF, KJ, LMDB), "cluster is pure: schema and nothing else"),
    "actors": (("schema", "storage", "cluster", "actors"), (LMDB,), "LMDB stays in storage"),
    "actors/client": (("schema", "actors/tls", "actors/client"), (CAF, LMDB), "the client library stands on schema, and on actors/tls"),
    "actors/tls": (("schema", "actors/tls"), (CAF, LMDB), "TLS stands on schema alone, so that the client library can use it"),
    "examples": (("schema", "actors/client", "examples"), (CAF, LMDB), "examples use only the client library and schema"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
SOURCES = (".h", ".hpp", ".cpp", ".cc", ".c")


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def rule_for(path):
    folders = [folder for folder in RULES if within(path, folder)]
    return RULES[max(folders, key=len)] if folders else None


def problem_with(path, included):
    """Why `path` may not include `included`; None if it may."""
    rule = rule_for(path)
    if rule is None:
        return None
    allowed, refused, why = rule
    own = any(within(included, folder) for folder in OWN)
    if own and not any(within(included, folder) for folder in allowed):
        return why
    if included.startswith("."):
        return "include paths start at the root"
    return why if any(library.match(included) for library in refused) else None


def check_file(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as source:
        for number, line in enumerate(source, start=1):
            include = INCLUDE.match(line)
            why = include and problem_with(path, include.group(1))
            if why:
                yield f"{path}:{number}: includes {include.group(1)}: {why}"


def check_tree(root):
    for top in OWN:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith(SOURCES):
                    yield from check_file(root, os.path.relpath(os.path.join(folder, name), root))


def main(root):
    problems = list(check_tree(root))
    print("\n".join(problems) or "every include points the right way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
