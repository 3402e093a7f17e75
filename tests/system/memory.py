# SPDX-License-Identifier: MIT
"""The memory service: pages that appear when they are touched, copies, limits, and the end of either side."""

import re
import time

from driver.services import BASE, initrd_with, resources, settle, table_of, wait_until_settled
from driver.suite import Result, check, expect, expect_equal, source

order = 57

LIMIT = 256  # pages that the description of test/memory gives it
FAULT = 139
MIB = 1 << 20


def answer(kozo, line):
    """What a command prints in the session that these checks share."""
    return kozo.shared("memory").command(line)


@source
def sentences(kozo):
    """What a client says of its memory."""
    told = answer(kozo, "run test/memory")
    for line in told.splitlines():
        verdict, _, sentence = line.partition(": ")
        if verdict in ("yes", "NO"):
            yield Result(f"memory: {sentence}", "passed" if verdict == "yes" else "failed")
    count = len(re.findall(r"(?m)^yes: ", told))
    yield Result("memory: the program said all of its sentences", "passed" if count == 16 else "failed", told)


def hold(session, pages):
    """Starts a client in the background that holds memory; gives what the console shows of it."""
    session.send(f"run test/memory hold {pages} &\r")
    shown = session.wait_for(r"holds \d+ pages|no memory is left", 30)[0]
    settle(session)
    return shown


FAULTS = {
    "outside": r"page fault: tried to write to address 0x50000000",
    "forbidden": r"page fault: tried to write to address 0x50000000",
    "exhaust": r"no memory is left; page fault: tried to write to address 0x50[0-9a-f]+",
}

for how, words in FAULTS.items():

    @check(f"a touch that can't be helped ends the client with one line, and nobody else ({how})")
    def refused(kozo, how=how, words=words):
        hold(kozo.shared("memory"), 20)
        told = answer(kozo, f"run test/memory {how}")
        expect(re.search(f"test/memory: {words}", told), "it is not told why", told)
        expect("nothing happened" not in told, "it went on", told)
        expect("[1] test/memory" in answer(kozo, "jobs"), "another client has ended, too")
        expect_equal(answer(kozo, "run test/memory used").strip(), "0 pages", "what the next client uses")
        answer(kozo, "stop 1")


@check("with --exec, a client that ended so is told in the same words, and the status is that of a fault")
def status(kozo):
    ended = kozo.execute("run test/memory outside")
    expect_equal(ended.status, FAULT, "the exit status", ended.told)
    told = rf"(?m)^test/memory: {FAULTS['outside']}"
    expect(re.search(told, ended.out), "the fault is not told", ended.told)


@check(
    "when all memory is given out whoever asks for more ends, the others go on, and it comes back with them"
)
def exhausted(kozo):
    with kozo.start("--timeout", "100") as session:
        session.prompt()
        expect("holds" in hold(session, LIMIT - 10), "the first is refused", session.told)
        expect("no memory" in hold(session, LIMIT - 10), "the second got what is not there", session.told)
        expect_equal(re.findall(r"(?m)^\[(\d)\]", session.command("jobs")), ["1"], "the jobs", session.told)
        session.command("stop 1")
        settle(session)
        expect("holds" in hold(session, LIMIT - 10), "it did not come back", session.told)


@check("clients that end in any way leave no memory behind, in the service and in init")
def client_dies(kozo):
    with kozo.start("--timeout", "200") as session:
        session.prompt()
        wait_until_settled(session)
        before = None
        for round_number in range(100 if kozo.long else 8):
            expect("holds" in hold(session, LIMIT - 10), "memory is lost", session.told)
            expect("100 rounds" not in session.command("run test/memory exhaust"), "it went on", session.told)
            session.command("stop 1")
            if round_number == 1:
                before = resources(session)
        expect_equal(resources(session), before, "memory and slots", session.told)
        expect_equal(session.command("run test/memory used").strip(), "0 pages", "what is used", session.told)


def wait_until_up(session, name, starts):
    limit = time.monotonic() + 20
    while table_of(session.command("services"))[name][:2] != ["up", str(starts)]:
        expect(time.monotonic() < limit, f"{name} did not come back", session.told)
        time.sleep(0.05)


