# SPDX-License-Identifier: MIT
"""mkdisk's images, read back field by field against the UEFI specification, and every refusal."""

import os
import struct
import subprocess
import sys
import tempfile
import uuid
import zlib
from pathlib import Path

from driver.tap import Points

MKDISK = Path(sys.argv[1]).resolve()
SECTOR = 512

points = Points()
folder = Path(tempfile.mkdtemp(prefix="mkdisk-"))
os.chdir(folder)

boot = bytearray(b"\x11" * SECTOR)
boot[102:104] = b"\xeb\x05"
core = bytearray(os.urandom(7 * SECTOR + 100))
system = os.urandom(100 * SECTOR)


def mkdisk(*arguments):
    return subprocess.run([MKDISK, *arguments], capture_output=True, text=True, check=False)


def image(boot=boot, core=core, system=system):
    for name, data in (("boot", boot), ("core", core), ("system", system)):
        (folder / name).write_bytes(data)
    done = mkdisk("out", "boot", "core", "system")
    return done, (folder / "out").read_bytes() if done.returncode == 0 else b""


def refused(reason, done):
    assert done.returncode == 1, f"exit status {done.returncode}"
    assert reason in done.stderr and done.stderr.count("\n") == 1, done.stderr


def sector(number, count=1):
    return disk[number * SECTOR : (number + count) * SECTOR]


HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
NAMES = (
    "signature revision size crc zero own other first last guid "
    "entries count entry_size entries_crc"
).split()


def header(number):
    return dict(zip(NAMES, HEADER.unpack(sector(number)[: HEADER.size])))


def partitions(at):
    found = []
    for i in range(128):
        entry = disk[at * SECTOR + 128 * i :][:128]
        if any(entry):
            first, last = struct.unpack_from("<QQ", entry, 32)
            name = entry[56:].decode("utf-16-le").rstrip("\0")
            kind, own = uuid.UUID(bytes_le=entry[:16]), uuid.UUID(bytes_le=entry[16:32])
            found.append((kind, own, first, last, name))
    return found


done, disk = image()
last = len(disk) // SECTOR - 1

with points("an image is a whole number of MiB"):
    assert done.returncode == 0, done.stderr
    assert disk and len(disk) % (1024 * 1024) == 0

with points("sector 0 holds one protective record that covers the disk"):
    record = disk[446:462]
    assert record[4] == 0xEE and record[0] == 0
    assert struct.unpack_from("<II", record, 8) == (1, last)
    assert disk[462:510] == bytes(48) and disk[510:512] == b"\x55\xaa"

for name, own, other, entries in (("first", 1, last, 2), ("last", last, 1, last - 32)):
    with points(f"the {name} header has its signature, revision, size and places"):
        h = header(own)
        assert h["signature"] == b"EFI PART" and h["revision"] == 0x10000 and h["size"] == 92
        assert (h["own"], h["other"], h["entries"]) == (own, other, entries)
        assert (h["first"], h["last"]) == (34, last - 33)
        assert (h["count"], h["entry_size"], h["zero"]) == (128, 128, 0)

    with points(f"the {name} header's own CRC-32 is right, and so is that of its entries"):
        raw = bytearray(sector(own)[:92])
        raw[16:20] = bytes(4)
        assert zlib.crc32(raw) == header(own)["crc"]
        assert zlib.crc32(sector(entries, 32)) == header(own)["entries_crc"]

with points("both copies of the entries are equal, and so are the disk's two identities"):
    assert sector(2, 32) == sector(last - 32, 32)
    assert header(1)["guid"] == header(last)["guid"] != bytes(16)

bios, efi = partitions(2)
with points("there is a BIOS boot partition and an EFI system partition, aligned and apart"):
    assert len(partitions(2)) == 2
    assert bios[0] == uuid.UUID("21686148-6449-6E6F-744E-656564454649")
    assert efi[0] == uuid.UUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93B")
    assert bios[2] % 2048 == 0 and efi[2] % 2048 == 0
    assert 34 <= bios[2] <= bios[3] < efi[2] <= efi[3] <= last - 33
    assert bios[4] == "KOZO BIOS boot" and efi[4] == "KOZO system"

with points("identities of disk and partitions differ from each other, and are versioned GUIDs"):
    identities = {bios[1], efi[1], uuid.UUID(bytes_le=header(1)["guid"])}
    assert len(identities) == 3
    assert all(identity.version == 4 for identity in identities)

with points("the EFI system partition holds the file system as given"):
    assert sector(efi[2], 100) == system and efi[3] - efi[2] + 1 == 100

with points("boot.img stands in sector 0, and loads the first sector of core.img"):
    assert disk[:92] == boot[:92] and disk[104:440] == boot[104:440]
    assert struct.unpack_from("<Q", disk, 92)[0] == bios[2]
    assert disk[102:104] == b"\x90\x90"

with points("core.img stands in the BIOS boot partition, and its first sector loads the others"):
    placed = sector(bios[2], 8)
    assert placed[:500] == core[:500] and placed[512 : len(core)] == core[512:]
    assert struct.unpack_from("<QHH", placed, 500) == (bios[2] + 1, 7, 0x820)

with points("equal inputs give equal images"):
    assert image()[1] == disk

with points("a boot.img of another size than a sector is refused"):
    refused("not one sector", image(boot=bytes(511))[0])

with points("a core.img that fills its partition is taken"):
    assert image(core=os.urandom(2048 * SECTOR))[0].returncode == 0

with points("a core.img that is larger than its partition is refused"):
    refused("no room", image(core=bytes(2048 * SECTOR + 1))[0])

with points("a core.img of a single sector is refused"):
    refused("no room", image(core=bytes(SECTOR))[0])

with points("a file system that is no whole number of sectors is refused"):
    refused("whole number of sectors", image(system=bytes(SECTOR + 1))[0])

with points("an empty file system is refused"):
    refused("whole number of sectors", image(system=b"")[0])

with points("a missing file is refused"):
    refused("No such file", mkdisk("out", "nothing", "core", "system"))

with points("too few arguments are refused"):
    refused("four files are needed", mkdisk("out"))

subprocess.run(["rm", "-rf", folder], check=True)
points.finish()
