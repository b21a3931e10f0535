# SPDX-License-Identifier: Apache-2.0
"""What takes packets from the queue: nothing, the C programs, the daemon with various hooks."""

import contextlib
import dataclasses
import os
import pathlib
import socket
import subprocess

from rules import RULES

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = PROJECT / ".build" / "bench"
DAEMON = PROJECT / ".build" / "release" / "neti-daemon"
PROCESSOR = 1
# The daemon's default, given to all.
QUEUE_LENGTH = 4096


@contextlib.contextmanager
def running(command, namespace=None, **options):
    """Runs a program on the consumers' processor as long as the `with` block lasts."""
    # With a process group of its own it isn't hit by Ctrl-C, so that things end in their order; should this program be
    # killed, the kernel ends the other one too.
    enter = ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []
    pin = ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", str(PROCESSOR)]
    process = subprocess.Popen([*pin, *enter, *map(str, command)], process_group=0, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def await_ready(process, name):
    if process.stdout.readline().strip() != "ready":
        raise RuntimeError(f"{name} ended with status {process.wait()} instead of becoming ready")


class NoQueue:
    name, title = "none", "no queue"

    @contextlib.contextmanager
    def start(self, lab, gso):
        yield None


@dataclasses.dataclass
class Program:
    """A C program, with the rules that bring it packets."""

    name: str
    title: str
    command: list

    @contextlib.contextmanager
    def start(self, lab, gso):
        command = [PROGRAMS / self.command[0], *self.command[1:], "-l", QUEUE_LENGTH, *(["-g"] if gso else [])]
        pipe = {"stdout": subprocess.PIPE, "text": True}
        with running(command, lab.receiver, **pipe) as consumer:
            await_ready(consumer, self.title)
            with running([PROGRAMS / "steer"], lab.receiver, **pipe) as steer:
                await_ready(steer, "steer")
                yield consumer.pid


@dataclasses.dataclass
class Daemon:
    """neti-daemon with hooks, given as the lines of their configuration."""

    name: str
    title: str
    hooks: list
    rules: str = ""
    patience: float = 10

    def configuration(self, lab, gso):
        lines = [
            "[daemon]", f'control-socket = "{lab.folder}/neti.sock"',
            f'state-directory = "{lab.folder}"', "pumps = 1", 'log-level = "warning"',
            "[[instance]]", f'netns = "{lab.receiver}"', f"gso = {str(gso).lower()}", f"queue-length = {QUEUE_LENGTH}",
        ]
        for number, hook in enumerate(self.hooks):
            lines += [
                "[[instance.hook]]", f'name = "hook{number}"', 'events = ["PHYSICAL_IN"]', 'families = ["inet"]', *hook]
        return "\n".join(lines) + "\n"

    @contextlib.contextmanager
    def start(self, lab, gso):
        folder = pathlib.Path(lab.folder)
        (folder / "neti.toml").write_text(self.configuration(lab, gso))
        (folder / "rules.conf").write_text(self.rules)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            path = folder / "notify"
            path.unlink(missing_ok=True)
            notifications.bind(str(path))
            environment = dict(os.environ, NOTIFY_SOCKET=str(path))
            command = [DAEMON, "--config", folder / "neti.toml"]
            with open(folder / "log", "w+", encoding="utf-8") as log:
                with running(command, env=environment, stdout=log, stderr=log) as daemon:
                    if not self._is_ready(notifications, daemon):
                        log.seek(0)
                        raise RuntimeError(f"the daemon doesn't become ready; it wrote:\n{log.read()}")
                    yield daemon.pid

    def _is_ready(self, notifications, daemon):
        notifications.settimeout(0.1)
        for _ in range(int(self.patience * 10)):
            try:
                if b"READY=1" in notifications.recv(4096):
                    return True
            except TimeoutError:
                if daemon.poll() is not None:
                    return False
        return False


COUNT = ['module = "count"']
FILTER = ['module = "ipf"', 'rules = "rules.conf"']

# In the order in which they are measured: what a bar compares stands close together.
ALL = [
    NoQueue(),
    Program("a", "(a) C, one at a time", ["one-at-a-time"]),
    Daemon("hook", "neti, 1 trivial hook", [COUNT]),
    Program("b", "(b) C, batches", ["batch"]),
    Daemon("hooks", "neti, 10 trivial hooks", [COUNT] * 10),
    Program("b-batch", "(b) C, batch verdicts", ["batch", "-b"]),
    Daemon("rules", f"neti, {len(RULES)} ipf rules", [FILTER], "\n".join(RULES) + "\n"),
]
