# SPDX-License-Identifier: MIT
"""The memory service: pages that appear when they are touched, copies, limits, and the end of either side."""

import re
import time

from driver.services import BASE, initrd_with, resources, settle, table_of, wait_until_settled
from driver.suite import Result, check, expect, expect_equal, source

order = 57

LIMIT = 256  # pages that the description of test/memory gives it
FAULT = 139


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


@check("the status of a client that ended so is that of a fault")
def status(kozo):
    expect_equal(kozo.execute("run test/memory outside").status, FAULT, "the exit status")


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


@check("a service that loses its memory is ended like one that failed")
def service_loses(kozo):
    text = BASE + "service memory services/memory\n    memory 2M\n    self\n"
    text += "service holder test/memory\n    pager memory 1M\n    restart never\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "holder", text)) as session:
        session.prompt()
        limit = time.monotonic() + 20
        while "holds 50 pages" not in session.command("log holder"):
            expect(time.monotonic() < limit, "it does not get its memory", session.told)
        session.send("kill memory\r")
        session.wait_for("service holder lost its memory, and stays down", 20)
