# SPDX-License-Identifier: MIT
"""The same shell script on KOZO and on Linux, each in the same emulator with as much memory.

Linux is Debian's kernel for virtual machines (_guest.py), without what makes it slower here: no
mitigations, no clearing of pages that nobody asked for, no audit, no security module, and a processor
without the string instructions that this emulator charges by the byte. Its files are an archive in memory:
what is in the shared folder, busybox, and what the script was seen to open on KOZO.
"""

import glob
import os
import re
import stat
from pathlib import Path

from bench import NotMeasured, _guest
from driver import cpio
from driver.kozo import run

BUSYBOX = "/bin/busybox"
LOADER = "/lib64/ld-linux-x86-64.so.2"  # which no program opens itself
MEMORY = "1024"
DEVICES = ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t tmpfs scratch /scratch
export TMPDIR=/scratch
$b sh {script}
echo "# ended $?"
$b poweroff -f
"""
ENDED = "# ended 0"
SECONDS = 300


class Archive:
    """Files of this machine at their own places, with the links and folders on the way."""

    def __init__(self):
        self.members = {}

    def put(self, path, data, mode):
        self.members.setdefault(path, cpio.member(path.lstrip("/"), data, mode))

    def add(self, path):
        """What is no file, folder or link, and what is not there, is left out."""
        left, here = Path(path).parts[1:], "/"
        for _ in range(100):  # more links than that are a circle
            if not left:
                return
            there = os.path.normpath(os.path.join(here, left[0]))
            left = left[1:]
            if not os.path.lexists(there):
                return
            mode = os.lstat(there).st_mode
            if stat.S_ISLNK(mode):
                target = os.readlink(there)
                self.put(there, target.encode(), mode)
                left = Path(os.path.join(here, target)).parts[1:] + left
                here = "/"
            elif stat.S_ISDIR(mode):
                self.put(there, b"", mode)
                here = there
            elif stat.S_ISREG(mode):
                self.put(there, Path(there).read_bytes(), mode)
                return
            else:
                return

    @property
    def bytes(self):
        return b"".join(self.members.values()) + cpio.trailer()


class OnKozo:
    name = "KOZO"

    def __init__(self, kozo, folder):
        self.kozo = kozo
        self.folder = folder

    def run(self, script, *, icount=False, processors=1, options=(), **how):
        """What a script of the folder prints."""
        counted = ["--icount"] if icount else []
        line = self.kozo.command_line(
            "--cpus", str(processors), "--mem", MEMORY, "--timeout", str(SECONDS), "--accel", "tcg",
            "--share", self.folder, *counted, *options, "--", BUSYBOX, "sh", self.folder / script,
        )
        ended = run(line, timeout=SECONDS + 30, **how)
        if ended.status != 0:
            raise NotMeasured(f"{script} ended with {ended.status} on KOZO\n{ended.told}")
        return ended

    def opened(self, script):
        """The files that a script opens, as its trace tells; of a long name it shows the beginning."""
        names = re.findall(r'"(/[^"?]*)"(\.\.\.)?', self.run(script, options=["--trace"]).err)
        cut = {name for beginning, more in names if more for name in glob.glob(beginning + "*")}
        return sorted(cut | {os.path.normpath(name) for name, more in names if not more})


class OnLinux:
    name = "Linux"

    def __init__(self, kozo, folder, files):
        (self.kernel,) = _guest.fetch(kozo).glob("boot/vmlinuz-*")
        self.initrd = kozo.folder / "linux.cpio"
        self.init = Archive()
        self.folder = folder
        for path in (BUSYBOX, LOADER, *files, *sorted(folder.iterdir())):
            self.init.add(str(path))
        for name in ("/dev", "/proc", "/scratch"):
            self.init.put(name, b"", stat.S_IFDIR | 0o755)

    @property
    def archive_size(self):
        return len(self.init.bytes)

    def run(self, script, *, icount=False, processors=1, **how):
        init = INIT.format(script=self.folder / script).encode()
        self.initrd.write_bytes(cpio.member("init", init) + self.init.bytes)
        ended = run(
            ["qemu-system-x86_64", *DEVICES, "-accel", "tcg", "-cpu", "max,-erms,-fsrm"]
            + (["-icount", "shift=0,sleep=off"] if icount else [])
            + ["-smp", str(processors), "-m", MEMORY, "-kernel", self.kernel]
            + ["-initrd", self.initrd, "-append", _guest.COMMAND_LINE],
            timeout=SECONDS, **how,
        )
        ended.out = ended.out.replace("\r", "")
        if ENDED not in ended.out:
            raise NotMeasured(f"{script} did not succeed on Linux\n{ended.told}")
        return ended
