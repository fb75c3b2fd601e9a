"""One node as a child process: start it, read its ready line, stop or kill it by pid."""
import atexit
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time

BUILD = os.environ.get("CALLBOARD_BUILD") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
BINARY = os.path.join(BUILD, "callboard")
READY_SECONDS = 30


class NodeError(Exception):
    """The node did not do what was asked; the message holds what it said."""


def wait_until(condition, seconds, what):
    """The first true result of `condition`; a deadline instead of a fixed sleep. `what` may
    be a function, to say how things stand by then."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise NodeError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Node:
    """Data and log lie in one temporary folder, removed by close(). After stop() or
    kill(), start() runs it again on the same data and the same port."""

    def __init__(self, config="", data=None, listen="127.0.0.1:0", args=(), descriptors=None, prefix=()):
        self.folder = tempfile.mkdtemp(prefix="callboard-e2e-")
        self.data = data or os.path.join(self.folder, "data")
        self.listen = listen
        self.args = list(args)
        self.prefix = list(prefix)  # of its command, as the one that enters a network namespace
        self.limits = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
        if config:
            path = os.path.join(self.folder, "callboard.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
            self.args += ["--config", path]
        self.process = None
        self.address = None
        self.ready = None  # the ready line, parsed
        atexit.register(self.close)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def log_path(self):
        return os.path.join(self.folder, "log")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def start(self):
        self.launch()
        return self.await_ready()

    def launch(self):
        """Without waiting: the first nodes of a cluster are ready together."""
        if not os.path.exists(BINARY):
            raise NodeError(f"there is no {os.path.normpath(BINARY)}; ./run --build makes it")
        # setpriv ends the node with this process, however that ends.
        command = [*self.prefix, *self.limits, "setpriv", "--pdeathsig", "KILL", BINARY, "start", "--data", self.data, "--listen", self.address or self.listen, "--format", "json", *self.args]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)

    def await_ready(self):
        self.ready = self._read_ready_line()
        self.address = self.ready["listen"]
        return self

    def _read_ready_line(self):
        deadline = time.monotonic() + READY_SECONDS
        text = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if not selector.select(deadline - time.monotonic()):
                    break
                chunk = os.read(self.process.stdout.fileno(), 65536)
                if not chunk:
                    raise NodeError(f"ended with {self.process.wait()} before it was ready: {text.decode()}{self.log()}")
                text += chunk
                for line in text.split(b"\n")[:-1]:
                    if line.startswith(b"{") and json.loads(line).get("event") == "ready":
                        return json.loads(line)
        self.kill()
        raise NodeError(f"no ready line within {READY_SECONDS} s; said: {text.decode()}{self.log()}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def ended_by_itself(self):
        """Nobody has waited for it: the status, None while it runs or was ended."""
        return None if self.process is None else self.process.poll()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """The exit status; negative is the signal that ended it."""
        status = self.process.wait(seconds)
        self.process.stdout.close()
        self.process = None
        return status

    def stop(self, seconds=30):
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def memory(self, name="VmRSS"):
        """Bytes of VmRSS, RssAnon or VmHWM, as /proc has them."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
        raise KeyError(name)


def run(*args, stdin=None, seconds=60):
    """One call of the binary that ends by itself: (status, stdout, stderr)."""
    done = subprocess.run([BINARY, *args], input=stdin, capture_output=True, timeout=seconds, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()
