# SPDX-License-Identifier: MIT
"""Files: the file server and its volumes, by a client; volumes that do wrong; ends under load."""

import hashlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from driver import cpio, tap
from driver.kozo import run
from driver.services import BASE, SETTLED, initrd_with, members, resources, settle, table_of
from driver.suite import Result, Skip, check, expect, expect_equal, source

order = 66

BAD = """
service ram bin/RAM
    keeps up to 1M
service silent bin/badvolume
service late bin/badvolume
service liar bin/badvolume
service small bin/RAM
    keeps up to 1M
service files services/fsd
    mount /ram ram 1M
    mount /small small 64K
    mount /silent silent 1M
    mount /late late 1M
    mount /liar liar 1M
    memory up to 8M
    self
    initrd
program test/files-bad
    uses files 16K
    place / rw
""".replace(
    "bin/RAM", "services/volumes/ram"
)


@source
def a_client(kozo):
    yield from tap.judge(kozo.execute("run test/files", seconds=300))


def limits(ended, volume):
    for result in tap.judge(ended):
        result.sentence = f"{volume}: {result.sentence}"
        yield result


@source
def limits_in_ram(kozo):
    yield from limits(kozo.execute("run test/files-limits ram 10000", seconds=300), "ram")


# Runs a program with a small file system at a place that it alone sees.
SMALL = 'mount -t tmpfs -o size=24m none "$1" && mkdir "$1/place" && shift && exec "$@"'
OWN_VIEW = ["unshare", "--user", "--map-root-user", "--mount"]


@source
def limits_on_the_host(kozo):
    """The same in a folder of the host, on a file system that can be filled."""
    with tempfile.TemporaryDirectory() as folder:
        alone = [*OWN_VIEW, "sh", "-c", SMALL, "sh", folder]
        if run([*alone, "true"]).status != 0:
            yield Result("share: limits", "skipped", "no file system can be mounted here")
            return
        count = 10_000 if kozo.long else 500
        command = f"run test/files-limits share {count}"
        line = ["--exec", command, "--timeout", "900", "--share", f"{folder}/place:rw"]
        yield from limits(run([*alone, *kozo.command_line(*line)], timeout=930), "share")


@source
def volumes_that_do_wrong(kozo):
    image = initrd_with(kozo, "bad", BASE + BAD)
    yield from tap.judge(kozo.execute("run test/files-bad", seconds=120, initrd=image))


@source
def a_client_with_places(kozo):
    with kozo.start() as session:
        session.prompt()
        for command in (
            "mkdir /ram/own",
            "mkdir /ram/shown",
            "mkdir /ram/secret",
            "write /ram/shown/file shown",
            "write /ram/secret/file secret",
        ):
            expect_equal(session.command(command), "", f"what {command} says", session.told)
        told = session.command("run test/files-attribute ram/shown/file user.shown=seen")
        expect_equal(told.strip(), "user.shown=seen: 0", "what gives the file an attribute says")
        yield from tap.parse(session.command("run test/files-place"))


# ---- at the prompt -------------------------------------------------------------------------------


def answer(kozo, line):
    return kozo.shared("files").command(line)


@check("commands make, show, copy, move and remove files and folders")
def commands(kozo):
    expect_equal(answer(kozo, "mkdir /ram/there"), "", "mkdir")
    expect_equal(answer(kozo, "write /ram/there/a one two"), "", "write")
    expect_equal(answer(kozo, "cat /ram/there/a").strip(), "one two", "cat")
    expect_equal(answer(kozo, "cp /ram/there/a /ram/there/b"), "", "cp")
    expect_equal(answer(kozo, "mv /ram/there/b /ram/c"), "", "mv")
    expect_equal(re.findall(r"(\S+)\s*$", answer(kozo, "ls /ram/there"), re.M), ["a"], "ls")
    expect_equal(answer(kozo, "cat /ram/c").strip(), "one two", "the copy")
    expect("not empty" in answer(kozo, "rm /ram/there"), "a full folder was removed")
    for path in ("/ram/there/a", "/ram/there", "/ram/c"):
        expect_equal(answer(kozo, f"rm {path}"), "", f"rm {path}")
    expect_equal(answer(kozo, "ls /ram"), "", "ls afterwards")


