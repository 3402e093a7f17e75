# SPDX-License-Identifier: MIT
"""Linux in the same emulator: Debian's kernel for virtual machines, with a program of linux/ as its first.

The kernel is a package that is fetched with apt-get, once, into the build folder; KOZO needs nothing of it.
"""

import re
import subprocess

from bench import NotMeasured
from driver import cpio
from driver.kozo import run

PACKAGE = "linux-image-cloud-amd64"
MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
    "virtio_blk")
# What a person who wants it fast switches off; /work of the mitigations is not what is measured.
COMMAND_LINE = "console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0 audit=0 lsm="
SECONDS = 120


def fetch(kozo):
    """The folder with the package's files."""
    folder = kozo.build / "linux-guest"
    if not list(folder.glob("boot/vmlinuz-*")):
        folder.mkdir(exist_ok=True)
        told = run(["apt-cache", "depends", PACKAGE]).out
        found = re.search(r"Depends: (linux-image-\S+)", told)
        if not found:
            raise NotMeasured("there is no Linux to measure beside: apt-get knows no kernel")
        got = run(["apt-get", "-qq", "download", found[1]], cwd=folder, timeout=300)
        packages = list(folder.glob("*.deb"))
        if got.status != 0 or not packages:
            raise NotMeasured(f"there is no Linux to measure beside\n{got.told}")
        run(["dpkg", "-x", packages[0], folder])
    return folder


def initrd(kozo, folder, program):
    """An initrd with the program, linked statically, and the modules that it needs."""
    built = kozo.folder / "guest-init"
    source = kozo.root / "tests" / "bench" / "linux" / program
    ended = run(["clang-19", "-std=c23", "-O2", "-static", "-o", built, source])
    if ended.status != 0:
        raise NotMeasured(f"{program} can't be compiled\n{ended.told}")
    members = [cpio.member(name, mode=0o040755) for name in ("dev", "proc", "modules")]
    members.append(cpio.member("init", built.read_bytes()))
    for number, name in enumerate(MODULES):
        (path,) = folder.rglob(f"{name}.ko")
        members.append(cpio.member(f"modules/{number:02}", path.read_bytes()))
    return kozo.file("guest.cpio", b"".join(members) + cpio.trailer())


def start(kozo, program, disk, words):
    """Runs the program with these words on the kernel's command line; gives what it printed."""
    folder = fetch(kozo)
    (kernel,) = folder.glob("boot/vmlinuz-*")
    line = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "1", "-m", "512", "-serial", "stdio",
        "-kernel", kernel, "-initrd", initrd(kozo, folder, program),
        "-append", f"{COMMAND_LINE} {words}",
        "-drive", f"format=raw,file={disk},readonly=on,if=none,id=disk0",
        "-device", "virtio-blk-pci-non-transitional,drive=disk0",
    ]  # fmt: skip
    try:
        ended = subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=SECONDS,
                               stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise NotMeasured("Linux did not end") from None
    return ended.stdout
