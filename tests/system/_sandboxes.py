# SPDX-License-Identifier: MIT
"""Programs of tests/linux/hostile, and sandboxes beside each other at the prompt."""

import re
import time

from driver.kozo import plain, run
from driver.suite import expect, expect_equal

COMPILER = ("clang-19", "-std=c23", "-O1", "-static", "-Wall", "-Wextra", "-Werror")


def program(kozo, name):
    """The program of this name in tests/linux/hostile, compiled once."""
    folder = kozo.folder / "hostile"
    folder.mkdir(exist_ok=True)
    if not (folder / name).exists():
        source = kozo.root / "tests" / "linux" / "hostile" / f"{name}.c"
        ended = run([*COMPILER, source, "-o", folder / name])
        expect_equal(ended.status, 0, "the compiler's exit status", ended.told)
    return folder / name


def settle(session):
    """Comes to a prompt at which all is shown that was on its way."""
    session.send('echo all""shown\r')
    session.wait_for("allshown\n")
    session.prompt()


def end_of_job(session, begun, seconds, meanwhile=settle, pause=0.2):
    """How the job that was begun at this place of what was seen has ended. Until then, `meanwhile` is done
    again and again, with pauses of so many seconds."""
    limit = time.monotonic() + seconds
    while not (found := re.search(r"\[1\] \S+: (.*)", plain(session.seen[begun:]))):
        expect(time.monotonic() < limit, "the job does not end", session.told)
        time.sleep(pause)
        meanwhile(session)
    return found[1].strip()