@check("commands say what is wrong, and name the file")
def wrong(kozo):
    for command, reason in {
        "cat /nosuch": "no such",
        "cat /ram/nosuch": "no such",
        "ls /ram/nosuch": "no such",
        "cat /ram": "wrong kind",
        "rm /initrd/readme.txt": "not permitted",
        "write /initrd/x y": "not permitted",
        "mkdir /ram": "not permitted",
        "mv /initrd/readme.txt /ram/x": "not permitted",
        "umount nosuch": "no such",
        "cp /ram/nosuch /ram/x": "no such",
        "sha256 /ram": "wrong kind",
    }.items():
        told = answer(kozo, command)
        named = any(word in told for word in command.split()[1:])
        expect(reason in told and named, f"{command} says {told!r}")


for what, memory in (("is full", 512), ("gets no more memory", 40)):

    @check(f"a copy that a volume which {what} can't take is told, and each that was not refused is whole")
    def full(kozo, memory=memory):
        data = os.urandom(1 << 20)
        digest = hashlib.sha256(data).hexdigest()
        initrd = kozo.file("full.cpio", cpio.archive(members(kozo) | {"large": data}))
        with kozo.start("--mem", str(memory), initrd=initrd) as session:
            session.prompt()
            wait_until_up(session, "files", 1)
            made = 0
            while not (told := session.command(f"cp /initrd/large /ram/{made}")):
                made += 1
                expect(made < 40, "nothing is refused", session.told)
            expect_equal(told.strip(), f"cp: /ram/{made}: no room is left", "what is said")
            # There may be room for something small.
            small = {number: session.command(f"write /ram/small{number} x").strip() for number in range(20)}
            session.command("trim")
            for number, told in small.items():
                wanted = f"write: /ram/small{number}: no room is left"
                read = session.command(f"cat /ram/small{number}").strip()
                expect(told == wanted or (told, read) == ("", "x"), f"write says {told!r}", read)
            for number in range(made):
                read = session.command(f"sha256 /ram/{number}")
                expect(digest in read, f"copy {number} of {made} is another", read)
            session.command(f"rm /ram/{made}")
            session.command("rm /ram/0")
            expect_equal(session.command("write /ram/small x"), "", "write, when there is room again")


@check("a volume is taken away with all that was written to it, and shown again")
def unmounts(kozo):
    answer(kozo, "write /ram/kept something")
    expect_equal(answer(kozo, "umount /ram"), "", "umount")
    expect("no such" in answer(kozo, "cat /ram/kept"), "it is still there")
    expect_equal(answer(kozo, "mount /ram"), "", "mount")
    expect_equal(answer(kozo, "cat /ram/kept").strip(), "something", "the file")
    answer(kozo, "rm /ram/kept")
    expect(re.search(r"/ram +31 MiB", answer(kozo, "df")), "df does not show the volume")


# ---- locks ----------------------------------------------------------------------------------------

NO_RIGHT, BAD_ARGUMENT, BAD_STATE, NO_MEMORY = 4, 5, 7, 8  # of abi/types.abi


def locks(kozo, *what):
    """What the client of another session prints, without the words that it was given."""
    told = answer(kozo, f"run test/files-lock ram/locked {' '.join(what)}")
    return [line.partition(": ")[2].strip() for line in told.splitlines()]


@check("a lock of a part keeps out those of other sessions that it excludes, and tells which one does")
def locked(kozo):
    session = kozo.shared("files")
    answer(kozo, "write /ram/locked x")
    session.send("run test/files-lock ram/locked e100:50 s200:50 f120:10 h &\r")
    session.wait_for("holds", 20)
    session.prompt()
    expect_equal(locks(kozo, "e0:100", "e150:50", "e120:10", "s200:10", "s0:100"), ["0"] * 5, "free parts")
    expect_equal(locks(kozo, "s110:1"), [f"{BAD_STATE}, found 2 at 100, 20 bytes"], "an exclusive one")
    expect_equal(locks(kozo, "e90:0"), [f"{BAD_STATE}, found 2 at 100, 20 bytes"], "all that follows")
    expect_equal(locks(kozo, "e249:1"), [f"{BAD_STATE}, found 1 at 200, 50 bytes"], "a shared one")
    expect_equal(locks(kozo, "e130:20"), [f"{BAD_STATE}, found 2 at 130, 20 bytes"], "what is left of one")
    answer(kozo, "stop 1")


@check("who waits for a lock gets it when its owner ends, and nobody else has waited meanwhile")
def lock_waits(kozo):
    session = kozo.shared("files")
    session.send("run test/files-lock ram/locked e100:1 h &\r")
    session.wait_for("holds", 20)
    session.prompt()
    session.command("run test/files-lock ram/locked E100:1 h &")
    expect_equal(locks(kozo, "s0:1", "s100:1")[0], "0", "another part")
    expect("E100:1: " not in session.seen, "it did not wait", session.told)
    session.send("stop 1\r")
    session.wait_for(r"(?s)E100:1: 0.*holds", 20)
    settle(session)
    expect(locks(kozo, "s100:1")[0].startswith(f"{BAD_STATE}, found 2"), "it is not held", session.told)
    answer(kozo, "stop 2")


