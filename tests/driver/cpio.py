# SPDX-License-Identifier: MIT
"""CPIO archives in the newc format, read and written independently of the project's own tools. The
writer can also be told to lie, field by field, for tests of what reads them."""

from dataclasses import dataclass

MAGIC = b"070701"
HEADER = 110
TRAILER = "TRAILER!!!"

# Places of the 13 fields that tests name.
INODE, MODE, SIZE, NAME_SIZE = 0, 1, 6, 11


@dataclass
class Member:
    name: str
    data: bytes
    mode: int
    fields: list[int]


def _padded(data):
    return data + b"\0" * (-len(data) % 4)


def read_members(archive):
    """The members before the trailer. An archive that is not well-formed raises an AssertionError."""
    members = []
    at = 0
    while True:
        header = archive[at : at + HEADER]
        assert len(header) == HEADER and header.startswith(MAGIC), f"no header at {at}"
        fields = [int(header[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + HEADER : at + HEADER + fields[NAME_SIZE]]
        assert name.endswith(b"\0"), f"the name at {at} has no end"
        at += len(_padded(header + name))
        data = archive[at : at + fields[SIZE]]
        assert len(data) == fields[SIZE], f"the member at {at} is cut short"
        at += len(_padded(data))
        name = name[:-1].decode()
        if name == TRAILER:
            assert not archive[at:].strip(b"\0"), "something follows the trailer"
            return members
        members.append(Member(name, data, fields[MODE], fields))


def member(name, data=b"", mode=0o100755, magic=MAGIC, ends=b"\0", **lies):
    """One member. `lies` are fields to overwrite: size=…, name_size=…, as numbers or eight bytes."""
    name = (name.encode() if isinstance(name, str) else name) + ends
    fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    texts = [b"%08x" % field for field in fields]
    for field, value in lies.items():
        place = {"size": SIZE, "name_size": NAME_SIZE, "mode": MODE, "inode": INODE}[field]
        texts[place] = value if isinstance(value, bytes) else b"%08x" % value
    return _padded(magic + b"".join(texts) + name) + _padded(data)


def trailer():
    return member(TRAILER, mode=0)


def archive(files):
    """A well-formed archive of a dictionary from names to contents."""
    return b"".join(member(name, data) for name, data in sorted(files.items())) + trailer()
