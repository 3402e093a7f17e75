# SPDX-License-Identifier: MIT
"""Small ELF files, good and bad: a program that exits at once, and every way to spoil its headers. And
where a function lies in a file that has symbols."""

import struct
from dataclasses import dataclass, field

PAGE = 4096
X86_64, AARCH64 = 62, 183
LOAD, DYNAMIC, INTERPRETER, TLS = 1, 2, 3, 7
R, W, X = 4, 2, 1
SYMBOLS, SYMBOL_SIZE = 2, 24

# Reads of address 0: a program that gets as far as running ends with a fault, and never returns.
CODE = {"x86_64": b"\x31\xc0\x48\x8b\x00\xeb\xfe", "aarch64": bytes.fromhex("000080d2000040f900000014")}


@dataclass
class Segment:
    """A program header; what is not stated follows from `data`."""

    address: int
    data: bytes = b""
    flags: int = R
    kind: int = LOAD
    memory: int | None = None
    size: int | None = None
    offset: int | None = None
    align: int = PAGE


@dataclass
class Program:
    """An ELF file. Each field of the header may lie."""

    segments: list[Segment]
    entry: int = 0x400000
    machine: int = X86_64
    kind: int = 2
    elf_class: int = 2
    order: int = 1
    magic: bytes = b"\x7fELF"
    version: int = 1
    header_size: int = 64
    entry_size: int = 56
    count: int | None = None
    table: int = 64
    tail: bytes = field(default=b"")

    def encode(self):
        count = len(self.segments) if self.count is None else self.count
        head = self.magic + bytes([self.elf_class, self.order, self.version]) + bytes(9)
        head += struct.pack(
            "<HHIQQQIHHHHHH",
            self.kind & 0xFFFF,
            self.machine,
            self.version,
            self.entry,
            self.table,
            0,
            0,
            self.header_size,
            self.entry_size,
            count,
            64,
            0,
            0,
        )
        headers, contents = b"", b""
        at = PAGE
        for segment in self.segments:
            size = len(segment.data) if segment.size is None else segment.size
            memory = size if segment.memory is None else segment.memory
            offset = at + segment.address % PAGE if segment.offset is None else segment.offset
            headers += struct.pack(
                "<IIQQQQQQ",
                segment.kind,
                segment.flags,
                offset,
                segment.address % 2**64,
                segment.address % 2**64,
                size % 2**64,
                memory % 2**64,
                segment.align,
            )
            place = bytes(segment.address % PAGE) + segment.data
            contents += place + bytes(-len(place) % PAGE)
            at = PAGE + len(contents)
        return (head + headers).ljust(PAGE, b"\0") + contents + self.tail


def good(arch="x86_64", **changes):
    """A program with one page of code and one of data that the checks of a loader accept."""
    code = Segment(0x400000, CODE[arch].ljust(64, b"\x90"), R | X)
    data = Segment(0x401000, b"data" * 16, R | W)
    machine = {"x86_64": X86_64, "aarch64": AARCH64}[arch]
    return Program(changes.pop("segments", [code, data]), machine=machine, **changes)


def offset_of(program, name):
    """Where in a file that has symbols the one of this name begins; None where there is none."""
    table, = struct.unpack_from("<Q", program, 40)
    size, count = struct.unpack_from("<HH", program, 58)
    # Of each section: name, kind, flags, address, offset, size, the section that goes with it.
    sections = [struct.unpack_from("<IIQQQQI", program, table + size * i) for i in range(count)]
    for _, kind, _, _, at, length, names in sections:
        if kind != SYMBOLS:
            continue
        for entry in range(at, at + length, SYMBOL_SIZE):
            word, _, _, section, address = struct.unpack_from("<IBBHQ", program, entry)
            begin = sections[names][4] + word
            if program[begin : program.index(b"\0", begin)] == name.encode():
                return address - sections[section][3] + sections[section][4]
    return None