@check("locks are gone when their file is closed, are limited, and what is malformed is refused")
def lock_limits(kozo):
    session = kozo.shared("files")
    session.send("run test/files-lock ram/locked e0:0 c h &\r")
    session.wait_for("holds", 20)
    session.prompt()
    expect_equal(locks(kozo, "e0:0"), ["0"], "after a close")
    told = locks(kozo, "m", "s1:1", "f0:1", "s1:1")
    expect_equal(told, [f"512, then {NO_MEMORY}", str(NO_MEMORY), "0", "0"], "as many as a session can have")
    refused = ["e9223372036854775808:1", "e1:9223372036854775808"]
    expect_equal(locks(kozo, *refused), [str(BAD_ARGUMENT)] * 2, "parts that can't be")
    told = answer(kozo, "run test/files-lock initrd/readme.txt s0:1 e0:1")
    expect_equal(told.split()[1::2], ["0", str(NO_RIGHT)], "a file that is only read", told)
    expect("s0:1: 3" in answer(kozo, "run test/files-lock ram s0:1"), "a folder is locked")
    answer(kozo, "stop 1")
    answer(kozo, "rm /ram/locked")


@check("when sessions have as many locks as there can be, each still gives back its own")
def all_locks(kozo):
    session = kozo.shared("files")
    answer(kozo, "write /ram/locked x")
    for what in ("m", "s1:1"):
        session.send(f"run test/files-lock ram/locked {what} h &\r")
        session.wait_for(r"(many: 512, then 8|s1:1: 0)\s+(?s:.*)holds", 30)
        session.prompt()
    many, *told = locks(kozo, "m", "s1:1", "f0:1", "s1:1", "s3:1")
    count = int(many.partition(",")[0])
    expect(0 < count < 511 and many.endswith(f", then {NO_MEMORY}"), f"beside 513 of others it is {many}")
    expect_equal(told, [str(NO_MEMORY), "0", "0", str(NO_MEMORY)], "beside 513 of others")
    for number in (1, 2):
        answer(kozo, f"stop {number}")
    answer(kozo, "rm /ram/locked")


# ---- extended attributes -------------------------------------------------------------------------


def attributes(session, path, *what):
    """What the program says of each, without the words that it was given."""
    told = session.command(f"run test/files-attribute {path} {' '.join(what)}")
    return [line.partition(": ")[2].strip() for line in told.splitlines()]


@check("extended attributes outlive the volume's process and the file server, and go with their file")
def attributes_last(kozo):
    with kozo.start() as session:
        session.prompt()
        wait_until_up(session, "files", 1)
        session.command("write /ram/file x")
        large = "y" * 200
        told = attributes(session, "ram/file", "user.one=first", f"user.two={large}")
        expect_equal(told, ["0", "0"], "what is set")
        for name in ("ram", "files"):
            session.command(f"kill {name}")
            wait_until_up(session, name, 2)
            told = attributes(session, "ram/file", "user.one", "user.two", "=")
            wanted = ["0 first", f"0 {large}", "0 user.two user.one"]
            expect_equal(told, wanted, f"after a kill of {name}")
        session.command("rm /ram/file")
        session.command("write /ram/file x")
        expect_equal(attributes(session, "ram/file", "="), ["0"], "of another file of that name")


BAD_OPERATION, BAD_HANDLE, SLOT_TAKEN = 1, 2, 6  # of abi/types.abi


@check("extended attributes of an ext volume are read, and can't be changed")
def attributes_on_ext(kozo):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        (folder / "sub").mkdir(parents=True)
        (folder / "file").write_text("x")
        image = Path(name) / "ext.img"
        with image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-d", folder, image], check=True)
        large = "v" * 300  # more than an inode has room for
        for what in ("file user.one first", f"file user.two {large}", "sub user.of folder"):
            line = f"ea_set /{what}"
            subprocess.run(["debugfs", "-w", "-R", line, image], check=True, capture_output=True)
        with kozo.start("--disk", str(image)) as session:
            session.prompt()
            wait_until_up(session, "ext", 1)
            told = attributes(session, "disk/file", "=", "user.one", "user.two", "user.none")
            expect_equal(sorted(told[0].split()), ["0", "user.one", "user.two"], "the names", session.told)
            expect_equal(told[1:], ["0 first", f"0 {large}", str(BAD_HANDLE)], "the values", session.told)
            told = attributes(session, "disk/sub", "user.of")
            expect_equal(told, ["0 folder"], "of a folder", session.told)
            told = attributes(session, "disk/file", "user.one=x", "-user.one", "user.one")
            expect_equal(told, [str(NO_RIGHT), str(NO_RIGHT), "0 first"], "changes", session.told)


