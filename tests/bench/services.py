# SPDX-License-Identifier: MIT
"""Services: 512 MiB, one processor, software emulation

Instructions come from init's command `boot-times` under --icount, where the time stamp counter counts
instructions, idle time left out; wall time is without it, on this machine as it is just now. Each part of the
table is a function of PARTS that gives rows; one that can't measure raises NotMeasured, and the others go on.
"""

import re
import statistics
import sys
import time

from bench import NotMeasured, Row, _counted
from driver.kozo import run
from driver.services import table_of

MACHINE = ["--mem", "512", "--smp", "1", "--accel", "tcg", "--timeout", "300"]
STARTS = 5
RESTARTS = 7
MIB = 1 << 20


def settled(session, name=None):
    """Waits until no service is on its way up."""
    limit = time.monotonic() + 60
    while True:
        rows = table_of(session.command("services"))
        if all(row[0] in ("up", "down") for row in rows.values()):
            return rows
        if time.monotonic() > limit:
            raise NotMeasured(f"services did not come up\n{session.told}")
        time.sleep(0.01)


def boot_times(session):
    """What the command tells, by name."""
    told = session.command("boot-times")
    return {name: int(value) for name, value in re.findall(r"(?m)^([\w -]+?) (\d+)\s*$", told)}


def bytes_of(session, what):
    """A size that `mem` tells."""
    found = re.search(rf"(?m)^{what} +([\d.]+) ([KM])iB", session.command("mem"))
    if not found:
        raise NotMeasured(f"mem does not tell {what}")
    return float(found[1]) * (MIB if found[2] == "M" else 1024)


def wall_time(kozo):
    """Seconds from the start of QEMU until all services are up, and what memory is in use then."""
    start = time.monotonic()
    with kozo.start(*MACHINE) as session:
        session.prompt()
        settled(session)
        took = time.monotonic() - start
        return took, bytes_of(session, "in use") + bytes_of(session, "kernel")


def boot(kozo):
    """From reset to a prompt with all services up."""
    with kozo.start(*MACHINE, "--icount") as session:
        session.prompt()
        counted = boot_times(session)
    runs = [wall_time(kozo) for _ in range(STARTS)]
    return [
        Row("kernel entry to prompt", counted["entry_to_prompt"], "instructions"),
        Row("kernel entry to all services up", counted["entry_to_services"], "instructions"),
        Row("start of QEMU to prompt, all services up", statistics.median(r[0] for r in runs), "s", 0.6),
        Row("memory in use then, kernel included", max(r[1] for r in runs) / MIB, "MiB", 12),
    ]


def restarts(kozo):
    """From the end of each service that is up to the announcement of its name by its next life."""
    rows = []
    with kozo.start(*MACHINE, "--icount") as session:
        session.prompt()
        names = [name for name, row in settled(session).items() if row[0] == "up"]
        for name in names:
            times = []
            for _ in range(RESTARTS):
                session.command(f"restart {name}")
                settled(session)
                times.append(boot_times(session)[f"service {name}"])
            rows.append(Row(f"restart of {name}", statistics.median(times), "instructions"))
    return rows


# Name in the program, what it is, and what Linux takes for it (docs/files.md).
FILES = [
    ("open-close", "files: open + close, four names", 4912),
    ("stat", "files: stat, the same path", 2774),
    ("stat-open", "files: stat of an open file", None),
    ("read-4k", "files: read 4 KiB", 1500),
    ("read-8m", "files: read 8 MiB", 2_290_000),
    ("write-8m", "files: write 8 MiB to a new file", 7_250_000),
    ("write-8m-over", "files: write 8 MiB over what is there", None),
]


def files(kozo):
    """A native client of the file server, with everything in memory; the goal is 1.5 times Linux."""
    table = [(name, what, linux and linux * 1.5, None) for name, what, linux in FILES]
    return _counted.measure(kozo, "bench/files", table)


# Bytes of one request, and requests under way at a time.
READS = ((65536, 1), (8192, 8), (4096, 1))


def disks(kozo):
    """8 MiB read from a virtio disk in order, through the driver's session, wall time."""
    image = kozo.file("read.img", bytes(8 * MIB))
    rows = []
    for request, depth in READS:
        rates = []
        for _ in range(STARTS):
            line = f"run bench/disk {8 * MIB} {request} {depth}"
            ended = run(kozo.command_line("--exec", line, "--disk", image, *MACHINE), timeout=330)
            found = re.search(r"read (\d+) (\d+) (\d+)", ended.out)
            if not found:
                raise NotMeasured(f"the disk was not read\n{ended.told}")
            amount, ticks, frequency = map(int, found.groups())
            rates.append(amount / MIB / (ticks / frequency))
        what = f"disk: read in pieces of {request // 1024} KiB, {depth} at a time"
        rows.append(Row(what, statistics.median(rates), "MiB/s"))
    return rows


PARTS = [boot, restarts, files, disks]


def measure(kozo):
    rows = []
    for part in PARTS:
        try:
            rows += part(kozo)
        except NotMeasured as reason:
            print(reason, file=sys.stderr)
            first = str(reason).partition("\n")[0]
            rows.append(Row(f"{part.__name__}: {part.__doc__.partition(chr(10))[0]}", None, lost=first))
    return rows
