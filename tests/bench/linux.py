# SPDX-License-Identifier: MIT
"""Linux programs on KOZO and on Linux: 1 GiB, one processor, software emulation

The same files run on both, one after the other, in the same emulator; _linux.py says which Linux it is.
Instructions of lat.c come from --icount, where the time stamp counter counts them; those of whole programs
from a plugin (plugin/steps.c), since time that is spent waiting for the host's files has no instructions.
Wall time is without either, the shortest of several passes. Each part of the table is a function of PARTS.
"""

import math
import re
import statistics
import sys
from collections import defaultdict

from bench import Compared, NotMeasured
from bench._linux import MEMORY, OnKozo, OnLinux
from bench._plugin import plugged, symbol
from driver.kozo import run

# Where nothing else in the machine has its code: plugins know a program by its addresses.
OWN_ADDRESSES = ["-static", "-pthread", "-Wl,-Ttext-segment=0x40000000"]
HEAD = """set -e
cd {folder}
export PATH=/usr/bin:/bin HOME=/ LC_ALL=C TMPDIR=${{TMPDIR:-/tmp}}
"""

# Name in lat.c, what it is, and the goal: instructions if above 10, else how many times Linux's.
ITEMS = [
    ("null", "a system call that does nothing", 700),
    ("clock_gettime", "the clock, by the C library", 80),
    ("clock_gettime_sys", "the clock, by a system call", None),
    ("read_zero", "read a byte of /dev/zero", None),
    ("write_null", "write a byte to /dev/null", None),
    ("open_close", "open and close", 1.5),
    ("stat", "stat", 1.5),
    ("pipe_pp", "pipe round trip, two processes", 1),
    ("unix_pp", "socket pair round trip, two processes", 1),
    ("futex_pp", "futex round trip, two threads", 1),
    ("fork_exit", "fork, exit, wait", 1.5),
    ("fork_exec", "fork, exec, wait", 1.5),
    ("posix_spawn", "posix_spawn, wait", 1.5),
    ("mmap_1m", "mmap, touch and munmap 1 MiB", 1),
    ("page_fault", "page fault", 1),
    ("sig_install", "sigaction", None),
    ("sig_catch", "raise a signal, run its handler", None),
    ("pthread", "make and join a thread", None),
    ("file_write_8m", "write 8 MiB to /tmp", 1.5),
    ("file_read_8m", "read 8 MiB back", 1.5),
    ("select_10", "select on 10 descriptors", None),
    ("epoll_10", "epoll_wait on 10 descriptors", None),
]
NAMES = " ".join(name for name, _, _ in ITEMS)
MEAN = 1.5
PAGES = 32

# Name, what it is, the command, and how often it runs.
PROGRAMS = [
    ("hello", "start hello, dynamically linked", "./hello", 5),
    ("bash", "start bash", "/bin/bash -c :", 5),
    ("python3", "start python3", "/usr/bin/python3 -c pass", 3),
    ("sqlite3", "sqlite3: 10 000 inserts", "/usr/bin/sqlite3 $TMPDIR/bench.db '.read inserts.sql'", 1),
    ("gcc", "gcc -c, 1 000 lines", "/usr/bin/gcc -c thousand.c -o $TMPDIR/thousand.o", 1),
]

# Name in lat.c, what it is, and how often each process does it.
TOGETHER = [
    ("null", "system calls that do nothing", 100_000),
    ("futex_pp", "futex round trips", 10_000),
    ("page_fault", "page faults", 10_240),
]
PROCESSORS = (1, 2, 4)
MIB = 1 << 20


def inserts():
    """For sqlite3: a new table, and all rows in one transaction."""
    rows = "".join(
        f"INSERT INTO t VALUES ({i}, 'row number {i}', {i * 7919 % 10007});\n" for i in range(10_000)
    )
    table = "DROP TABLE IF EXISTS t;\nCREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c INTEGER);\n"
    return f"{table}BEGIN;\n{rows}COMMIT;\n"


