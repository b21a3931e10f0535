# SPDX-License-Identifier: Apache-2.0
"""Results as text in columns."""

import statistics

# Heading, figure, digits behind the point.
COLUMNS = [
    ("kpps", "window kpps", 0), ("us CPU", "window us", 2), ("lost", "window lost", 0),
    ("flood kpps", "flood kpps", 0), ("lost %", "flood lost %", 1),
    ("rtt us", "rtt median", 1), ("99th", "rtt 99th", 1),
    ("TCP gso", "tcp gso", 2), ("s/GB", "tcp gso s/GB", 2), ("TCP", "tcp", 2), ("s/GB", "tcp s/GB", 2),
]
LEGEND = """\
Medians. kpps: thousand datagrams of 64 bytes a second with 128 on their way; us CPU: of the consumer for each of them;
flood: as fast as the sender can; rtt: round trip in us; TCP: Gbit/s, with and without segmentation offload (GSO)
on the queue, and the consumer's CPU seconds per gigabyte.
"""


def align(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(text.rjust(width) if column else text.ljust(width)
                  for column, (text, width) in enumerate(zip(row, widths))).rstrip() + "\n" for row in rows)


def render_medians(consumers, results):
    columns = [column for column in COLUMNS if column[1] in results]
    rows = [["consumer", *(heading for heading, _, _ in columns)]]
    for consumer in consumers:
        rows.append([consumer.title, *(cell(results[figure], consumer, digits) for _, figure, digits in columns)])
    return LEGEND + "\n" + align(rows)


def cell(values, consumer, digits):
    if consumer.name not in values:
        return "-"
    return f"{statistics.median(values[consumer.name]):.{digits}f}"


def render_bars(results):
    rows = [["bar", "measured", "wanted", ""]]
    rows += [[r.text, f"{r.value:.2f}", r.bound, "ok" if r.is_met else "MISSED"] for r in results]
    return align(rows)
