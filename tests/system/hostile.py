# SPDX-License-Identifier: MIT
"""Linux programs that mean harm: the sandbox may suffer, KOZO does not, and nothing is left over."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from driver import cpio, elf, services
from driver.kozo import run
from driver.suite import Failure, check, expect, expect_equal
from system._sandboxes import end_of_job, program, settle

order = 82

SECONDS = 240
SEED = 1  # of the random calls alone; those beside have the program's own
SLOWEST = 500  # milliseconds of a round beside harm; alone it takes some 10


def on_kozo(kozo, name, *words, seconds=SECONDS, options=()):
    path = program(kozo, name)
    return run(
        [
            kozo.launcher,
            "run",
            "--mem",
            512,
            "--timeout",
            seconds,
            *options,
            "--share",
            path.parent,
            "--",
            path,
            *words,
        ],
        timeout=seconds + 30,
    )


def last_line(ended):
    expect_equal(ended.status, 0, "the exit status", ended.told)
    lines = ended.out.splitlines()
    expect(lines, "nothing was printed", ended.told)
    return lines[-1]


@check("random system calls with random arguments end no sandbox")
def random_calls(kozo):
    count = 10_000_000 if kozo.long else 20_000
    # Instructions are counted, so that no time passes while a child waits for nothing, until it is ended.
    begun = time.monotonic()
    ended = on_kozo(
        kozo, "random_calls", count, SEED, seconds=14_400 if kozo.long else SECONDS, options=["--icount"]
    )
    made = re.fullmatch(r"(\d+) calls by (\d+) children", last_line(ended))
    expect(made and int(made[1]) >= count, "not all calls were made", ended.told)
    return f"{int(made[1]):,} calls by {int(made[2]):,} children, {time.monotonic() - begun:.0f} s"


@check("a program that forks without end is ended as a group, and then a fork succeeds again")
def fork_bomb(kozo):
    expect_equal(last_line(on_kozo(kozo, "fork_bomb", 1)), "over, and a fork succeeds again", "the report")


@check("programs that eat all memory get none any more or are ended, one after the other and four at once")
def eat_memory(kozo):
    ended = on_kozo(kozo, "eat_memory")
    expect_equal(
        ended.out.splitlines(), [f"{n} of {n} had no more" for n in (1, 1, 4)], "the report", ended.told
    )
    expect_equal(ended.status, 0, "the exit status", ended.told)


@check("a full RAM file system is an error to who fills it, and has room again when files are removed")
def fill_files(kozo):
    ended = on_kozo(kozo, "fill_files")
    expect_equal(
        ended.out.splitlines(), ["large: full", "small: full", "again: written"], "the report", ended.told
    )


@check("after rounds of fork, exec, mprotect and munmap, slots, tables and pages in use are what they were")
def churn(kozo):
    rounds = 10_000 if kozo.long else 600  # more than the processes whose numbers are kept together
    begun = time.monotonic()
    ended = on_kozo(kozo, "churn", rounds, seconds=3600 if kozo.long else SECONDS)
    expect_equal(last_line(ended), f"{rounds} rounds", "the end", ended.told)
    use = dict(re.findall(r"(before|after): (slots \d+ blocks \d+ tables \d+ pages \d+)", ended.out))
    expect_equal(use["after"], use["before"], "what is in use afterwards", ended.told)
    return f"{rounds:,} rounds, {use['before']} before and afterwards, {time.monotonic() - begun:.0f} s"


@check("programs that crash in every way are told apart by their signals")
def crash(kozo):
    rounds = 100 if kozo.long else 3
    ended = on_kozo(kozo, "crash", rounds)
    wanted = f"{10 * rounds} of {10 * rounds} children ended by their signal"
    expect_equal(last_line(ended), wanted, "the report", ended.told)


# ---- two sandboxes in one machine ------------------------------------------------------------------

# What the one sandbox runs while the other works: short, long.
HARM = (
    ("crash", "5", "100"),
    ("fork_bomb", "2", "30"),
    ("eat_memory", "", ""),
    ("fill_files", "", ""),
    ("random_calls", "2000", "10000000"),
)


def rounds_beside(session, rounds):
    """Lets the harmless sandbox work at the prompt, and gives how long its slowest round took."""
    session.send(f"linux /share/beside {rounds}\r")
    told = session.wait_for(r"beside: (\d+) of (\d+) rounds right, the slowest in (\d+) ms", SECONDS)
    expect_equal((told[1], told[2]), (str(rounds), str(rounds)), "rounds that came out right")
    session.prompt()
    return int(told[3])


def two_at_once(session):
    """Two harmless sandboxes: what init and services keep for a second one is there afterwards."""
    begun = len(session.seen)
    session.send("linux /share/beside 3 &\r")
    session.wait_for(r"\[1\] services/linux\n")
    rounds_beside(session, 3)
    expect_equal(end_of_job(session, begun, SECONDS), "ended with status 0", "the one beside")
    settle(session)


def in_use(session, names):
    """What `mem` says that programs change, when the file server has these programs in memory."""
    settle(session)  # the end of a job is told below a prompt, and the prompt is shown anew
    for name in names:
        expect(len(session.command(f"sha256 /share/{name}").split()[0]) == 64, "no hash", session.told)
    told = session.command("mem")
    return [line for line in told.splitlines() if line.split()[0] in ("other", "lost", "slots")]


@check("a sandbox works on while another crashes, forks without end, eats memory, fills files, calls wildly")
def beside(kozo):
    folder = program(kozo, "beside").parent
    for name, _, _ in HARM:
        program(kozo, name)
    rounds = 100 if kozo.long else 20
    # The machine counts instructions: how long a round takes does not depend on the host.
    with kozo.start("--mem", "256", "--icount", "--share", folder) as session:
        session.prompt()
        two_at_once(session)
        names = ["beside", *(name for name, _, _ in HARM)]
        before = in_use(session, names)
        told = []
        for name, short, long in HARM:
            started = time.monotonic()
            begun = len(session.seen)
            session.send(f"linux /share/{name} {long if kozo.long else short} &\r")
            session.wait_for(r"\[1\] services/linux\n")
            slowest = rounds_beside(session, rounds)
            expect(slowest <= SLOWEST, f"beside {name}, a round took {slowest} ms", session.told)
            # The other one works to the end, if more slowly where a thousand processes are ended at once.
            status = end_of_job(
                session,
                begun,
                14_400 if kozo.long else SECONDS,
                lambda session: rounds_beside(session, 3),
                2 if kozo.long else 0.2,
            )
            expect_equal(status, "ended with status 0", name)
            told.append(f"{name} {slowest} ms ({time.monotonic() - started:.0f} s)")
        expect_equal(in_use(session, names), before, "what is in use")
        rows = services.table_of(session.command("services")).values()
        starts = {row[1] for row in rows if row[0] == "up"}
        expect_equal(starts, {"1"}, "how often services were started")
        return f"the slowest round beside {', '.join(told)}"


@check("a sandbox that is stopped ends at once, with all that ran in it, and the system goes on")
def stopped(kozo):
    folder = program(kozo, "beside").parent
    program(kozo, "fork_bomb")
    with kozo.start("--mem", "256", "--share", folder) as session:
        session.prompt()
        two_at_once(session)
        before = in_use(session, ["beside", "fork_bomb"])
        session.send("linux /share/fork_bomb 1000 &\r")
        session.wait_for(r"\[1\] services/linux\n")
        rounds_beside(session, 2)
        settle(session)
        expect("[1] services/linux: stopped" in session.command("stop 1"), "no report came", session.told)
        expect_equal(session.command("jobs").strip(), "", "jobs")
        expect_equal(in_use(session, ["beside", "fork_bomb"]), before, "what is in use")
        rounds_beside(session, 2)


# ---- a fault of linuxd itself ----------------------------------------------------------------------

FAULT = b"\x0f\x0b"  # ud2
FAULT_TOLD = r"services/linux: exception 6: an illegal instruction, at instruction 0x[0-9a-f]+"


def with_fault(kozo, handler):
    """An initrd whose linuxd comes to an illegal instruction where it would begin to answer a call."""
    server = "services/linux"
    at = elf.offset_of((kozo.build / server / "linux").read_bytes(), handler)
    expect(at is not None, f"linuxd has no function {handler}")
    files = services.members(kozo)
    code = files[server]
    files[server] = code[:at] + FAULT + code[at + len(FAULT) :]
    return kozo.file("fault.cpio", cpio.archive(files))


@check("a linuxd that fails ends its sandbox alone: it is told, its memory is free again, others go on")
def failed_server(kozo):
    folder = program(kozo, "beside").parent
    names = ["beside", program(kozo, "break_server").name]
    rounds = 200
    with kozo.start("--mem", "256", "--share", folder, initrd=with_fault(kozo, "call_sysinfo")) as session:
        session.prompt()
        two_at_once(session)
        before = in_use(session, names)
        begun = len(session.seen)
        session.send(f"linux /share/beside {rounds} &\r")
        session.wait_for(r"\[1\] services/linux\n")
        session.prompt()
        told = session.command("linux /share/break_server")
        expect(re.fullmatch(FAULT_TOLD + "\n", told), "another report came", session.told)
        expect("[1] services/linux" in session.command("jobs"), "the other has ended", session.told)
        rounds_beside(session, 2)
        told = session.wait_for(rf"beside: (\d+) of {rounds} rounds right", SECONDS)
        expect_equal(int(told[1]), rounds, "rounds of the other that came out right")
        expect_equal(end_of_job(session, begun, SECONDS), "ended with status 0", "the other")
        expect_equal(in_use(session, names), before, "what is in use")


@check("a linuxd that fails in a run of one program is told in two lines, with status 125")
def failed_run(kozo):
    path = program(kozo, "break_server")
    options = ["--timeout", SECONDS, "--share", path.parent, "--", path]
    ended = run(kozo.command_line(*options, initrd=with_fault(kozo, "call_sysinfo")))
    expect_equal((ended.status, ended.out), (125, ""), "status and output", ended.told)
    said = rf"kozo: the program's Linux server failed\nkozo:   init said: {FAULT_TOLD}\n"
    expect(re.fullmatch(said, ended.err), "another report came", ended.told)


# ---- a volume that takes its time ------------------------------------------------------------------


def file_server(runner):
    """The process of the runner that serves the host's files: the child that is no QEMU."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        if int(rest.split()[1]) == runner.pid and "qemu" not in head:
            return int(path.parent.name)
    raise Failure("the runner has no process for files")


@check("while the host's files take their time, other threads of the sandbox go on")
def slow_volume(kozo):
    path = program(kozo, "slow_file")
    data = kozo.file("data", b"x" * 1_000_000)
    options = ["--timeout", SECONDS, "--share", path.parent, "--share", data.parent, "--", path, data]
    runner = subprocess.Popen(
        [str(part) for part in kozo.command_line(*options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        expect_equal(runner.stdout.readline(), "ready\n", "the first line")
        server = file_server(runner)
        os.kill(server, signal.SIGSTOP)
        runner.stdin.write("go\n")
        runner.stdin.flush()
        for number in range(1, 41):
            expect_equal(runner.stdout.readline(), f"tick {number}\n", "a line while files wait")
        os.kill(server, signal.SIGCONT)
        rest = runner.stdout.read().splitlines()
        expect_equal((rest[-1], runner.wait(SECONDS)), ("read 1000000", 0), "the end")
    finally:
        runner.kill()
        runner.wait()
