#!/usr/bin/python3
"""Measures the rows of tests/bench/README.md, each beside its yardstick in the same run.

  rows.py --clients DIR [--build DIR] [--rounds 5] [--data DIR] [ROW ...]

--clients holds the raw load clients `kafka_raw`, `floor`, `physical` and `pretouch`
(README.md says what they do); --build the programs of this tree. Without rows: all of
them. Every figure is a median over the rounds; what is compared runs in turn, round by
round, so that a machine whose speed drifts does the same to both.
"""
import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MSGS = 600_000
WINDOW = 16  # requests in flight per connection: two connections keep two commits of the floor's size busy


def fields(line):
    return {k: v for k, v in re.findall(r"(\S+?)=(\S+)", line)}


def median(values):
    return statistics.median(values)


class Bench:
    def __init__(self, args):
        self.args = args
        self.home = tempfile.mkdtemp(prefix="callboard-bench-", dir=args.data)
        self.node = None
        self.topics = 0

    def program(self, name):
        return os.path.join(self.args.clients, name)

    def client(self, op, *options, touch=0):
        command = [self.program("kafka_raw"), f"--op={op}", f"--bootstrap={self.address}", f"--pid={self.node.pid}", *options]
        if touch:
            command = [self.program("pretouch"), str(touch), *command]
        out = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        return fields(out.stdout)

    def floor(self):
        out = subprocess.run([self.program("floor"), f"--dir={self.home}", "--mb=512", "--reps=1"], capture_output=True,
                             text=True, timeout=300, check=True).stdout
        result = {}
        for line in out.splitlines():
            f = fields(line)
            result[f["floor"]] = {"cpu": float(f["cpu_s_per_GB"].split("/")[1]), "MB": 1000 * float(f["GB_s"].split("/")[1])}
        return result

    def start(self, name, *options):
        self.directory = os.path.join(self.home, name)
        self.node = subprocess.Popen([os.path.join(self.args.build, "callboard"), "start", "--data", self.directory,
                                      "--listen", getattr(self, "fixed", "127.0.0.1:0"), "--format", "json", *options],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        ready = json.loads(self.node.stdout.readline())
        self.address = ready["listen"]
        return ready["ms"]

    def stop(self, how=signal.SIGTERM):
        self.node.send_signal(how)
        self.node.wait(30)
        self.node = None

    def fresh(self, name, *options):
        shutil.rmtree(os.path.join(self.home, name), ignore_errors=True)
        return self.start(name, *options)

    def topic(self, parts=1, config=""):
        self.topics += 1
        name = f"bench-{self.topics}"
        self.client("create", f"--topic={name}", f"--parts={parts}", f"--config={config}")
        return name

    def produce(self, topic, size=1024, msgs=MSGS, window=WINDOW):
        return self.client("produce", f"--topic={topic}", f"--size={size}", f"--msgs={msgs}", f"--window={window}",
                           touch=msgs * size // 1048576 * 115 // 100 + 400)

    def consume(self, topic, size=1024):
        return self.client("consume", f"--topic={topic}", f"--size={size}")

    def status(self, key):
        with open(f"/proc/{self.node.pid}/status") as f:
            return int(re.search(rf"{key}:\s+(\d+)", f.read()).group(1))

    def cpu_seconds(self):
        with open(f"/proc/{self.node.pid}/stat") as f:
            parts = f.read().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def remove_topic_data(self):
        self.stop()
        shutil.rmtree(self.directory)


def show(row, measured, target, holds):
    print(f"{row:12s} {'holds' if holds else 'FALLS SHORT':12s} {measured}   [to reach: {target}]", flush=True)


def row_produce(b):
    """produce, one partition, fsync; beside the floor with a sync commit"""
    ours, floors, many = [], [], []
    for _ in range(b.args.rounds):
        b.fresh("produce")
        floors.append(b.floor()["recv+crc+lmdb(sync)"])
        ours.append(b.produce(b.topic(1)))
        many.append(b.produce(b.topic(6)))
        b.remove_topic_data()
    speed = median(float(o["MB_s"]) / f["MB"] for o, f in zip(ours, floors))
    cpu = median(float(o["srv_cpu_per_GB"]) / f["cpu"] for o, f in zip(ours, floors))
    six = median(float(m["MB_s"]) / float(o["MB_s"]) for m, o in zip(many, ours))
    show("produce", f"{median(float(o['MB_s']) for o in ours):.0f} MB/s = {speed:.2f} of the floor's, "
         f"{median(float(o['srv_cpu_per_GB']) for o in ours):.2f} CPU s/GB = {cpu:.2f} x the floor's",
         "0.6 and 1.5 x", speed >= 0.6 and cpu <= 1.5)
    show("six", f"{median(float(m['MB_s']) for m in many):.0f} MB/s = {six:.2f} x one partition's, "
         f"{median(float(m['srv_cpu_per_GB']) for m in many):.2f} CPU s/GB", "1 x", six >= 1)


def row_interval(b):
    """produce, one partition, interval; beside the floor without sync"""
    ours, floors = [], []
    for _ in range(b.args.rounds):
        b.fresh("interval")
        floors.append(b.floor()["recv+crc+lmdb(nosync)"])
        ours.append(b.produce(b.topic(1, "callboard.durability=interval")))
        b.remove_topic_data()
    cpu = median(float(o["srv_cpu_per_GB"]) / f["cpu"] for o, f in zip(ours, floors))
    show("interval", f"{median(float(o['MB_s']) for o in ours):.0f} MB/s, "
         f"{median(float(o['srv_cpu_per_GB']) for o in ours):.2f} CPU s/GB = {cpu:.2f} x the floor's", "1.4 x", cpu <= 1.4)


def crc_cost(b):
    out = subprocess.run([b.program("physical"), f"--dir={b.home}", "--reps=1"], capture_output=True, text=True,
                         timeout=300, check=True).stdout
    line = next(l for l in out.splitlines() if "crc32c_sse42_1stream_65536" in l)
    return 1 / float(fields(line)["med"])


def row_consume(b):
    """consume from the start, 1 MiB fetches; beside send from a map, and one CRC"""
    ours, floors = [], []
    crc = crc_cost(b)
    for _ in range(b.args.rounds):
        b.fresh("consume")
        topic = b.topic(1)
        b.produce(topic)
        floors.append(b.floor()["send(mmap)"]["cpu"] + crc)
        ours.append(b.consume(topic))
        b.remove_topic_data()
    cpu = median(float(o["srv_cpu_per_GB"]) / f for o, f in zip(ours, floors))
    show("consume", f"{median(float(o['MB_s']) for o in ours):.0f} MB/s, "
         f"{median(float(o['srv_cpu_per_GB']) for o in ours):.2f} CPU s/GB = {cpu:.2f} x the floor's and CRC", "1.5 x", cpu <= 1.5)


def row_small(b):
    """100-byte records instead of 10 KiB in equal batches"""
    small, large = [], []
    for _ in range(b.args.rounds):
        b.fresh("small")
        large.append(b.produce(b.topic(1), size=10240, msgs=60_000))
        small.append(b.produce(b.topic(1), size=100, msgs=6_000_000))
        b.remove_topic_data()
    ratio = median(float(s["srv_cpu_per_GB"]) / float(l["srv_cpu_per_GB"]) for s, l in zip(small, large))
    show("small", f"{median(float(s['srv_cpu_per_GB']) for s in small):.2f} against "
         f"{median(float(l['srv_cpu_per_GB']) for l in large):.2f} CPU s/GB = {ratio:.2f} x", "1.5 x", ratio <= 1.5)


def end_to_end(b, config, flag, row, target, holds):
    ours, commits = [], []
    for _ in range(b.args.rounds):
        b.fresh("e2e")
        topic = b.topic(1, config)
        os.sync()
        out = subprocess.run([os.path.join(b.args.build, "tests", "lmdb_commit"), b.home, "1000", "5", *flag],
                             capture_output=True, text=True, check=True, timeout=60).stdout
        commits.append(fields(out))
        os.sync()
        ours.append(b.client("e2e", f"--topic={topic}", "--size=1024", "--rate=1000", "--secs=10", touch=200))
        b.remove_topic_data()
    p50, p99 = (median(float(o[k]) for o in ours) for k in ("p50_us", "p99_us"))
    c50, c99 = (median(float(o[k]) for o in commits) for k in ("p50_us", "p99_us"))
    show(row, f"p50 {p50:.0f} us, p99 {p99:.0f} us; a commit beside it {c50:.0f}/{c99:.0f} us", target, holds(p50, p99, c50, c99))


def row_e2e(b):
    """end to end, 1,000/s of 1 KiB, fsync; beside an LMDB sync commit"""
    end_to_end(b, "", [], "e2e", "p50 within 200 us of the commit, p99 3 x", lambda p50, p99, c50, c99: p50 - c50 <= 200 and p99 <= 3 * c99)


def row_e2e_interval(b):
    """the same, interval"""
    end_to_end(b, "callboard.durability=interval", ["nosync"], "e2e-interval", "150/700 us",
               lambda p50, p99, c50, c99: p50 <= 150 and p99 <= 700)


def row_ready(b):
    """exec to ready on an empty directory, and a first produce"""
    ms, first = [], []
    for _ in range(2 * b.args.rounds):
        ms.append(b.fresh("ready"))
        t = time.monotonic()
        b.client("ready", "--create=1", "--topic=first")
        first.append((time.monotonic() - t) * 1000)
        b.remove_topic_data()
    show("ready", f"ready after {median(ms):.0f} ms (worst {max(ms)}), topic and first produce {median(first):.0f} ms later, "
         "the client's own start included", "30 ms", median(ms) <= 30)


def row_recovery(b):
    """kill -9 with 2 GB in 1,000 partitions: first accepted produce, all touched; and memory"""
    first, touched, anon = [], [], []
    for _ in range(max(1, b.args.rounds // 2)):
        b.fresh("recovery")
        one = b.topic(1)
        b.produce(one, msgs=6300)
        time_to_rest()
        base = b.status("RssAnon")
        topic = b.topic(1000)
        b.produce(topic, msgs=2_000_000)
        b.client("produce", f"--topic={topic}", "--size=1024", "--msgs=3000", "--batch-bytes=1000", f"--window={WINDOW}")
        time_to_rest()
        anon.append((b.status("RssAnon") - base) / 999)
        b.fixed = b.address
        b.stop(signal.SIGKILL)
        t = time.monotonic()
        b.start("recovery")
        b.client("ready", f"--topic={topic}")
        first.append((time.monotonic() - t) * 1000)
        t = time.monotonic()
        b.client("produce", f"--topic={topic}", "--size=1024", "--msgs=2000", "--batch-bytes=1000", f"--window={WINDOW}")
        touched.append(time.monotonic() - t)
        del b.fixed
        b.remove_topic_data()
    show("recovery", f"first produce {median(first):.0f} ms after the start of the process, all touched in {median(touched):.2f} s",
         "80 ms, 2 s", median(first) <= 80 and median(touched) <= 2)
    show("memory-1000", f"{median(anon):.0f} KiB of RssAnon a partition", "128 KiB", median(anon) <= 128)


def time_to_rest():
    """Longer than a partition keeps its cache without traffic."""
    time.sleep(12)


def row_idle(b):
    """idle and fresh"""
    b.fresh("idle")
    time.sleep(3)
    before = b.cpu_seconds()
    time.sleep(10)
    cpu = (b.cpu_seconds() - before) * 10
    anon, rss = b.status("RssAnon") / 1024, b.status("VmRSS") / 1024
    b.remove_topic_data()
    show("idle", f"RssAnon {anon:.1f} MiB, RSS {rss:.1f} MiB, {cpu:.1f} % CPU", "8, 25, 0.2", anon <= 8 and rss <= 25 and cpu <= 0.2)


def row_disk(b):
    """bytes on disk a record"""
    b.fresh("disk")
    result = []
    for size, msgs in ((100, 1_000_000), (1024, 200_000)):
        topic = b.topic(1)
        used = lambda: int(subprocess.run(["du", "-s", "--block-size=1", b.directory], capture_output=True, text=True).stdout.split()[0])
        before = used()
        sent = int(b.produce(topic, size=size, msgs=msgs)["msgs"])
        result.append((used() - before) / sent)
    b.remove_topic_data()
    show("disk", f"{result[0]:.1f} bytes for 100, {result[1]:.1f} for 1024", "112, 1045", result[0] <= 112 and result[1] <= 1045)


ROWS = {name[4:].replace("_", "-"): f for name, f in list(globals().items()) if name.startswith("row_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--clients", required=True)
    parser.add_argument("--build", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", help="where data goes (a disk, not a tmpfs)")
    args = parser.parse_args()
    unknown = [r for r in args.rows if r not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]}; there are {', '.join(ROWS)}")
    bench = Bench(args)
    try:
        for name in args.rows or ROWS:
            ROWS[name](bench)
    finally:
        if bench.node:
            bench.node.kill()
        shutil.rmtree(bench.home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
