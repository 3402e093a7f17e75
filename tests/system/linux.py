# SPDX-License-Identifier: MIT
"""Linux programs: the same binaries on Linux and on KOZO, and whether both say the same.

Each file in tests/linux is a family of sentences about what Linux promises: an ordinary program,
compiled by this machine's compiler."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from driver import tap
from driver.kozo import run
from driver.services import resources
from driver.suite import Result, Skip, check, expect, expect_equal, skip, source
from system import _rungs

order = 59

SECONDS = 240
FOLDER = "tests/linux"
SHARED = ("calls.c", "faults.c", "test.c")  # what families have in common
ON_HOST = ("mapped",)  # families whose files lie in a folder of the host


def families(kozo):
    """The files of each family, by its name: what a process does alone, and what several do."""
    files = {}
    for folder in (kozo.root / FOLDER / "single", kozo.root / FOLDER):
        for path in sorted(folder.glob("*.c")):
            if path.name not in SHARED:
                files.setdefault(path.stem, []).append(path)
    return dict(sorted(files.items()))


def compiled(kozo, name, files):
    """The program of a family, in a folder that nothing else is in."""
    folder = kozo.folder / "linux"
    folder.mkdir(exist_ok=True)
    program = folder / name
    common = kozo.root / FOLDER
    sources = [*files, *(common / shared for shared in SHARED)]
    ended = run(["cc", "-O1", "-static", "-pthread", f"-I{common}", "-o", program, *sources])
    expect_equal(ended.status, 0, f"the compiler's status for {name}", ended.told)
    return program


def on_linux(kozo, program):
    """What the program makes is gone with the folder of this run."""
    place = kozo.folder / "tmp"
    place.mkdir(exist_ok=True)
    return run([program], timeout=SECONDS, env={**os.environ, "TMPDIR": str(place)})


def on_kozo(kozo, program, *arguments, options=(), **how):
    return kozo.launch(
        "run", "--timeout", str(SECONDS), "--share", program.parent, *options,
        "--", program, *arguments,
        timeout=SECONDS + 60, **how
    )


def place_of(kozo, name):
    """What a family is given beside its program."""
    if name not in ON_HOST:
        return ()
    place = kozo.folder / "place"
    place.mkdir(exist_ok=True)
    return ("--share", f"{place}:rw", "--env", f"TMPDIR={place}")


@source
def what_linux_promises(kozo):
    """Each sentence has to hold on Linux first: one that does not is a fault of the test."""
    for name, files in families(kozo).items():
        program = compiled(kozo, name, files)
        expected = {result.sentence: result for result in tap.judge(on_linux(kozo, program))}
        seen = set()
        for result in tap.parse(on_kozo(kozo, program, options=place_of(kozo, name)).out):
            seen.add(result.sentence)
            linux = expected.get(result.sentence)
            if linux is not None and linux.verdict == "failed":
                result = Result(result.sentence, "failed", f"on Linux: {linux.detail}")
            yield Result(f"{name}: {result.sentence}", result.verdict, result.detail)
        for sentence in expected.keys() - seen:
            yield Result(f"{name}: {sentence}", "failed", "KOZO did not come so far")


# ---- programs of Debian --------------------------------------------------------------------------

# Command, input: output and status are those of Linux.
PROGRAMS = {
    "busybox, a shell with a pipe": (["/bin/busybox", "sh", "-c", "echo one two | tr a-z A-Z; exit 7"], ""),
    "sort": (["/usr/bin/sort", "-rn"], "".join(f"{i}\n" for i in range(1, 20001))),
    "bash, loops and arithmetic": (
        ["/bin/bash", "-c", "for i in {1..50}; do s=$((s + i)); done; echo $s"], ""),
    "bash, substitutions and functions": (
        ["/bin/bash", "-c", "f() { echo $(($1 * 2)); }; x=$(f 21); echo ${x/4/5} $(echo a b c | wc -w)"], ""),
    "bash, a trap": (["/bin/bash", "-c", "trap 'echo caught' USR1; kill -USR1 $$; echo after"], ""),
    "dash, a pipe and a subshell": (["/bin/sh", "-c", "(echo b; echo a) | sort; false || echo no"], ""),
    "cat": (["/bin/cat"], "line one\nline two\n"),
    "wc": (["/usr/bin/wc"], "one two\nthree\n"),
    "seq and tail": (["/bin/sh", "-c", "seq 1 1000 | tail -3"], ""),
    "sha256sum": (["/usr/bin/sha256sum"], "hello\n" * 1000),
    "python3": (["/usr/bin/python3", "-c", "print(2**100)"], ""),
    "python3, threads": (
        ["/usr/bin/python3", "-c",
         "import threading\nr=[]\nt=[threading.Thread(target=lambda i=i: r.append(i)) for i in range(8)]\n"
         "[x.start() for x in t]; [x.join() for x in t]; print(sorted(r))"], ""),
    "python3, a subprocess": (
        ["/usr/bin/python3", "-c",
         "import subprocess; print(subprocess.run(['/bin/echo', 'hi'], capture_output=True).stdout)"], ""),
    "perl": (["/usr/bin/perl", "-e", "print join(',', map { $_ ** 2 } 1..10), \"\\n\""], ""),
    "awk": (["/usr/bin/awk", "{ s += $1 } END { print s }"], "1\n2\n3\n"),
    "sed": (["/bin/sed", "s/a/b/g"], "banana\n"),
    "grep, nothing found": (["/bin/grep", "x"], "abc\n"),
}

for name, (command, text) in PROGRAMS.items():

    @check(f"{name}: output and status are those of Linux")
    def same(kozo, command=command, text=text):
        linux = run(command, input=text)
        ended = kozo.launch(
            "run", "--timeout", str(SECONDS), "--", *command, timeout=SECONDS + 60, input=text
        )
        expect_equal(ended.out, linux.out, "the output", ended.told)
        expect_equal(ended.status, linux.status, "the status", ended.told)


@source
def programs_of_debian(kozo):
    """The ladder: each program with a script of its own in tests/linux/rungs."""
    yield from _rungs.results(kozo)


@check("a program that a signal ends is told so by the status")
def signalled(kozo):
    ended = kozo.launch("run", "--", "/bin/sh", "-c", "kill -TERM $$")
    expect_equal(ended.status, 128 + 15, "the status", ended.told)


ATTRIBUTES = """
import errno, os
def show(call, *words):
    try:
        print(call(*words))
    except OSError as error:
        print(errno.errorcode[error.errno])