@source
def service_dies(kozo):
    """The service is killed while clients make, copy, write and destroy objects."""
    times = 100 if kozo.long else 8
    sentence = f"memory is killed {times} times under load: its clients end with one line, all comes back"
    with kozo.start("--timeout", "500") as session:
        session.prompt()
        wait_until_settled(session)
        starts = 1
        for round_number in range(times + 1):
            for _ in range(2):
                session.send("run test/memory churn 0 &\r")
                session.wait_for(r"\[\d\] test/memory", 20)
            time.sleep(0.05)
            session.send("kill memory\r")
            ended = "".join(rf"(?=.*\[{n}\] test/memory: ended with status 139)" for n in (1, 2))
            session.wait_for(f"(?s){ended}", 30)
            session.send("restart memory\r")  # forgives the failure, so that no pause follows
            starts += 2
            settle(session)
            wait_until_up(session, "memory", starts)
            expect(
                "20 rounds" in session.command("run test/memory churn 20"), "it does not serve", session.told
            )
            if round_number == 0:
                before = resources(session)
        after = resources(session)
    yield Result(sentence, "passed" if before == after else "failed", f"before {before}, after {after}")


def in_use(session):
    """Bytes in use, the kernel's included."""
    told = session.command("mem")
    parts = re.findall(r"(?m)^(?:kernel|in use) +([\d.]+) ([KM])iB", told)
    expect_equal(len(parts), 2, "the sizes that mem tells", told)
    return sum(float(number) * (MIB if unit == "M" else 1024) for number, unit in parts)


@check("with all services up at most 12 MiB of memory are in use")
def at_the_prompt(kozo):
    with kozo.start("--mem", "512", "--timeout", "60", initrd=kozo.shipped) as session:
        session.prompt()
        wait_until_settled(session)
        used = in_use(session)
        expect(used <= 12 * MIB, f"{used / MIB:.1f} MiB are in use", session.told)


@check("files in memory take it when they are written, and give it back when they are removed")
def files_come_and_go(kozo):
    with kozo.start("--timeout", "120") as session:
        session.prompt()
        wait_until_settled(session)
        session.command("cp /initrd/services/linux /ram/first")
        session.command("rm /ram/first")
        session.command("trim")
        before = in_use(session)
        for number in range(8):
            expect_equal(session.command(f"cp /initrd/services/linux /ram/{number}"), "", "cp", session.told)
        during = in_use(session)
        expect(during - before > 8 * 300_000, "the files take no memory", session.told)
        for number in range(8):
            expect_equal(session.command(f"rm /ram/{number}"), "", "rm", session.told)
        session.command("trim")
        expect(in_use(session) - before < MIB / 2, "they do not give it back", session.told)


@check("when there is no memory for files, who writes is told, what was written stays, and the system goes "
       "on")
def no_memory_for_files(kozo):
    with kozo.start("--mem", "24", "--timeout", "200") as session:
        session.prompt()
        wait_until_settled(session)
        made = 0
        while session.command(f"cp /initrd/services/linux /ram/{made}") == "":
            made += 1
            expect(made < 100, "nothing ever refuses", session.told)
        expect(made > 3, "there is no room at all", session.told)
        want = session.command("sha256 /initrd/services/linux").split()[0]
        expect_equal(session.command("sha256 /ram/0").split()[0], want, "the first file", session.told)
        for name, row in wait_until_settled(session).items():
            expect_equal(row[1], "1", f"starts of {name}", session.told)
        for number in range(made):
            expect_equal(session.command(f"rm /ram/{number}"), "", "rm", session.told)
        session.command(f"rm /ram/{made}")
        expect_equal(session.command("cp /initrd/services/linux /ram/again"), "", "cp then", session.told)
        expect("hello" in session.command("run bin/hello"), "no program can be run", session.told)


@check("a service that loses its memory is ended like one that failed")
def service_loses(kozo):
    text = BASE + "service memory services/memory\n    memory 512K\n    memory up to 1536K\n    self\n"
    text += "service holder test/memory\n    pager memory 1M\n    restart never\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "holder", text)) as session:
        session.prompt()
        limit = time.monotonic() + 20
        while "holds 50 pages" not in session.command("log holder"):
            expect(time.monotonic() < limit, "it does not get its memory", session.told)
        session.send("kill memory\r")
        session.wait_for("service holder lost its memory, and stays down", 20)