@check("extended attributes of the host's files are read and changed, the user's own only")
def attributes_on_share(kozo):
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "file"
        file.write_text("x")
        try:
            os.setxattr(file, "user.one", b"first")
        except OSError as error:
            raise Skip(f"{name} has no extended attributes: {error.strerror}") from error
        with kozo.start("--share", f"{name}:rw") as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            told = attributes(
                session, "share/file", "=", "user.one", "user.two+second", "user.one~third",
                "user.one+x", "user.none~x", "-user.none", "security.x", "trusted.x=y",
            )
            refused = [SLOT_TAKEN, BAD_HANDLE, BAD_HANDLE, BAD_OPERATION, BAD_OPERATION]
            wanted = ["0 user.one", "0 first", "0", "0", *map(str, refused)]
            expect_equal(told, wanted, "what is said", session.told)
            expect_equal(os.getxattr(file, "user.one"), b"third", "what the host sees")
            expect_equal(os.getxattr(file, "user.two"), b"second", "what the host sees")
            told = attributes(session, "share/file", "-user.one", "=")
            expect_equal(told, ["0", "0 user.two"], "one less", session.told)
            expect_equal(os.listxattr(file), ["user.two"], "what the host has left")
            expect_equal(attributes(session, "share", "user.of=folder"), ["0"], "of the place itself")
        with kozo.start("--share", name) as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            told = attributes(session, "share/file", "user.two", "user.two=x", "-user.two")
            wanted = ["0 second", str(NO_RIGHT), str(NO_RIGHT)]
            expect_equal(told, wanted, "of what is only read", session.told)


# ---- quotas ---------------------------------------------------------------------------------------

# Four sessions: that of the commands, those of two clients that take all they can get, and that of one more.
GREEDY = """
service clock drivers/clock/cmos
    ports ports 0x70 2
    irq irq 8
service initrd services/volumes/initrd
    initrd
    memory up to 512K
service ram services/volumes/ram
    asks clock
    keeps up to 32M
service files services/fsd
    mount /ram ram 512K
    mount /initrd initrd 256K
    asks clock
    memory up to 64M
    self
    initrd
    commands 128K
program test/files-greedy
    copies 2
    uses files 64K
    place / rw
    self
program test/files
    uses files 256K
    place / rw
    memory 64K
    self
"""


def taken(session, name):
    """What a client gets that takes everything, by what it is told then."""
    session.send(f"run test/files-greedy {name} &\r")
    seen = session.wait_for(r"(?s)lent: .*?holds", 240)
    session.prompt()
    return dict(re.findall(r"(\w+): (\d+, then \d+)", seen[0]))


@source
def clients_that_take_all(kozo):
    """Two clients take all that they can get, and a third one goes on as if it were alone."""
    image = initrd_with(kozo, "greedy", BASE + GREEDY)
    with kozo.start(initrd=image) as session:
        session.prompt()
        for name, part in (("greedy-1", 2), ("greedy-2", 4)):
            found = taken(session, name)
            wanted = {"lent": 512, "locks": 1024, "known": 4480, "open": 12288}
            wanted = {what: f"{most // part}, then {NO_MEMORY}" for what, most in wanted.items()}
            sentence = f"a client that takes all it can gets one of {part} parts, and NO_MEMORY for more"
            yield Result(sentence, "passed" if found == wanted else "failed", f"{found}, not {wanted}")
        yield from tap.parse(session.command("run test/files", 300))


# ---- limits of what is stored ---------------------------------------------------------------------

LIMITED = """
service initrd services/volumes/initrd
    initrd
    memory up to 512K
service ram services/volumes/ram
    keeps up to 8M
service files services/fsd
    mount /ram ram 512K
    mount /initrd initrd 256K
    memory up to 16M
    self
    initrd
    commands 128K
program test/files-store
    uses files 64K
    limit 1M
    place / rw
    self
"""


def stores(session, name, wanted, left=0):
    """The client with the limit stores so many bytes of two millions in a file, and is then refused."""
    told = session.command(f"run test/files-store {name} 2000000")
    lines = [f"stored: {wanted}, then {NO_MEMORY}", f"left: {left} of 256", f"pages: {NO_RIGHT}"]
    expect_equal([line.strip() for line in told.splitlines()], lines, "what the client says", session.told)


