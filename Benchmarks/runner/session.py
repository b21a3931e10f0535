# SPDX-License-Identifier: Apache-2.0
"""Takes measurements round by round and keeps the figures."""

import collections
import sys

from load import LoadMeter

DISTURBED = 0.08


def say(text):
    print(text, file=sys.stderr, flush=True)


class Session:
    def __init__(self, lab, consumers, measurements, seconds, repetitions):
        self._lab, self._consumers, self._measurements = lab, consumers, measurements
        self._seconds = seconds
        self._left = self._repetitions = repetitions
        # Figure -> consumer -> one value for each round.
        self.results = collections.defaultdict(lambda: collections.defaultdict(list))
        self.samples = []

    def take_round(self, number, rounds):
        first = number * 2 % len(self._consumers)
        order = self._consumers[first:] + self._consumers[:first]
        for measurement in self._measurements:
            say(f"round {number + 1} of {rounds}, {measurement.name}")
            for consumer in order:
                self._keep(number, measurement, consumer, *self._take_quietly(measurement, consumer))

    def _keep(self, number, measurement, consumer, figures, others):
        for figure, value in figures.items():
            self.results[figure][consumer.name].append(value)
        self.samples.append({
            "round": number + 1, "measurement": measurement.name, "consumer": consumer.name,
            "others": round(others, 3), **figures})
        values = ", ".join(f"{figure} {value:.2f}" for figure, value in figures.items())
        say(f"    {consumer.title:<24}{values}")

    def _take_quietly(self, measurement, consumer):
        """Repeats a disturbed measurement and returns the least disturbed one."""
        best = self._take(measurement, consumer)
        while best[1] > DISTURBED and self._left > 0:
            self._left -= 1
            say(f"    {consumer.title:<24}others used {best[1]:.0%} of a processor: again")
            best = min(best, self._take(measurement, consumer), key=lambda taken: taken[1])
        return best

    def _take(self, measurement, consumer):
        with consumer.start(self._lab, measurement.gso) as process:
            meter = LoadMeter(process)
            figures = measurement.take(self._lab, process, self._seconds)
            return figures, meter.read()

    @property
    def remark(self):
        """What to know about how far the figures can be trusted."""
        disturbed = sum(sample["others"] > DISTURBED for sample in self.samples)
        worst = max((sample["others"] for sample in self.samples), default=0)
        repeated = self._repetitions - self._left
        text = f"{len(self.samples)} measurements, {repeated} repeated because others used the machine"
        if disturbed:
            text += f"; {disturbed} of those kept are disturbed nevertheless (up to {worst:.0%} of a processor)"
        return text + "."
