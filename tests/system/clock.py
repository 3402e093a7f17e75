# SPDX-License-Identifier: MIT
"""The date: the driver of the machine's clock, and what its clients see."""

import re
import time

from driver.services import table_of
from driver.suite import check, expect

order = 56

SECOND = 10**9
SLACK = SECOND // 5  # this machine and the emulated one look at their clocks at different moments


def nanoseconds(session):
    """The date as KOZO has it, and the host's just before and just after."""
    before = time.time_ns()
    told = session.command("date nanoseconds").strip()
    after = time.time_ns()
    expect(told.isdigit(), "it is no number", session.told)
    return before, int(told), after


def wait_until_up(session):
    limit = time.monotonic() + 20
    while table_of(session.command("services"))["clock"][0] != "up":
        expect(time.monotonic() < limit, "the clock did not come back", session.told)
        time.sleep(0.05)


@check("date shows day and time in UTC, those of the host")
def readable(kozo):
    before = time.time()
    told = kozo.execute("date").out.strip()
    after = time.time()
    expect(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", told), "it is no date", told)
    shown = [time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at)) for at in
             range(int(before) - 1, int(after) + 1)]
    expect(told in shown, "it is another date than the host's", f"{told}, host: {shown}")


def behind(session):
    """How far the date is behind the host's, at least."""
    before, told, after = nanoseconds(session)
    expect(told < after + SLACK, "it is ahead", f"{told}, host: {after}")
    return before - told


@check("the date is behind by less than a second more before the clock was seen to change its second")
def exact(kozo):
    with kozo.start("--timeout", "60") as session:
        session.prompt()
        first = behind(session)
        time.sleep(1.5)
        then = behind(session)
        # The emulated clock itself starts with a whole second.
        expect(then < SECOND + SLACK, "it is off", f"{then} ns behind")
        expect(then - SLACK < first < then + SECOND + SLACK, "it was off", f"{first}, then {then} ns behind")


@check("the driver is killed again and again, and each life finds the same date")
def lives(kozo):
    with kozo.start("--timeout", "120") as session:
        session.prompt()
        time.sleep(1.2)
        wanted = behind(session)
        for _ in range(20 if kozo.long else 3):
            session.command("kill clock")
            session.command("restart clock")
            wait_until_up(session)
            time.sleep(1.2)
            found = behind(session)
            expect(abs(found - wanted) < SLACK, "it is another", f"{wanted}, then {found} ns behind")


@check("the driver holds its two ports and its interrupt, and nothing that it was not given")
def holds(kozo):
    told = kozo.execute("caps clock").out
    expect("ports 0x70 to 0x71" in told and "interrupt 8" in told, "a grant is missing", told)
    for word in ("untyped", "cnode", "thread", "address-space", "frame", "sched", "irq-control"):
        expect(word not in told, f"it holds a {word}", told)
