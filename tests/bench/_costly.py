# SPDX-License-Identifier: MIT
"""Counts what is dear on a real processor and one instruction under --icount: plugin/costly.c in QEMU."""

from collections import Counter

from bench import NotMeasured
from bench._plugin import plugged, symbol
from driver.kozo import run

KINDS = ("CR3", "WRMSR", "XSAVE", "INVLPG", "locked", "RDTSC", "MMIO")
ROUNDS = 101  # of each row, as MEASURE_ROUNDS in programs/measure.h
FIRST = 2  # rows of the calibration
MEASURED = "time_round"  # the function that reads the counter before and after
SECONDS = 600


def in_words(counts):
    return ", ".join(f"{count} {kind}" for kind, count in zip(KINDS, counts) if count) or "none"


def measure(kozo, program, names, options):
    """What each row of a program has of them, in words, by name. Every row has ROUNDS rounds; what most of
    them have counts."""
    start, end = symbol(kozo.build / "tests" / "bench" / program.replace("/", "-"), MEASURED)
    with plugged(kozo, "costly", **{"from": start, "to": end}) as (environment, found):
        line = kozo.command_line("--exec", f"run {program}", "--timeout", str(SECONDS), *options)
        ended = run(line, timeout=SECONDS + 30, env=environment)
        rounds = [tuple(map(int, line.split())) for line in found.read_text().splitlines()]
    if len(rounds) != (FIRST + len(names)) * ROUNDS:
        raise NotMeasured(
            f"{len(rounds)} rounds were seen, which are not those of {len(names)} rows\n{ended.told}"
        )
    by_row = [rounds[at : at + ROUNDS] for at in range(FIRST * ROUNDS, len(rounds), ROUNDS)]
    return {name: in_words(Counter(row).most_common(1)[0][0]) for name, row in zip(names, by_row)}
