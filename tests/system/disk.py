# SPDX-License-Identifier: MIT
"""The disk: the device manager, the driver of a virtio disk, and what a client sees of it."""

import tempfile
from pathlib import Path

from driver.suite import check, expect, expect_equal

order = 55

SIZE = 4 << 20
BLOCK = 512


def pattern():
    return bytes((i * 7 + i // 251) & 0xFF for i in range(SIZE))


def with_disk(kozo, contents, *commands):
    """Runs each command on a machine with this disk; gives what they print, and the disk afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disk.img"
        path.write_bytes(contents)
        told = [kozo.launch("run", "--disk", str(path), "--exec", command) for command in commands]
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
    told = kozo.launch("run", "--exec", "run test/disk info")
    expect_equal(told.status, 1, "the exit status", told.told)
