# SPDX-License-Identifier: MIT
"""What several processors cost each other: programs/processors.c, with 1, 2 and 4.

Under --icount QEMU runs one processor at a time and counts what all execute, so a row is a length of path,
waiting left out. How the work of pairs adds up when they do run at the same time is told by a run without
--icount, as often as this machine's own processors, and whatever else keeps them busy, allow.
"""

import os
import re

from bench import NotMeasured, Row, _counted
from driver.kozo import run

PROGRAM = "bench/processors"
MOST = 4
PAIRS = (1, 2, 4)
SECONDS = 300

TABLE = [
    ("call-far", "call to a server of another processor and back, all that both execute"),
    ("unmap", "unmap a page, nobody else in its address space (4 processors)"),
    ("unmap-all", "the same, 4 processors in it: all that they execute to forget the page"),
]


def counted(kozo, processors):
    return _counted.run_counted(kozo, f"{PROGRAM} {processors}", processors)


def path_rows(kozo):
    """Instructions."""
    of = {processors: counted(kozo, processors) for processors in PAIRS}
    rows = []
    for name, what in TABLE:
        found, lost = _counted.figure(of[MOST], name)
        rows.append(Row(what, found, lost=lost))
    for pairs in PAIRS:
        found, lost = _counted.figure(of[pairs], f"pairs-{pairs}")
        what = "1 pair on 1 processor" if pairs == 1 else f"{pairs} pairs on {pairs} processors, one each"
        rows.append(Row(f"call and reply_recv round trip, {what}", found, lost=lost))
    return rows


def wall_run(kozo, processors):
    """Nanoseconds of a round trip for each number of pairs, when all run at the same time."""
    line = kozo.command_line(
        "--exec", f"run {PROGRAM} {processors} pairs", "--timeout", str(SECONDS),
        "--mem", "512", "--smp", str(processors), "--accel", "tcg",
    )
    ended = run(line, timeout=SECONDS + 30)
    frequency = re.search(r"(?m)^frequency (\d+)\s*$", ended.out)
    if ended.status != 0 or not frequency:
        raise NotMeasured(f"{PROGRAM} did not succeed\n{ended.told}")
    found = re.findall(r"(?m)^row pairs-(\d+) (\d+) (\d+)\s*$", ended.out)
    return {int(pairs): int(ticks) / int(count) / int(frequency[1]) * 1e9 for pairs, ticks, count in found}


def wall_rows(kozo):
    """How many times the round trips of one pair are made by several, in the same time."""
    took = wall_run(kozo, MOST)
    where = f"plain TCG on {os.cpu_count()} processors of the host"
    return [
        Row(f"round trips in a time, {pairs} pairs against 1, {where}", round(took[1] / took[pairs], 2),
            "times")
        for pairs in PAIRS[1:]
    ]

