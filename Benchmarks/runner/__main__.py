# SPDX-License-Identifier: Apache-2.0
"""Measures neti-daemon against C programs on the same queue, between two namespaces, and prints ratios.

    make bench                   nine rounds of 0.7 seconds, some nine minutes
    make bench QUICK=1           two short rounds, for a first impression
    make bench STRICT=1          exit status 1 when a bar is missed
    make bench JSON=FILE         every single measurement as JSON
    make bench BENCH='--rounds 5 --seconds 4 --only window'
    make bench BENCH=--realtime  with real-time priority, for a machine that others use as well

How it measures
- Two namespaces joined by a veth pair. Traffic programs run on processor 0, the consumer of the queue on processor 1.
- Every consumer gets the same packets by the same rules (IPv4, prerouting), whole, from a queue of the same length. The
  C programs have the socket buffers that their sources say, the daemon has its defaults and one pump.
- A round takes each measurement in turn and in it all consumers one after the other, each started afresh. The next
  round begins with another consumer. A ratio compares two measurements of the same round; what is printed is the median
  of the rounds' ratios, so that a machine that becomes slower or faster doesn't count.
- A measurement during which other programs used more than 8 % of a processor is repeated, as long as the run's budget
  of repetitions lasts; what was kept nevertheless is reported.
- Where there are two variants of (b), the daemon is held against the better one.

Needs root. Namespaces, processes and files are removed at the end, after a failure and after Ctrl-C.
"""

import argparse
import json
import os
import signal
import sys

import bars
import consumers
import table
from lab import Lab
from measurement import MEASUREMENTS
from session import Session


def read_arguments():
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, metavar="N", help="default 9")
    parser.add_argument("--seconds", type=float, metavar="S", help="of each measurement, default 0.7")
    parser.add_argument("--repetitions", type=int, metavar="N", help="of disturbed measurements at most, default 30")
    parser.add_argument("--only", action="append", metavar="NAME", choices=[m.name for m in MEASUREMENTS],
                        help="take this measurement alone: %(choices)s; may be given more than once")
    parser.add_argument("--consumer", action="append", metavar="NAME", choices=[c.name for c in consumers.ALL],
                        help="measure this consumer alone: %(choices)s; may be given more than once")
    parser.add_argument("--quick", action="store_true", help="two rounds of half a second, 5 repetitions")
    parser.add_argument("--realtime", action="store_true", help="run traffic and consumers ahead of all other programs")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when a bar is missed")
    parser.add_argument("--json", metavar="FILE", help="write every measurement there")
    arguments = parser.parse_args()
    rounds, seconds, repetitions = (2, 0.5, 5) if arguments.quick else (9, 0.7, 30)
    arguments.rounds = rounds if arguments.rounds is None else arguments.rounds
    arguments.seconds = seconds if arguments.seconds is None else arguments.seconds
    arguments.repetitions = repetitions if arguments.repetitions is None else arguments.repetitions
    if arguments.rounds < 1 or arguments.seconds <= 0 or arguments.repetitions < 0:
        parser.error("N is at least 1, S above 0")
    return arguments


def main():
    arguments = read_arguments()
    chosen = [c for c in consumers.ALL if not arguments.consumer or c.name in arguments.consumer]
    measurements = [m for m in MEASUREMENTS if not arguments.only or m.name in arguments.only]
    with Lab() as lab:
        if arguments.realtime:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # inherited by all that is started from here
        session = Session(lab, chosen, measurements, arguments.seconds, arguments.repetitions)
        for number in range(arguments.rounds):
            session.take_round(number, arguments.rounds)
    results = bars.judge(session.results)
    print(table.render_medians(chosen, session.results))
    print(table.render_bars(results))
    print(session.remark)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"measurements": session.samples, "bars": [r.as_json for r in results]}, file, indent=2)
            file.write("\n")
    return 1 if arguments.strict and not all(r.is_met for r in results) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (RuntimeError, OSError) as error:
        sys.exit(f"bench: {error}")
