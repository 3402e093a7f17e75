# SPDX-License-Identifier: MIT
"""Folders of the host: what is shared is there, can be changed if it may, and nothing else is reached.

test/share speaks to the volume as the file server does."""

import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

from driver.cpio import read_members
from driver.kozo import run
from driver.services import SETTLED, resources, table_of
from driver.suite import check, expect, expect_equal, skip

order = 57

REFUSED = re.compile(r"refused: \d+")


class Shared:
    """A folder beside a secret, and a machine with a client that says something about it."""

    def __init__(self, kozo, write=False):
        self.kozo = kozo
        self.mark = ":rw" if write else ""
        self.session = None

    def __enter__(self):
        self.top = tempfile.TemporaryDirectory(prefix="kozo-share-")
        self.path = Path(self.top.name) / "place"
        self.path.mkdir()
        (Path(self.top.name) / "secret").write_text("secret")
        (self.path / "file").write_text("hello")
        (self.path / "folder").mkdir()
        (self.path / "folder" / "inner").write_text("inside")
        return self

    def __exit__(self, *_):
        if self.session is not None:
            self.session.end()
        self.top.cleanup()

    @property
    def told(self):
        return self.session.told

    def ask(self, *words):
        """What the client prints, line by line, without what the prompt says of its status."""
        if self.session is None:
            self.session = self.kozo.start("--share", f"{self.path}{self.mark}")
            self.session.prompt()
        told = self.session.command(" ".join(["run test/share", *map(str, words)]))
        return [line for line in told.splitlines() if line and "ended with status" not in line]

    def refused(self, *words):
        told = self.ask(*words)
        expect(len(told) == 1 and REFUSED.fullmatch(told[0]), f"{words} was not refused: {told}", self.told)


@check("a shared folder is listed, and its files are read")
def reads(kozo):
    with Shared(kozo) as shared:
        expect_equal(shared.ask("list"), ["d share"], "the places", shared.told)
        expect_equal(sorted(shared.ask("list share")), ["d folder", "f file"], "names", shared.told)
        expect_equal(shared.ask("show share/folder/inner"), ["inside"], "the contents", shared.told)


@check("8 MiB are read as they are")
def large(kozo):
    with Shared(kozo) as shared:
        data = os.urandom(8 << 20)
        (shared.path / "large").write_bytes(data)
        told = shared.ask("sum share/large")
        expect_equal(told, [f"{len(data)} bytes, {sum(data)}"], "the sum", shared.told)


@check("several folders have names of their own, each with its own right")
def several(kozo):
    with Shared(kozo) as one, Shared(kozo) as two:
        options = ["--share", one.path, "--share", f"{two.path}:rw"]
        listed = kozo.execute("run test/share list", *options)
        expect_equal(sorted(listed.out.splitlines()), ["d share", "d share2"], "the places", listed.told)
        expect_equal(kozo.execute("run test/share put share2/new text", *options).status, 0, "a status")
        expect_equal((two.path / "new").read_text(), "text", "the file")
        refused = kozo.execute("run test/share put share/new text", *options)
        expect(REFUSED.fullmatch(refused.out.strip()), "it was not refused", refused.told)
        expect(not (one.path / "new").exists(), "it was made")


@check("what is written in a folder shared with :rw is on the host")
def writes(kozo):
    with Shared(kozo, write=True) as shared:
        for command in ("put share/new words", "change share/file J", "folder share/deep",
                        "fill share/deep/large 300000", "link share/way ../outside",
                        "move share/new share/old"):
            expect_equal(shared.ask(command), [], command, shared.told)
        expect_equal((shared.path / "old").read_text(), "words", "a new file")
        expect_equal((shared.path / "file").read_text(), "Jello", "a file that was there")
        expect_equal((shared.path / "deep" / "large").read_bytes(), b"\7" * 300_000, "a large one")
        expect_equal(os.readlink(shared.path / "way"), "../outside", "a link")
        shared.refused("remove share/deep")
        shared.ask("remove share/deep/large")
        expect_equal(shared.ask("remove share/deep"), [], "the answer", shared.told)
        expect(not (shared.path / "deep").exists() and not (shared.path / "new").exists(), "a name is left")


@check("a file that lost its name is there for who has it")
def held(kozo):
    with Shared(kozo, write=True) as shared:
        expect_equal(shared.ask("held share/file"), ["hello"], "the contents", shared.told)
        expect(not (shared.path / "file").exists(), "the name is left")


