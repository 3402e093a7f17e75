# SPDX-License-Identifier: MIT
"""Services: description, sessions, life and death. Each is killed under load, and comes back."""

import re
import time

from driver import kills
from driver.kozo import one_line, plain
from driver.services import BASE, compiled, initrd_with, members, resources, table_of
from driver.services import wait_until_settled
from driver.suite import Result, check, expect, expect_equal, source

order = 65

SERVICES = ("serial", "console")

CLOCK = """
service clock drivers/clock/cmos
    ports ports 0x70 2
    irq irq 8
"""

NO_REPLY = 11  # of abi/types.abi

def answer(kozo, line):
    """What a command prints in the session that these checks share."""
    return kozo.shared("services").command(line)


def wait_until_up(session, names, seconds=20):
    limit = time.monotonic() + seconds
    while True:
        rows = table_of(session.command("services"))
        if all(rows[name][0] == "up" for name in names):
            return rows
        expect(time.monotonic() < limit, f"not all of {names} came back", session.told)
        time.sleep(0.05)


# ---- descriptions --------------------------------------------------------------------------------

WRONG = {
    "an unknown word": ("program bin/true\n    colour blue\n", 2, "unknown"),
    "a file that is not in the initrd": ("program bin/nosuch\n", 1, "no such file"),
    "a service that there is not": ("service a bin/mute\n    uses b\n", 2, "no such service"),
    "a name that is given twice": ("service a bin/mute\nservice a bin/true\n", 2, "has this name"),
    "a service that uses itself": ("service a bin/mute\n    uses a\n", 1, "itself"),
    "a cycle of two": ("service a bin/mute\n uses b\nservice b bin/mute\n after a\n", 1, "itself"),
    "two owners of one port": (
        "service a bin/mute\n ports x 0x60 8\nservice b bin/mute\n ports x 0x64 1\n", 4, "owner"),
    "two owners of one interrupt": (
        "service a bin/mute\n irq x 1\nprogram bin/true\n irq x 1\n", 4, "owner"),
    "a volume below one that is not mounted": (
        "service a bin/mute\nservice f bin/true\n mount /b/c a 1M\n", 3, "no volume of the lines above"),
    "two volumes at one place": (
        "service a bin/mute\nservice b bin/true\nservice f bin/true\n mount /c a 1M\n mount /c b 1M\n", 5,
        "at this place"),
    "two terminals": ("service a bin/mute\n terminal\nservice b bin/mute\n terminal\n", 3, "terminal"),
    "a program that is a terminal": ("program bin/true\n    terminal\n", 2, "service"),
}

for name, (text, line, reason) in WRONG.items():

    @check(f"a description with {name} is refused at build time, with line and reason")
    def refused(kozo, name=name, text=text, line=line, reason=reason):
        ended, table = compiled(kozo, "wrong", text, ["bin/true", "bin/mute"])
        expect(ended.status != 0 and not table.exists(), "it was compiled", ended.told)
        told = one_line(ended.err, "the refusal")
        expect(f"wrong.system:{line}: " in told, f"line {line} is not named", told)
        expect(reason in told, f"{reason!r} is not said", told)


@check("the description of the built system compiles to the table in its initrd")
def default_compiles(kozo):
    text = (kozo.root / "systems" / "default" / "system").read_text()
    files = members(kozo)
    ended, table = compiled(kozo, "default", text, files)
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect(table.read_bytes() == files["system"], "the tables differ")


# ---- at the prompt -------------------------------------------------------------------------------


# Drivers of devices that the machine of these tests does not have.
ABSENT = ("disk", "disk2", "channels", "share", "ext")


def described(kozo):
    """The names of all services of the built system."""
    text = (kozo.root / "systems" / "default" / "system").read_text()
    return re.findall(r"(?m)^service (\S+)", text)


