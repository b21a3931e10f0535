# SPDX-License-Identifier: Apache-2.0
"""The kinds of traffic, and the figures that each of them gives."""

import dataclasses
import subprocess

from consumers import PROGRAMS
from lab import RECEIVER_ADDRESS, SENDER_ADDRESS

PROCESSOR = 0


@dataclasses.dataclass(frozen=True)
class Measurement:
    name: str
    program: str
    gso: bool
    # What the program prints -> the name of that figure here, and what to divide it by.
    figures: dict

    def take(self, lab, consumer, seconds):
        command = [
            PROGRAMS / self.program, "-f", lab.sender, "-t", lab.receiver, "-s", SENDER_ADDRESS, "-d", RECEIVER_ADDRESS,
            "-n", seconds, "-c", PROCESSOR, "-x", consumer or 0,
        ]
        try:
            done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=seconds + 30)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{self.program} doesn't come to its end") from None
        if done.returncode != 0:
            raise RuntimeError(f"{self.program} failed: {done.stderr.strip()}")
        printed = dict(word.split("=") for word in done.stdout.split())
        return {name: float(printed[key]) / scale for key, (name, scale) in self.figures.items()}


MEASUREMENTS = [
    Measurement("window", "udp-window", True, {
        "packets_per_second": ("window kpps", 1000), "cpu_us_per_packet": ("window us", 1),
        "lost": ("window lost", 1)}),
    Measurement("flood", "udp-flood", True, {
        "delivered_per_second": ("flood kpps", 1000), "lost_percent": ("flood lost %", 1)}),
    Measurement("roundtrip", "udp-roundtrip", True, {"median_us": ("rtt median", 1), "p99_us": ("rtt 99th", 1)}),
    Measurement("tcp-gso", "tcp-goodput", True, {
        "gigabits_per_second": ("tcp gso", 1), "cpu_s_per_gigabyte": ("tcp gso s/GB", 1)}),
    Measurement("tcp", "tcp-goodput", False, {
        "gigabits_per_second": ("tcp", 1), "cpu_s_per_gigabyte": ("tcp s/GB", 1)}),
]