for file in ("file", "/tmp/own"):
    open(file, "a").close()
    show(os.listxattr, file)
    show(os.setxattr, file, "user.two", b"second")
    show(os.getxattr, file, "user.two")
    show(os.setxattr, file, "security.x", b"x")
"""


@check("extended attributes of a place are read, and set unless it is only to be read, or there is a layer")
def attributes(kozo):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        for options, seen in ((["--scratch"], "ENOTSUP"), ([], "None")):
            file.touch()
            try:
                os.setxattr(file, "user.one", b"first")
            except OSError as error:
                raise Skip(f"{folder} has no extended attributes: {error.strerror}") from error
            share = ["--share", folder if options else f"{folder}:rw"]
            ended = kozo.launch(
                "run", "--timeout", str(SECONDS), *share, *options, "--",
                "/bin/sh", "-c", f'cd {folder} && exec /usr/bin/python3 -c "$0"', ATTRIBUTES,
                timeout=SECONDS + 60,
            )
            value = "ENODATA" if options else "b'second'"
            wanted = ["['user.one']", seen, value, "ENOTSUP", "[]", "None", "b'second'", "ENOTSUP"]
            expect_equal(ended.out.splitlines(), wanted, f"what is said with {options}", ended.told)
        expect_equal(os.getxattr(file, "user.two"), b"second", "what the host has")
        ended = kozo.launch(
            "run", "--timeout", str(SECONDS), "--share", folder, "--", "/usr/bin/python3", "-c",
            f"import os; os.setxattr('{file}', 'user.two', b'x')", timeout=SECONDS + 60,
        )
        expect("Read-only file system" in ended.err, "it was set where it may only be read", ended.told)


DATABASE = """
PRAGMA journal_mode=WAL;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500)
    INSERT INTO t SELECT i, 'name' || i FROM n;