@check("services lists each service, and all are up but the drivers of devices that are not there")
def list_services(kozo):
    names = described(kozo)
    rows = wait_until_up(kozo.shared("services"), [name for name in names if name not in ABSENT])
    expect_equal(sorted(rows), sorted(names), "the names")
    limit = time.monotonic() + 10
    while not all(re.search("has nothing to do|needs (channels|disk)", rows[name][2]) for name in ABSENT):
        expect(time.monotonic() < limit, "a driver is not down in peace", str(rows))
        rows = table_of(answer(kozo, "services"))


@check("caps shows that the serial driver holds its ports, its interrupt, and nothing that it was not given")
def driver_caps(kozo):
    text = answer(kozo, "caps serial")
    expect("ports 0x3f8 to 0x3ff" in text and "interrupt 4" in text, "a grant is missing", text)
    for word in ("untyped", "cnode", "thread", "address-space", "frame", "sched", "irq-control"):
        expect(word not in text, f"it holds a {word}", text)


for command in ("kill", "restart", "log", "caps"):

    @check(f"{command} of a service that there is not is one line that names it")
    def no_such(kozo, command=command):
        expect("nosuch" in one_line(answer(kozo, f"{command} nosuch"), "the answer"), "not named")


@check("a program's log and a service's are kept: log tells of a restart")
def log_tells(kozo):
    answer(kozo, "kill serial")
    wait_until_up(kozo.shared("services"), SERVICES)
    expect("serial was killed" in answer(kozo, "log"), "the log does not tell of it")
    kozo.forget("services")


# ---- sessions ------------------------------------------------------------------------------------


@source
def sessions(kozo):
    """The sentences of a program that is a client of the console."""
    text = answer(kozo, "run bin/pending")
    for line in text.splitlines():
        verdict, _, sentence = line.partition(": ")
        if verdict in ("yes", "NO"):
            yield Result(f"session: {sentence}", "passed" if verdict == "yes" else "failed")
    count = len(re.findall(r"(?m)^yes: ", text))
    yield Result(
        "session: the program said all of its sentences", "passed" if count == 12 else "failed", text
    )


@source
def bulk(kozo):
    """The sentences of a program that moves bytes to and from a service, killed in between."""
    text = BASE + "service store bin/store\nprogram bin/bulk\n    uses store 64K\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "bulk", text)) as session:
        session.prompt()
        first = session.command("run bin/bulk")
        session.command("kill store")
        wait_until_up(session, ("store",))
        second = session.command("run bin/bulk")
    for line in first.splitlines():
        verdict, _, sentence = line.partition(": ")
        if verdict in ("yes", "NO"):
            yield Result(f"bulk data: {sentence}", "passed" if verdict == "yes" else "failed")
    same = first == second and len(re.findall(r"(?m)^yes: ", first)) == 5
    sentence = "bulk data: all of it holds again after the service was killed"
    yield Result(sentence, "passed" if same else "failed", first + second)


@check("a client that spoilt its session gets a new one at its next start")
def session_is_new(kozo):
    text = answer(kozo, "run bin/pending")
    expect_equal(len(re.findall(r"(?m)^yes: ", text)), 12, "the sentences that hold", text)


@check("lines of several writers are never mixed")
def lines_are_whole(kozo):
    text = BASE + "".join(
        f"service {name} bin/chatter\n uses console\n restart never\n" for name in ("one", "two")
    )
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "writers", text)) as session:
        session.wait_for(r"(?s)one 0099.*two 0099|two 0099.*one 0099", 40)
        session.send("\r")
        session.wait_for("Init> ")
        lines = re.findall(r"(?:one|two) \d{4}.*", plain(session.seen))
        mixed = [line for line in lines if not re.fullmatch(r"(one|two) \d{4} [a-z]{26} *", line)]
        expect_equal((len(lines), mixed), (200, []), "lines, and those that are mixed", session.told)


# ---- death ---------------------------------------------------------------------------------------


for service in kills.VICTIMS:

    @source
    def kill_other(kozo, service=service):
        yield from kills.kill(kozo, service, 100 if kozo.long else 3)


