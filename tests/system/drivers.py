# SPDX-License-Identifier: MIT
"""Drivers: what the device manager gives each, the driver of docs/drivers.md, randomness, and their ends."""

import re
import time

from driver.services import BASE, initrd_with, resources, settle, table_of, wait_until_settled
from driver.suite import Result, check, expect, expect_equal, source

order = 58

MANAGER = (
    BASE
    + """
service devmgr services/devmgr
    ports pci 0xcf8 8
    platform
    memory 64K
    self
    keeps 4K
"""
)
LESSON = """
service {} drivers/lesson
    uses devmgr
    driver {}
    memory 64K
    self
"""
CLIENT = """
program test/lesson
    uses lesson 16K
    copies 2
"""
EDU = "1234:11e8"


def lesson_system(kozo, name, text):
    return initrd_with(kozo, name, MANAGER + text)


def start_lesson(kozo, *options):
    """A machine with the device, and its driver."""
    initrd = lesson_system(kozo, "lesson", LESSON.format("lesson", EDU) + CLIENT)
    return kozo.start("--timeout", "1500", "--device", "edu", *options, initrd=initrd)


for machine in ("q35", "pc"):

    @source
    def lesson(kozo, machine=machine):
        """The sentences of a client: registers, an interrupt by MSI, and memory that the device reaches."""
        with start_lesson(kozo, "--machine", machine) as session:
            session.prompt()
            wait_until_settled(session)
            told = session.command("run test/lesson")
        for line in told.splitlines():
            verdict, _, sentence = line.partition(": ")
            if verdict in ("yes", "NO"):
                yield Result(f"lesson on {machine}: {sentence}", "passed" if verdict == "yes" else "failed")
        count = len(re.findall(r"(?m)^yes: ", told))
        yield Result(
            f"lesson on {machine}: the client said all of its sentences",
            "passed" if count == 5 else "failed",
            told,
        )


@check("a driver holds its registers, its interrupt, memory for its device, and what its description gives")
def holds(kozo):
    with start_lesson(kozo) as session:
        session.prompt()
        wait_until_settled(session)
        told = session.command("caps lesson")
    expect_equal(len(re.findall(r"irq-handler, interrupt \d+", told)), 1, "its interrupts", told)
    frames = re.findall(r"(?m)^ +\d+ frame, (\d+ KiB): ([\w ]+)$", told)
    registers, shared = ("1024 KiB", "read write"), ("4 KiB", "read write phys")
    expect(registers in frames, "its registers are missing", told)
    expect(shared in frames, "its memory is missing", told)
    own = [frame for frame in frames if frame not in (registers, shared)]
    expect(len(own) == 1 and "execute" in own[0][1], "it holds memory beside its own image", told)
    for word in ("io-port", "irq-control", "sched-control", "ports 0x"):
        expect(word not in told, f"it holds {word}", told)


REFUSED = {
    "a driver can't claim a device that its description does not name": (
        LESSON.format("lesson", "1af4:1044"),
        "lesson",
    ),
    "a device has one driver: the second is refused": (
        LESSON.format("lesson", EDU) + LESSON.format("other", EDU) + "    after lesson\n",
        "other",
    ),
}

for sentence, (text, name) in REFUSED.items():

    @check(sentence)
    def refused(kozo, sentence=sentence, text=text, name=name):
        initrd = lesson_system(kozo, "refused", text)
        with kozo.start("--timeout", "60", "--device", "edu", initrd=initrd) as session:
            session.wait_for(f"service {name} ended with status 1", 20)
            settle(session)
            expect("not to be had" in session.command(f"log {name}"), "it is not said why", session.told)
            if name == "other":
                expect_equal(table_of(session.command("services"))["lesson"][0], "up", "the first's state")


@check("claims that fail half-way keep nothing: after 500 of them the device is claimed as at first")
def half_claimed(kozo):
    text = f"program test/claim\n    uses devmgr\n    driver {EDU}\n"
    with kozo.start("--timeout", "60", "--device", "edu",
        initrd=lesson_system(kozo, "claim", text)) as session:
        session.prompt()
        wait_until_settled(session)
        told = session.command("run test/claim 500").strip()
        expect_equal(told, "refused 500 times, then: 0", "what came of it", session.told)
        held = session.command("caps devmgr").count("irq-handler")
        expect_equal(held, 1, "interrupts that the manager holds", session.told)