@check("what a client stores is limited by its description, over all lives of client, volume and file server")
def limited(kozo):
    with kozo.start(initrd=initrd_with(kozo, "limited", BASE + LIMITED)) as session:
        session.prompt()
        for name in ("ram", "files"):
            wait_until_up(session, name, 1)
        stores(session, "a", 255 * 4096)  # its name and what is known of it count as well
        tells(session, [("write /ram/mine there", ""), ("cp /initrd/readme.txt /ram/readme", "")])
        told = session.command("df")
        expect(re.search(r"/ram +7 MiB +6 MiB free", told), "df shows the limit of another", told)
        stores(session, "b", 0)
        for name in ("ram", "files", "ram"):
            session.command(f"kill {name}")
            wait_until_up(session, name, 2)
            stores(session, "b", 0)
        tells(session, [("cat /ram/mine", "there"), ("rm /ram/a", ""), ("cp /initrd/readme.txt /ram/b", "")])
        stores(session, "b", 256 * 4096)  # the first page is the person's, who stored it
        tells(session, [("mv /ram/mine /ram/b", ""), ("cat /ram/b", "there")])
        stores(session, "a", 255 * 4096)


# ---- mounts below the top -------------------------------------------------------------------------

# Two volumes that are written to, one that is read, and a client that sees two folders of the first.
MOUNTS = """
service initrd services/volumes/initrd
    initrd
    memory up to 512K
service ram services/volumes/ram
    keeps up to 8M
service spare services/volumes/ram
    keeps up to 4M
service files services/fsd
    mount /ram ram 512K
    mount /spare spare 256K
    mount /initrd initrd 256K
    memory up to 16M
    self
    initrd
    commands 128K
program test/files-place
    uses files 16K
    place /ram/own rw
    place /ram/shown r
    place /initrd/bin r
program test/files-load
    uses files 16K
    place /ram/own rw
program test/files-attribute
    uses files 16K
    place / rw
program test/files-move
    uses files 16K
    place / rw
"""


def tells(session, wanted):
    """Each command says what it is to say: nothing, or something with these words in it."""
    for command, words in wanted:
        told = session.command(command)
        good = words in told if words else told == ""
        expect(good, f"{command} says {told!r}, not {words!r}", session.told)


def with_mounts(kozo):
    session = kozo.start(initrd=initrd_with(kozo, "mounts", BASE + MOUNTS))
    session.prompt()
    for name in ("ram", "spare", "files"):
        wait_until_up(session, name, 1)
    tells(session, [("mkdir /ram/own", ""), ("write /ram/own/under below", ""), ("write /ram/file x", ""),
                    ("write /spare/top above", "")])  # fmt: skip
    return session


@check("a volume is shown in place of a folder, which comes back when the volume is taken away")
def mounted_below(kozo):
    with with_mounts(kozo) as session:
        tells(session, [("umount /spare", ""), ("mount /spare /ram/own", ""), ("cat /ram/own/top", "above"),
                        ("cat /ram/own/under", "no such"), ("cat /spare/top", "no such"),
                        ("write /ram/own/new more", ""), ("mkdir /ram/own/deep", ""),
                        ("cat /ram/own/new", "more")])  # fmt: skip
        names = re.findall(r"(\S+)\s*$", session.command("ls /ram/own"), re.M)
        expect_equal(sorted(names), ["deep", "new", "top"], "what is shown in its place")
        names = re.findall(r"(\S+)\s*$", session.command("ls /ram"), re.M)
        expect_equal(sorted(names), ["file", "own"], "the folder above")
        expect("spare" not in session.command("ls /"), "it is at the top as well", session.told)
        told = session.command("df")
        expect(re.search(r"/ram/own +3 MiB", told) and "/spare" not in told, "df says otherwise", told)
        # One in the other, and both away again.
        tells(session, [("umount /initrd", ""), ("mount /initrd /ram/own/deep", ""),
                        ("cat /ram/own/deep/readme.txt", "KOZO"), ("umount /ram/own", "in use"),
                        ("umount /ram/own/deep", ""), ("ls /ram/own/deep", ""), ("umount /ram/own", ""),
                        ("cat /ram/own/under", "below"), ("mount /spare", ""), ("cat /spare/new", "more"),
                        ("rm /ram/own/under", ""), ("mv /ram/own /ram/moved", "")])  # fmt: skip


