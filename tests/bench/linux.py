# SPDX-License-Identifier: MIT
"""Linux programs: instructions of linux/lat.c on KOZO, beside those of Linux 6.1 in the same emulator

Counted under --icount by the program itself, whose time-stamp counter counts instructions. Linux's
figures are those of a Debian 12 kernel without mitigations, on one processor, in the same emulator
and mode; docs/performance.md tells how they were taken.
"""

import math
import re

from bench import NotMeasured, Row
from driver.kozo import run

SECONDS = 400

# Name in the program, what it is, Linux's figure, how many times that KOZO may take; a goal of its
# own instead if it is above 10.
TABLE = [
    ("null", "a system call that does nothing", 340, 700),
    ("clock_gettime", "the clock, by the C library", 76, 80),
    ("clock_gettime_sys", "the clock, by a system call", 441, None),
    ("read_zero", "read a byte of /dev/zero", 573, None),
    ("write_null", "write a byte to /dev/null", 496, None),
    ("open_close", "open and close", 4912, 1.5),
    ("stat", "stat", 2774, 1.5),
    ("pipe_pp", "pipe round trip, two processes", 12110, 1),
    ("unix_pp", "socket pair round trip, two processes", 16159, 1),
    ("futex_pp", "futex round trip, two threads", 9512, 1),
    ("fork_exit", "fork, exit, wait", 208416, 1.5),
    ("fork_exec", "fork, exec, wait", 564541, 1.5),
    ("posix_spawn", "posix_spawn, wait", 460782, 1.5),
    ("mmap_1m", "mmap, touch and munmap 1 MiB", 1074974, 1),
    ("page_fault", "page fault", 3338, 1),
    ("sig_install", "sigaction", 480, None),
    ("sig_catch", "raise a signal, run its handler", 3582, None),
    ("pthread", "make and join a thread", 38361, None),
    ("file_write_8m", "write 8 MiB to /tmp", 7_250_000, 1.5),
    ("file_read_8m", "read 8 MiB back", 2_290_000, 1.5),
    ("select_10", "select on 10 descriptors", 2764, None),
    ("epoll_10", "epoll_wait on 10 descriptors", 780, None),
]


def figures(kozo):
    """What the program tells, by name."""
    folder = kozo.folder / "lat"
    folder.mkdir(exist_ok=True)
    program = folder / "lat"
    built = run(["cc", "-O2", "-static", "-pthread", "-o", program, kozo.root / "tests/bench/linux/lat.c"])
    if built.status != 0:
        raise NotMeasured(f"lat.c can't be compiled\n{built.told}")
    ended = kozo.launch(
        "run", "--icount", "--timeout", str(SECONDS), "--share", folder,
        "--", program, "-s", "10", "-d", "/tmp", timeout=SECONDS + 60,
    )
    if ended.status != 0:
        raise NotMeasured(f"the program ended with {ended.status}\n{ended.told}")
    return {name: float(value) for name, value in re.findall(r"(?m)^(\w+)\s+\S+\s+\d+\s+([\d.]+)", ended.out)}


def measure(kozo):
    found = figures(kozo)
    rows = []
    ratios = []
    for name, what, linux, goal in TABLE:
        value = found.get(name)
        if value is not None:
            ratios.append(value / linux)
        limit = None if goal is None else goal if goal > 10 else goal * linux
        text = f"{what} (Linux {linux}" + (f", {ratios[-1]:.2f} times that)" if value is not None else ")")
        rows.append(Row(text, None if value is None else round(value), goal=limit, lost="not supported"))
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None
    rows.append(Row("geometric mean of all ratios", mean, goal=1.5, lost="nothing was measured"))
    return rows