@check("a driver whose device is not there ends in peace")
def absent(kozo):
    initrd = lesson_system(kozo, "absent", LESSON.format("lesson", EDU))
    with kozo.start("--timeout", "60", initrd=initrd) as session:
        session.prompt()
        rows = wait_until_settled(session)
        expect("has nothing to do" in rows["lesson"][2], "its state is another", session.told)


@source
def killed(kozo):
    """The driver and the device manager are killed in turn while a client uses them."""
    times = 100 if kozo.long else 6
    sentence = (
        f"lesson and devmgr are killed {times} times under load: a client loses what was in flight only"
    )
    with start_lesson(kozo) as session:
        session.prompt()
        wait_until_settled(session)
        before, told, first = None, "", None
        for round_number in range(times):
            session.send("run test/lesson load 10 &\r")
            session.wait_for(r"\[1\] test/lesson", 20)
            for name in ("lesson", "devmgr"):
                session.send(f"kill {name}\r")
                session.wait_for(f"service {name} was killed", 20)
                session.send(f"restart {name}\r")  # forgives the failure, so that no pause follows
                time.sleep(0.1)
            # It ended once more, for want of the manager.
            session.send("restart lesson\r")
            ended = session.wait_for(r"(\d+) rounds, (\d+) lost|other bytes arrived|error \d+", 120)
            told = told or (ended[0] if "lost" not in ended[0] or int(ended[2]) > 30 else "")
            settle(session)
            session.command("restart lesson")
            wait_until_settled(session)
            if "NO" in session.command("run test/lesson"):
                told = told or session.told
            if round_number == 0:
                before = resources(session)
        after = resources(session)
    good = before == after and not told
    yield Result(sentence, "passed" if good else "failed", f"{told}\nbefore {before}, after {after}")


# ---- randomness ----------------------------------------------------------------------------------


@check("random gives 32 bytes, others each time, over a restart of its driver too")
def random_bytes(kozo):
    seen = set()
    with kozo.start("--timeout", "100") as session:
        session.prompt()
        wait_until_settled(session)
        for _ in range(4):
            for _ in range(4):
                told = session.command("random").strip()
                expect(re.fullmatch(r"[0-9a-f]{64}", told), "these are not 32 bytes", session.told)
                expect(told not in seen and len(set(told)) > 4, "bytes came twice", session.told)
                seen.add(told)
            session.command("kill random")
            session.command("restart random")
            wait_until_settled(session)


@check("the driver of randomness may feed the kernel, and do nothing else to it")
def feeds(kozo):
    with kozo.start("--timeout", "60") as session:
        session.prompt()
        wait_until_settled(session)
        told = session.command("caps random")
    expect(re.search(r"entropy: write$", told, re.M), "it can't feed the kernel", told)
    for word in ("audit", "irq-control", "sched-control", "io-port"):
        expect(word not in told, f"it holds {word}", told)


@check("devices lists each device by place and identity, and which have a driver")
def devices(kozo):
    with kozo.start("--timeout", "60", "--device", "edu") as session:
        session.prompt()
        wait_until_settled(session)
        told = session.command("devices")
    expect(re.search(r"1af4:1044 .* yes", told), "the source of randomness has no driver", told)
    expect(re.search(r"1234:11e8 .* no", told), "a device without a driver is not listed", told)


@check("a machine whose only bus is PCI has the same devices behind ports")
def by_ports(kozo):
    told = kozo.execute("devices", "--machine", "pc").out
    expect(re.search(r"1af4:1044 ", told) and re.search(r"8086:7000 ", told), "devices are missing", told)


# ---- virtio in memory ----------------------------------------------------------------------------

MICROVM = ("--timeout", "100", "--machine", "microvm")
BLOCK, BLOCKS = 512, 8192


