# SPDX-License-Identifier: MIT
"""The system boots to its prompt every way it can: PVH, disk and CD, BIOS and UEFI, memory sizes."""

import os
import re
import time

from driver.kozo import PROMPT, one_line, run
from driver.suite import check, expect, expect_equal

order = 30

# UEFI firmware under emulation is slow to come up.
FIRMWARE_SECONDS = 120


def reaches_prompt(kozo, *options, seconds=FIRMWARE_SECONDS, **how):
    """Boots on a terminal, asks for the version at the prompt, and powers off."""
    with kozo.start("--timeout", str(2 * seconds), *options, **how) as session:
        session.prompt(seconds)
        answer = session.command("version")
        expect(answer.startswith("KOZO"), "version does not answer", session.told)
        session.send("poweroff\r")
        expect_equal(session.ended(), 0, "the exit status after poweroff", session.told)


@check("qemu -kernel boots it by PVH")
def pvh(kozo):
    reaches_prompt(kozo)


@check("it boots from the disk image by BIOS")
def disk_bios(kozo):
    reaches_prompt(kozo, boot=["--image", kozo.image, "--firmware", "bios"])


@check("it boots from the disk image by UEFI")
def disk_uefi(kozo):
    reaches_prompt(kozo, boot=["--image", kozo.image, "--firmware", "uefi"])


@check("it boots from the ISO as a CD by BIOS")
def iso_bios(kozo):
    reaches_prompt(kozo, boot=["--iso", kozo.iso, "--firmware", "bios"])


@check("it boots from the ISO as a CD by UEFI")
def iso_uefi(kozo):
    reaches_prompt(kozo, boot=["--iso", kozo.iso, "--firmware", "uefi"])


@check("it boots from the ISO written to a disk or stick by BIOS")
def stick_bios(kozo):
    reaches_prompt(kozo, boot=["--image", kozo.iso, "--firmware", "bios"])


@check("it boots from the ISO written to a disk or stick by UEFI")
def stick_uefi(kozo):
    reaches_prompt(kozo, boot=["--image", kozo.iso, "--firmware", "uefi"])


def memory_total(kozo, mib):
    """The bytes that `mem` reports as the total."""
    ended = kozo.execute("mem", "--mem", str(mib))
    expect_equal(ended.status, 0, "the exit status of mem", ended.told)
    found = re.search(r"(?im)^\s*total\b\D*([\d.]+)\s*([KMG])", ended.out)
    expect(found, "mem names no total", ended.told)
    return float(found[1]) * 1024 ** ("KMG".index(found[2]) + 1)


def memory_is_counted(kozo, mib):
    total = memory_total(kozo, mib)
    size = mib * 1024 * 1024
    # Firmware keeps a little of the machine's memory for itself, and no more.
    expect(0.97 * size < total <= size, f"{total / 1024 / 1024:.1f} MiB of {mib} MiB are counted")


@check("a machine of 32 MiB shows all its memory")
def memory_32(kozo):
    memory_is_counted(kozo, 32)


@check("a machine of 512 MiB shows all its memory")
def memory_512(kozo):
    memory_is_counted(kozo, 512)


@check("a machine of 8 GiB shows all its memory, also what lies above 4 GiB")
def memory_8192(kozo):
    memory_is_counted(kozo, 8192)


@check("with four processors it boots")
def four_processors(kozo):
    reaches_prompt(kozo, "--smp", "4")


@check("when instructions are counted it boots")
def counted(kozo):
    reaches_prompt(kozo, "--icount")


@check("--exec prints only the command's output and exits with 0")
def exec_prints_output(kozo):
    ended = kozo.execute("version")
    expect_equal(ended.status, 0, "the exit status", ended.told)
    line = one_line(ended.out, "the output")
    expect(line.startswith("KOZO"), "version does not say KOZO", ended.told)
    expect(PROMPT.strip() not in ended.out, "the prompt is in the output", ended.told)
    expect_equal(ended.err, "", "what is on stderr", ended.told)


@check("--exec exits with the command's status when it fails")
def exec_status(kozo):
    ended = kozo.execute("run nosuch")
    expect(ended.status not in (0, 124, 125), "the status is not the command's", ended.told)
    one_line(ended.out, "the output")


@check("./kozo run --exec does the same from any folder")
def launcher(kozo):
    ended = kozo.launch("run", "--arch", kozo.arch, f"--{kozo.mode}", "--exec", "version", cwd="/")
    expect_equal(ended.status, 0, "the exit status", ended.told)
    one_line(ended.out, "the output")
    expect_equal(ended.err, "", "what is on stderr", ended.told)


@check("a hang ends at the time limit with status 124 and one line")
def time_limit(kozo):
    ended = kozo.execute("run bin/loop", seconds=5)
    expect_equal(ended.status, 124, "the exit status", ended.told)
    one_line(ended.err, "the message")


@check("the end of input powers it off with status 0")
def end_of_input(kozo):
    ended = run(kozo.command_line("--timeout", "60"), timeout=90, input="version\n")
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect("KOZO" in ended.out, "the command before the end of input was not answered", ended.told)


@check("an end from outside leaves no QEMU behind")
def no_qemu_left(kozo):
    with kozo.start() as session:
        session.prompt()
        children = children_of(session.process.pid)
        expect(children, "the runner has no QEMU as its child")
        session.process.kill()
        session.process.wait()
        limit = time.monotonic() + 5
        while any(os.path.exists(f"/proc/{pid}/exe") for pid in children):
            expect(time.monotonic() < limit, "QEMU still runs 5 s after the runner was killed")
            time.sleep(0.05)


def children_of(parent):
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]
