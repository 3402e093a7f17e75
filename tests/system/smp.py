# SPDX-License-Identifier: MIT
"""Several processors: the tests from inside and the whole system with 1, 2 and 4, and stress over all of
them."""

import random

from driver import tap
from driver.services import wait_until_settled
from driver.suite import check, expect, expect_equal, source

order = 55

PROCESSORS = (1, 2, 4)
STRESS_SECONDS = 5
STRESS_LONG_SECONDS = 3 * 60
LIMIT = 600
MOST = 64  # that the kernel starts
BOOT_MOST_SECONDS = 300  # an emulator runs them all on the few of the host


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


def states_of_services(kozo, processors):
    """When all have come up, and the console has again after it was killed."""
    with kozo.start("--smp", str(processors), "--timeout", str(LIMIT)) as session:
        session.prompt()
        wait_until_settled(session, BOOT_MOST_SECONDS)
        session.command("kill console")
        rows = wait_until_settled(session, BOOT_MOST_SECONDS)
        expect_equal(rows["console"][:2], ["up", "2"], "the console after it was killed", session.told)
        return {name: row[0] for name, row in rows.items()}


def linux_program(kozo, processors):
    ended = kozo.launch(
        "run", "--cpus", str(processors), "--timeout", str(LIMIT), "--",
        "/bin/busybox", "sh", "-c", "for i in 1 2 3; do echo $i | cat; done; exit 7", timeout=LIMIT,
    )
    expect_equal((ended.status, ended.out), (7, "1\n2\n3\n"), "status and output", ended.told)


@check("all services come up with 2 and with 4 processors as with one, also one that was killed")
def services(kozo):
    alone = states_of_services(kozo, 1)
    for processors in PROCESSORS[1:]:
        expect_equal(states_of_services(kozo, processors), alone, f"with {processors} processors")


@check("a Linux program with processes and pipes runs with 2 and with 4 processors")
def linux_programs(kozo):
    for processors in PROCESSORS[1:]:
        linux_program(kozo, processors)


@check(f"with {MOST} processors, the most that are started, it boots")
def as_many_as_there_can_be(kozo):
    ended = kozo.execute("version", "--smp", str(MOST), seconds=BOOT_MOST_SECONDS)
    expect(ended.status == 0 and ended.out.startswith("KOZO"), "version does not answer", ended.told)


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
