# SPDX-License-Identifier: Apache-2.0
"""How much other programs use the processors meanwhile."""

import os
import pathlib
import time

KERNEL_THREADS = 2


def used_by_others(ours):
    """Seconds of processor time that all programs but ours have used so far, their ended children included."""
    ticks = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        # A name in brackets, which may hold blanks, then fields 3 to 52 of proc(5).
        fields = text[text.rindex(")") + 2:].split()
        process, parent = int(path.parent.name), int(fields[1])
        if process in ours or KERNEL_THREADS in (process, parent):
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


class LoadMeter:
    """Measures the others' share of one processor over a stretch of time."""

    def __init__(self, *ours):
        self._ours = {os.getpid(), *filter(None, ours)}
        self._start, self._before = time.monotonic(), used_by_others(self._ours)

    def read(self):
        return max(0.0, used_by_others(self._ours) - self._before) / (time.monotonic() - self._start)
