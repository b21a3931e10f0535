# SPDX-License-Identifier: Apache-2.0
"""Measures what an idle instance costs: time until it is up, memory, descriptors, threads, processor time.

    python3 Benchmarks/runner/instances.py [--count 500]

Needs root, and a release build of neti-daemon. Makes namespaces in a folder of its own and removes them at the end, after
a failure and after Ctrl-C.
"""

import argparse
import ctypes
import os
import pathlib
import re
import signal
import sys
import tempfile
import time

from consumers import Daemon
from table import align

CLONE_NEWNET, MS_BIND, MNT_DETACH = 0x40000000, 4096, 2
PREFIX = "neti-idle"
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def remove(folder):
    for path in (folder / "netns").iterdir():
        LIBC.umount2(bytes(path), MNT_DETACH)
        path.unlink()
    (folder / "netns").rmdir()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def remove_leftovers():
    """What runs that were killed left behind; the names tell whose they are."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}-*"):
        process = re.fullmatch(rf"{PREFIX}-(\d+)-\w+", folder.name)
        if process and not os.path.exists(f"/proc/{process[1]}"):
            remove(folder)


class Namespaces:
    """A folder of empty network namespaces, there as long as the `with` block lasts."""

    def __init__(self, count):
        self._count = count

    def __enter__(self):
        remove_leftovers()
        self.folder = tempfile.mkdtemp(prefix=f"{PREFIX}-{os.getpid()}-")
        self.netns = pathlib.Path(self.folder) / "netns"
        self.netns.mkdir()
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            for number in range(self._count):
                path = self.netns / f"n{number}"
                path.touch()
                check(LIBC.unshare(CLONE_NEWNET), "unshare")
                check(LIBC.mount(b"/proc/self/ns/net", bytes(path), None, MS_BIND, None), "mount")
        except BaseException:
            self.__exit__()
            raise
        finally:
            check(LIBC.setns(home, CLONE_NEWNET), "setns")
            os.close(home)
        return self

    def __exit__(self, *_):
        remove(pathlib.Path(self.folder))


class IdleDaemon(Daemon):
    """neti-daemon with an instance for every namespace of a folder."""

    def configuration(self, lab, gso):
        lines = [
            "[daemon]", f'control-socket = "{lab.folder}/neti.sock"', f'state-directory = "{lab.folder}"',
            'log-level = "warning"', f'netns-directories = ["{lab.netns}"]', "[[instance]]", 'netns = "n*"',
        ]
        for number, hook in enumerate(self.hooks):
            lines += ["[[instance.hook]]", f'name = "hook{number}"', 'events = ["PHYSICAL_IN", "PHYSICAL_OUT"]', *hook]
        return "\n".join(lines) + "\n"


def status(process, field):
    for line in pathlib.Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{process}/status has no {field}")


def processor_time(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(daemon, count):
    with Namespaces(count) as namespaces:
        before = time.monotonic()
        with daemon.start(namespaces, gso=True) as process:
            ready = time.monotonic() - before
            used = processor_time(process)
            time.sleep(2)
            idle = (processor_time(process) - used) / 2
            descriptors = len(os.listdir(f"/proc/{process}/fd"))
            return ready, status(process, "RssAnon"), descriptors, status(process, "Threads"), idle


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, metavar="N", help="instances, default %(default)s")
    count = parser.parse_args().count
    if os.geteuid() != 0:
        raise RuntimeError("network namespaces need root")
    rows = [[f"{count} idle instances", "ms each", "KiB each", "descriptors each", "threads", "threads before", "CPU %"]]
    for title, hooks in [("no hook", []), ("1 hook, 4 events", [['module = "count"']])]:
        daemon = IdleDaemon("idle", title, hooks, patience=120)
        none, all_ = measure(daemon, 0), measure(daemon, count)
        each = [(after - before) / count for before, after in zip(none, all_)]
        rows.append([
            title, f"{each[0] * 1000:.2f}", f"{each[1]:.1f}", f"{each[2]:.1f}", str(all_[3]), str(none[3]),
            f"{all_[4] * 100:.1f}"])
    print(align(rows), end="")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (RuntimeError, OSError) as error:
        sys.exit(f"instances: {error}")
