# SPDX-License-Identifier: MIT
"""The disk: the device manager, the driver of a virtio disk, and what a client sees of it."""

import re
import tempfile
import time
from pathlib import Path

from driver.services import SETTLED, resources, table_of, wait_until_settled
from driver.suite import check, expect, expect_equal

order = 55

SIZE = 4 << 20
BLOCK = 512


def pattern():
    return bytes((i * 7 + i // 251) & 0xFF for i in range(SIZE))


def with_disk(kozo, contents, *commands, options=()):
    """Runs each command on a machine with this disk; gives what they print, and the disk afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disk.img"
        path.write_bytes(contents)
        told = [
            kozo.launch("run", "--initrd", kozo.initrd, "--disk", path, *options, "--exec", command)
            for command in commands
        ]
        return told, path.read_bytes()


@check("a client learns the size of the disk and reads all of it")
def reads(kozo):
    (info, whole, part), after = with_disk(
        kozo, pattern(), "run test/disk info", f"run test/disk sum 0 {SIZE // BLOCK}",
        "run test/disk sum 777 1"
    )
    expect_equal(info.out, f"{SIZE // BLOCK} blocks\n", "the size")
    expect_equal(whole.out, f"{sum(pattern())}\n", "the sum of all bytes")
    expect_equal(part.out, f"{sum(pattern()[777 * BLOCK:778 * BLOCK])}\n", "the sum of one block")
    expect(after == pattern(), "reading has changed the disk")


@check("on a machine with PCI only, whose configuration space is behind ports, all of it is read too")
def reads_by_ports(kozo):
    (told,), _ = with_disk(
        kozo, pattern(), f"run test/disk sum 0 {SIZE // BLOCK}", options=["--machine", "pc"]
    )
    expect_equal(told.out, f"{sum(pattern())}\n", "the sum of all bytes")


@check("--disk twice makes two disks, which blk lists with their sizes")
def two_disks(kozo):
    images = [kozo.file(f"{name}.img", bytes(size)) for name, size in (("one", SIZE), ("two", SIZE // 2))]
    with kozo.start("--timeout", "60", "--disk", str(images[0]), "--disk", str(images[1])) as session:
        session.prompt()
        wait_until_settled(session)
        told = session.command("blk")
    found = re.findall(r"(?m)^(\w+) +(\d+) +([\d.]+) MiB", told)
    wanted = [("disk", str(SIZE // BLOCK), "4.0"), ("disk2", str(SIZE // 2 // BLOCK), "2.0")]
    expect_equal(found, wanted, "the disks", told)


@check("blk says so when there is no disk")
def no_disk(kozo):
    expect("no disk is there" in kozo.execute("blk").out, "it says something else")


@check("what a client writes and flushes is on the disk, and nothing else has changed")
def writes(kozo):
    (told,), after = with_disk(kozo, pattern(), "run test/disk fill 100 0xa5")
    expect_equal((told.out, told.status), ("written\n", 0), "the answer")
    wanted = bytearray(pattern())
    wanted[100 * BLOCK:101 * BLOCK] = b"\xa5" * BLOCK
    expect(after == bytes(wanted), "the disk holds something else")


@check("requests out of range are refused, by number and by place")
def refuses(kozo):
    (told,), after = with_disk(kozo, pattern(), "run test/disk refused")
    expect_equal((told.out, told.status), ("22 refused\n", 0), "the answer")
    expect(after == pattern(), "a refused request has changed the disk")


@check("a machine without a disk says so")
def without(kozo):
    told = kozo.launch("run", "--initrd", kozo.initrd, "--exec", "run test/disk info")
    expect_equal(told.status, 1, "the exit status", told.told)


def state_of(session, name):
    return table_of(session.command("services")).get(name, ["", "0"])[:2]


def wait_until_up(session, name, starts):
    limit = time.monotonic() + 20
    while state_of(session, name) != ["up", str(starts)]:
        expect(time.monotonic() < limit, f"{name} did not come back", session.told)
        time.sleep(0.05)


@check("the driver and the device manager are killed in turn, and the disk is read as before each time")
def survives(kozo):
    rounds = 25 if kozo.long else 2
    image = kozo.file("killed.img", pattern())
    wanted = str(sum(pattern()[:BLOCK * 1024]))
    with kozo.start("--disk", str(image)) as session:
        session.prompt()
        disk = 1
        wait_until_up(session, "disk", disk)
        expect(wanted in session.command("run test/disk sum 0 1024"), "the sum is wrong", session.told)
        before = None
        for manager in range(2, rounds + 3):
            if kozo.long:
                time.sleep(SETTLED)
            session.command("kill disk")
            disk += 1
            wait_until_up(session, "disk", disk)
            expect(wanted in session.command("run test/disk sum 0 1024"), "the sum is wrong", session.told)
            session.command("kill devmgr")
            wait_until_up(session, "devmgr", manager)
            disk = wait_for_new_life(session, disk)
            expect(wanted in session.command("run test/disk sum 0 1024"), "the sum is wrong", session.told)
            # From the second round on nothing may be in use that was not before.
            if before is None:
                wait_until_settled(session)
                before = resources(session)
        wait_until_settled(session)
        expect_equal(resources(session), before, "memory and slots afterwards")


def wait_for_new_life(session, starts):
    """The driver has lost its device with the manager: it ends, and claims it anew. Gives its starts."""
    limit = time.monotonic() + 30
    while True:
        state, lives = state_of(session, "disk")
        if state == "up" and int(lives) > starts:
            return int(lives)
        expect(time.monotonic() < limit, "the driver did not come back", session.told)
        # Its device is gone; it notices at its next request.
        session.command("run test/disk info")
        time.sleep(0.05)
