# SPDX-License-Identifier: MIT
"""Files: the file server and its volumes, by a client; volumes that do wrong; ends under load."""

import hashlib
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from driver import tap
from driver.services import BASE, SETTLED, initrd_with, resources, table_of
from driver.suite import check, expect, expect_equal, source

order = 66

BAD = """
service ram bin/RAM
    keeps 1M
service silent bin/badvolume
service late bin/badvolume
service liar bin/badvolume
service files services/fsd
    mount /ram ram 1M
    mount /silent silent 1M
    mount /late late 1M
    mount /liar liar 1M
    memory 2M
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


@check("a volume is taken away with all that was written to it, and shown again")
def unmounts(kozo):
    answer(kozo, "write /ram/kept something")
    expect_equal(answer(kozo, "umount /ram"), "", "umount")
    expect("no such" in answer(kozo, "cat /ram/kept"), "it is still there")
    expect_equal(answer(kozo, "mount /ram"), "", "mount")
    expect_equal(answer(kozo, "cat /ram/kept").strip(), "something", "the file")
    answer(kozo, "rm /ram/kept")
    expect(re.search(r"/ram +31 MiB", answer(kozo, "df")), "df does not show the volume")


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
