# SPDX-License-Identifier: MIT
"""The kernel's interface, tested from inside the booted system: every operation and every refusal."""

from driver import tap
from driver.suite import source

order = 50

PROGRAM = "run test/selftest"


@source
def the_program_test_selftest(kozo):
    yield from tap.judge(kozo.execute(PROGRAM, seconds=300))


@source
def the_same_with_8_gib_and_two_processors(kozo):
    for result in tap.judge(kozo.execute(PROGRAM, "--mem", "8192", "--smp", "2", seconds=300)):
        result.sentence += " (8 GiB, two processors)"
        yield result


@source
def the_same_under_icount(kozo):
    for result in tap.judge(kozo.execute(PROGRAM, "--icount", seconds=300)):
        result.sentence += " (instructions counted)"
        yield result


@source
def the_same_with_guarded_ways_out(kozo):
    for result in tap.judge(kozo.execute(PROGRAM, "--append", "speculation=guarded", seconds=300)):
        result.sentence += " (guarded against speculation)"
        yield result
