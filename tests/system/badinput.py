# SPDX-License-Identifier: MIT
"""Bad input: damaged initrds, hostile programs, too little memory. One line each, and a prompt."""

import re

from driver import cpio, elf
from driver.elf import AARCH64, DYNAMIC, INTERPRETER, PAGE, R, W, X, Segment
from driver.kozo import one_line, plain
from driver.services import wait_until_settled
from driver.suite import check, expect, expect_equal

order = 60

TOP = 2**64


def built(kozo):
    return kozo.initrd.read_bytes()


def members(kozo):
    """What is in the built initrd, to be packed again."""
    return {m.name: m.data for m in cpio.read_members(built(kozo)) if m.mode & 0o170000 == 0o100000}


# ---- initrds -------------------------------------------------------------------------------------


def named(kozo, name):
    """The built initrd with one more member of this name."""
    packed = cpio.archive(members(kozo)).removesuffix(cpio.trailer())
    return packed + cpio.member(name, b"x") + cpio.trailer()


BAD_INITRDS = {
    "an empty initrd": lambda kozo: b"",
    "an initrd of one byte": lambda kozo: b"0",
    "an initrd of zeros": lambda kozo: bytes(64 * 1024),
    "an initrd that is text": lambda kozo: b"this is no archive\n" * 100,
    "an initrd without members": lambda kozo: cpio.trailer(),
    "an initrd cut off in its first header": lambda kozo: built(kozo)[:50],
    "an initrd cut off in its first member": lambda kozo: built(kozo)[:200],
    "an initrd cut in half": lambda kozo: built(kozo)[: len(built(kozo)) // 2],
    "an initrd without its trailer": lambda kozo: cpio.member("a", b"text"),
    "an initrd in the old binary format": lambda kozo: b"\xc7\x71" + built(kozo)[2:],
    "an initrd in the format with check sums": lambda kozo: cpio.member("a", b"b", magic=b"070702"),
    "a header with digits that are none": lambda kozo: cpio.member("a", b"b", size=b"0000zz00"),
    "a header with a sign": lambda kozo: cpio.member("a", b"b", size=b"-0000001"),
    "a member larger than the archive": lambda kozo: cpio.member("a", b"b", size=0x7FFFFFFF),
    "a member whose size wraps around": lambda kozo: cpio.member("a", b"b", size=0xFFFFFFFF),
    "a name larger than the archive": lambda kozo: cpio.member("a", name_size=0x7FFFFFFF),
    "a name whose size wraps around": lambda kozo: cpio.member("a", name_size=0xFFFFFFFF),
    "a name of no bytes": lambda kozo: cpio.member("a", b"b", name_size=0),
    "a name without an end": lambda kozo: cpio.member("abc", b"b", ends=b"d"),
    "a name with escape sequences": lambda kozo: named(kozo, b"\x1b[2Jbad"),
    "a name that leads outside": lambda kozo: named(kozo, b"../../etc/passwd"),
    "a name of 4000 characters": lambda kozo: named(kozo, b"n" * 4000),
    "a name of bytes that are no text": lambda kozo: named(kozo, b"\xff\xfe\x01\x02"),
    "an initrd whose driver is damaged": lambda kozo: cpio.archive(
        {n: d if "bin" not in n and "uart" not in n else b"broken" for n, d in members(kozo).items()}
    ),
    "an initrd whose description is damaged": lambda kozo: cpio.archive(
        {n: d if "system" not in n else b"\xff\0nonsense \n" * 50 for n, d in members(kozo).items()}
    ),
}


# What a line about a fault of the initrd speaks of.
FAULT = re.compile(r"(?i)initrd|driver|console|system|description")


def names_the_fault(kozo, **how):
    """Boots to a prompt that works, and expects one line about the fault before it."""
    with kozo.start("--timeout", "120", **how) as session:
        before = session.prompt()
        told = [line for line in before.splitlines() if FAULT.search(line)]
        expect(len(told) == 1, f"{len(told)} lines name the fault, not one", session.told)
        expect(told[0].isprintable(), "the line holds control characters", repr(told[0]))
        version = session.command("version")
        expect(version.startswith("KOZO"), "the prompt does not answer", session.told)
        expect_equal(session.command("echo still here").strip(), "still here", "the answer")
        session.send("poweroff\r")
        expect_equal(session.ended(), 0, "the exit status", session.told)


@check("without an initrd there is one line that says so, and a prompt that works")
def no_initrd(kozo):
    names_the_fault(kozo, initrd=False)


for number, (name, make) in enumerate(BAD_INITRDS.items()):

    @check(f"{name} is one line that names the fault, and a prompt that works")
    def bad_initrd(kozo, number=number, make=make):
        names_the_fault(kozo, initrd=kozo.file(f"bad-{number}.cpio", make(kozo)))


@check("names from the root are taken as relative, and nothing else changes")
def absolute_name(kozo):
    ended = kozo.execute("ls", initrd=kozo.file("absolute.cpio", named(kozo, b"/absolute")))
    expect(re.search(r"(?m)[^/]absolute$", ended.out), "the member is not listed", ended.told)
    expect("bin/hello" in ended.out, "the other members are not listed", ended.told)


@check("a name that occurs twice, and a member of a million bytes, do no harm")
def twice_and_large(kozo):
    packed = cpio.archive(members(kozo)).removesuffix(cpio.trailer())
    packed += cpio.member("twice", b"first") + cpio.member("twice", b"second")
    packed += cpio.member("large", bytes(1_000_000)) + cpio.trailer()
    ended = kozo.execute("ls", initrd=kozo.file("twice.cpio", packed))
    expect_equal(ended.status, 0, "the exit status of ls", ended.told)
    expect("large" in ended.out, "the large member is not listed", ended.told)


# ---- programs ------------------------------------------------------------------------------------


def code(address=0x400000, **changes):
    contents = elf.CODE["x86_64"]
    return Segment(address, contents, changes.pop("flags", R | X), **changes)


def data(address=0x401000, **changes):
    return Segment(address, b"data" * 16, changes.pop("flags", R | W), **changes)


def program(*segments, **header):
    return elf.good(segments=list(segments), **header).encode()


BAD_PROGRAMS = {
    "an empty file": b"",
    "a single byte": b"\x7f",
    "only the magic number": b"\x7fELF",
    "a text file": b"#!/bin/sh\necho hello\n",
    "a file of zeros": bytes(8192),
    "a file of ones": b"\xff" * 8192,
    "a header that is cut off": program(code())[:63],
    "a table of headers that is cut off": program(code(), data())[: 64 + 57],
    "another magic number": program(code(), magic=b"\x7fELG"),
    "a 32-bit file": program(code(), elf_class=1),
    "big-endian byte order": program(code(), order=2),
    "another version": program(code(), version=2),
    "another machine": program(code()).replace(b"\x3e\0", AARCH64.to_bytes(2, "little"), 1),
    "an object file": program(code(), kind=1),
    "a position-independent file": program(code(), kind=3),
    "a core dump": program(code(), kind=4),
    "a header of another size": program(code(), header_size=65),
    "program headers of another size": program(code(), entry_size=55),
    "program headers of size zero": program(code(), entry_size=0),
    "no program headers": program(code(), count=0),
    "65535 program headers": program(code(), count=65535),
    "program headers beyond the end": program(code(), table=1 << 40),
    "program headers that wrap around": program(code(), table=TOP - 32),
    "program headers at the very end": program(code(), table=2 * PAGE - 8),
    "no segment to load": program(Segment(0x400000, b"x", kind=4)),
    "a segment beyond the end of the file": program(code(offset=1 << 40)),
    "a segment larger than the file": program(code(size=1 << 30, memory=1 << 30)),
    "a segment whose offset wraps around": program(
        code(offset=TOP - PAGE, size=2 * PAGE, memory=2 * PAGE)
    ),
    "a segment with more in the file than in memory": program(code(memory=3)),
    "a segment whose address wraps around": program(code(), data(TOP - PAGE, memory=3 * PAGE)),
    "a segment of almost all memory there is": program(code(), data(memory=TOP - 0x402000)),
    "a segment of 64 TiB": program(code(), data(memory=1 << 46)),
    "a segment of 16 GiB": program(code(), data(memory=1 << 34)),
    "a segment in the kernel's half": program(code(), data(0xFFFFFFFF80000000)),
    "a segment at a non-canonical address": program(code(), data(0x800000000000)),
    "a segment that ends in the non-canonical hole": program(
        code(), data(0x7FFFFFFFF000, memory=2 * PAGE)
    ),
    "a segment at address zero": program(code(), data(0)),
    "two segments at the same address": program(code(), data(0x400000)),
    "two segments that overlap by a byte": program(code(memory=PAGE + 1), data(0x401000)),
    "two segments that share a page": program(code(), data(0x400800)),
    "a segment inside another": program(code(memory=16 * PAGE), data(0x404000)),
    "a segment that is writable and executable": program(code(flags=R | W | X)),
    "a segment that may only be written and executed": program(code(), data(flags=W | X)),
    "an alignment that is no power of two": program(code(align=3000)),
    "an address that does not fit its offset": program(code(offset=PAGE + 8)),
    "an alignment of half the address space": program(code(align=1 << 63)),
    "an entry outside of all segments": program(code(), entry=0x500000),
    "an entry in a data segment": program(code(), data(), entry=0x401000),
    "an entry right behind the code": program(code(), entry=0x400000 + len(elf.CODE["x86_64"])),
    "an entry at zero": program(code(), entry=0),
    "an entry in the kernel's half": program(code(), entry=0xFFFFFFFF80000000),
    "an entry at a non-canonical address": program(code(), entry=0x800000000000),
    "a program that asks for an interpreter": program(
        code(), Segment(0x402000, b"/lib/ld.so\0", kind=INTERPRETER)
    ),
    "a dynamic program": program(code(), Segment(0x402000, bytes(16), R | W, kind=DYNAMIC)),
    "hundreds of segments": program(*[code(0x400000 + i * PAGE) for i in range(60)]),
}


def session_with(kozo, name, programs):
    """A shared session in whose initrd these programs are bad/0, bad/1, …"""
    files = members(kozo) | {f"bad/{i}": contents for i, contents in enumerate(programs)}
    path = kozo.folder / f"{name}.cpio"
    if not path.exists():
        kozo.file(path.name, cpio.archive(files))
    session = kozo.shared(name, "--timeout", "600", initrd=path)
    wait_until_settled(session)
    return session


@check("the programs that these checks spoil are good ones: as they are, they run")
def unspoilt(kozo):
    good = [program(code(), data()), program(code(), data(memory=PAGE * 40))]
    session = session_with(kozo, "good", good)
    for i in range(2):
        answer = session.command(f"run bad/{i}")
        expect(not re.search(r"can't be run", answer), "it is refused", answer)
        expect(re.search(r"(?i)fault", answer), "its fault at address 0 is not reported", answer)
    kozo.forget("good")


for number, name in enumerate(BAD_PROGRAMS):

    @check(f"{name} is refused in one line, and nothing is kept")
    def bad_program(kozo, number=number):
        session = session_with(kozo, "bad", BAD_PROGRAMS.values())
        before = session.command("mem")
        told = one_line(session.command(f"run bad/{number}"), "the answer")
        expect(f"bad/{number}" in told, "the file is not named", told)
        expect(not re.search(r"(?i)\bfault(ed)?\b|exception", told), "it was run", told)
        expect_equal(session.command("mem"), before, "mem afterwards")


@check("spoiling each byte of the headers in turn harms nothing")
def every_byte(kozo):
    whole = program(code(), data())
    spoilt = []
    for at in range(64 + 2 * 56):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        spoilt.append(bytes(changed))
    session = session_with(kozo, "bytes", spoilt)
    session.command("run bad/0")
    before = session.command("mem")
    for i in range(len(spoilt)):
        session.command(f"run bad/{i}")
    expect_equal(session.command("mem"), before, "mem afterwards")


# ---- memory --------------------------------------------------------------------------------------


@check("16 MiB of memory give a prompt, or one line that says it is too little")
def little_memory(kozo):
    with kozo.start("--mem", "16", "--timeout", "60") as session:
        found = session.wait_for(r"(?mi)^Init> *\Z|^.*memory.*$", 60)
        if found[0].startswith("Init>"):
            expect(session.command("version").startswith("KOZO"), "no answer", session.told)
            one = session.command("run bin/hello")
            expect(one.strip(), "run says nothing", session.told)
            expect(session.command("version").startswith("KOZO"), "no answer", session.told)


@check("a program that needs more memory than there is is refused in one line, and nothing is kept")
def too_large(kozo):
    large = program(code(), data(memory=200 << 20))
    files = members(kozo) | {"bad/large": large}
    path = kozo.file("large.cpio", cpio.archive(files))
    with kozo.start("--mem", "64", "--timeout", "120", initrd=path) as session:
        session.prompt()
        wait_until_settled(session)
        before = session.command("mem")
        one_line(session.command("run bad/large"), "the answer")
        expect_equal(session.command("mem"), before, "mem afterwards")


@check("a kernel command line of any kind harms nothing")
def command_line(kozo):
    for text in ("", " ", "a" * 2000, "\x1b[2J%s%n", "init=/bin/sh -- quiet"):
        ended = kozo.execute("version", "--append", text)
        expect_equal(ended.status, 0, f"the exit status with {text[:20]!r}", ended.told)
        expect(plain(ended.out).startswith("KOZO"), "no answer", ended.told)
