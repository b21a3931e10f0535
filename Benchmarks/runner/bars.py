# SPDX-License-Identifier: Apache-2.0
"""What the daemon has to reach, as ratios to the C programs."""

import dataclasses
import math
import statistics

BATCHES = ("b", "b-batch")


@dataclasses.dataclass(frozen=True)
class Bar:
    text: str
    figure: str
    consumer: str
    # With more than one, the best of them counts.
    others: tuple
    least: float | None = None
    most: float | None = None


BARS = [
    Bar("1 hook, packets/s to (a)", "window kpps", "hook", ("a",), least=1.0),
    Bar("1 hook, packets/s to (b)", "window kpps", "hook", BATCHES, least=0.95),
    Bar("1 hook, CPU per packet to (b)", "window us", "hook", BATCHES, most=1.1),
    # A batch of one packet is the same to both, so there is nothing to choose.
    Bar("1 hook, round trip to (b)", "rtt median", "hook", ("b",), most=1.1),
    Bar("1 hook, TCP with GSO to (b)", "tcp gso", "hook", BATCHES, least=0.9),
    Bar("100 rules, packets/s to (b)", "window kpps", "rules", BATCHES, least=0.85),
]


@dataclasses.dataclass(frozen=True)
class Result:
    text: str
    value: float
    bound: str
    is_met: bool

    @property
    def as_json(self):
        return dataclasses.asdict(self)


def ratio(values, others):
    """The median of what the rounds' neighbours have to each other."""
    return statistics.median(value / other if other else math.inf for value, other in zip(values, others))


def judge_ratio(bar, values):
    ratios = [ratio(values[bar.consumer], values[other]) for other in bar.others if other in values]
    if bar.least is not None:
        worst = min(ratios)
        return Result(bar.text, worst, f">= {bar.least:.2f}", worst >= bar.least)
    worst = max(ratios)
    return Result(bar.text, worst, f"<= {bar.most:.2f}", worst <= bar.most)


def judge(results):
    """The bars for which there are measurements."""
    judged = [
        judge_ratio(bar, results[bar.figure]) for bar in BARS
        if bar.consumer in results[bar.figure] and any(other in results[bar.figure] for other in bar.others)]
    if "hook" in results["window lost"]:
        lost = sum(results["window lost"]["hook"])
        judged.insert(2, Result("1 hook, packets lost", lost, "= 0", lost == 0))
    return judged
