# SPDX-License-Identifier: MIT
"""For the suite services: a machine on which every service has something to do, programs that keep each
busy, and its death under that load, again and again."""

import random
import re
import struct
import subprocess
import time
from dataclasses import dataclass

from driver import cpio
from driver.kozo import plain
from driver.services import TERMINAL, members, resources, settle, tell, wait_until_settled
from driver.suite import Result, expect, expect_equal

LARGE = 20 << 20  # more than the file server keeps in memory
BUSY, BUSY_LONG = 300, 1500  # milliseconds that each load goes on, at least
LATE = 45  # seconds before it is given up, from which on init is asked who has ended
LINES = 100  # that are shown meanwhile
PAUSE = 0.05  # seconds between one step of a kill and the next, at most


def places(size):
    """Contents that say in each eight bytes where they are: what test/files-read expects."""
    return struct.pack(f"<{size // 8}Q", *range(0, size, 8))


@dataclass
class Load:
    """A program that keeps services busy, and what it says at its end when all is well."""

    command: str  # with {busy} where it is said how long it is to go on
    ending: str  # may tell two numbers: what went well, and what was lost with a life of a service
    times: int = 1  # so often it says that,
    slack: int = 0  # or more or less, by so much for each death of a service


def requests(name, slack=0):
    return Load(f"test/load {name} {{busy}}", r"load: (\d+) answered, (\d+) lost", slack=slack)


def reads(path):
    return Load(f"test/files-read {path} {{busy}}", r"reader: (\d+) right, (\d+) failed")


def writes(folder):
    return Load(f"test/files-load {folder} 5 {{busy}}", r"load: (\d+) synced, (\d+) failed")


def lines(count):
    """Each line is shown once. One that the console has in its hands when it ends may be lost, or come
    again."""
    return Load(f"bin/chatter {count}", r"bin/chatter \d{4} [a-z]{26}\r?\n", count, 1)


LOSES_MEMORY = "test/memory"  # and ends like one that failed


def memory():
    """Goes on until its memory is gone: with the service that it had it from."""
    return Load(f"{LOSES_MEMORY} churn 0", f"{LOSES_MEMORY}: its memory is gone, with the service memory")


# Who is killed, under which loads, and whose device or volume goes along: what ended is told to begin anew,
# so that no
# pause follows from its failures.
VICTIMS = {
    "serial": ([lines(LINES), requests("clock", slack=1)], ["console"]),
    "console": ([lines(LINES), requests("clock", slack=1)], []),
    "memory": ([memory(), memory(), requests("clock")], []),
    "clock": ([requests("clock")], []),
    "random": ([requests("random")], []),
    "policy": ([requests("policy")], []),
    "disk": ([requests("disk"), reads("disk/large")], ["ext"]),
    "channels": ([requests("channels"), reads("share/large"), writes("share")], ["share"]),
    "devmgr": (
        [requests("devmgr"), requests("disk"), reads("share/large")],
        ["random", "disk", "channels", "ext", "share"],
    ),
    "initrd": ([reads("initrd/large"), writes("ram")], []),
    "ram": ([writes("ram"), reads("disk/large")], []),
    "ext": ([reads("disk/large"), writes("ram")], []),
    "share": ([reads("share/large"), writes("share")], []),
    "files": ([writes("ram"), reads("disk/large")], []),
}


class Machine:
    """A machine with a disk in ext4, a folder of the host, and a large file in every volume that has
    files."""

    def __init__(self, kozo, name="killed"):
        self.folder = kozo.folder / name
        self.image = kozo.folder / f"{name}.ext4"
        self.initrd = kozo.folder / f"{name}.cpio"
        if not self.folder.exists():
            self.folder.mkdir()
            (self.folder / "large").write_bytes(places(LARGE))
            with self.image.open("wb") as file:
                file.truncate(2 * LARGE)
            subprocess.run(["mkfs.ext4", "-q", "-d", self.folder, self.image], check=True)
            self.initrd.write_bytes(cpio.archive(members(kozo) | {"large": places(LARGE)}))

    def start(self, kozo, initrd=None):
        options = ["--timeout", "900", "--disk", str(self.image), "--share", f"{self.folder}:rw"]
        session = kozo.start(*options, initrd=initrd or self.initrd)
        session.prompt()
        wait_until_settled(session)
        return session