.shell [ -s here.db-shm ] && sqlite3 here.db 'UPDATE t SET name = upper(name) WHERE id > 400'
SELECT count(*), sum(id), max(name) FROM t;
"""


@check("sqlite3 with PRAGMA journal_mode=WAL works in a folder of the host, in two processes at a time, and "
       "the host finds all in order")  # fmt: skip
def write_ahead(kozo):
    if not shutil.which("sqlite3"):
        skip("there is no sqlite3 on this host")
    with tempfile.TemporaryDirectory() as folder:
        ended = kozo.launch(
            "run", "--timeout", str(SECONDS), "--share", f"{folder}:rw", "--",
            "/bin/sh", "-c", f"cd {folder} && exec sqlite3 here.db", timeout=SECONDS + 60, input=DATABASE,
        )
        expect_equal((ended.status, ended.out), (0, "wal\n500|125250|name99\n"), "the answer", ended.told)
        asked = "PRAGMA integrity_check; SELECT count(*), max(id) FROM t WHERE name = 'NAME' || id"
        found = run(["sqlite3", f"{folder}/here.db", "PRAGMA journal_mode", asked])
        expect_equal(found.out, "wal\nok\n100|500\n", "what the host finds", found.told)


MAPPED = """
import mmap, os, signal, sys
def mapped(name):
    file = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(file, 70_000)
    memory = mmap.mmap(file, 0)
    memory[65_530:65_540] = name[:1].encode() * 10
    return memory
def ends(name, how):
    if os.fork() == 0:
        kept.append(mapped(name))
        how()
    os.wait()
