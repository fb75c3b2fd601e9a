#!/usr/bin/python3
"""What the README tells a person to do with three nodes, while clients work: one dies and
comes back, a fourth is added, the first is drained and taken away. Nothing acknowledged is
lost, and clients go on all the while.

  operator_story_test.py [--seed N]
"""
import argparse
import os
import random
import shutil
import sys
import tempfile

import group_history
import node as nodes
import wire
from cluster import Cluster, reserve_ports
from cluster_history_test import REPLICAS, Story, keep
from group_history_test import PARTITIONS, TOPIC, TimedRecorder, report
from node import Node, wait_until

DRAINS_SECONDS = 120  # nothing of this is measured: a busy machine may take its time


def operate(cluster, through, *command):
    status, output, errors = nodes.run(*command, "--bootstrap", cluster.address(through), seconds=DRAINS_SECONDS)
    assert status == 0, f"{command}: {output}{errors}"
    return output


def add_node(cluster):
    number = len(cluster.nodes) + 1
    cluster.addresses.append(f"127.0.0.1:{reserve_ports(1)[0]}")
    cluster.nodes[number] = Node(listen=cluster.address(number), args=["--join", cluster.address(2)])
    cluster.start([number])
    return number


def play(cluster, random_source, recorder, folder):
    cluster.await_controllers(3)
    with cluster.connect(1) as connection:
        error, sentence = wire.create_topic(connection, TOPIC, PARTITIONS, replication=REPLICAS)
        assert error == 0, f"CreateTopics: {error} {sentence}"
    story = Story(cluster, random_source, recorder, folder)
    story.begin()
    story.await_writes(10, "at first")

    cluster.kill(3)
    story.await_writes(50, "with one of three gone")
    cluster.start([3])
    cluster.await_in_sync(TOPIC, REPLICAS)

    fourth = add_node(cluster)
    first = cluster.ids(2)[1]
    drained = operate(cluster, 2, "cluster", "drain", str(first), "--wait")
    assert "it is done" in drained, drained
    operate(cluster, 2, "cluster", "remove", str(first))
    assert cluster[1].stop() == 0
    wait_until(lambda: 1 not in cluster.ids(fourth), DRAINS_SECONDS, "clients are not told of the first node any more")
    story.await_writes(50, "without the first node")
    story.await_groups("without the first node")
    cluster.await_in_sync(TOPIC, REPLICAS, through=fourth)
    placed = cluster.metadata(fourth, [TOPIC]).topics[TOPIC][1].values()
    assert all(first not in partition.replicas for partition in placed), placed

    story.end()
    print(f"{sum(story.acknowledged.values())} records were acknowledged; {drained}")
    return {group.name: group_history.merge(recorder.events, watcher.seen[group.name], *group.events())
            for group, watcher in zip(story.groups, story.watchers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="callboard-story-")
    recorder = TimedRecorder(os.path.join(folder, "producers"))
    cluster = Cluster(3)
    try:
        wrong = report(play(cluster.start(), random.Random(options.seed), recorder, folder))
    except BaseException:
        keep(cluster, folder)
        raise
    finally:
        recorder.close()
        cluster.close()
    if wrong:
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
