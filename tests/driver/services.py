# SPDX-License-Identifier: MIT
"""For the suites about services: systems of other descriptions, and what the prompt tells of services and
of what is in use."""

import contextlib
import re
import time

from driver import cpio
from driver.kozo import run
from driver.suite import Failure, expect, expect_equal

TERMINAL = ("serial", "console")
TRIES, PATIENCE = 8, 2  # how often and how many seconds it is waited for a command
CLEAR = "\x15"  # Ctrl-U: what stands in the line already is not wanted
SETTLED = 10.5  # seconds after which a failure is no quick one any more, see services/init/services.c


def table_of(text):
    """The list of services: name, then state, starts and the rest."""
    rows = [line.split(None, 3) for line in text.splitlines()[1:]]
    return {row[0]: row[1:] for row in rows if len(row) == 4}


def wait_until_settled(session, seconds=30):
    """Waits until each service is up, or down for good; gives the list."""
    limit = time.monotonic() + seconds
    while True:
        rows = table_of(session.command("services"))
        if rows and all(row[0] in ("up", "down") for row in rows.values()):
            return rows
        expect(time.monotonic() < limit, "not every service came up", session.told)
        time.sleep(0.05)


def say(session, line):
    """Types a command until it was carried out. What is typed may be lost with the console or its driver,
    and a prompt that is seen may be one that was shown anew below what a program wrote."""
    for _ in range(TRIES):
        session.send(f"{CLEAR}{line}\r")
        with contextlib.suppress(Failure):
            session.prompt(PATIENCE)
        # A console that is being restarted may take the first echo with it.
        for _ in range(2):
            mark = f"did {len(session.seen)}"
            session.send(f"{CLEAR}echo {mark}\r")
            with contextlib.suppress(Failure):
                session.wait_for(rf"(?m)^{mark} *$", PATIENCE)
                session.prompt(PATIENCE)
                return
        expect(session.alive, "the machine has ended", session.told)
    raise Failure(f"{line} is never carried out", session.told)


def tell(session, service, line):
    """Types a command that ends this service."""
    if service in TERMINAL:
        say(session, line)
    else:
        session.command(line)


def resources(session):
    """What of memory and slots is in use beside what services took when they needed it: the lines of `mem`.
    The latter is theirs to keep or to give back, and ends with them."""
    return [line for line in session.command("mem").splitlines() if re.match("other|slots", line)]


def settle(session):
    """Goes on when what was said so far, by whoever, has been shown, and the prompt stands alone."""
    session.send("echo settled\r")
    session.wait_for(r"(?m)^settled *$", 20)
    session.prompt()


# A console on the serial port, to which more services can be added.
BASE = """
service serial drivers/serial/uart16550
    ports ports 0x3f8 8
    irq irq 4

service console services/console
    uses serial
    terminal
"""


def compiler(kozo):
    return kozo.build / "tools" / "system" / "mksystem"


def members(kozo):
    found = cpio.read_members(kozo.initrd.read_bytes())
    return {m.name: m.data for m in found if m.mode & 0o170000 == 0o100000}


def compiled(kozo, name, text, files):
    """What the compiler says to a description, and the table that it makes."""
    source_file = kozo.file(f"{name}.system", text)
    table = kozo.folder / f"{name}.table"
    ended = run([compiler(kozo), table, source_file, *files])
    return ended, table


def initrd_with(kozo, name, text, sandboxes=()):
    """The built initrd with another system description, and with linuxd under these names too."""
    files = members(kozo)
    files |= {name: files["services/linux"] for name in sandboxes}
    ended, table = compiled(kozo, name, text, files)
    expect_equal(ended.status, 0, "the compiler's exit status", ended.told)
    files["system"] = table.read_bytes()
    return kozo.file(f"{name}.cpio", cpio.archive(files))
