# SPDX-License-Identifier: MIT
"""Several processors: the tests from inside with 1, 2 and 4, and a stress run that spreads over all."""

import random

from driver import tap
from driver.suite import source

order = 55

PROCESSORS = (1, 2, 4)
STRESS_SECONDS = 5
STRESS_LONG_SECONDS = 3 * 60
LIMIT = 600


def execute(kozo, program, processors, seconds=LIMIT):
    for result in tap.judge(kozo.execute(program, "--smp", str(processors), seconds=seconds)):
        result.sentence += f" ({processors} processor{'' if processors == 1 else 's'})"
        yield result


@source
def what_several_processors_do_to_each_other(kozo):
    for processors in PROCESSORS[1:]:
        yield from execute(kozo, "run test/processors", processors)


@source
def the_interface_of_the_kernel(kozo):
    for processors in PROCESSORS:
        yield from execute(kozo, "run test/selftest", processors)


@source
def stress(kozo):
    """Senders, receivers, breakers and destroyers on each processor; what was sent is counted at the end."""
    seconds = STRESS_LONG_SECONDS if kozo.long else STRESS_SECONDS
    for processors in PROCESSORS:
        seed = random.randrange(1 << 32)
        run = execute(kozo, f"run test/stress {seconds} {processors} {seed}", processors, seconds + LIMIT)
        for result in run:
            result.sentence = f"stress with seed {seed}: {result.sentence}"
            yield result
