# SPDX-License-Identifier: MIT
"""A round trip between two address spaces in wall time: KOZO's call and reply_recv, and Linux's pipe, in
the same emulator, plain TCG, one processor. Both are measured in turn, a few times over, and the
shortest counts: this machine has other work, which makes both longer, and one perhaps more than the
other."""

import re

from bench import NotMeasured, Row, _linux, _processors
from driver.kozo import run

TURNS = 3
ITEM = "pipe_pp"  # of linux/lat.c: a byte to a child and one back


def linux(kozo):
    folder = kozo.folder / "pipe"
    folder.mkdir(exist_ok=True)
    built = run(["cc", "-O2", "-static", "-pthread", "-o", folder / "lat",
        kozo.root / "tests/bench/linux/lat.c"])
    if built.status != 0:
        raise NotMeasured(f"lat.c can't be compiled\n{built.told}")
    (folder / "pipe.sh").write_text(f"{folder}/lat -r 3 -s 50 {ITEM}\n")
    return _linux.OnLinux(kozo, folder, [])


def linux_nanoseconds(guest):
    out = guest.run("pipe.sh").out
    found = re.findall(rf"(?m)^{ITEM}\s+([\d.]+)", out)
    if not found:
        raise NotMeasured(f"lat does not tell what {ITEM} took\n{out}")
    return min(map(float, found))


def measure(kozo):
    guest = linux(kozo)
    here, there = [], []
    for _ in range(TURNS):
        here.append(_processors.wall_run(kozo, 1)[1])
        there.append(linux_nanoseconds(guest))
    kozo_took, linux_took = min(here), min(there)
    return [
        Row("wall time of a round trip, KOZO's call and reply_recv, plain TCG", round(kozo_took / 1000, 2),
            "µs"),
        Row("the same of Linux's pipe, two processes, in the same emulator", round(linux_took / 1000, 2),
            "µs"),
        Row("KOZO's against Linux's", round(kozo_took / linux_took, 3), "times"),
    ]
