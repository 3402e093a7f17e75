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

from bench import NotMeasured, Row, _counted, _guest
from bench._plugin import plugged, symbol
from driver.kozo import run
from driver.services import table_of, tell
from driver.suite import Failure

MACHINE = ["--mem", "512", "--smp", "1", "--accel", "tcg", "--timeout", "300"]
STARTS = 5
RESTARTS = 7
PAGES_TURNS = 4
MIB = 1 << 20


def settled(session):
    """Waits until no service is on its way up."""
    limit = time.monotonic() + 60
    while True:
        rows = table_of(session.command("services"))
        if rows and all(row[0] in ("up", "down") for row in rows.values()):
            return rows
        if time.monotonic() > limit:
            raise NotMeasured(f"services did not come up\n{session.told}")
        time.sleep(0.01)


def attached(kozo):
    """A disk in ext4 and a folder of the host, so that every service but that of a second disk has something
    to do."""
    folder, image = kozo.folder / "shared", kozo.folder / "disk.ext4"
    if not folder.exists():
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(16 * MIB)
        run(["mkfs.ext4", "-q", image])
    return ["--disk", image, "--share", f"{folder}:rw"]


def restart(session, name):
    """Restarts a service, and waits until those that use it are up again as well."""
    tell(session, name, f"restart {name}")
    settled(session)


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
    with kozo.start(*MACHINE, initrd=kozo.shipped) as session:
        session.prompt()
        settled(session)
        took = time.monotonic() - start
        return took, bytes_of(session, "in use") + bytes_of(session, "kernel")


def boot(kozo):
    """From reset to a prompt with all services up."""
    with kozo.start(*MACHINE, "--icount", initrd=kozo.shipped) as session:
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
    with kozo.start(*MACHINE, "--icount", *attached(kozo)) as session:
        session.prompt()
        names = [name for name, row in settled(session).items() if row[0] == "up"]
        for name in names:
            times = []
            for _ in range(RESTARTS):
                restart(session, name)
                times.append(boot_times(session)[f"service {name}"])
            rows.append(Row(f"restart of {name}", statistics.median(times), "instructions"))
    return rows


def pages(kozo):
    """Pages that are touched from one announcement of a service's name to its next, when it is restarted at
    the prompt: by the old life and the new one, by init, and by the console that takes the command."""
    at, _ = symbol(kozo.build / "services" / "init" / "init", "services_announced")
    rows = []
    with plugged(kozo, "steps", at=at, pages=1) as (environment, found):
        with kozo.start(*MACHINE, *attached(kozo), environment=environment) as session:
            session.prompt(120)
            names = [name for name, row in settled(session).items() if row[0] == "up"]
            for name in names:
                touched = []
                for _ in range(PAGES_TURNS):
                    before = len(found.read_text().splitlines())
                    restart(session, name)
                    # Those that use it may follow.
                    touched.append(int(found.read_text().splitlines()[before].split()[1]))
                rows.append(Row(f"pages touched by a restart of {name}", statistics.median(touched[1:]),
                    "pages"))
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


def kozo_rate(kozo, image, request, depth):
    """MiB in a second, through the driver's session."""
    line = f"run bench/disk {8 * MIB} {request} {depth}"
    ended = run(kozo.command_line("--exec", line, "--disk", image, *MACHINE), timeout=330)
    found = re.search(r"read (\d+) (\d+) (\d+)", ended.out)
    if not found:
        raise NotMeasured(f"the disk was not read\n{ended.told}")
    amount, ticks, frequency = map(int, found.groups())
    return amount / MIB / (ticks / frequency)


def linux_rates(kozo, image):
    """The same of Linux, by request and depth, past its page cache."""
    words = " ".join(f"row={8 * MIB},{request},{depth}" for request, depth in READS)
    told = _guest.start(kozo, "disk.c", image, words)
    found = re.findall(r"(?m)^read (\d+) (\d+) (\d+) (\d+)\s*$", told)
    if len(found) != len(READS):
        raise NotMeasured(f"Linux did not read the disk\n{told}")
    return {(int(row[0]), int(row[1])): int(row[2]) / MIB / (int(row[3]) / 1e9) for row in found}


def disks(kozo):
    """8 MiB read from a virtio disk in order, KOZO and Linux in turn in the same emulator, wall time."""
    image = kozo.file("read.img", bytes(8 * MIB))
    rates, beside = {row: [] for row in READS}, {row: [] for row in READS}
    lost = ""
    for _ in range(STARTS):
        for row in READS:
            rates[row].append(kozo_rate(kozo, image, *row))
        try:
            measured = {} if lost else linux_rates(kozo, image)
        except NotMeasured as reason:
            measured, lost = {}, str(reason).partition("\n")[0]
        for row, rate in measured.items():
            beside[row].append(rate)
    rows = []
    for request, depth in READS:
        found = statistics.median(rates[request, depth])
        what = f"disk: read in pieces of {request // 1024} KiB, {depth} at a time"
        if beside[request, depth]:
            linux = statistics.median(beside[request, depth])
            what += f" (Linux {linux:.1f}, {found / linux:.2f} times that)"
        rows.append(Row(what, found, "MiB/s"))
    if lost:
        rows.append(Row("disk: Linux beside it", None, lost=lost))
    return rows


PARTS = [boot, restarts, pages, files, disks]


def measure(kozo):
    rows = []
    for part in PARTS:
        try:
            rows += part(kozo)
        except (NotMeasured, Failure) as reason:
            print(reason, getattr(reason, "seen", ""), file=sys.stderr)
            first = str(reason).partition("\n")[0]
            rows.append(Row(f"{part.__name__}: {part.__doc__.partition(chr(10))[0]}", None, lost=first))
    return rows
