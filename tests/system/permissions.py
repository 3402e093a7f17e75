# SPDX-License-Identifier: MIT
"""Permissions in plain English: the list of names, and what a program can and can't do with them."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from driver import cpio, tap
from driver.kozo import Session, plain, run
from driver.services import members, resources, settle, table_of, tell, wait_until_settled
from driver.suite import Failure, check, expect, expect_equal, skip, source
from system._tree import tree

order = 45


def listed(kozo, *arguments):
    ended = kozo.launch("permissions", *arguments)
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect_equal(ended.err, "", "what is on stderr", ended.told)
    return ended.out.splitlines()


def names(kozo):
    return listed(kozo, "--names")


@check("./kozo permissions lists each name with its risk and a sentence, one a line")
def list_of_names(kozo):
    head, *lines = listed(kozo)
    expect_equal(head.split(), "NAME RISK WORKS ALLOWS A PROGRAM TO".split(), "the first line")
    expect(len(lines) >= 50, f"only {len(lines)} names")
    form = re.compile(
        r"([a-z]+\.[a-z.]+)\S* +(low|medium|high|total control) +(yes|not yet) +[a-z].*[a-z)]", re.I
    )
    for line in lines:
        expect(form.fullmatch(line) and len(line) <= 130, "a line is not of the form", line)
    expect_equal([form.fullmatch(line)[1] for line in lines], names(kozo), "the names")


@check("a permission is told about by its name, with its scope in the sentence")
def one_name(kozo):
    text = "\n".join(listed(kozo, "files.path.read:/etc/passwd"))
    expect("read /etc/passwd" in text and "fsd" in text and "READ" in text, "something is missing", text)
    expect("total control" in "\n".join(listed(kozo, "permissions.configure")), "the risk is missing")


@check("a name that is not there is one line, the name that was meant, and exit status 2")
def mistyped(kozo):
    for text, told in (
        ("files.hom.read", "did you mean files.home.read?"),
        ("files.path.read:etc", "a path from /"),
        ("camera.use:front", "takes no scope"),
        ("everything", "./kozo permissions lists all"),
    ):
        ended = kozo.launch("permissions", text)
        expect_equal((ended.status, ended.out), (2, ""), "exit status and output", ended.told)
        expect(ended.err.startswith("kozo: ") and told in ended.err, "the message", ended.told)
        expect_equal(len(ended.err.splitlines()), 1, "lines", ended.told)


@check("the page of the reference is what the list gives")
def page(kozo):
    page = (kozo.root / "docs" / "reference" / "permissions.md").read_text().splitlines()
    expect(listed(kozo, "--markdown") == page, "it is stale: ./kozo build --update-abi writes it anew")


@check("bash completes the names of permissions")
def completion(kozo):
    if not shutil.which("bash"):
        skip("there is no bash")
    script = "\n".join(listed(kozo, "--completion"))
    ask = '\n_kozo ./kozo files.ho --allow\nprintf "%s\\n" "${COMPREPLY[@]}"'
    ended = run(["bash", "-c", script + ask])
    expect_equal(ended.out.split(), ["files.home.read", "files.home.write"], "what is proposed", ended.told)


# --- The policy service, in the booted system


def shared(kozo):
    return kozo.shared("permissions")


def question(session):
    """Starts a program that asks, and gives the digits of its question."""
    session.command("run bin/asker audit.read &")
    return wait_for_question(session)[1]


def wait_for_question(session, seconds=10):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := re.search(
            r"(?s)KOZO asks .*?  (\d\d)o only now", text := session.command("kozo-cap questions")
        ):
            return found
    raise Failure("no question came", text)


class Listener:
    """Hears what a program in the background says, which may be shown at any time."""

    def __init__(self, session, words):
        self.session, self.words = session, words
        self.before = session.seen.count(words)
        self.ended = self.ends()

    def ends(self):
        return self.session.seen.count("bin/asker: ended with status")

    def wait(self, seconds=15):
        limit = time.monotonic() + seconds
        while self.session.seen.count(self.words) == self.before or self.ends() == self.ended:
            expect(time.monotonic() < limit, f"no {self.words!r}", self.session.told)
            settle(self.session)


@check("a program is given what the person's tool granted, and it ends when it is revoked")
def granted_and_revoked(kozo):
    session = shared(kozo)
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it was decided already")
    rule = re.search(r"rule (\d+)", session.command("kozo-cap grant asker audit.read always"))[1]
    expect("audit.read: allowed" in session.command("run bin/asker audit.read"), "it was not given")
    listed = session.command("kozo-cap list")
    expect(re.search(rf"(?m)^ *{rule} allow +asker audit.read always, by you$", listed), "the list", listed)
    why = session.command("kozo-cap why asker audit.read")
    expect(f"asker may read the record of what programs did: rule {rule} allows" in why, "the reason", why)
    session.command(f"kozo-cap revoke {rule}")
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it holds after its end")
    expect(not session.command("kozo-cap list").strip(), "the list is not empty")


@check("what is granted once is used once, and a refusal holds until it is taken back")
def once(kozo):
    session = shared(kozo)
    session.command("kozo-cap grant asker permissions.view once")
    given = session.command("run bin/asker permissions.view look:permissions.view")
    expect("view: allowed" in given and "view: undecided" in given, "what was given", given)
    rule = re.search(r"rule (\d+)", session.command("kozo-cap refuse asker permissions.view"))[1]
    expect("view: refused" in session.command("run bin/asker permissions.view"), "it was given")
    session.command(f"kozo-cap revoke {rule}")


@check("what is granted for minutes or until the restart holds as long as it says")
def granted_for(kozo):
    session = shared(kozo)
    for how, until in (("m2", "for 2 minutes more"), ("restart", "until the restart")):
        rule = re.search(r"rule (\d+)", session.command(f"kozo-cap grant asker audit.read {how}"))[1]
        expect("audit.read: allowed" in session.command("run bin/asker audit.read"), "it was not given")
        listed = session.command("kozo-cap list")
        pattern = rf"(?m)^ *{rule} allow +asker audit.read {until}, by you$"
        expect(re.search(pattern, listed), "the list", listed)
        session.command(f"kozo-cap revoke {rule}")
    for how in ("m0", "m1441", "m", "minutes"):
        expect("usage" in session.command(f"kozo-cap grant asker audit.read {how}"), "it was taken", how)


@check("what is granted until it closes is for the program that runs, and ends with it")
def granted_until_close(kozo):
    session = shared(kozo)
    gone = session.command("kozo-cap grant asker audit.read close")
    expect("this program does not run" in gone, "it was granted to nobody", gone)
    session.command("run bin/asker permissions.view look:audit.read &")
    digits = wait_for_question(session)[1]
    session.command("kozo-cap grant asker audit.read close")
    listed = session.command("kozo-cap list")
    expect("asker audit.read until it closes, by you" in listed, "the list", listed)
    heard = Listener(session, "asker: audit.read: allowed")
    session.command(f"kozo-cap answer {digits}o")
    heard.wait()
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it holds after its end")
    expect("audit.read" not in session.command("kozo-cap list"), "the list is not empty")


@check("a name without its service is refused, whatever was granted")
def no_service(kozo):
    session = shared(kozo)
    rule = re.search(r"rule (\d+)", session.command("kozo-cap grant asker camera.use always"))[1]
    expect("camera.use: refused" in session.command("run bin/asker camera.use"), "it was given")
    why = session.command("kozo-cap why asker camera.use")
    expect("KOZO has no mediad yet" in why, "the reason", why)
    session.command(f"kozo-cap revoke {rule}")


@check("a program is known by its session: it can neither give itself anything nor read what others may")
def no_tool(kozo):
    told_of = shared(kozo).command("run bin/asker steal")
    expect("everything that is not for it was refused" in told_of, "it was given something", told_of)
    expect("what is malformed was refused" in told_of, "it was taken", told_of)


@check("a question waits for the person: it says who wants what, and the answer is what the program gets")
def answered(kozo):
    session = shared(kozo)
    session.command("run bin/asker audit.read &")
    found = wait_for_question(session)
    expect("asker wants to read the record of what programs did" in found[0], "the question", found[0])
    expect("no such" in session.command(f"kozo-cap answer {found[1]}z"), "an unclear answer was taken")
    heard = Listener(session, "asker: audit.read: allowed")
    expect("allowed" in session.command(f"kozo-cap answer {found[1]}o"), "the answer was not taken")
    heard.wait()
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it was given for more than once")


@check("an answer for some minutes, or until the restart, holds as long as it says")
def answered_for(kozo):
    session = shared(kozo)
    for typed, until in (("m2", "for 2 minutes more"), ("r", "until the restart")):
        digits = question(session)
        heard = Listener(session, "asker: audit.read: allowed")
        expect("allowed" in session.command(f"kozo-cap answer {digits}{typed}"), "the answer was not taken")
        heard.wait()
        expect("audit.read: allowed" in session.command("run bin/asker audit.read"), "it does not hold")
        listed = session.command("kozo-cap list")
        found = re.search(rf"(?m)^ *(\d+) allow +asker audit.read {until}, by you$", listed)
        expect(found, "the list", listed)
        session.command(f"kozo-cap revoke {found[1]}")


@check("a no is a no, and is not asked about again for a while")
def answered_no(kozo):
    session = shared(kozo)
    digits = question(session)
    heard = Listener(session, "asker: audit.read: refused")
    expect("refused" in session.command(f"kozo-cap answer {digits}n"), "the answer was not taken")
    heard.wait()
    expect("audit.read: refused" in session.command("run bin/asker audit.read"), "it was asked again")


@check("a program that asks again and again is refused, and no question of it is left")
def flooding(kozo):
    session = kozo.shared("flood")
    expect("asker: 6 questions, then refused" in session.command("run bin/asker flood"), "it was heard")
    expect("KOZO asks" not in session.command("kozo-cap questions"), "a question is left")


@check("decisions and the record survive the end of the policy service at any time")
def killed(kozo):
    session = kozo.shared("killed")
    session.command("kozo-cap grant asker audit.read always")
    session.command("kozo-cap refuse asker permissions.view")
    for _ in range(3):
        session.command("kill policy")
        limit = time.monotonic() + 20
        while not re.search(r"(?m)^policy +up", session.command("services")):
            expect(time.monotonic() < limit, "the policy service did not come back")
        given = session.command("run bin/asker audit.read permissions.view")
        expect("read: allowed" in given and "view: refused" in given, "what is left", given)
    verified = session.command("kozo-audit --verify")
    expect("the record is whole" in verified, "the record", verified)
    expect(session.command("kozo-audit --json").count('"event":"start"') == 4, "the starts are not told")


@check("a question that was open when the policy service ended is lost for the program, and gives it nothing")
def killed_while_asking(kozo):
    session = kozo.shared("asking")
    question(session)
    heard = Listener(session, "asker: audit.read: lost")
    session.command("kill policy")
    heard.wait()
    expect("undecided" in session.command("run bin/asker look:audit.read"), "something was decided")


@check("ended again and again while it is told to grant, refuse and take back, the policy service has kept "
       "what it said, and nothing else is there")  # fmt: skip
def killed_while_deciding(kozo):
    files = members(kozo)
    files["bin/kozo-cap"] = files["test/decider"]
    with kozo.start(initrd=kozo.file("decider.cpio", cpio.archive(files))) as session:
        session.prompt()
        wait_until_settled(session)
        start = len(session.seen)
        session.command(f"run bin/kozo-cap {15_000 if kozo.long else 4_000} &")
        limit = time.monotonic() + 90
        ending = re.compile(r"decider: (\d+) decided, (\d+) lost, (.*)")
        while not (told := ending.search(plain(session.seen[start:]))):
            expect(time.monotonic() < limit, "it waits for ever", session.told)
            for line in ("kill policy", "restart policy"):
                session.command(line)
            wait_until_settled(session)
        expect_equal(told[3], "the list was right", "what was found", session.told)
        starts = int(wait_until_settled(session)["policy"][1])
        expect(int(told[1]) > 0 and starts > 5, f"it was started {starts} times", told[0])
        settle(session)
        verified = session.command("kozo-audit --verify")
        expect("the record is whole" in verified, "the record", verified)


@check("a question outlives the console, and is answered once, when that ends with the answer on its way")
def console_killed(kozo):
    session = kozo.shared("console")
    digits = question(session)

    def restart_console():
        tell(session, "console", "restart console")
        wait_until_settled(session)

    tell(session, "console", "kill console")
    restart_console()
    expect_equal(wait_for_question(session)[1], digits, "the digits of the question")
    session.send(f"kozo-cap answer {digits}o\rkill console\r")
    restart_console()
    if "KOZO asks" in session.command("kozo-cap questions"):  # what was typed went with the console
        session.command(f"kozo-cap answer {digits}o")
    expect("KOZO asks" not in session.command("kozo-cap questions"), "the question is left")
    found = re.findall(r"(?m)^ +\d+ (\w+) +asker audit.read", session.command("kozo-audit"))
    expect_equal(found, ["ask", "grant", "use"], "the record", session.told)
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it was given for more than once")


# --- What it delegates: capabilities for files

BAD_HANDLE, NO_RIGHT, NO_MEMORY, NO_REPLY, EXPIRED = 2, 4, 8, 11, 12


def lender(kozo):
    session = kozo.shared("lender")
    if "given" not in session.command("ls /ram"):
        for line in (
            "mkdir /ram/given",
            "mkdir /ram/given/below",
            "write /ram/given/file hello",
            "write /ram/given/below/deep deep",
            "write /ram/beside beside",
        ):
            expect_equal(session.command(line), "", f"what {line} says", session.told)
    return session


def grant(session, what, how="always"):
    """Grants something to the program that borrows; gives the number of the rule."""
    return re.search(r"rule (\d+)", session.command(f"kozo-cap grant borrow {what} {how}"))[1]


def borrow(session, *steps, seconds=60):
    """What each step says, without the name of the program in front."""
    told = session.command(f"run test/borrow {' '.join(steps)}", seconds)
    return re.findall(r"(?m)^borrow: (.*?)\s*$", told)


class Held:
    """A program in the background that holds what it was given, until that ends."""

    def __init__(self, session, *steps):
        self.session, self.start = session, len(session.seen)
        session.command(f"run test/borrow {' '.join(steps)} &")
        self.wait(r"borrow: (holds|keeps)")

    def wait(self, pattern, seconds=20):
        limit = time.monotonic() + seconds
        while not (found := re.search(pattern, plain(self.session.seen[self.start :]))):
            expect(time.monotonic() < limit, f"no {pattern!r}", self.session.told)
            settle(self.session)
        return found

    def end(self, seconds=20):
        told = self.wait(r"borrow: ended: (\d+), copy: (\d+), elsewhere: (\d+), memory: (\w+)", seconds)
        return [int(number) for number in told.groups()[:3]], told[4]

    def over(self):
        self.wait(r"test/borrow: ended with status")
        settle(self.session)


READ = "files.path.read:/ram/given"
WRITE = "files.path.write:/ram/given"


@check("what a program is allowed to read of files is a capability for that place, and for nothing else")
def lent_to_read(kozo):
    session = lender(kozo)
    rule = grant(session, READ)
    told = borrow(
        session,
        *("open:ram/given/file", f"ask:{READ}", "open:ram/given/file", "read", "write", "open:ram/given"),
        *("list", "make:x", "open:ram/given/below/deep", "read", "open:ram/beside", "open:initrd"),
        *("open:ram", "list", "own", "open:ram/given/file"),
    )
    session.command(f"kozo-cap revoke {rule}")
    expect_equal(
        told,
        [
            f"open ram/given/file: {NO_RIGHT}",
            f"{READ}: allowed, given",
            *("open ram/given/file: 0", "read: 0 hello", f"write: {NO_RIGHT}"),
            *("open ram/given: 0", "list: 0"),
            f"make: {NO_RIGHT}, remove: {NO_RIGHT}",
            *("open ram/given/below/deep: 0", "read: 0 deep", f"open ram/beside: {NO_RIGHT}"),
            *(f"open initrd: {NO_RIGHT}", "open ram: 0", "list: 0", f"open ram/given/file: {NO_RIGHT}"),
        ],
        "what it was told",
    )


@check("what it is allowed to change it can change, and a link that it makes there leads nowhere else")
def lent_to_write(kozo):
    session = lender(kozo)
    rule = grant(session, WRITE)
    told = borrow(
        session,
        *(f"ask:{WRITE}", "open:ram/given/below/deep", "write", "read", "open:ram/given", "make:x"),
        *("leave:/ram/beside", "open:ram/beside"),
    )
    session.command(f"kozo-cap revoke {rule}")
    expect_equal(
        told,
        [
            *(f"{WRITE}: allowed, given", "open ram/given/below/deep: 0", "write: 0", "read: 0 newp"),
            *("open ram/given: 0", "make: 0, remove: 0", f"link: 0, through it: 0, its target: {NO_RIGHT}"),
            f"open ram/beside: {NO_RIGHT}",
        ],
        "what it was told",
    )


@check("revoked, a capability is over at once: its copies, that of another process, open files, lent memory")
def lent_and_revoked(kozo):
    session = lender(kozo)
    rule = grant(session, READ)
    held = Held(session, f"ask:{READ}", "open:ram/given/file", "pages", "hand-on", "hold", "read")
    session.command(f"kozo-cap revoke {rule}")
    expect_equal(held.end(), ([EXPIRED] * 3, "gone"), "what was left", session.told)
    held.wait(f"borrow: read: {EXPIRED}")
    held.over()
    expect("a person is asked" in borrow(session, f"call:{READ}")[0], "it may still")


@check("a refusal ends a capability that reaches what is refused, and none is given that would")
def lent_and_refused(kozo):
    session = lender(kozo)
    rule = grant(session, READ)
    held = Held(session, f"ask:{READ}", "hold", "ask:camera.use")
    refusal = session.command("kozo-cap refuse borrow files.path.read:/ram/given/below/deep")
    expect_equal(held.end()[0], [EXPIRED] * 3, "what was left", session.told)
    held.wait("borrow: camera.use: refused")
    held.over()
    expect_equal(borrow(session, f"call:{READ}"), [f"{READ}: refused, nothing given"], "what it is told")
    session.command(f"kozo-cap revoke {re.search(r'rule ([0-9]+)', refusal)[1]}")
    expect_equal(borrow(session, f"call:{READ}"), [f"{READ}: allowed, given"], "what it is told")
    session.command(f"kozo-cap revoke {rule}")


@check("what is for one use is one capability for so many requests, and asking again is no further use")
def lent_once(kozo):
    session = lender(kozo)
    grant(session, READ, "once")
    steps = (f"call:{READ}", f"call:{READ}", "open:ram/given/file", "read", "use-up", f"call:{READ}")
    expect_equal(
        borrow(session, *steps),
        [
            *(f"{READ}: allowed, given", f"{READ}: allowed, given"),
            *("open ram/given/file: 0", "read: 0 hello"),
            *(f"62 requests, then {EXPIRED}", f"{READ}: a person is asked"),
        ],
        "what it was told",
    )


@check("what is for one use can be taken back while it goes on, and the record tells of it")
def lent_once_and_revoked(kozo):
    session = lender(kozo)
    revoked = f"revoke  borrow {READ}"
    before = session.command("kozo-audit").count(revoked)
    rule = grant(session, READ, "once")
    held = Held(session, f"call:{READ}", "open:ram/given/file", "read", "pause", "read", f"call:{READ}")
    expect_equal(session.command(f"kozo-cap revoke {rule}"), "", "what revoking says")
    held.wait(f"(?s)read: 0 hello.*read: {EXPIRED}.*a person is asked")
    held.over()
    expect("no such rule" in session.command(f"kozo-cap revoke {rule}"), "it is there")
    expect_equal(session.command("kozo-audit").count(revoked), before + 1, "the record of it")


@check("what is for a minute ends after a minute, in the middle of its use")
def lent_for_a_minute(kozo):
    session = lender(kozo)
    grant(session, READ, "m1")
    start = time.monotonic()
    held = Held(session, f"call:{READ}", "open:ram/given/file", "hand-on", "hold", "read")
    expect_equal(held.end(100)[0], [EXPIRED] * 3, "what was left", session.told)
    expect(time.monotonic() - start > 45, f"it ended after {time.monotonic() - start:.0f} s")
    held.wait(f"borrow: read: {EXPIRED}")
    held.over()


@check("a person's answer gives a capability, and what is until it closes ends with the program")
def lent_until_close(kozo):
    session = lender(kozo)
    start = len(session.seen)
    session.command(f"run test/borrow ask:{READ} open:ram/given/file read &")
    found = wait_for_question(session)
    expect("borrow wants to read /ram/given" in found[0], "the question", found[0])
    session.command(f"kozo-cap answer {found[1]}c")
    limit = time.monotonic() + 20
    while "borrow: read: 0 hello" not in plain(session.seen[start:]):
        expect(time.monotonic() < limit, "it can't read", session.told)
        settle(session)
    while "test/borrow: ended with status" not in plain(session.seen[start:]):
        expect(time.monotonic() < limit, "it does not end", session.told)
        settle(session)
    expect(READ not in session.command("kozo-cap list"), "the rule is left")
    told = borrow(session, f"call:{READ}", "open:ram/given/file")
    expect_equal(told, [f"{READ}: a person is asked", f"open ram/given/file: {NO_RIGHT}"], "what is left")


@check("a program has four capabilities at most, the same one however often it asks, and none is left behind")
def lent_and_bounded(kozo):
    session = lender(kozo)
    rule = grant(session, "files.path.read:/ram")
    places = [f"call:files.path.read:/ram/{number}" for number in range(6)]
    told = borrow(session, *places[:4], *places[:4], *places[4:])
    expect(all("allowed, given" in line for line in told[:8]), "not all were given", "\n".join(told))
    expect_equal([line.split(": ")[1] for line in told[8:]], [f"error {NO_MEMORY}"] * 2, "what came then")
    before = resources(session)
    for _ in range(6):  # more than there are places for
        told = borrow(session, *places[:4], places[4])
        expect(all("allowed, given" in line for line in told[:4]), "not all were given", "\n".join(told))
    expect_equal(resources(session), before, "memory and slots in use")
    session.command(f"kozo-cap revoke {rule}")


@check(
    "nothing is given for a name that is none, has no service or names no place, nor to who has no session"
)
def lent_nothing(kozo):
    session = lender(kozo)
    rules = [grant(session, name) for name in ("camera.use", "audit.read", READ)]
    asked = ("nonsense", "files.path.read:given", "camera.use", "audit.read")
    told = borrow(session, *(f"call:{name}" for name in asked))
    expect_equal(
        told,
        [
            *("nonsense: error 5", "files.path.read:given: error 5", "camera.use: refused, nothing given"),
            "audit.read: allowed, nothing given",
        ],
        "what it was told",
    )
    for rule in rules:
        session.command(f"kozo-cap revoke {rule}")
    rule = re.search(r"rule (\d+)", session.command(f"kozo-cap grant asker {READ} always"))[1]
    expect("allowed" in session.command(f"run bin/asker {READ}"), "it is not told")
    session.command(f"kozo-cap revoke {rule}")


@check("killed, the policy service takes what it delegated along, and delegates the same again")
def lent_and_policy_killed(kozo):
    session = lender(kozo)
    rule = grant(session, READ)
    before = resources(session)
    for _ in range(3):
        held = Held(
            session, f"ask:{READ}", "open:ram/given/file", "pages", "hand-on", "hold", f"ask:{READ}", "read"
        )
        session.command("kill policy")
        errors, memory = held.end()
        expect(set(errors) <= {BAD_HANDLE, EXPIRED}, f"what was left is {errors}", session.told)
        expect_equal(memory, "gone", "what was lent", session.told)
        held.over()
        wait_until_settled(session)
        told = borrow(session, f"ask:{READ}", "open:ram/given/file", "read")
        expect_equal(told[1:], ["open ram/given/file: 0", "read: 0 hello"], "what it was told")
    expect_equal(resources(session), before, "memory and slots in use")
    session.command(f"kozo-cap revoke {rule}")


@check("killed, the file server forgets what was open, and the capability is good for its next life")
def lent_and_files_killed(kozo):
    session = lender(kozo)
    rule = grant(session, READ)
    steps = (f"ask:{READ}", "open:ram/given/file", "keep", "read", "open:ram/given/file", "read")
    held = Held(session, *steps, "open:ram/beside", "hold")
    session.command("kill files")
    held.wait(rf"(?s)kept until: ({BAD_HANDLE}|{NO_REPLY}).*read: {BAD_HANDLE}.*open ram/given/file: 0")
    held.wait(rf"(?s)kept until.*read: 0 hello.*beside: {NO_RIGHT}.*holds")
    session.command(f"kozo-cap revoke {rule}")
    held.wait(rf"(?s)holds.*ended: {EXPIRED}")
    held.over()
    wait_until_settled(session)


@check("the record names each ask, grant, refusal, use and revocation, as JSON whose chain is whole")
def record(kozo):
    session = shared(kozo)
    lines = [json.loads(line) for line in session.command("kozo-audit --json").splitlines() if line.strip()]
    expect_equal([line["n"] for line in lines], list(range(1, len(lines) + 1)), "the numbers")
    events = {line["event"] for line in lines}
    expect({"start", "ask", "grant", "refuse", "use", "revoke"} <= events, f"only {events}")
    used = [line for line in lines if line["event"] == "use"]
    expect(all(line["program"] == "asker" and line["permission"] for line in used), "a use without a name")
    expect(f"{len(lines)} lines, the record is whole" in session.command("kozo-audit --verify"), "the chain")
    expect(
        re.search(r"(?m)^ +\d+ refuse +asker audit.read \(person\)$", session.command("kozo-audit")),
        "in words",
    )


@check("kozo-audit --follow goes on with each line that is added, until Ctrl-C")
def followed(kozo):
    session = kozo.shared("followed")
    session.command("kozo-cap grant asker audit.read always")
    told = session.command("kozo-audit --follow &")
    expect(re.search(r"grant +asker audit.read \(person\)", session.seen) or "[1]" in told, "it began", told)
    session.command("kozo-cap refuse asker camera.use")
    limit = time.monotonic() + 15
    while not re.search(r"refuse +asker camera.use \(person\)", plain(session.seen)):
        expect(time.monotonic() < limit, "what was added is not shown", session.told)
        settle(session)
    session.command("stop 1")
    session.send("kozo-audit --follow --json\r")
    session.wait_for(r'"event":"refuse","program":"asker","permission":"camera.use"', 20)
    session.send("\x03")
    settle(session)
    expect("the record is whole" in session.command("kozo-audit --verify"), "what comes after Ctrl-C")


@check("the record tells where the kernel's log stands, and verify holds the two against each other")
def joined(kozo):
    session = kozo.shared("followed")

    def stands():
        kept = session.command("kozo-audit --json").splitlines()
        return [json.loads(line) for line in kept if '"event":"kernel"' in line]

    (first,) = stands()
    expect(first["authority"]["written"] > first["authority"]["read"] == 0, "at the start", session.told)
    session.command("audit")
    session.command("kill policy")
    limit = time.monotonic() + 20
    while not re.search(r"(?m)^policy +up", session.command("services")):
        expect(time.monotonic() < limit, "the policy service did not come back")
    again = stands()[-1]
    for ring in ("authority", "refusals"):
        expect(again[ring]["written"] >= again[ring]["read"] >= first[ring]["read"], ring, session.told)
    expect(again["authority"]["read"] > 0, "what was read", session.told)
    expect(again["authority"]["digest"] != first["authority"]["digest"], "the hash", session.told)
    session.command("audit")
    expect("the record is whole" in session.command("kozo-audit --verify"), "the record", session.told)


@check("wrong use of the tools is told")
def wrong_use(kozo):
    session = shared(kozo)
    for line in (
        "kozo-cap",
        "kozo-cap grant asker",
        "kozo-cap grant asker audit.read forever",
        "kozo-audit --all",
    ):
        expect("usage:" in session.command(line), f"{line} is taken")
    expect("no such rule" in session.command("kozo-cap revoke 999"), "a rule that is not there")
    expect("no such" in session.command("kozo-cap grant asker audit.raed"), "a name that is not there")
    expect("no such" in session.command("kozo-cap grant ../asker audit.read"), "a program that is none")


# --- The runner, before a machine starts


PROFILE = """# what the test needs
need files.path.read:/etc/passwd "look up names"
want camera.use "see you"
"""


def profile(kozo, text=PROFILE):
    return kozo.file("profile", text.encode())


def runner(kozo, *options):
    """The command of a run whose program is not run: all that counts is what happens before."""
    return [
        kozo.runner, "--arch", kozo.arch, "--kernel", kozo.kernel, "--initrd", kozo.initrd,
        "--timeout", "60", "--command", "version", *options, "--", "/usr/bin/env",
    ]  # fmt: skip


def surroundings(kozo, name):
    """A folder of its own for what is decided."""
    folder = kozo.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    return {**os.environ, "XDG_STATE_HOME": str(folder)}


class Person(Session):
    """A terminal that a program has as its own, so that it can ask there."""

    def __init__(self, kozo, name, *options):
        environment = [
            f"{key}={value}" for key, value in surroundings(kozo, name).items() if key == "XDG_STATE_HOME"
        ]
        command = ["env", *environment, "setsid", "--ctty", "--wait", *runner(kozo, *options)]
        super().__init__(command)

    def question(self):
        return self.wait_for(r"(?s)KOZO asks .*?  (\d\d)o only now.*?Your answer: ", 20)


@check("a name that is wrong, or that nothing stands behind, ends a run before it begins, in one line")
def wrong_names(kozo):
    for name, told_of in (
        ("files.hom.read", "did you mean files.home.read?"),
        ("files.path.read", "needs a scope"),
        ("camera.use", "KOZO has no mediad yet"),
    ):
        ended = run(runner(kozo, "--allow", name))
        expect_equal((ended.status, ended.out), (2, ""), "exit status and output", ended.told)
        expect(told_of in ended.err and ended.err.count("\n") == 1, "the message", ended.told)
    ended = run(runner(kozo, "--deny", "files.system.read"))
    expect_equal(ended.status, 126, "the status of a program that can't be read", ended.told)
    expect("--allow files.path.read:/usr/bin" in ended.err, "what to do", ended.told)


@check("a profile that is wrong is told with its line, and --prompt without a terminal is an error")
def wrong_profiles(kozo):
    path = profile(kozo, '# nothing\n\nneed files.hom.read "x"\n')
    ended = run(runner(kozo, "--profile", path))
    expect_equal(ended.status, 2, "the exit status", ended.told)
    expect(f"{path.name}:3: files.hom.read is no permission" in ended.err, "the line", ended.told)
    ended = run(
        ["setsid", "--wait", *runner(kozo, "--profile", profile(kozo), "--prompt")],
        env=surroundings(kozo, "no-terminal"),
    )
    expect_equal(ended.status, 2, "the exit status", ended.told)
    expect("--prompt needs a terminal" in ended.err, "the message", ended.told)


@check("without a person, what a program needs and was not given ends the run, in words")
def nobody(kozo):
    ended = run(runner(kozo, "--profile", profile(kozo)), env=surroundings(kozo, "nobody"))
    expect_equal(ended.status, 126, "the exit status", ended.told)
    expect(
        "can't do without files.path.read:/etc/passwd (look up names)" in ended.err, "the message", ended.told
    )
    given = run(
        runner(kozo, "--profile", profile(kozo), "--allow", "files.path.read:/etc/passwd"),
        env=surroundings(kozo, "nobody"),
    )
    expect("can't do without" not in given.err, "what was allowed is not given", given.told)


@check("--prompt shows a question on the terminal, and a no ends the run")
def prompt_no(kozo):
    with Person(kozo, "prompt-no", "--profile", profile(kozo), "--prompt") as person:
        person.wait_for(r"questions of this run show the word (\w+)\.")
        found = person.question()
        expect("/usr/bin/env wants to read /etc/passwd" in found[0], "the question", found[0])
        expect("It says: look up names" in found[0], "the reason", found[0])
        person.send(f"{found[1]}n\r")
        expect_equal(person.ended(), 126, "the exit status", person.told)
        expect("can't do without files.path.read:/etc/passwd" in person.err, "the message", person.told)


@check("each answer that allows starts the program, and only always is remembered")
def prompt_yes(kozo):
    for letter, again in (("o", True), ("c", True), ("a", False), ("x", None)):
        name = f"prompt-{letter}"
        with Person(kozo, name, "--profile", profile(kozo), "--prompt") as person:
            person.send(f"{person.question()[1]}{letter}\r")
            status = person.ended(60)
            expect_equal(status == 126, letter == "x", f"whether {letter} refuses", person.told)
        options = runner(kozo, "--profile", profile(kozo), "--broker", kozo.folder / "nobody")
        environment = {**os.environ, "XDG_STATE_HOME": str(kozo.folder / name)}
        ended = run([*options], env=environment)
        expect("nobody answers" in ended.err, "the broker that is not there", ended.told)
        del options[options.index("--broker") : options.index("--broker") + 2]
        ended = run(options, env=environment)
        expected = 126 if again is not False else 125
        expect_equal(ended.status, expected, f"the next run after {letter}", ended.told)


@check("what was typed before the question is no answer to it")
def typed_before(kozo):
    with Person(kozo, "typed", "--profile", profile(kozo), "--prompt") as person:
        person.send("".join(f"{number}a\r" for number in range(10, 100)))
        person.question()
        person.send("\x03")
        expect_equal(person.ended(), 126, "the exit status", person.told)


@check("a broker answers in the person's place, and the question names program, permission and reason")
def brokered(kozo):
    for answer, refused in (("once", False), ("no", True), ("nonsense", True)):
        path = kozo.folder / f"broker-{answer}"
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
        heard = []

        def serve(server=server, answer=answer, heard=heard):
            connection, _ = server.accept()
            with connection:
                question = json.loads(connection.makefile().readline())
                heard.append(question)
                reply = {"v": 1, "id": question["id"], "answer": answer}
                connection.sendall(json.dumps(reply).encode() + b"\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        ended = run(
            runner(kozo, "--profile", profile(kozo), "--broker", path),
            env=surroundings(kozo, f"broker-state-{answer}"),
        )
        thread.join(10)
        server.close()
        expect_equal(ended.status == 126, refused, f"whether {answer} refuses", ended.told)
        expect_equal(heard[0]["permission"], "files.path.read", "the permission")
        expect_equal(
            (heard[0]["scope"], heard[0]["reason"]), ("/etc/passwd", "look up names"), "scope and reason"
        )
        expect_equal(heard[0]["program"], os.path.realpath("/usr/bin/env"), "the program")


def answer_all(path, *answers):
    """A broker that gives these answers, and the last one to all further questions; the questions, as they
    come."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    heard = []

    def serve():
        connection, _ = server.accept()
        with connection, server:
            for line in connection.makefile():
                heard.append(json.loads(line))
                answer = answers[min(len(heard), len(answers)) - 1]
                reply = {"v": 1, "id": heard[-1]["id"], "answer": answer}
                connection.sendall(json.dumps(reply).encode() + b"\n")

    threading.Thread(target=serve, daemon=True).start()
    return heard


