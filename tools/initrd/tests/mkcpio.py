# SPDX-License-Identifier: MIT
"""mkcpio's archives, read back by this test's own reader and by cpio(1), and every refusal."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from driver.cpio import read_members
from driver.tap import Points

MKCPIO = Path(sys.argv[1]).resolve()
DATE = 1700000000

points = Points()
folder = Path(tempfile.mkdtemp(prefix="mkcpio-"))
os.chdir(folder)


def file(name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def mkcpio(*arguments, date=str(DATE)):
    environment = {**os.environ, "SOURCE_DATE_EPOCH": date}
    return subprocess.run(
        [MKCPIO, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def archive(*arguments, **options):
    done = mkcpio("out.cpio", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return (folder / "out.cpio").read_bytes()


def refused(reason, *arguments, **options):
    (folder / "out.cpio").unlink(missing_ok=True)
    done = mkcpio(*arguments, **options)
    assert done.returncode == 1, f"exit status {done.returncode}"
    assert done.stderr.startswith("mkcpio"), done.stderr
    assert reason in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (folder / "out.cpio").exists(), "a file was written"


text = file("text", b"twelve bytes")
program = file("program", b"\177ELF and more")
empty = file("empty", b"")
large = file("large", bytes(range(256)) * 1000)

with points("members come out with their contents, sorted by name, folders before what is in them"):
    members = read_members(archive(f"z={text}", f"bin/run={program}", f"a/b/c={empty}", f"bin/a={large}"))
    assert [m.name for m in members] == ["a", "a/b", "a/b/c", "bin", "bin/a", "bin/run", "z"], members
    contents = {m.name: m.data for m in members}
    assert contents["z"] == b"twelve bytes"
    assert contents["bin/run"] == program.read_bytes()
    assert contents["bin/a"] == large.read_bytes()
    assert contents["a/b/c"] == b""

with points("modes tell folders, programs and plain files apart, whatever the files' own modes are"):
    program.chmod(0o600)
    text.chmod(0o777)
    modes = {m.name: m.mode for m in read_members(archive(f"d/p={program}", f"t={text}"))}
    assert modes == {"d": 0o040755, "d/p": 0o100755, "t": 0o100644}, modes

with points("dates are SOURCE_DATE_EPOCH, owners are zero, inode numbers count from one"):
    members = read_members(archive(f"a={text}", f"b={program}"))
    assert [m.fields[0] for m in members] == [1, 2]
    for member in members:
        assert member.fields[5] == DATE and member.fields[2:4] == [0, 0]

with points("without SOURCE_DATE_EPOCH the date is zero"):
    assert read_members(archive(f"a={text}", date=""))[0].fields[5] == 0

with points("the order of the arguments does not matter"):
    assert archive(f"a={text}", f"b/c={program}") == archive(f"b/c={program}", f"a={text}")

with points("no members make an archive too"):
    assert read_members(archive()) == []

with points("cpio(1) unpacks it"):
    archive(f"bin/run={program}", f"docs/large={large}", f"empty={empty}")
    (folder / "unpacked").mkdir()
    with open("out.cpio", "rb") as source:
        subprocess.run(
            ["cpio", "-id", "--quiet"], stdin=source, cwd="unpacked", check=True, capture_output=True
        )
    assert (folder / "unpacked/bin/run").read_bytes() == program.read_bytes()
    assert (folder / "unpacked/docs/large").read_bytes() == large.read_bytes()
    assert stat.S_IMODE((folder / "unpacked/bin/run").stat().st_mode) == 0o755

with points("the longest name is taken, and one character more is refused"):
    archive(f"{'n' * 1023}={text}")
    refused("1 to 1023 characters", "out.cpio", f"{'n' * 1024}={text}")

for name in ("/a", "a/", "a//b", ".", "..", "a/../b", "./a"):
    with points(f"the name {name} is refused"):
        refused("not a plain relative path", "out.cpio", f"{name}={text}")

with points("an empty name is refused"):
    refused("1 to 1023 characters", "out.cpio", f"={text}")

with points("the name that ends archives is refused"):
    refused("TRAILER!!!", "out.cpio", f"TRAILER!!!={text}")

with points("a name given twice is refused"):
    refused("taken twice: a", "out.cpio", f"a={text}", f"a={program}")

with points("a name that is both a file and a folder is refused"):
    refused("taken twice: a", "out.cpio", f"a={text}", f"a/b={program}")

with points("an argument without = is refused"):
    refused("NAME=PATH", "out.cpio", "a")

with points("a file that is not there is refused"):
    refused("No such file", "out.cpio", "a=nothing-here")

with points("a folder in place of a file is refused"):
    refused("not a regular file", "out.cpio", f"a={folder}")

with points("a date that is no number is refused"):
    refused("SOURCE_DATE_EPOCH", "out.cpio", f"a={text}", date="yesterday")

with points("a date that has no room in the header is refused"):
    refused("no room", "out.cpio", f"a={text}", date=str(2**32))

with points("no output file is refused"):
    refused("an output file is needed")

with points("a folder that can't be written to is told"):
    refused("No such file", "nowhere/out.cpio", f"a={text}")

with points("no partial file is left behind"):
    assert not list(folder.glob("*.part"))

subprocess.run(["rm", "-rf", folder], check=True)
points.finish()