@check("a folder that a volume covers can't be removed, moved or replaced, nor its own volume taken away")
def busy_mounts(kozo):
    with with_mounts(kozo) as session:
        tells(session, [("mkdir /ram/a", ""), ("mkdir /ram/a/b", ""), ("mkdir /ram/empty", ""),
                        ("umount /spare", ""), ("mount /spare /ram/a/b", ""), ("rm /ram/a/b", "in use"),
                        ("rm /ram/a", "in use"), ("mv /ram/a/b /ram/c", "in use"),
                        ("mv /ram/a /ram/c", "in use"), ("mv /ram/file /ram/a/b/file", "from one volume"),
                        ("run test/files-move ram empty ram/a b", f"move: {BAD_STATE}"),
                        ("run test/files-move ram file ram/a/b top", f"move: {BAD_OPERATION}"),
                        ("umount /ram", "in use"), ("cat /ram/a/b/top", "above"), ("umount /ram/a/b", ""),
                        ("run test/files-move ram empty ram/a b", "move: 0"),
                        ("mv /ram/a /ram/c", ""), ("rm /ram/c/b", ""), ("umount /ram", ""),
                        ("mount /ram", ""), ("cat /ram/file", "x")])  # fmt: skip


@check("a volume that is mounted already, or on what is no folder of its own, is refused")
def refused_mounts(kozo):
    with with_mounts(kozo) as session:
        tells(session, [("mount /spare /ram/own", "taken"), ("umount /spare", ""),
                        ("mount /none /ram/own", "no such"), ("mount /spare /ram/none", "no such"),
                        ("mount /spare /ram/file", "wrong kind"), ("mount /spare /ram", "taken"),
                        ("mount /spare /none", "no such"), ("mount /spare /", "not a name"),
                        (f"mount /spare /ram/{'n' * 300}", "not a name"), ("umount /ram/own", "no such"),
                        ("mount /spare /ram/own", ""), ("umount /initrd", ""),
                        ("mount /initrd /ram/own", "taken"), ("umount /spare", "no such"),
                        ("mount /initrd", "")])  # fmt: skip
    with tempfile.TemporaryDirectory() as name, kozo.start("--share", f"{name}:rw") as session:
        (Path(name) / "folder").mkdir()
        session.prompt()
        wait_until_up(session, "share", 1)
        tells(session, [("umount /initrd", ""), ("mount /initrd /share/folder", "not permitted")])


@source
def places_below_mounts(kozo):
    """What a client may do goes by where things are: its place is another volume now."""
    with with_mounts(kozo) as session:
        tells(session, [("umount /spare", ""), ("mount /spare /ram/own", ""), ("mkdir /ram/shown", ""),
                        ("mkdir /ram/secret", ""), ("write /ram/shown/file shown", ""),
                        ("write /ram/secret/file secret", "")])  # fmt: skip
        session.command("run test/files-attribute ram/shown/file user.shown=seen")
        yield from tap.parse(session.command("run test/files-place"))


@check("volumes that are mounted in each other are killed in any order, and what is open goes on")
def mounts_killed(kozo):
    with with_mounts(kozo) as session:
        tells(session, [("umount /spare", ""), ("mount /spare /ram/own", "")])
        session.command("run test/files-load ram/own 100000 &")
        lives = {"ram": 1, "spare": 1}
        for name in ("ram", "spare", "ram"):
            time.sleep(0.3)
            session.command(f"kill {name}")
            lives[name] += 1
            wait_until_up(session, name, lives[name])
            tells(session, [("cat /ram/own/top", "above"), ("umount /ram", "in use")])
        expect("files-load" in session.command("jobs"), "the client has ended", session.told)
        session.command("stop 1")
        tells(session, [("umount /ram/own", ""), ("cat /ram/own/under", "below")])
        session.command("kill files")
        wait_until_up(session, "files", 2)
        tells(session, [("cat /spare/top", "above"), ("ls /ram/own", "under")])


# ---- mounts below the top, by the description ----------------------------------------------------

# One volume in a folder of another, one in a folder of that, and a client that sees the latter alone.
BELOW = """
service initrd services/volumes/initrd
    initrd
    memory up to 512K
service ram services/volumes/ram
    keeps up to 8M
service spare services/volumes/ram
    keeps up to 4M
service third services/volumes/ram
    keeps up to 2M
service files services/fsd
    mount /ram ram 512K
    mount /initrd initrd 256K
    mount /ram/in/spare spare 256K
    mount /ram/in/spare/third third 256K
    memory up to 16M
    self
    initrd
    commands 128K
program test/files-load
    uses files 16K
    place /ram/in/spare rw
    copies 2
"""


def with_below(kozo, text=BELOW):
    session = kozo.start(initrd=initrd_with(kozo, "below", BASE + text))
    session.prompt()
    wait_until_up(session, "files", 1)
    return session


def names_in(session, folder):
    return sorted(re.findall(r"(\S+)\s*$", session.command(f"ls {folder}"), re.M))