def thousand_lines():
    """C as a program has it: functions of eleven lines, and variables for the rest."""
    head = "#include <stdio.h>\n#include <string.h>\n\n"
    function = """int f{n}(const char *text, int depth)
{{
    int sum = {n};
    for (const char *at = text; *at != 0; at++) {{
        sum += *at == 'a' + {n} % 26 ? depth : (int)strlen(at) % ({n} + 2);
    }}
    if (depth > 0) {{
        printf("%d %s\\n", sum, text);
    }}
    return sum * {n};
}}
"""
    text = head + "".join(function.format(n=n) for n in range(90))
    return text + "".join(f"int v{n} = {n};\n" for n in range(1000 - text.count("\n")))


def compile_into(kozo, folder):
    sources = kozo.root / "tests/bench/linux"
    for name, options in (("lat", OWN_ADDRESSES), ("start", OWN_ADDRESSES), ("hello", [])):
        built = run(["cc", "-O2", *options, "-o", folder / name, sources / f"{name}.c"])
        if built.status != 0:
            raise NotMeasured(f"{name}.c can't be compiled\n{built.told}")


def write_scripts(folder):
    programs = "".join(f"./start {name} {count} {command}\n" for name, _, command, count in PROGRAMS)
    several = "".join(
        f"i=0\nwhile [ $i -lt $1 ]; do\n"
        f"  ./lat -d $TMPDIR -n {count} {name} >$TMPDIR/{name}.$i & i=$((i + 1))\ndone\nwait\n"
        for name, _, count in TOGETHER
    )
    scripts = {
        "counted.sh": f"./lat -s 10 -d $TMPDIR {NAMES}\n",
        "timed.sh": f"./lat -s 10 -r 3 -d $TMPDIR {NAMES}\n",
        "null.sh": "./lat -n 200 null\n",
        "programs.sh": programs,
        "memory.sh": "/bin/busybox grep ^Mem /proc/meminfo\n",
    }
    for processors in PROCESSORS:
        scripts[f"together-{processors}.sh"] = (
            f"set -- {processors}\n{several}/bin/busybox cat $TMPDIR/*.[0-9]\n"
        )
    for name, text in scripts.items():
        (folder / name).write_text(HEAD.format(folder=folder) + text)
    (folder / "inserts.sql").write_text(inserts())
    (folder / "thousand.c").write_text(thousand_lines())


def figures(out):
    """Nanoseconds and ticks of each line that a program told, by name."""
    found = defaultdict(list)
    for name, time, ticks in re.findall(r"(?m)^(\w+)\s+([\d.]+) +\d+ +([\d.]+)", out):
        found[name].append((float(time), float(ticks)))
    return found


def least(found, name, which):
    return min((figure[which] for figure in found[name]), default=None)


class Both:
    """The two systems, and what a script gives on each."""

    def __init__(self, kozo):
        self.kozo = kozo
        self.folder = kozo.folder / "linux"
        self.folder.mkdir(exist_ok=True)
        compile_into(kozo, self.folder)
        write_scripts(self.folder)
        self.own = OnKozo(kozo, self.folder)
        self.linux = OnLinux(kozo, self.folder, self.own.opened("programs.sh"))

    def figures(self, script, **how):
        return [figures(system.run(script, **how).out) for system in (self.own, self.linux)]


def items(both):
    """Each item of lat.c"""
    counted, linux_counted = both.figures("counted.sh", icount=True)
    timed, linux_timed = both.figures("timed.sh")
    rows = []
    for name, what, goal in ITEMS:
        absolute = goal is not None and goal > 10
        rows.append(Compared(
            what, least(counted, name, 1), least(linux_counted, name, 1),
            least(timed, name, 0), least(linux_timed, name, 0),
            goal=goal if absolute else None, times=None if absolute else goal, lost="not supported",
        ))
    return [*rows, MeanOf("geometric mean of the ratios", rows)]