@check("nothing can be changed in a folder that is shared to be read")
def only_reads(kozo):
    with Shared(kozo) as shared:
        for command in ("put share/new x", "change share/file x", "folder share/new", "link share/new x",
                        "remove share/file", "move share/file share/new", "size share/file 1", "put new x"):
            shared.refused(command)
        expect_equal(sorted(os.listdir(shared.path)), ["file", "folder"], "the names")
        expect_equal((shared.path / "file").read_text(), "hello", "the file")


@check("no name, link, device, pipe or socket leads out of the folder")
def escapes(kozo):
    with Shared(kozo, write=True) as shared:
        secret = Path(shared.top.name) / "secret"
        (shared.path / "up").symlink_to("../secret")
        (shared.path / "absolute").symlink_to(secret)
        (shared.path / "above").symlink_to("..")
        os.mkfifo(shared.path / "pipe")
        if os.getuid() == 0:
            os.mknod(shared.path / "null", 0o20666, os.makedev(1, 3))
        # Links are shown, and followed by nobody.
        expect_equal(shared.ask("show share/up"), ["../secret"], "a link", shared.told)
        for command in ("show share/../secret", "show ../secret", "show share/above/secret",
                        "show share/up/x",
                        "show share/pipe", "show share/null", "put share/../new x", "put share/above/new x",
                        "move share/file share/../new", "change share/up x", "put share/absolute x",
                        "show etc/passwd"):
            shared.refused(command)
        expect_equal(secret.read_text(), "secret", "the secret")
        expect_equal(sorted(os.listdir(shared.top.name)), ["place", "secret"], "what is beside the folder")


@check("a machine without shared folders has no such service, and goes on")
def without(kozo):
    ended = kozo.execute("run test/share list")
    expect(ended.status in (1, 126), "another status", ended.told)


@check("at the prompt the folder is /share, to read and to write")
def at_prompt(kozo):
    with Shared(kozo, write=True) as shared:
        options = ["--share", f"{shared.path}:rw", "--exec"]
        listed = kozo.launch("run", *options, "ls /share")
        expect_equal([line.split()[-1] for line in sorted(listed.out.splitlines())], ["file", "folder"],
                     "the names", listed.told)
        expect_equal(kozo.launch("run", *options, "cat /share/folder/inner").out, "inside\n", "the contents")
        written = kozo.launch("run", *options, "write /share/new words of KOZO")
        told = (written.status, (shared.path / "new").read_text().strip())
        expect_equal(told, (0, "words of KOZO"), "the file")
        copied = kozo.launch("run", *options, "cp /initrd/services/fsd /share/copy")
        expect_equal(copied.status, 0, "the status", copied.told)
        copy = (shared.path / "copy").read_bytes()
        files = {member.name: member.data for member in read_members(kozo.initrd.read_bytes())}
        expect(len(copy) > 50_000 and copy == files["services/fsd"], "the copy differs")


def state_of(session, name):
    return table_of(session.command("services")).get(name, ["", "0"])[:2]


def wait_until_up(session, name, starts):
    limit = time.monotonic() + 20
    while state_of(session, name) != ["up", str(starts)]:
        expect(time.monotonic() < limit, f"{name} did not come back", session.told)
        time.sleep(0.05)


def read_again(session, wanted):
    """What was under way may have failed; soon it is read as before."""
    limit = time.monotonic() + 20
    while wanted not in session.command("run test/share sum share/large"):
        expect(time.monotonic() < limit, "it is not read any more", session.told)
        time.sleep(0.1)