@check("a description mounts volumes in folders of others, which are made when they are missing")
def described_below(kozo):
    with with_below(kozo) as session:
        tells(session, [("write /ram/in/spare/third/x deep", ""), ("write /ram/in/spare/x less", ""),
                        ("write /ram/in/x least", ""), ("cat /ram/in/spare/third/x", "deep")])  # fmt: skip
        expect_equal(names_in(session, "/"), ["initrd", "ram"], "what is at the top")
        expect_equal(names_in(session, "/ram/in/spare"), ["third", "x"], "what is in the volume below")
        told = session.command("df")
        for path, size in (("/ram/in/spare", 3), ("/ram/in/spare/third", 1)):
            expect(re.search(rf"{path} +{size} MiB", told), f"df does not show {path}", told)
        tells(session, [("umount /ram", "in use"), ("umount /ram/in/spare", "in use"),
                        ("rm /ram/in", "in use"), ("umount /ram/in/spare/third", ""),
                        ("umount /ram/in/spare", ""), ("ls /ram/in/spare", ""),
                        ("mount /spare", ""), ("cat /spare/x", "less"),
                        ("mount /third /ram/in/spare", ""), ("cat /ram/in/spare/x", "deep")])  # fmt: skip
        # The file server does what the description says, and nobody has seen the folder below meanwhile.
        session.command("kill files")
        tells(session, [("cat /ram/in/spare/third/x", "deep"), ("cat /ram/in/spare/x", "less"),
                        ("cat /spare/x", "no such")])  # fmt: skip


@check("volumes that a description mounts in each other, and the file server, are killed: each is back")
def described_killed(kozo):
    with with_below(kozo) as session:
        lives = dict.fromkeys(("ram", "spare", "third", "files"), 1)
        session.command("run test/files-load ram/in/spare 100000 &")
        for name in ("ram", "files", "spare", "files", "third", "files"):
            time.sleep(0.3)
            session.command(f"kill {name}")
            lives[name] += 1
            told = session.command(f"write /ram/in/spare/third/{name} x")
            expect(told == "" or "does not answer" in told, f"write says {told!r}", session.told)
            wait_until_up(session, name, lives[name])
        time.sleep(0.3)
        expect("files-load" in session.command("jobs"), "the client has ended", session.told)
        session.command("stop 1")
        expect("load" in names_in(session, "/ram/in/spare"), "what it wrote is elsewhere", session.told)
        tells(session, [("umount /ram/in/spare/third", ""), ("umount /ram/in/spare", ""),
                        ("ls /ram/in/spare", "")])  # fmt: skip


# What can't be known at build time: whether a volume is written to, what is on it, whether it lasts.
REFUSED = (
    """
service more services/volumes/ram
    keeps up to 1M
service late bin/badvolume
service liar bin/badvolume
"""
    + BELOW.replace("/ram/in/spare", "/initrd/none").replace(
        "third third 256K",
        """third third 256K
    mount /initrd/readme.txt more 64K
    mount /liar liar 64K
    mount /liar/in late 64K""",
    )
)


@check("a volume whose folder can't be had is not mounted, which the server's log says; all else goes on")
def described_refused(kozo):
    with with_below(kozo, REFUSED) as session:
        tells(session, [("write /ram/x there", ""), ("cat /initrd/readme.txt", "KOZO"),
                        ("ls /initrd/none", "no such")])  # fmt: skip
        told = session.command("log files")
        for line in (
            "spare is not mounted at /initrd/none: there is no such folder",
            "third is not mounted at /initrd/none/third: the volume there is not mounted",
            "more is not mounted at /initrd/readme.txt: that is no folder",
            "late is not mounted at /liar/in: folders there do not last",
        ):
            expect(line in told, f"{line!r} is not said", told)
        # By hand, where there is a folder.
        tells(session, [("mkdir /ram/own", ""), ("mount /none /ram/own", ""), ("write /ram/own/x y", ""),
                        ("umount /ram", "in use"), ("umount /ram/own", ""), ("mount /none", ""),
                        ("cat /none/x", "y")])  # fmt: skip


# ---- volumes -------------------------------------------------------------------------------------


