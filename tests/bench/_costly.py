# SPDX-License-Identifier: MIT
"""Counts what is dear on a real processor and one instruction under --icount: plugin/costly.c in QEMU.

The runner starts whatever qemu-system-x86_64 it finds first, so a script of that name, which adds the
plugin, is put before the real one.
"""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from bench import NotMeasured
from driver.kozo import run

EMULATOR = "qemu-system-x86_64"
KINDS = ("CR3", "WRMSR", "XSAVE", "INVLPG", "locked", "RDTSC", "MMIO")
ROUNDS = 101  # of each row, as MEASURE_ROUNDS in programs/measure.h
FIRST = 2  # rows of the calibration
MEASURED = "time_round"  # the function that reads the counter before and after
SECONDS = 600


def bounds(program):
    """Where the function that measures begins and ends."""
    listed = run(["nm", "-S", program], timeout=60)
    for line in listed.out.splitlines():
        words = line.split()
        if len(words) == 4 and words[3] == MEASURED:
            start = int(words[0], 16)
            return start, start + int(words[1], 16)
    raise NotMeasured(f"{program.name} has no function {MEASURED}")


def in_words(counts):
    return ", ".join(f"{count} {kind}" for kind, count in zip(KINDS, counts) if count) or "none"


def measure(kozo, program, names, options):
    """What each row of a program has of them, in words, by name. Every row has ROUNDS rounds; what most of
    them have counts."""
    binary = kozo.build / "tests" / "bench" / program.replace("/", "-")
    start, end = bounds(binary)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found"
        script = Path(folder) / EMULATOR
        plugin = f"file={kozo.build}/tests/bench/costly.so,from={start},to={end},out={found}"
        script.write_text(f'#!/bin/sh\nexec {shutil.which(EMULATOR)} "$@" -plugin {plugin}\n')
        script.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        line = kozo.command_line("--exec", f"run {program}", "--timeout", str(SECONDS), *options)
        ended = run(line, timeout=SECONDS + 30, env=environment)
        rounds = [tuple(map(int, line.split())) for line in found.read_text().splitlines()]
    if len(rounds) != (FIRST + len(names)) * ROUNDS:
        raise NotMeasured(
            f"{len(rounds)} rounds were seen, which are not those of {len(names)} rows\n{ended.told}"
        )
    by_row = [rounds[at : at + ROUNDS] for at in range(FIRST * ROUNDS, len(rounds), ROUNDS)]
    return {name: in_words(Counter(row).most_common(1)[0][0]) for name, row in zip(names, by_row)}