def server_of(session):
    """The file server of a run: its runner's process without a name of its own."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        if int(rest.split()[1]) == session.process.pid and "kozo-run" in head:
            return int(path.parent.name)
    return None


@check("driver, volume and the host's server are killed in turn, and files are read as before each time")
def survives(kozo):
    rounds = 25 if kozo.long else 2
    with Shared(kozo) as shared:
        data = os.urandom(1 << 20)
        (shared.path / "large").write_bytes(data)
        wanted = str(sum(data))
        with kozo.start("--share", str(shared.path)) as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            read_again(session, wanted)
            before = None
            for number in range(2, rounds + 2):
                if kozo.long:
                    time.sleep(SETTLED)
                for name in ("share", "channels"):
                    session.command(f"kill {name}")
                    wait_until_up(session, name, number)
                    read_again(session, wanted)
                os.kill(server_of(session), signal.SIGKILL)
                read_again(session, wanted)
                # From the second life on all is where it stays.
                before = before or resources(session)
            expect_equal(resources(session), before, "memory and slots afterwards")


@check("killing the driver while a file is read fails that reading, and nothing else")
def under_load(kozo):
    with Shared(kozo) as shared:
        data = os.urandom(4 << 20)
        (shared.path / "large").write_bytes(data)
        with kozo.start("--share", str(shared.path)) as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            for round in range(3):
                session.command("run test/share sum share/large &")
                session.command("kill channels")
                wait_until_up(session, "channels", round + 2)
                read_again(session, str(sum(data)))


@check("a Linux program goes on when the file server, the volume, the driver and the host's server end in "
       "turn: it reads and executes as before, and writes after one error at most")  # fmt: skip
def linux_goes_on(kozo):
    shell = shutil.which("busybox")
    if not shell:
        skip("there is no busybox on this host")
    with Shared(kozo) as shared:
        shutil.copy(shell, shared.path / "busybox")
        (shared.path / "notes").write_text("notes\n")
        (shared.path / "script").write_text(
            """exec 3</share/notes; mkdir /share/work; cd /share/work; n=0
            add() { /share/busybox echo $n >>told; }
            while [ $n -lt 9 ]; do until [ -e go ]; do :; done; rm go; n=$((n+1))
            read line <&3; read line </share/notes && { add 2>/dev/null || add; }
            cat told; echo turn $n; done"""
        )
        with kozo.start("--share", f"{shared.path}:rw") as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            session.command("linux /share/busybox sh /share/script &")
            work = shared.path / "work"
            for turn, name in enumerate(["", "files", "share", "channels", "host"], 1):
                if name == "host":
                    os.kill(server_of(session), signal.SIGKILL)
                elif name:
                    session.command(f"kill {name}")
                    time.sleep(2)  # what is told of the host's files holds for one
                limit = time.monotonic() + 30
                while not work.exists():
                    expect(time.monotonic() < limit, "it does not begin", session.told)
                    time.sleep(0.1)
                (work / "go").touch()
                session.wait_for(rf"turn {turn}\b", 40)
                told = "".join(f"{number}\n" for number in range(1, turn + 1))
                expect_equal((work / "told").read_text(), told, f"after the end of {name}", session.told)


SETTLES = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
    int file = open("/share/mapped", O_RDWR | O_CREAT, 0644);
    if (ftruncate(file, 10000) != 0) return 1;
    volatile char *memory = mmap(0, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    for (int turn = 1; turn < 9; turn++) {
        while (access("/share/go", F_OK) != 0) usleep(10000);
        for (int again = 0; again < 2; again++) {
            memory[0] = '0' + turn;
            memory[9999] = 'a' + turn;
            if (msync((void *)memory, 10000, MS_SYNC) == 0) break;
        }
        unlink("/share/go");
        printf("turn %d\n", turn);
        fflush(stdout);
    }
}
"""


@check("a mapping that is written to goes on when the file server, the volume, the driver and the host's "
       "server end in turn, and what it settles is on the host each time")  # fmt: skip
def mapping_goes_on(kozo):
    with Shared(kozo, write=True) as shared:
        program = shared.path / "settles"
        built = run(["cc", "-static", "-x", "c", "-o", program, "-"], input=SETTLES)
        if built.status != 0:
            skip("this host has no compiler with a static library")
        with kozo.start("--share", f"{shared.path}:rw") as session:
            session.prompt()
            wait_until_up(session, "share", 1)
            session.command("linux /share/settles &")
            for turn, name in enumerate(["", "files", "share", "channels", "host"], 1):
                if name == "host":
                    os.kill(server_of(session), signal.SIGKILL)
                elif name:
                    session.command(f"kill {name}")
                    time.sleep(2)  # what is told of the host's files holds for one
                (shared.path / "go").touch()
                session.wait_for(rf"turn {turn}\b", 40)
                data = (shared.path / "mapped").read_bytes()
                told = (data[:1], data[9999:])
                wanted = (str(turn).encode(), bytes([ord("a") + turn]))
                expect_equal(told, wanted, f"after the end of {name}", session.told)
