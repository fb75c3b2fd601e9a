"""Certificates and secrets as `callboard cluster init-tls` makes them, for a test's nodes."""
import os
import shutil
import ssl
import tempfile

from node import run


class Authority:
    """A folder with a CA; certificates by name."""

    def __init__(self, nodes, clients=()):
        self.folder = tempfile.mkdtemp(prefix="callboard-tls-")
        self.add(nodes, clients)

    def add(self, nodes=(), clients=()):
        named = [part for node in nodes for part in ("--node", node)] + [part for client in clients for part in ("--client", client)]
        status, _, sentence = run("cluster", "init-tls", self.folder, *named)
        assert status == 0, sentence

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def ca(self):
        return self.path("ca.crt")

    @property
    def secret(self):
        return self.path("secret")

    def pair(self, name):
        """Options of `callboard`, of any command."""
        return ["--tls-ca", self.ca, "--tls-cert", self.path(f"{name}.crt"), "--tls-key", self.path(f"{name}.key")]

    def node(self, name, secret=True):
        """Options of `callboard start`."""
        return self.pair(name) + (["--secret", self.secret] if secret else [])

    def context(self, client=None):
        """For Python's sockets."""
        context = ssl.create_default_context(cafile=self.ca)
        if client:
            context.load_cert_chain(self.path(f"{client}.crt"), self.path(f"{client}.key"))
        return context
