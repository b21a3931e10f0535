# SPDX-License-Identifier: Apache-2.0
"""Two namespaces joined by a veth pair: the sender 192.0.2.1, the receiver 192.0.2.2."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

PREFIX = "neti-bench"
SENDER_ADDRESS, RECEIVER_ADDRESS = "192.0.2.1", "192.0.2.2"


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"'ip {' '.join(words)}' failed: {done.stderr.strip()}")


def leftovers(folder):
    """What runs that were killed left behind there; the names tell whose they are."""
    for path in pathlib.Path(folder).glob(f"{PREFIX}-*"):
        process = re.fullmatch(rf"{PREFIX}-(\d+)-\w+", path.name)
        if process and not os.path.exists(f"/proc/{process[1]}"):
            yield path


class Lab:
    """Namespaces and a folder for files, there as long as the `with` block lasts."""

    def __init__(self):
        self.sender = f"{PREFIX}-{os.getpid()}-sender"
        self.receiver = f"{PREFIX}-{os.getpid()}-receiver"

    def __enter__(self):
        if os.geteuid() != 0:
            raise RuntimeError("network namespaces need root")
        if (os.cpu_count() or 1) < 2:
            raise RuntimeError("two processors are needed: one for the traffic, one for the consumer")
        for path in leftovers("/run/netns"):
            ip("netns", "delete", path.name)
        for path in leftovers(tempfile.gettempdir()):
            shutil.rmtree(path)
        self.folder = tempfile.mkdtemp(prefix=f"{PREFIX}-{os.getpid()}-")
        try:
            self._join()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in (self.sender, self.receiver):
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _join(self):
        for name in (self.sender, self.receiver):
            ip("netns", "add", name)
        ends = ("veth0", "netns", self.sender), ("veth0", "netns", self.receiver)
        ip("link", "add", *ends[0], "type", "veth", "peer", "name", *ends[1])
        for name, address in ((self.sender, SENDER_ADDRESS), (self.receiver, RECEIVER_ADDRESS)):
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "veth0")
            ip("-n", name, "link", "set", "veth0", "up")