class MeanOf(Compared):
    """Of the ratios of other rows."""

    def __init__(self, what, rows):
        super().__init__(what, times=MEAN)
        self.rows = rows

    def mean(self, ratios):
        known = [ratio for ratio in ratios if ratio is not None]
        return math.exp(statistics.fmean(map(math.log, known))) if known else None

    @property
    def found(self):
        return self.ratio

    @property
    def ratio(self):
        return self.mean(row.ratio for row in self.rows)

    @property
    def wall_ratio(self):
        return self.mean(row.wall_ratio for row in self.rows)


def pages(both):
    """Distinct pages that a null call touches, on KOZO"""
    with plugged(both.kozo, "steps", at=symbol(both.folder / "lat", "syscall")[0], pages=1) as (
        environment, found,
    ):
        both.own.run("null.sh", icount=True, env=environment)
        told = [line.split() for line in found.read_text().splitlines()[-100:]]
    touched = statistics.median(int(pages) for _, pages in told)
    return [Compared("pages that such a call touches", touched, goal=PAGES)]


def instructions(both, system):
    """What each program takes, by name: of the lines of the plugin, those between the first run that is
    measured and the end of the last one."""
    with plugged(both.kozo, "steps", at=symbol(both.folder / "start", "operation_begins")[0]) as (
        environment, found,
    ):
        system.run("programs.sh", icount=True, env=environment)
        steps = [int(line.split()[0]) for line in found.read_text().splitlines()]
    taken = {}
    for name, _, _, count in PROGRAMS:
        taken[name] = statistics.median(steps[:count])
        steps = steps[count + 1 :]
    return taken


def programs(both):
    """Start and end of whole programs, their files in memory"""
    counted, linux_counted = (instructions(both, system) for system in (both.own, both.linux))
    timed, linux_timed = both.figures("programs.sh")
    return [
        Compared(
            what, counted[name], linux_counted[name],
            least(timed, name, 0), least(linux_timed, name, 0), lost="it did not run",
        )
        for name, what, _, _ in PROGRAMS
    ]


def in_use(out):
    """Bytes that /proc/meminfo tells as used."""
    told = {name: int(value) * 1024 for name, value in re.findall(r"(\w+): +(\d+) kB", out)}
    return told["MemTotal"] - told["MemFree"]


def memory(both):
    """Memory that is in use while a shell runs"""
    sandbox = in_use(both.own.run("memory.sh").out)
    linux = in_use(both.linux.run("memory.sh").out) - both.linux.archive_size
    told = both.kozo.execute("mem", "--mem", MEMORY).out
    system = 0.0
    for size, unit in re.findall(r"(?m)^(?:in use|kernel) +([\d.]+) ([KM])iB", told):
        system += float(size) * (MIB if unit == "M" else 1024)
    return [
        Compared("MiB of a sandbox with a shell", round(sandbox / MIB, 1)),
        Compared(
            "MiB handed out in all; of Linux, in use",
            round((sandbox + system) / MIB, 1), round(linux / MIB, 1),
        ),
    ]


def together(both):
    """Time of one operation when as many processes as there are processors do it at once"""
    rows = {name: [] for name, _, _ in TOGETHER}
    for processors in PROCESSORS:
        found = both.figures(f"together-{processors}.sh", processors=processors)
        number = "1 processor" if processors == 1 else f"{processors} processors"
        for name, what, _ in TOGETHER:
            # What all of them do in a second is the sum of what each does.
            own, linux = (1 / sum(1 / time for time, _ in system[name]) for system in found)
            rows[name].append(Compared(f"{what}, {number}", wall=own, linux_wall=linux))
    return [row for row_of_name in rows.values() for row in row_of_name]


PARTS = [items, pages, programs, memory, together]


def measure(kozo):
    both = Both(kozo)
    rows = []
    for part in PARTS:
        try:
            rows += part(both)
        except NotMeasured as reason:
            print(reason, file=sys.stderr)
            rows.append(Compared(part.__doc__, lost=str(reason).partition("\n")[0]))
    return rows
