# SPDX-License-Identifier: MIT
"""Boot: 512 MiB, one processor, software emulation

Instructions come from init's command `boot-times` under --icount, where the time stamp counter counts
instructions. The first two leave out the wait for the clock that the timer is calibrated against,
which takes its time on every machine; it is stated by itself. Wall time is the median of several
starts, from the start of QEMU until the runner sees the prompt.
"""

import re
import statistics

from bench import NotMeasured, Row
from driver.kozo import PROMPT, run

STARTS = 7


def instructions(kozo):
    ended = kozo.execute("boot-times", "--mem", "512", "--smp", "1", "--accel", "tcg", "--icount",
                         initrd=kozo.shipped)
    figures = dict(re.findall(r"(?m)^(\w+) (\d+)\s*$", ended.out))
    for name in ("entry_to_user", "calibration", "entry_to_prompt"):
        if name not in figures:
            raise NotMeasured(f"boot-times does not tell {name}\n{ended.told}")
    return {name: int(value) for name, value in figures.items()}


def wall_time(kozo):
    """Milliseconds from QEMU's start to the prompt."""
    options = ["--mem", "512", "--smp", "1", "--accel", "tcg", "--timeout", "60", "--until", PROMPT]
    ended = run(kozo.command_line(*options, initrd=kozo.shipped), timeout=90)
    found = re.search(r"until: (\d+) ms", ended.err)
    if ended.status != 0 or not found:
        raise NotMeasured(f"the prompt was not seen\n{ended.told}")
    return int(found[1])


def measure(kozo):
    counted = instructions(kozo)
    times = [wall_time(kozo) for _ in range(STARTS)]
    return [
        Row("kernel entry to first user instruction", counted["entry_to_user"], "instructions", 2e6),
        Row("kernel entry to prompt", counted["entry_to_prompt"], "instructions"),
        Row("waiting for the reference clock", counted["calibration"], "instructions"),
        Row("start of QEMU to prompt", statistics.median(times) / 1000, "s", 0.6),
    ]