kept = [mapped("flushed"), mapped("unmapped"), mapped("by end")]
kept[0].flush()
del kept[1]
ends("exited", lambda: os._exit(0))
ends("replaced", lambda: os.execv("/bin/true", ["true"]))
ends("killed", lambda: os.kill(os.getpid(), signal.SIGKILL))
print("written", flush=True)
sys.stdin.readline()
os._exit(3)
"""


@check("what is written to a mapping of a file is on the host after msync, munmap, exit, exec and SIGKILL, "
       "and when the sandbox ends: as long as the file is, and no longer")  # fmt: skip
def mapped(kozo):
    with tempfile.TemporaryDirectory() as folder:
        ended = kozo.launch(
            "run", "--timeout", str(SECONDS), "--share", f"{folder}:rw", "--", "/bin/sh", "-c",
            f'cd {folder} && exec /usr/bin/python3 -c "$0"', MAPPED, timeout=SECONDS + 60, input="\n",
        )
        expect_equal((ended.status, ended.out), (3, "written\n"), "status and output", ended.told)
        for name in ("flushed", "unmapped", "by end", "exited", "replaced", "killed"):
            wanted = bytearray(70_000)
            wanted[65_530:65_540] = name[:1].encode() * 10
            same = (Path(folder) / name).read_bytes() == wanted
            expect(same, f"the file {name} is not as it was written", ended.told)


@check("a trace shows calls with their arguments and results")
def traced(kozo):
    ended = kozo.launch("run", "--trace", "--", "/bin/busybox", "echo", "hi")
    expect(' write(1, 0x' in ended.err and ", 3) = 0x3" in ended.err, "no such line", ended.err)
    expect(" exit_group(0)" in ended.err, "the end is missing", ended.err)


# ---- at the prompt ---------------------------------------------------------------------------------


def shared_busybox(kozo):
    """A folder to share, with a program in it that needs nothing else."""
    folder = kozo.folder / "busybox"
    folder.mkdir(exist_ok=True)
    if not (folder / "busybox").exists():
        shutil.copy("/bin/busybox", folder)
    return folder


@check("at the prompt, programs of a shared folder run by path and by name, and change it where they may")
def shared(kozo):
    folder = shared_busybox(kozo)
    script = "echo $((6 * 7)) > /share/answer; cat /share/answer; exit 3"
    ended = kozo.execute(f"linux /share/busybox sh -c '{script}'", "--share", f"{folder}:rw")
    expect_equal((ended.status, ended.out), (3, "42\n"), "status and output", ended.told)
    expect_equal((folder / "answer").read_text(), "42\n", "the file")
    ended = kozo.execute("linux busybox rm /share/answer", "--share", folder)
    expect_equal(ended.status, 1, "the status without :rw", ended.told)
    expect((folder / "answer").exists(), "the file is gone", ended.told)


@check("sh at the prompt is Debian's busybox where there is one, and says so where there is none")
def shell(kozo):
    ended = kozo.execute("sh -c 'echo a shell; exit 5'", "--share", shared_busybox(kozo))
    expect_equal((ended.status, ended.out), (5, "a shell\n"), "status and output", ended.told)
    ended = kozo.execute("sh")
    told = (127, "linux: sh can't be run: there is no such file\n")
    expect_equal((ended.status, ended.out), told, "status and output", ended.told)


CTRL_C, CTRL_D, LEAVE = "\x03", "\x04", "\x1d" * 3
SHELL_PROMPT = "/ # "


@check("sh at the prompt is a shell on a terminal: it reads, is interrupted, and gives the prompt back")
def interactive(kozo):
    with kozo.start("--share", shared_busybox(kozo)) as session:
        session.prompt()
        left = []
        for _ in range(2):
            session.send("sh\r")
            session.wait_for(SHELL_PROMPT)
            for keys, answer in (
                ("echo $((6 * 7))\r", rf"\n42\n{SHELL_PROMPT}"),
                ("tty; stty | head -1\r", r"\n/dev/pts/0\nspeed "),
                # What is typed before a program runs comes while the shell edits its line: it says when.
                ("echo say; read line; echo got $line; echo more\r", r"\nsay\n"),
                ("two  words\r", rf"got two words\nmore\n{SHELL_PROMPT}"),
                ("echo say; cat\r", r"\nsay\n"),
                ("and back\r", r"and back\nand back\n"),
                (CTRL_D, SHELL_PROMPT),
                ("sh -c 'echo say; exec sleep 1000'\r", r"\nsay\n"),
                (CTRL_C, rf"\^C\n+{SHELL_PROMPT}"),
                ("echo status $?\r", rf"status 130\n{SHELL_PROMPT}"),
            ):
                session.send(keys)
                session.wait_for(answer)
            session.send("exit 5\r")
            expect("ended with status 5" in session.prompt(), "the status is not told", session.told)
            expect("KOZO" in session.command("version"), "no answer", session.told)
            left.append(resources(session))
        expect_equal(left[1], left[0], "memory and slots after one more", session.told)


@check("10,000 bytes typed at the prompt reach the program; three times Ctrl-] ends one that hears nothing")
def typed(kozo):
    with kozo.start("--share", shared_busybox(kozo)) as session:
        session.prompt()
        session.send("linux busybox sh -c 'stty -echo; echo ready; head -c 10000 | sha256sum'\r")
        session.wait_for("ready\n")
        text = "".join(f"{number:09}\n" for number in range(1000))
        session.send(text.replace("\n", "\r"))
        session.wait_for(hashlib.sha256(text.encode()).hexdigest(), SECONDS)
        session.prompt()
        session.send("linux busybox sh -c 'trap : INT; echo ready; while :; do :; done'\r")
        session.wait_for("ready\n")
        session.send(CTRL_C + LEAVE[:2] + "x" + LEAVE)
        expect("ended by Ctrl-C" in session.prompt(), "it goes on", session.told)


@check("a program that runs beside the prompt has no input, and what is typed is the prompt's")
def beside_the_prompt(kozo):
    with kozo.start("--share", shared_busybox(kozo)) as session:
        session.prompt()
        session.send("linux busybox sh -c 'cat; tty; sleep 3; echo over' &\r")
        session.wait_for("not a tty\n")
        session.send("echo still here\r")
        session.wait_for(r"\nstill here\n")
        session.wait_for(r"over *\n(?s:.*)\[1\] services/linux: ended with status 0\n")


@check("with a whole system in --root, its programs run at the prompt with their libraries")
def whole_system(kozo):
    ended = kozo.execute("linux perl -e 'print 2 ** 40, qq(\\n)'", "--root", "/")
    expect_equal((ended.status, ended.out), (0, "1099511627776\n"), "status and output", ended.told)
