# SPDX-License-Identifier: MIT
"""Coverage-guided fuzzing of every parser and decoder on the host: a short run each, minutes with --long.

The suite `caps` gives the kernel's system calls more time."""

from driver.fuzz import fuzz, targets
from driver.suite import Result, expect, source

order = 20

SECONDS = 4
LONG_SECONDS = 120


@source
def every_target(kozo):
    names = targets(kozo.build)
    expect(names, "no fuzz target is built")
    executions = 0
    for name in names:
        result, count = fuzz(kozo, name, LONG_SECONDS if kozo.long else SECONDS)
        executions += count
        yield result
    yield Result("every target was run", "passed", figure=f"in all: {executions:,} executions")