@check("what fails again and again is started after growing pauses, then stays down, and the others go on")
def stumbles(kozo):
    text = BASE + "service lame bin/stumble\nservice second bin/mute\n after lame\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "lame", text)) as session:
        session.prompt()
        session.send("echo here\r")
        session.wait_for(r"(?m)^here", 5)
        session.wait_for(r"lame failed .*, and stays down", 30)
        session.prompt()
        log = session.command("log")
        for pause in ("0.125", "0.250", "0.500", "1.000", "2.000"):
            expect(f"is started again in {pause} s" in log, f"no pause of {pause} s", log)
        rows = table_of(session.command("services"))
        expect_equal(rows["lame"][0], "down", "its state", session.told)
        expect_equal(rows["lame"][1], "7", "its starts", session.told)
        expect("needs lame" in rows["second"][2], "who needs it is not told why", session.told)
        expect_equal([rows[name][0] for name in SERVICES], ["up", "up"], "the others", session.told)
        before = resources(session)
        session.send("restart lame\r")
        session.wait_for(r"lame failed .*, and stays down", 30)
        session.prompt()
        expect_equal(resources(session), before, "memory and slots", session.told)


@check("a service that gives no sign of life is ended and started again, and nobody waits for it meanwhile")
def silence(kozo):
    text = BASE + "service mute bin/mute\n restart never\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "mute", text)) as session:
        session.prompt()
        for number in range(5):
            start = time.monotonic()
            expect_equal(session.command(f"echo {number}").strip(), str(number), "the answer")
            expect(time.monotonic() - start < 2, "the prompt waited", session.told)
        session.wait_for("mute gave no sign of life, and stays down", 20)


@check("a console that never answers leaves the prompt to init itself")
def mute_console(kozo):
    text = "service console bin/mute\n    terminal\n    restart never\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "mute-console", text)) as session:
        session.prompt()
        expect("no sign of life" in session.command("log"), "the log does not tell why", session.told)
        expect("hello" in session.command("run bin/hello"), "no program runs", session.told)


@check("a service can't announce another's name")
def impostor(kozo):
    text = BASE + "service liar bin/impostor\n restart never\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "liar", text)) as session:
        session.wait_for("liar ended with status 4, and stays down", 20)


@check("whoever calls a service that is down is refused at once, and goes on with it when it is back")
def down(kozo):
    text = BASE + CLOCK + "    restart never\nprogram test/load\n    uses clock\n    copies 2\n"
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "down", text)) as session:
        session.prompt()
        wait_until_settled(session)
        expect_equal(session.command("run test/load clock").strip(), "called: 0, begun: yes",
            "while it is up")
        session.command("run test/load clock 500 &")
        expect("stays down" in session.command("kill clock"), "it does not stay down", session.told)
        told = session.command("run test/load clock", 5).strip()
        expect_equal(told, f"called: {NO_REPLY}, begun: no", "while it is down", session.told)
        time.sleep(0.6)
        session.send("restart clock\r")
        # It had requests under way when the service ended, and was answered again afterwards.
        found = session.wait_for(r"load: (\d+) answered, (\d+) lost", 20)
        expect(int(found[1]) > 0 and int(found[2]) > 0, "nothing was answered, or lost", session.told)
        session.wait_for("test/load: ended with status 0", 20)


@check("restart never leaves a killed service down, and restart brings it back")
def comes_back(kozo):
    text = BASE.replace("    terminal", "    terminal\n    restart never")
    with kozo.start("--timeout", "60", initrd=initrd_with(kozo, "never", text)) as session:
        session.prompt()
        expect("stays down" in session.command("kill console"), "it does not say so", session.told)
        expect_equal(session.command("echo polled").strip(), "polled", "the answer", session.told)
        session.command("restart console")
        wait_until_up(session, SERVICES)
        expect("argument 1: x" in session.command("run bin/hello x"), "no program runs", session.told)
        session.send("poweroff\r")
        expect_equal(session.ended(), 0, "the exit status", session.told)