@check(
    "a disk made by mkfs.ext4 from a folder shows its names, sizes and contents, "
    "and is told to be clean or not"
)
def ext(kozo):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        (folder / "sub" / "deep").mkdir(parents=True)
        contents = {"small.txt": b"small\n", "sub/large": os.urandom(3_000_001), "sub/deep/empty": b""}
        for path, data in contents.items():
            (folder / path).write_bytes(data)
        (folder / "link").symlink_to("sub/deep")
        image = Path(name) / "ext.img"
        with image.open("wb") as file:
            file.truncate(32 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-d", folder, image], check=True)
        with kozo.start("--disk", str(image)) as session:
            session.prompt()
            wait_until_up(session, "ext", 1)
            for path, data in contents.items():
                told = session.command(f"sha256 /disk/{path}")
                expect(hashlib.sha256(data).hexdigest() in told, f"{path} is different", told)
                listed = session.command(f"ls /disk/{path}")
                expect(f" {len(data)} " in listed, f"the size of {path} is different", listed)
            names = re.findall(r"(\S+)\s*$", session.command("ls /disk"), re.M)
            expect_equal(sorted(names), ["link", "lost+found", "small.txt", "sub"], "the names")
            expect("empty" in session.command("ls /disk/link"), "the link is not followed", session.told)
            expect("was not unmounted" not in session.command("df"), "a clean volume is told to be dirty")
            expect("not permitted" in session.command("rm /disk/small.txt"), "it was written to")


@check("a folder of the host is read and written through /share")
def share(kozo):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "there").write_text("from the host\n")
        with kozo.start("--share", f"{folder}:rw") as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            expect("there" in session.command("ls /share"), "the file is not listed", session.told)
            expect_equal(session.command("cat /share/there").strip(), "from the host", "what is read")
            expect_equal(session.command("write /share/new from inside"), "", "writing")
            expect_equal((folder / "new").read_text(), "from inside\n", "what the host sees")
            (folder / "there").write_text("changed\n")
            time.sleep(1.5)
            expect_equal(session.command("cat /share/there").strip(), "changed", "what others changed")


@check("the disk's driver and the volume on it are killed, and what is open on it goes on")
def disk_dies(kozo):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        data = os.urandom(2_000_000)
        (folder / "file").write_bytes(data)
        image = Path(name) / "ext.img"
        with image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-d", folder, image], check=True)
        wanted = hashlib.sha256(data).hexdigest()
        with kozo.start("--disk", str(image)) as session:
            session.prompt()
            wait_until_up(session, "ext", 1)
            lives = {"ext": 1, "disk": 1}
            for name in ("ext", "disk", "ext"):
                session.command(f"kill {name}")
                lives[name] += 1
                wait_until_up(session, name, lives[name])
                limit = time.monotonic() + 20
                while wanted not in session.command("sha256 /disk/file"):
                    expect(
                        time.monotonic() < limit, f"the file is not read after a kill of {name}", session.told
                    )
                    time.sleep(0.2)


@check("a volume with a dirty journal says so")
def dirty(kozo):
    with tempfile.TemporaryDirectory() as name:
        image = Path(name) / "ext.img"
        with image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        subprocess.run(
            ["debugfs", "-w", "-R", "feature needs_recovery", image], check=True, capture_output=True
        )
        with kozo.start("--disk", str(image)) as session:
            session.prompt()
            wait_until_up(session, "ext", 1)
            expect("was not unmounted" in session.command("df"), "df does not say so", session.told)
            expect("journal" in session.command("log ext"), "its log does not say so", session.told)


# ---- life and death ------------------------------------------------------------------------------


def wait_until_up(session, name, starts):
    limit = time.monotonic() + 30
    while True:
        row = table_of(session.command("services")).get(name, ["", "0"])
        if row[0] == "up" and int(row[1]) >= starts:
            return
        expect(time.monotonic() < limit, f"{name} did not come up", session.told)
        time.sleep(0.05)


@check("file server and volume are killed under load: what was synced is there, memory and slots return")
def survives(kozo):
    rounds = 50 if kozo.long else 4
    with kozo.start() as session:
        session.prompt()
        wait_until_up(session, "files", 1)
        before = None
        lives = {"files": 1, "ram": 1}
        for _ in range(rounds):
            session.command("run test/files-load ram 100000 &")
            for name in ("ram", "files"):
                if kozo.long:
                    time.sleep(SETTLED / 2)
                time.sleep(0.3)
                session.command(f"kill {name}")
                lives[name] += 1
                wait_until_up(session, name, lives[name])
            time.sleep(0.3)
            jobs = session.command("jobs")
            expect("files-load" in jobs, "the client has ended: something was lost", session.told)
            session.command("stop " + re.search(r"(\d+)", jobs)[1])
            told = session.command("run test/files-load ram 20")
            expect(re.search(r"load: \d+ synced, 0 failed", told), "a new client fails", session.told)
            session.command("rm /ram/load")
            before = before or resources(session)
        expect_equal(resources(session), before, "memory and slots afterwards")
