# SPDX-License-Identifier: Apache-2.0
"""Measures injection: packets per second by each style, as ratios to C programs that make the same system calls.

    python3 Benchmarks/runner/injection.py [--rounds 5] [--seconds 1] [--strict]

Needs root, a release build of neti-injector and the programs of Benchmarks/Makefile. What is injected differs from packet
to packet, and is dropped where a socket would get it, so that no receiver takes part. The C program for queue-in writes its
frames itself; "handed over" is the same with a second thread that writes the packets, as whoever calls Neti does.
"""

import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys

from consumers import PROGRAMS
from lab import RECEIVER_ADDRESS, SENDER_ADDRESS, Lab, ip
from table import align

ROOT = pathlib.Path(__file__).parents[2]
INJECTOR = ROOT / ".build/release/neti-injector"
PROCESSOR = 0
LEAST = 0.95
MOST_MICROSECONDS = 4.0


class Style:
    def __init__(self, name, comes_in):
        self.name, self.comes_in = name, comes_in

    def addresses(self):
        return ["-s", SENDER_ADDRESS, "-d", RECEIVER_ADDRESS]

    def netns(self, lab):
        return lab.receiver if self.comes_in else lab.sender


STYLES = [Style("queue-in", True), Style("queue-out", False), Style("direct-out", False)]


def take(command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{pathlib.Path(command[0]).name} failed: {done.stderr.strip()}")
    return {key: float(value) for key, value in (word.split("=") for word in done.stdout.split())}


def measure(lab, style, seconds):
    """Packets per second of Neti, of the C program, and, where there is a choice, of it with one packet a call and with
    packets that another thread hands over."""
    words = ["-t", style.netns(lab), *style.addresses(), "-n", seconds, "-c", PROCESSOR]
    reference = take([PROGRAMS / style.name, *words])["packets_per_second"]
    ours = take([INJECTOR, "-m", style.name, *words])["packets_per_second"]
    others = []
    if style.name == "queue-in":
        for choice in (["-b", 1], ["-w"]):
            others.append(take([PROGRAMS / style.name, *words, *choice])["packets_per_second"])
    return ours, reference, others


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default %(default)s")
    parser.add_argument("--seconds", type=float, default=1, metavar="S", help="of each measurement, default %(default)s")
    parser.add_argument("--strict", action="store_true", help="fail if a bar is missed")
    options = parser.parse_args()
    rows = [["injection", "kpps", "us", "C kpps", "ratio", "bar", "to one a call", "to handed over"]]
    missed = False
    with Lab() as lab:
        rules = "table ip bench { chain in { type filter hook input priority -500; udp dport 9000 drop; }; }"
        done = subprocess.run(
            ["ip", "netns", "exec", lab.receiver, "nft", rules], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"nft: {done.stderr.strip()}")
        # Direct packets need the neighbour.
        ip("netns", "exec", lab.sender, "ping", "-qc1", RECEIVER_ADDRESS)
        for style in STYLES:
            rounds = [measure(lab, style, options.seconds) for _ in range(options.rounds)]
            ours, reference = (statistics.median(column) for column in list(zip(*rounds))[:2])
            ratio = statistics.median(one / other for one, other, _ in rounds)
            microseconds = 1e6 / ours
            is_met = ratio >= LEAST and (style.name != "queue-in" or microseconds <= MOST_MICROSECONDS)
            missed |= not is_met
            others = ["", ""]
            if rounds[0][2]:
                others = [
                    f"{statistics.median(one / other[place] for one, _, other in rounds):.{digits}f}"
                    for place, digits in ((0, 1), (1, 2))]
            rows.append([
                style.name, f"{ours / 1000:.0f}", f"{microseconds:.2f}", f"{reference / 1000:.0f}", f"{ratio:.2f}",
                f">= {LEAST}" + ("" if is_met else " MISSED"), *others])
    print(align(rows), end="")
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"injection: {error}")