def microvm(kozo, name, *options):
    """A machine without a bus, with a disk; its session, settled, and the sum of all the disk's bytes."""
    contents = bytes((i * 7 + i // 251) & 0xFF for i in range(BLOCK * BLOCKS))
    session = kozo.start(*MICROVM, "--disk", str(kozo.file(f"{name}.img", contents)), *options)
    session.prompt()
    wait_until_settled(session)
    return session, str(sum(contents))


def reads_and_draws(session, total):
    """The disk is read whole, and the source of randomness gives 32 bytes; gives these."""
    told = session.command(f"run test/disk sum 0 {BLOCKS}")
    expect_equal(told.strip(), total, "the sum of the disk's bytes", session.told)
    drawn = session.command("random").strip()
    expect(re.fullmatch(r"[0-9a-f]{64}", drawn), "these are not 32 bytes", session.told)
    return drawn


@check("a machine without a bus has its disk, its randomness and its channels by words of the command line")
def in_memory(kozo):
    session, total = microvm(kozo, "memory")
    with session:
        first, second = reads_and_draws(session, total), reads_and_draws(session, total)
        expect(first != second, "the same bytes came twice", session.told)
        told = session.command("devices")
    found = re.findall(r"(?m)^(feb0\d000) 1af4:(\d+) +virtio +yes *$", told)
    expect_equal(found, [("feb00000", "1044"), ("feb01000", "1042")], "the devices with drivers", told)
    told = kozo.launch("run", "--machine", "microvm", "--", "/bin/echo", "by channels")
    expect_equal((told.out, told.status), ("by channels\n", 0), "what a Linux program said", told.told)


@check("the driver of a device in memory holds the page of its registers, its line, and its memory")
def holds_in_memory(kozo):
    session, _ = microvm(kozo, "holds")
    with session:
        told = session.command("caps disk")
    expect_equal(re.findall(r"irq-handler, interrupt (\d+)", told), ["32"], "its interrupts", told)
    frames = re.findall(r"(?m)^ +\d+ frame, (\d+ KiB): ([\w ]+)$", told)
    registers, shared = ("4 KiB", "read write"), ("256 KiB", "read write phys")
    expect_equal((frames.count(registers), frames.count(shared)), (1, 1), "its registers and memory", told)
    own = [frame for frame in frames if frame not in (registers, shared)]
    expect(len(own) == 1 and "execute" in own[0][1], "it holds memory beside its own image", told)
    for word in ("io-port", "irq-control", "sched-control"):
        expect(word not in told, f"it holds {word}", told)


@check("drivers of devices in memory, and the manager, are killed in turn: all works as before each time")
def killed_in_memory(kozo):
    rounds = 20 if kozo.long else 3
    session, total = microvm(kozo, "killed")
    with session:
        drawn, before = {reads_and_draws(session, total)}, None
        for _ in range(rounds):
            for name in ("disk", "random", "devmgr"):
                session.command(f"kill {name}")
                session.command(f"restart {name}")
                settle(session)
            for name in ("disk", "random"):  # they have ended once more, for want of the manager
                session.command(f"restart {name}")
            wait_until_settled(session)
            drawn.add(reads_and_draws(session, total))
            before = before or resources(session)
        after = resources(session)
    expect_equal(len(drawn), rounds + 1, "different bytes of randomness", session.told)
    expect_equal(after, before, "what is in use")


PLACE = "virtio_mmio.device="
BAD_WORDS = {
    "a word that is no device": ("512@0xfeb02000:40x", "0xfeb02000", "there is something behind it"),
    "a place without a device": ("512@0xfeb02000:40", "0xfeb02000", "there is no virtio device"),
    "a word that names memory": ("512@0x1000000:40", "0x1000000", "its address is not that of a device"),
    "a word that names an interrupt controller": (
        "512@0xfec00000:40", "0xfec00000", "its address is not that of a device"
    ),
    "a word at the end of a line that is too long": (
        "512@0xfeb02000:" + 100 * "4", "0xfeb02000|0x0", "the command line was too long"
    ),
}

for sentence, (word, address, reason) in BAD_WORDS.items():

    @check(f"{sentence} is refused, and said why, and the other devices work")
    def bad_word(kozo, word=word, address=address, reason=reason):
        session, total = microvm(kozo, "bad", "--append", PLACE + word)
        with session:
            told = session.command("log devmgr")
            refused = re.findall(r"(?m)^virtio device at (\S+) refused: (.*?) *$", told)
            expect_equal(len(refused), 1, "devices that are refused", session.told)
            expect(re.fullmatch(address, refused[0][0]), "another device is refused", told)
            expect(reason in refused[0][1], "it is said otherwise why", told)
            reads_and_draws(session, total)


@check("devices that share a page are given to nobody: a driver would hold the registers of another's")
def shared_page(kozo):
    session, total = microvm(kozo, "page", "--append", f"{PLACE}512@0xfeb00200:25")
    with session:
        told = session.command("log devmgr")
        refused = re.findall(r"at (\S+) refused: another device is in the same page of memory", told)
        expect_equal(refused, ["0xfeb00000", "0xfeb00200"], "the devices that are refused", told)
        rows = table_of(session.command("services"))
        expect("has nothing to do" in rows["random"][2], "randomness has a driver", session.told)
        told = session.command(f"run test/disk sum 0 {BLOCKS}")
        expect_equal(told.strip(), total, "the sum of the disk's bytes", session.told)