@check("decisions that were changed by hand are not believed")
def changed_decisions(kozo):
    with Person(kozo, "changed", "--profile", profile(kozo), "--prompt") as person:
        person.send(f"{person.question()[1]}x\r")
        person.ended(60)
    path = kozo.folder / "changed" / "kozo" / "decisions"
    text = path.read_text()
    expect("refuse 1 env+" in text, "the decision can't be read", text)
    path.write_text(text.replace("refuse 1", "allow 1"))
    ended = run(
        runner(kozo, "--profile", profile(kozo)),
        env={**os.environ, "XDG_STATE_HOME": str(kozo.folder / "changed")},
    )
    expect_equal(ended.status, 125, "the exit status", ended.told)
    expect("decisions was changed at line 2" in ended.err, "the message", ended.told)


def follow(kozo, path, environment):
    """Follows a record: each line is shown, then each that is added, until what was shown is gone."""
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)

    def put(text):
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").replace(path)

    put("".join(lines[:-1]) + lines[-1][:20])
    process = subprocess.Popen(
        [kozo.build / "tools" / "permissions" / "kozo-permissions", "--follow", "--json"],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    shown = "".join(process.stdout.readline() for _ in lines[:-1])
    put(whole)
    expect_equal(shown + process.stdout.readline(), whole, "what is shown")
    put("".join(lines[1:]))
    out, err = process.communicate(timeout=20)
    expect_equal((process.returncode, out), (1, ""), "the end", err)
    expect("kozo: the record is cut off at line" in err, "why it ended", err)
    put(whole)


@check("decisions are listed, and one that is taken back is asked about again; the record tells of it, and "
       "is followed as it grows")  # fmt: skip
def kept(kozo):
    environment = surroundings(kozo, "kept")

    def permissions(*arguments, status=0):
        ended = run([kozo.build / "tools" / "permissions" / "kozo-permissions", *arguments], env=environment)
        expect_equal(ended.status, status, f"the exit status of {arguments}", ended.told)
        return ended.out + ended.err

    expect_equal(permissions("--decisions"), "", "the decisions before any")
    with Person(kozo, "kept", "--profile", profile(kozo), "--prompt") as person:
        person.send(f"{person.question()[1]}a\r")
        person.ended(60)
    listed = permissions("--decisions")
    form = r" +1 allow +env\+[0-9a-f]{8} files.path.read:/etc/passwd always, by you\n"
    expect(re.fullmatch(form, listed), "the decisions", listed)
    permissions("--revoke", "1")
    expect_equal(permissions("--decisions"), "", "the decisions after")
    expect("there is no decision 1" in permissions("--revoke", "1", status=1), "the message")
    ended = run(runner(kozo, "--profile", profile(kozo)), env=environment)
    expect_equal(ended.status, 126, "the status of a run after that", ended.told)
    told_of = permissions("--record")
    expect(
        re.search(r"(?m)^ +\d+ revoke +env\+\w+ files.path.read:/etc/passwd \(person\)$", told_of),
        "the record",
        told_of,
    )
    expect("the record is whole" in permissions("--verify"), "the record")
    path = kozo.folder / "kept" / "kozo" / "record"
    follow(kozo, path, environment)
    path.write_text(path.read_text().replace("revoke", "forget"))
    expect("was changed" in permissions("--verify", status=1), "the change is not noticed")


@check("uses that repeat within a minute are a line, and one more that counts them")
def repeated(kozo):
    with kozo.start() as session:
        session.prompt()
        settle(session)
        session.command("kozo-cap grant asker audit.read always")
        for _ in range(4): # each an instance of its own
            session.command("run bin/asker " + "audit.read " * 25)
        lines = [json.loads(line) for line in session.command("kozo-audit --json").splitlines()
            if line.strip()]
        used = sorted(line.get("count", 1) for line in lines if line["event"] == "use")
        expect_equal(used, [1] * 4 + [24] * 4, "the uses, as they are told", str(lines))
        expect("the record is whole" in session.command("kozo-audit --verify"), "the chain")


@check("each profile that ships can be read, and tells its wishes in words; a wrong one tells its line")
def shipped(kozo):
    profiles = sorted((kozo.root / "profiles").glob("*.profile"))
    expect(len(profiles) >= 12, f"only {len(profiles)} profiles")
    for path in profiles:
        text = "\n".join(listed(kozo, "--profile", path.stem))
        wishes = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        told = re.findall(r"(?m)^(?:needs|wants) to [a-z].*\n  it says: .+\n  permission: .+\n  risk: .+$",
            text)
        expect_equal(len(told), len(wishes), f"the wishes of {path.name}", text)
        expect("total control" not in text, f"{path.name} asks for too much", text)
    wrong = kozo.file("wrong.profile", b"# ours\nneed files.home.raed \"look\"\n")
    ended = kozo.launch("permissions", "--profile", wrong)
    expect_equal(ended.status, 2, "the exit status", ended.told)
    expect(f"{wrong}:2: " in ended.err, "the line", ended.told)


@check("with the profile of git and a yes, git works where it was started, and nowhere else")
def shipped_git(kozo):
    if not shutil.which("git"):
        skip("there is no git on this host")
    folder = tree(kozo.folder / "git-profile")
    path = kozo.folder / "git-broker"
    heard = answer_all(path, "once", "no")
    ended = run(
        [
            kozo.launcher, "run", "--timeout", "120", "--profile", "git", "--broker", path, "--", "/bin/sh",
            "-c",
            "git init -q . && git add notes && git -c user.name=x -c user.email=x@example.org commit -qm one"
            " && git log --oneline | cut -d' ' -f2; cat /srv/x",
        ],
        env=surroundings(kozo, "git-state"), cwd=folder, timeout=150,
    )  # fmt: skip
    expect_equal(ended.out, "one\n", "what git says", ended.told)
    expect((folder / ".git").is_dir(), "the folder")
    expect_equal(heard[0]["reason"], "keep the history of the files where you are", "the reason")
    expect("blocked: files.path.read:/srv/x, 1 time" in ended.err, "what is blocked", ended.told)


# --- linuxd, taken over


def described(kozo, program):
    """What the description of the system gives a program."""
    text = (kozo.root / "systems/default/system").read_text()
    return [line.strip() for line in re.search(rf"(?m)^program {program}\n((?:    .*\n)+)",
        text)[1].splitlines()]


@source
def taken_over(kozo):
    expect_equal(described(kozo, "test/taken"), described(kozo, "services/linux"), "what it is given")
    folder = tree(kozo.folder / "taken")
    with kozo.start("--share", folder) as session:
        session.prompt()
        settle(session)
        yield from tap.parse(session.command("run test/taken", seconds=120))
        # The others are as they were.
        expect("notes" in session.command("ls /share"), "the host's files can't be reached", session.told)
        expect_equal(session.command("kozo-audit --verify").count("is whole"), 1, "the record", session.told)
        rows = table_of(session.command("services"))
        ended = [name for name, row in rows.items() if row[1] not in ("0", "1")]
        expect_equal(ended, [], "the services that had to be started again", session.told)


# --- Linux programs


def linux(kozo, *options, script="", name="linux", cwd=None):
    """Runs a shell of this host in KOZO, with these options."""
    shell = shutil.which("busybox")
    if not shell:
        skip("there is no busybox on this host")
    command = [
        kozo.runner,
        "--arch",
        kozo.arch,
        "--kernel",
        kozo.kernel,
        "--initrd",
        kozo.initrd,
        "--timeout",
        "60",
    ]
    environment = {**os.environ, "XDG_STATE_HOME": str(kozo.folder / name)}
    return run([*command, *options, "--", shell, "sh", "-c", script], env=environment, cwd=cwd)


@check(
    "a file that was not given is refused in the program, in words, and in the record; allowed, it is there"
)
def passwd(kozo):
    shutil.rmtree(kozo.folder / "linux", ignore_errors=True)
    ended = linux(kozo, script="cat /etc/passwd")
    expect_equal((ended.status, ended.out), (1, ""), "exit status and output", ended.told)
    expect(
        "cat: can't open '/etc/passwd': Permission denied" in ended.err, "what the program says", ended.told
    )
    expect(
        "kozo: blocked: files.path.read:/etc/passwd, 1 time\n" in ended.err, "what is reported", ended.told
    )
    expect(
        "tried to read /etc/passwd (blocked); to allow it: --allow files.path.read:/etc/passwd" in ended.err,
        "what is said in words",
        ended.told,
    )
    given = linux(kozo, "--allow", "files.path.read:/etc/passwd", script="cat /etc/passwd")
    expect_equal((given.status, given.err), (0, ""), "exit status and errors", given.told)
    expect(given.out == Path("/etc/passwd").read_text(), "the file is another", given.told)
    lines = [
        json.loads(line) for line in (kozo.folder / "linux" / "kozo" / "record").read_text().splitlines()
    ]
    expect_equal(
        [(line["event"], line["permission"], line["scope"]) for line in lines],
        [("refuse", "files.path.read", "/etc/passwd"), ("grant", "files.path.read", "/etc/passwd")],
        "the record",
    )


@check("no spelling of a path leads to a file that was not given")
def spellings(kozo):
    paths = (
        "//etc/passwd", "/etc/./passwd", "/etc/../etc/passwd", "/usr/../etc/passwd", "/../../etc/passwd",
        "/proc/self/" + "root/etc/passwd", "/proc/self/cwd/etc/passwd", "/proc/1/" + "root/etc/passwd",
        "/tmp/link", "/tmp/up/etc/passwd", "/etc/alternatives/../passwd", "/dev/fd/../../etc/passwd",
    )  # fmt: skip
    script = "ln -s /etc/passwd /tmp/link; ln -s .. /tmp/up; cd /; for i in " + " ".join(paths) + "; do "
    script += (
        'cat $i 2>/dev/null && echo "READ $i"; done; cd /etc && cat passwd 2>/dev/null && echo READ; exit 0'
    )
    ended = linux(kozo, script=script)
    expect_equal((ended.status, ended.out), (0, ""), "exit status and output", ended.told)
    expect("kozo: blocked: files.path.read:/etc/passwd, " in ended.err, "what is reported", ended.told)


@check("of a folder that was given, what was denied is not there, and can't be moved into the light")
def denied(kozo):
    folder = tree(kozo.folder / "denied")
    script = f"""cd {folder}; cat public/a secret/b; ls; mv secret shown; mv {folder} /tmp/x; ln -s secret way
    cat way/b
    mkdir up; mv secret up/; mv public/../secret up/; rm -rf secret; cp -r . /tmp/copy
    cat /tmp/copy/secret/b; exit 0"""
    ended = linux(
        kozo,
        "--allow",
        f"files.path.write:{folder}",
        "--deny",
        f"files.path.read:{folder}/secret",
        script=script,
    )
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect("public" in ended.out and "secret\n" not in ended.out, "what was read", ended.told)
    expect((folder / "secret" / "b").read_text() == "secret\n", "it was changed", ended.told)
    expect(f"blocked: files.path.read:{folder}/secret, " in ended.err, "what is reported", ended.told)


@check("a folder that was given to be read can't be changed, and one that was given to be changed can")
def writing(kozo):
    folder = tree(kozo.folder / "writing")
    script = f"cd {folder}; echo x >public/a; rm notes; mkdir new; mv notes n; touch secret/b; ln notes m;"
    script += " cat notes"
    before = sorted(path.name for path in folder.rglob("*"))
    ended = linux(kozo, "--allow", f"files.path.read:{folder}", script=script)
    expect_equal(ended.out, "notes\n", "what was read", ended.told)
    expect_equal(sorted(path.name for path in folder.rglob("*")), before, "what is there")
    expect((folder / "public" / "a").read_text() == "public\n", "it was changed", ended.told)
    script = f"cd {folder}; echo x >public/a; rm notes; mkdir new"
    ended = linux(kozo, "--allow", f"files.path.write:{folder}", script=script)
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect((folder / "public" / "a").read_text() == "x\n", "it was not changed", ended.told)
    expect(not (folder / "notes").exists() and (folder / "new").is_dir(), "it was not changed", ended.told)


@check("in a folder that was given to be read, a folder and a file that were given to be changed can be")
def nested(kozo):
    for turn in (1, -1):  # in whichever order they are given
        folder = tree(kozo.folder / "nested")
        given = [f"read:{folder}", f"write:{folder}/public", f"write:{folder}/notes"][::turn]
        options = [word for name in given for word in ("--allow", f"files.path.{name}")]
        script = f"cd {folder}; echo x >>public/a; echo y >public/new; echo z >>notes; rm secret/b"
        ended = linux(kozo, *options, script=f"{script}; cat notes secret/b")
        expect_equal(ended.out, "notes\nz\nsecret\n", "what was read", ended.told)
        expect_equal((folder / "public" / "a").read_text(), "public\nx\n", "the file", ended.told)
        expect_equal((folder / "public" / "new").read_text(), "y\n", "the new file", ended.told)
        expect_equal((folder / "notes").read_text(), "notes\nz\n", "the single file", ended.told)
        expect("secret/b" in ended.err, "what is reported", ended.told)


@check("a change without a permission is refused, and told in words; several in one folder are one line")
def changes(kozo):
    home = Path("/srv")
    if not home.is_dir():
        skip("this host has no /srv")
    script = f"""for i in 1 2 3; do echo x >{home}/.bashrc; done; echo x >{home}/.profile; rm {home}/notes
    echo x >/new; mkdir /usr/folder; chmod 777 /usr; echo x >/tmp/mine; cat /tmp/mine"""
    command = [kozo.runner, "--arch", kozo.arch, "--kernel", kozo.kernel, "--initrd", kozo.initrd]
    command += ["--timeout", "60", "--", shutil.which("busybox"), "sh", "-c", script]
    ended = run(command, env={**surroundings(kozo, "changes-state"), "HOME": str(home)}, cwd="/")
    expect_equal((ended.status, ended.out), (0, "x\n"), "exit status and output", ended.told)
    expect(f"can't create {home}/.bashrc: Permission denied" in ended.err, "the program", ended.told)
    expect("'/usr/folder': Read-only file system" in ended.err, "the program", ended.told)
    for line in (
        f"blocked: files.home.write, 4 times, first {home}/.bashrc; to allow it: --allow files.home.write"
        " (total control)",
        "blocked: files.path.write:/new, 1 time",
        "blocked: files.path.write:/usr/folder, 1 time",
        "blocked: files.path.write:/usr, 1 time",
        f"busybox tried to change {home}/.bashrc (blocked); to allow it:"
        f" --allow files.path.write:{home}/.bashrc",
    ):
        expect(f"kozo: {line}\n" in ended.err, f"it does not say: {line}", ended.told)
    expect("/tmp" not in ended.err, "its own folder is reported", ended.told)


@check("a single file is given without what lies beside it, to be read or to be changed")
def single(kozo):
    folder = tree(kozo.folder / "single")
    script = f"cd {folder}; ls; cat notes; cat public/a; echo more >>notes; echo x >new; cat new"
    ended = linux(
        kozo,
        "--allow",
        f"files.path.read:{folder}/notes",
        "--allow",
        f"files.path.write:{folder}/new",
        script=script,
    )
    expect_equal(ended.out.split(), ["notes", "notes", "x"], "what was read", ended.told)
    expect((folder / "notes").read_text() == "notes\n", "it was changed", ended.told)
    expect((folder / "new").read_text() == "x\n", "it was not made", ended.told)
    expect(f"blocked: files.path.read:{folder}/public" in ended.err, "what is reported", ended.told)


@check("what every program is given can be denied as a whole, and in part")
def denied_system(kozo):
    ended = linux(
        kozo,
        "--deny",
        "files.path.read:/etc/os-release",
        script="cat /etc/os-release; cat /etc/debian_version",
    )
    expect(
        "Permission denied" in ended.err and ended.out == Path("/etc/debian_version").read_text(),
        "in part",
        ended.told,
    )
    needed = [os.path.realpath(shutil.which("busybox")), "/lib", "/lib64", "/usr/lib"]
    allowed = [
        word for path in needed if os.path.exists(path) for word in ("--allow", f"files.path.read:{path}")
    ]
    ended = linux(
        kozo, "--deny", "files.path.read:/usr/share", *allowed, script="ls /usr/share; cat /etc/os-release"
    )
    expect(
        "/usr/share: Permission denied" in ended.err and "NAME=" in ended.out, "a folder of it", ended.told
    )


@check("a program that draws a question gains nothing: what is typed goes to it, and nothing was decided")
def imitation(kozo):
    script = "printf 'KOZO asks (walnut):\\n  47o only now\\n  Your answer: '; cat /etc/passwd; exit 0"
    ended = linux(kozo, script=script)
    expect("KOZO asks (walnut)" in ended.out and "root:" not in ended.out, "it was given", ended.told)
    expect("kozo: blocked: files.path.read:/etc/passwd, 1 time" in ended.err, "what is reported", ended.told)


@check("two runs side by side have what each was given, and nothing of the other's")
def side_by_side(kozo):
    folders = [tree(kozo.folder / f"side-{number}") for number in range(2)]
    results = [None, None]

    def one(number):
        script = (
            f"cat {folders[0]}/notes; cat {folders[1]}/notes; cat /tmp/mine; echo mine >/tmp/mine; exit 0"
        )
        results[number] = linux(
            kozo, "--allow", f"files.path.read:{folders[number]}", script=script, name=f"side-{number}-state"
        )

    threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, ended in enumerate(results):
        expect_equal((ended.status, ended.out), (0, "notes\n"), "exit status and output", ended.told)
        expect(
            f"files.path.read:{folders[1 - number]}" in ended.err, "the other's is not reported", ended.told
        )


@check("with --scratch a program changes what it may only read, in its run only, and it is said what")
def scratch(kozo):
    folder = tree(kozo.folder / "scratch")
    script = f"""cd {folder}; echo x >>public/a; rm notes; mv secret hidden; mkdir -p new/deep
        echo y >new/deep/f
    echo z >t; mv t moved; echo gone >u; rm u; cat public/a hidden/b new/deep/f moved; ls; cat notes
    echo alias >>~/.bashrc; cat ~/.bashrc ~/.profile; echo v >/usr/bin/v; cat /usr/bin/v"""
    ended = linux(kozo, "--scratch", "--allow", f"files.path.read:{folder}", script=script)
    expect_equal(
        ended.out.split(),
        ["public", "x", "secret", "y", "z", "hidden", "moved", "new", "public", "alias", "v"],
        "what it saw",
        ended.told,
    )
    expect("cat: can't open 'notes': No such file" in ended.err, "what was removed", ended.told)
    home = os.environ["HOME"]
    names = ("public/a", "notes", "secret", "hidden", "new", "new/deep", "new/deep/f", "moved")
    expected = [f"{folder}/{name}" for name in names] + [f"{home}/.bashrc", "/usr/bin/v"]
    shown = [line.split(": ", 2)[2] for line in ended.err.splitlines() if ": changed only in " in line]
    expect_equal(shown[:8], expected[:8], "what it is told to have changed", ended.told)
    expect_equal(shown[8:], ["2 more"], "how many more", ended.told)
    expect(f"files.path.read:{home}/.profile, 1 time" in ended.err, "what it was refused", ended.told)
    expect_equal((folder / "public" / "a").read_text(), "public\n", "the file")
    expect_equal((folder / "notes").read_text(), "notes\n", "the file that was removed")
    expect(not (folder / "new").exists() and (folder / "secret" / "b").exists(), "the folder")
    expect(not Path("/usr/bin/v").exists(), "it is on this machine")


@check("with --scratch, what was given to be changed is changed, and a database works in the layer")
def scratch_beside(kozo):
    if not shutil.which("python3"):
        skip("there is no python3 on this host")
    folder = tree(kozo.folder / "scratch-beside")
    given = tree(kozo.folder / "scratch-given")
    script = f"""
import os, sqlite3
os.chdir({str(folder)!r})
open({str(given / 'notes')!r}, 'a').write('kept')
base = sqlite3.connect('secret/base')
base.execute('pragma journal_mode=wal')
base.execute('create table t(x)')
base.executemany('insert into t values(?)', [(i,) for i in range(1000)])
base.commit()
print(base.execute('select sum(x) from t').fetchone()[0], sorted(os.listdir('secret')))
"""
    command = [kozo.runner, "--arch", kozo.arch, "--kernel", kozo.kernel, "--initrd", kozo.initrd]
    command += ["--timeout", "120", "--scratch", "--allow", f"files.path.read:{folder}"]
    command += ["--allow", f"files.path.write:{given}"]
    ended = run(
        [*command, "--", os.path.realpath("/usr/bin/python3"), "-c", script],
        env=surroundings(kozo, "beside-state"),
    )
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect_equal(ended.out, "499500 ['b', 'base', 'base-shm', 'base-wal']\n", "what it saw", ended.told)
    expect_equal((given / "notes").read_text(), "notes\nkept", "the file")
    expect_equal(sorted(path.name for path in (folder / "secret").iterdir()), ["b"], "the folder")
    expect(f"changed only in this run: {folder}/secret/base\n" in ended.err, "what it says", ended.told)
    expect(str(given) not in ended.err, "what was given", ended.told)


@check("--learn lets a program read everything but secrets, and proposes exactly what it opened")
def learn(kozo):
    folder = tree(kozo.folder / "learn")
    (folder / ".env").write_text("PASSWORD=1\n")
    proposed = folder / "proposed"
    script = f"cd {folder}; cat notes notes; cat public/a; cat .env; ls secret; cat {folder}/nothing;"
    script += " echo x >new; exit 0"
    ended = linux(kozo, "--learn", proposed, script=script, cwd=folder)
    expect_equal(
        (ended.status, ended.out), (0, "notes\nnotes\npublic\nb\n"), "exit status and output", ended.told
    )
    expect(not (folder / "new").exists(), "it could write")
    expect(f"kozo: changed only in this run: {folder}/new\n" in ended.err, "the change", ended.told)
    lines = proposed.read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    expect_equal(
        wanted,
        [
            f'want files.path.read:{folder}/notes "read it"',
            f'want files.path.read:{folder}/public/a "read it"',
            f'want files.path.write:{folder}/new "change it"',
        ],
        "what is proposed",
    )
    expect(
        f'# want files.path.read:{folder}/.env "read it"' in lines,
        "the secret is no comment",
        proposed.read_text(),
    )
    expect(
        f'# want files.path.read:{folder}/secret "list it"' in lines,
        "the folder is no comment",
        proposed.read_text(),
    )
    names = [word for line in wanted for word in ("--allow", line.split(" ")[1])]
    again = linux(kozo, *names, script=f"cat {folder}/notes {folder}/public/a; cat {folder}/.env")
    expect_equal(again.out, "notes\npublic\n", "what the proposal allows", again.told)