ENDED = r"\[\d\] (\S+): ended with status (\d+)"


def ends(session, start, loads):
    """How the loads ended, when all have, and what the console has shown since `start`; None before that."""
    seen = plain(session.seen[start:])
    ended = re.findall(ENDED, seen)
    return (ended, seen) if len(ended) == len(loads) else None


def shown_by(session, command):
    """What a command shows, and whatever else is shown meanwhile."""
    mark = f"shown {len(session.seen)}"
    session.send(f"{command}\recho {mark}\r")
    return session.wait_for(rf"(?sm)\A(.*)^{mark} *$", 20)[1]


def noted(session, start, loads):
    """The same by init's own list and log, which lose nothing: the console may have lost the line that it had
    in its hands. To be called while nothing is killed."""
    if re.search(r"(?m)^\[\d\] \S+ +\d+ s", shown_by(session, "jobs")):
        return None
    settle(session)
    seen = plain(session.seen[start:])
    ended = re.findall(ENDED, shown_by(session, "log"))[-len(loads) :]
    session.prompt()
    return (ended, seen) if len(ended) == len(loads) else None


def counts_of(session, ended, seen, loads, deaths):
    """How many requests went well, and how many were lost."""
    good, lost = 0, 0
    wrong = [name for name, status in ended if name != LOSES_MEMORY and status != "0"]
    expect(not wrong, f"{wrong} failed", session.told)
    for pattern in {load.ending for load in loads}:
        found = list(re.finditer(pattern, seen))
        alike = [load for load in loads if load.ending == pattern]
        wanted, slack = sum(load.times for load in alike), deaths * max(load.slack for load in alike)
        told = f"{pattern!r} was said {len(found)} times, not {wanted}"
        expect(abs(len(found) - wanted) <= slack, told, session.told)
        numbers = [match.groups() for match in found if match.lastindex]
        good += sum(int(first) for first, _ in numbers)
        lost += sum(int(second) for _, second in numbers)
    return good, lost


def kill_once(session, victim, others, chance):
    """Ends a service. What ends with it begins anew, as it does, which forgives the failures: no pause
    follows."""
    tell(session, victim, f"kill {victim}")
    time.sleep(chance.random() * PAUSE)
    for name in [victim, *others]:
        tell(session, victim, f"restart {name}")
    rows = wait_until_settled(session)
    for name in [victim, *others]:
        expect_equal(rows[name][0], "up", f"the state of {name}", session.told)
    time.sleep(chance.random() * PAUSE)


def kill_under_load(session, victim, busy, chance):
    """Ends a service again and again until its clients have had enough; gives how often, and what they
    say."""
    loads, others = VICTIMS[victim]
    start = len(session.seen)
    for load in loads:
        session.command(f"run {load.command.format(busy=busy)} &")
    times = 0
    limit = time.monotonic() + 60
    while (done := ends(session, start, loads)) is None:
        kill_once(session, victim, others, chance)
        times += 1
        if victim in TERMINAL and time.monotonic() > limit - LATE and (done := noted(session, start, loads)):
            break
        expect(time.monotonic() < limit, "the clients wait for ever", session.told)
    return times, *counts_of(session, *done, loads, deaths=2 * times)


def kill(kozo, victim, least):
    """Ends a service so often at least. Says meanwhile how far it is, and gives the result."""
    chance = random.Random(victim)
    times, good, lost = 0, 0, 0
    busy = BUSY_LONG if kozo.long else BUSY
    with Machine(kozo).start(kozo) as session:
        kill_under_load(session, victim, busy, chance)
        settle(session)
        before = resources(session)
        while times < least:
            yield f"{victim}: {times} of {least} kills"
            done = kill_under_load(session, victim, busy, chance)
            times, good, lost = times + done[0], good + done[1], lost + done[2]
        settle(session)
        after = resources(session)
    yield Result(
        f"{victim} is killed {least} times with requests in flight: its clients carry on, nothing that was "
        "synced is lost, and memory and slots come back",
        "passed" if before == after else "failed",
        f"before {before}, after {after}",
        figure=f"{victim}: {times} kills, {good:,} requests went well, {lost:,} were lost",
    )
