# SPDX-License-Identifier: MIT
"""Runs a program of the initrd's bench/ under --icount, and reads what it counted.

There a tick of the time stamp counter is an instruction; a loop of known length in the program itself
shows that it is so in this run. What the lines of the output mean is said in programs/measure.h.
"""

import re

from bench import NotMeasured, Row
from driver.kozo import run

OPTIONS = ["--mem", "512", "--smp", "1", "--accel", "tcg", "--icount"]
SECONDS = 300

# Instructions that the calibration loop may read beyond its length: those that set it up.
TOLERANCE = 3


def judge_calibration(ended):
    found = re.search(r"(?m)^calibration (\d+) (\d+)\s*$", ended.out)
    if not found:
        raise NotMeasured(f"the program did not tell how it was calibrated\n{ended.told}")
    read, known = int(found[1]), int(found[2])
    if not 0 <= read - known <= TOLERANCE:
        raise NotMeasured(f"a loop of {known} instructions reads {read} ticks")


def figure(out, name):
    """What was found, or None and why not."""
    if found := re.search(rf"(?m)^row {re.escape(name)} (\d+) (\d+)\s*$", out):
        return int(found[1]) / int(found[2]), ""
    if found := re.search(rf"(?m)^lost {re.escape(name)} (\w+) (\d+)\s*$", out):
        return None, f"{found[1]} answered error {found[2]}"
    return None, "the program did not come to it"


def run_counted(kozo, command, processors=1):
    """What a program prints that counts right."""
    options = [*OPTIONS, "--smp", str(processors)]
    line = kozo.command_line("--exec", f"run {command}", "--timeout", str(SECONDS), *options)
    ended = run(line, timeout=SECONDS + 30)
    judge_calibration(ended)
    return ended.out


def measure(kozo, program, table):
    """A Row for each (name in the program, what it is, goal or None, seL4's figure or None)."""
    out = run_counted(kozo, program)
    rows = []
    for name, what, goal, sel4 in table:
        found, lost = figure(out, name)
        rows.append(Row(what, found, goal=goal, sel4=sel4, lost=lost))
    return rows
